"""The buckets: private, versioned, encrypted, and kept exactly as long as the domain says."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest

from components.deep_store import DeepStore, DeepStoreArgs
from components.store_settings import (
    STAGING,
    AccessLogSettings,
    ArchiveSettings,
    AwsSettings,
    DeepStoreSettings,
    Encryption,
    ObjectLock,
)
from operations.offline.push import MinionPush

if TYPE_CHECKING:
    from collections.abc import Callable

    import pulumi

    Build = Callable[[Callable[[], object]], Any]

pytestmark = pytest.mark.unit

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234"
TAGS = {"domain": "payments", "environment": "prod"}
SETTINGS = (
    "BucketVersioning",
    "BucketServerSideEncryptionConfiguration",
    "BucketOwnershipControls",
    "BucketPublicAccessBlock",
    "BucketLifecycleConfiguration",
)


def cloud(**changes: Any) -> DeepStoreArgs:  # noqa: ANN401 - any argument
    arguments: dict[str, Any] = {
        "aws": AwsSettings(region="eu-central-1", tags={"cost-centre": "4711", "domain": "overridden"}),
        "deep_store": DeepStoreSettings(bucket="acme-deep-store"),
        "archive": ArchiveSettings(
            bucket="acme-archive",
            encryption=Encryption(kms_key=KEY),
            object_lock=ObjectLock(mode="GOVERNANCE"),
        ),
        "tags": TAGS,
        "protect": True,
    }
    return DeepStoreArgs(**{**arguments, **changes})


def on_this_machine() -> DeepStoreArgs:
    return cloud(
        aws=AwsSettings(region="eu-central-1", endpoint="http://127.0.0.1:5000"),
        deep_store=DeepStoreSettings(bucket="local-deep-store", tls_only=False, force_destroy=True),
        archive=ArchiveSettings(bucket="local-archive", tls_only=False, force_destroy=True),
        protect=False,
    )


def rules(program: Any, name: str) -> dict[str, dict[str, Any]]:  # noqa: ANN401 - the fixture's class
    found = program.one("BucketLifecycleConfiguration", name).inputs["rules"]
    assert all(rule["status"] == "Enabled" for rule in found)
    places = {rule["id"]: rule["filter"] for rule in found}
    assert places == {name: {"prefix": "staging/" if name == "staged-files" else ""} for name in places}
    return {
        rule["id"]: {key: value for key, value in rule.items() if key not in {"id", "status", "filter"}}
        for rule in found
    }


def test_the_archive_goes_through_its_tiers_and_expires(build: Build) -> None:
    program = build(lambda: DeepStore("deep-store", cloud()))
    assert rules(program, "archive") == {
        "events": {
            "transitions": [
                {"days": 90, "storageClass": "STANDARD_IA"},
                {"days": 365, "storageClass": "GLACIER_IR"},
                {"days": 1095, "storageClass": "DEEP_ARCHIVE"},
            ],
            "expiration": {"days": 2557},
            "noncurrentVersionExpiration": {"noncurrentDays": 30},
        },
        "unfinished-uploads": {"abortIncompleteMultipartUpload": {"daysAfterInitiation": 3}},
        "lone-delete-markers": {"expiration": {"expiredObjectDeleteMarker": True}},
    }


def test_segments_stay_readable_and_do_not_expire(build: Build) -> None:
    program = build(lambda: DeepStore("deep-store", cloud()))
    assert rules(program, "deep-store") == {
        "segments": {
            "transitions": [{"days": 30, "storageClass": "INTELLIGENT_TIERING"}],
            "noncurrentVersionExpiration": {"noncurrentDays": 7},
        },
        "staged-files": {"expiration": {"days": 1}},
        "unfinished-uploads": {"abortIncompleteMultipartUpload": {"daysAfterInitiation": 3}},
        "lone-delete-markers": {"expiration": {"expiredObjectDeleteMarker": True}},
    }


def test_only_what_is_staged_expires_in_the_deep_store(build: Build) -> None:
    program = build(lambda: DeepStore("deep-store", cloud()))
    found = program.one("BucketLifecycleConfiguration", "deep-store").inputs["rules"]
    expiring = [rule["filter"]["prefix"] for rule in found if "days" in rule.get("expiration", {})]
    # The prefix under which the loader stages, and nothing that Pinot lists.
    default = inspect.signature(MinionPush.__init__).parameters["prefix"].default
    assert expiring == [f"{default}/"] == [f"{STAGING}/"]


@pytest.mark.parametrize("name", ["deep-store", "archive"])
def test_each_bucket_is_private_versioned_and_tagged(build: Build, name: str) -> None:
    program = build(lambda: DeepStore("storage", cloud()))
    bucket = program.one("Bucket", name).inputs
    assert bucket["bucket"] == f"acme-{name}"
    assert bucket["tags"] == {"cost-centre": "4711", **TAGS}, "the product's own tags win"
    assert not bucket["forceDestroy"]
    assert program.one("BucketVersioning", name).inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert program.one("BucketOwnershipControls", name).inputs["rule"] == {
        "objectOwnership": "BucketOwnerEnforced"
    }
    block = program.one("BucketPublicAccessBlock", name).inputs
    locks = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert [block[lock] for lock in locks] == [True] * 4
    for kind in SETTINGS:
        assert program.one(kind, name).inputs["bucket"] == f"acme-{name}"


def test_encryption_uses_the_key_where_there_is_one(build: Build) -> None:
    program = build(lambda: DeepStore("storage", cloud()))

    def rule(name: str) -> Any:  # noqa: ANN401 - JSON
        (found,) = program.one("BucketServerSideEncryptionConfiguration", name).inputs["rules"]
        return found

    assert rule("deep-store") == {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
        "bucketKeyEnabled": False,
    }
    assert rule("archive") == {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
        "bucketKeyEnabled": True,
    }


def test_only_the_archive_is_ever_locked(build: Build) -> None:
    program = build(lambda: DeepStore("storage", cloud()))
    assert program.names("BucketObjectLockConfiguration") == ["archive"]
    lock = program.one("BucketObjectLockConfiguration", "archive").inputs["rule"]
    assert lock == {"defaultRetention": {"mode": "GOVERNANCE", "years": 7}}
    assert program.one("Bucket", "archive").inputs["objectLockEnabled"] is True
    assert program.one("Bucket", "deep-store").inputs["objectLockEnabled"] is False
    assert build(lambda: DeepStore("s", on_this_machine())).names("BucketObjectLockConfiguration") == []


def test_requests_without_tls_are_refused_unless_the_server_has_none(build: Build) -> None:
    program = build(lambda: DeepStore("storage", cloud()))
    assert sorted(program.names("BucketPolicy")) == ["archive", "deep-store"]
    policy = json.loads(program.one("BucketPolicy", "archive").inputs["policy"])
    statement = policy["Statement"][0]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == ["arn:aws:s3:::acme-archive", "arn:aws:s3:::acme-archive/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert build(lambda: DeepStore("s", on_this_machine())).names("BucketPolicy") == []


def test_uploads_with_another_encryption_than_the_buckets_key_are_refused(build: Build) -> None:
    program = build(lambda: DeepStore("storage", cloud()))
    header = "s3:x-amz-server-side-encryption"
    policies = {
        name: json.loads(program.one("BucketPolicy", name).inputs["policy"])["Statement"]
        for name in ("archive", "deep-store")
    }
    assert [
        (item["Effect"], item["Action"], item["Resource"], item["Condition"])
        for item in policies["archive"][1:]
    ] == [
        (
            "Deny",
            "s3:PutObject",
            "arn:aws:s3:::acme-archive/*",
            # Without `Null`, an upload that names no encryption and gets the default would be refused too.
            {"StringNotEquals": {name: value}, "Null": {name: "false"}},
        )
        for name, value in ((header, "aws:kms"), (f"{header}-aws-kms-key-id", KEY))
    ]
    assert [item["Sid"] for item in policies["deep-store"]] == ["TlsOnly"], "it has no key of its own here"


def test_access_logs_go_to_a_bucket_that_only_s3_writes_to(build: Build) -> None:
    settings = cloud(
        aws=AwsSettings(region="eu-central-1", account="123456789012"),
        access_logs=AccessLogSettings(bucket="acme-logs"),
    )
    program = build(lambda: DeepStore("storage", settings))
    for name in ("archive", "deep-store"):
        logging = program.one("BucketLogging", name).inputs
        assert (logging["targetBucket"], logging["targetPrefix"]) == ("acme-logs", f"{name}/")
        policy = program.one("BucketPolicy", "access-logs").urn
        assert policy in program.one("BucketLogging", name).depends_on, "S3 tries at once whether it may"
    assert sorted(program.names("BucketLogging")) == ["archive", "deep-store"]
    _, delivery = json.loads(program.one("BucketPolicy", "access-logs").inputs["policy"])["Statement"]
    assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert (delivery["Action"], delivery["Resource"]) == ("s3:PutObject", "arn:aws:s3:::acme-logs/*")
    assert delivery["Condition"] == {
        "ArnLike": {"aws:SourceArn": ["arn:aws:s3:::acme-archive", "arn:aws:s3:::acme-deep-store"]},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }
    (rule,) = program.one("BucketServerSideEncryptionConfiguration", "access-logs").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    assert rules(program, "access-logs")["logs"] == {
        "expiration": {"days": 400},
        "noncurrentVersionExpiration": {"noncurrentDays": 7},
    }
    assert build(lambda: DeepStore("s", on_this_machine())).names("BucketLogging") == []


def test_what_s3_refuses_at_once_is_done_one_after_the_other(build: Build) -> None:
    program = build(lambda: DeepStore("storage", cloud()))
    for name in ("deep-store", "archive"):
        versioning = program.one("BucketVersioning", name).urn
        assert versioning in program.one("BucketLifecycleConfiguration", name).depends_on
        assert (
            program.one("BucketPublicAccessBlock", name).urn in program.one("BucketPolicy", name).depends_on
        )
    assert (
        program.one("BucketVersioning", "archive").urn
        in program.one("BucketObjectLockConfiguration", "archive").depends_on
    )


def test_buckets_are_protected_and_everything_uses_the_explicit_provider(build: Build) -> None:
    program = build(lambda: DeepStore("storage", cloud()))
    provider = program.one("aws", "aws")
    assert provider.inputs["region"] == "eu-central-1"
    assert not {"endpoints", "s3UsePathStyle", "accessKey", "secretKey"} & provider.inputs.keys()
    store = program.one("DeepStore", "storage")
    assert store.type == "payments:deep_store:DeepStore"
    for resource in program.resources:
        if resource.type.startswith("aws:"):
            assert resource.provider.startswith(provider.urn), resource.urn
            assert resource.protect == (resource.type == "aws:s3/bucket:Bucket"), resource.urn
            assert resource.parent == program.one("GuardedBucket", resource.name).urn
    assert {program.one("GuardedBucket", name).parent for name in ("deep-store", "archive")} == {store.urn}


def test_locally_everything_goes_to_the_server_of_this_machine(build: Build) -> None:
    program = build(lambda: DeepStore("storage", on_this_machine()))
    inputs = program.one("aws", "aws").inputs
    assert json.loads(inputs["endpoints"]) == [{"s3": "http://127.0.0.1:5000"}]
    assert inputs["s3UsePathStyle"] == "true"
    assert not {"accessKey", "secretKey", "token", "profile"} & inputs.keys(), (
        "no credentials in a stack's state"
    )
    bucket = program.one("Bucket", "archive")
    assert bucket.inputs["forceDestroy"] is True
    assert bucket.protect is False


def test_the_outputs_are_the_buckets_themselves(build: Build) -> None:
    found: list[pulumi.Output[Any]] = []

    def program() -> None:
        store = DeepStore("storage", cloud())
        found.append(store.archive.arn.apply(arns.append))
        found.append(store.deep_store.arn.apply(arns.append))

    arns: list[str] = []
    build(program)
    assert sorted(arns) == ["arn:aws:s3:::acme-archive", "arn:aws:s3:::acme-deep-store"]
