"""Bucket policies: what S3 refuses whoever asks, and what it may do itself. Pure."""

import json
from collections.abc import Iterable
from typing import Any, Final

Statement = dict[str, Any]

ENCRYPTION: Final = "s3:x-amz-server-side-encryption"
KEY: Final = "s3:x-amz-server-side-encryption-aws-kms-key-id"


def bucket_policy(statements: Iterable[Statement]) -> str:
    """Return a policy as S3 takes it."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def tls_only(arn: str) -> Statement:
    """Return what refuses every request without TLS, whoever makes it."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def encrypted_with(arn: str, key: str) -> list[Statement]:
    """Return what refuses an upload that asks for another encryption than the bucket's key.

    An upload that asks for none gets the bucket's default, which is that key. A negated condition holds for
    a header that is missing too (IAM reference, "Negated matching condition operators"), hence `Null`.
    """
    return [
        _unless("OtherEncryption", arn, ENCRYPTION, "aws:kms"),
        _unless("OtherKey", arn, KEY, key),
    ]


def _unless(sid: str, arn: str, header: str, value: str) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {header: value}, "Null": {header: "false"}},
    }


def log_delivery(arn: str, sources: Iterable[str], account: str) -> Statement:
    """Return what lets S3 write the access logs of some buckets of an account.

    Source: S3 user guide, "Permissions for log delivery".
    """
    return {
        "Sid": "LogDelivery",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": sorted(sources)},
            "StringEquals": {"aws:SourceAccount": account},
        },
    }
