"""What each role may do on AWS: the least that its work needs. Pure: documents of IAM as plain values."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

Statement = dict[str, Any]
Document = dict[str, Any]

VERSION: Final = "2012-10-17"
AUDIENCE: Final = "sts.amazonaws.com"


def service_account_trust(account: str, issuer: str, subjects: Iterable[str]) -> Document:
    """Return the trust of a role that service accounts of one cluster take on (IRSA).

    Args:
        account: the AWS account that knows the issuer as an identity provider.
        issuer: the cluster's OIDC issuer, without https://.
        subjects: service accounts as <namespace>:<name>.

    """
    return _document(
        {
            "Sid": "ServiceAccounts",
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{issuer}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{issuer}:aud": AUDIENCE,
                    f"{issuer}:sub": [f"system:serviceaccount:{subject}" for subject in subjects],
                }
            },
        }
    )


def principals_trust(principals: Iterable[str]) -> Document:
    """Return the trust of a role that named principals take on."""
    return _document(
        {
            "Sid": "NamedPrincipals",
            "Effect": "Allow",
            "Principal": {"AWS": sorted(principals)},
            "Action": "sts:AssumeRole",
        }
    )


def pinot_document(bucket: str, prefix: str, keys: Iterable[str], *, staging: str | None = None) -> Document:
    """Return what Pinot needs: its segments to list, read, write and delete, and staged files to read."""
    staged = [] if staging is None else [_reading("Staged", bucket, staging)]
    return _document(
        *_listing(bucket, *(place for place in (prefix, staging) if place)),
        {
            "Sid": "Segments",
            "Effect": "Allow",
            "Action": [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
            "Resource": f"{bucket}/{prefix}/*",
        },
        *staged,
        *_keys(keys, "kms:Decrypt", "kms:GenerateDataKey"),
    )


def archiver_document(bucket: str, keys: Iterable[str]) -> Document:
    """Return what the archiver needs: to write files and see which there are. It can delete none."""
    return _document(
        *_listing(bucket),
        {
            "Sid": "Files",
            "Effect": "Allow",
            "Action": [
                "s3:AbortMultipartUpload",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
            "Resource": f"{bucket}/*",
        },
        *_keys(keys, "kms:Decrypt", "kms:GenerateDataKey"),
    )


def loader_document(archive: str, deep_store: str, staging: str, keys: Iterable[str]) -> Document:
    """Return what the loader needs: to read the archive, and to stage files beside Pinot's segments.

    Pinot's own segments it neither reads nor writes.
    """
    return _document(
        {"Sid": "Names", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": archive},
        {
            "Sid": "Place",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation"],
            "Resource": [archive, deep_store],
        },
        {"Sid": "Files", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": f"{archive}/*"},
        {
            "Sid": "Staged",
            "Effect": "Allow",
            "Action": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            "Resource": f"{deep_store}/{staging}/*",
        },
        *_keys(keys, "kms:Decrypt", "kms:GenerateDataKey"),
    )


def reader_document(bucket: str, keys: Iterable[str]) -> Document:
    """Return what a reader of the archive needs: to list and read, no older versions, no change."""
    return _document(
        *_listing(bucket),
        {"Sid": "Files", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": f"{bucket}/*"},
        *_keys(keys, "kms:Decrypt"),
    )


def _reading(sid: str, bucket: str, prefix: str) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": f"{bucket}/{prefix}/*"}


def _document(*statements: Statement) -> Document:
    return {"Version": VERSION, "Statement": list(statements)}


def _listing(bucket: str, *prefixes: str) -> list[Statement]:
    listing: Mapping[str, Any] = {
        "Sid": "Names",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": bucket,
    }
    if prefixes:
        below = [pattern for prefix in prefixes for pattern in (prefix, f"{prefix}/*")]
        listing = {**listing, "Condition": {"StringLike": {"s3:prefix": below}}}
    place = {"Sid": "Place", "Effect": "Allow", "Action": ["s3:GetBucketLocation"], "Resource": bucket}
    return [dict(listing), place]


def _keys(keys: Iterable[str], *actions: str) -> list[Statement]:
    named = sorted(set(keys))
    if not named:
        return []
    return [{"Sid": "Keys", "Effect": "Allow", "Action": list(actions), "Resource": named}]
