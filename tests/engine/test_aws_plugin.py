"""The aws stand-in as the engine sees it: what it makes on S3 lives, drifts, is repaired and goes."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from local.plugins.wire import UNKNOWN
from local.s3_client import s3_client
from tests.engine.aws_plugin_process import (
    BUCKET,
    ENCRYPTION,
    LIFECYCLE,
    OBJECT_LOCK,
    OWNERSHIP,
    POLICY,
    PUBLIC_ACCESS,
    VERSIONING,
    Plugin,
    start,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def plugin(s3: str) -> Iterator[Plugin]:
    yield from start(s3)


@pytest.fixture(scope="module")
def client(s3: str) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    return s3_client(s3)


@pytest.fixture
def bucket(plugin: Plugin, client: Any) -> Iterator[str]:  # noqa: ANN401 - boto3 makes its classes at run time
    name = f"plugin-{uuid.uuid4().hex[:12]}"
    client.create_bucket(
        Bucket=name,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    yield name
    plugin.delete(BUCKET, name, {"forceDestroy": True})


TLS_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutBucketAcl",
            "Resource": "arn:aws:s3:::x",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}
TIERS = {
    "id": "tiers",
    "status": "Enabled",
    "filter": {"prefix": "events/"},
    "transitions": [{"days": 90, "storageClass": "STANDARD_IA"}, {"days": 365, "storageClass": "GLACIER_IR"}],
    "expiration": {"days": 2557},
    "noncurrentVersionExpiration": {"noncurrentDays": 30},
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 3},
}
MARKERS = {"id": "markers", "status": "Enabled", "expiration": {"expiredObjectDeleteMarker": True}}

SETTINGS: dict[str, tuple[dict[str, Any], str, dict[str, Any], dict[str, str]]] = {
    VERSIONING: (
        {"versioningConfiguration": {"status": "Enabled"}},
        "put_bucket_versioning",
        {"VersioningConfiguration": {"Status": "Suspended"}},
        {"versioningConfiguration.status": "UPDATE"},
    ),
    ENCRYPTION: (
        {
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": "key-1",
                    },
                    "bucketKeyEnabled": True,
                }
            ]
        },
        "put_bucket_encryption",
        {
            "ServerSideEncryptionConfiguration": {
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            }
        },
        {
            "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm": "UPDATE",
            "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId": "ADD",
            "rules[0].bucketKeyEnabled": "ADD",
        },
    ),
    PUBLIC_ACCESS: (
        {
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        "put_public_access_block",
        {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "IgnorePublicAcls": True}},
        {"blockPublicPolicy": "ADD", "restrictPublicBuckets": "ADD"},
    ),
    OWNERSHIP: (
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        "put_bucket_ownership_controls",
        {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
        {"rule.objectOwnership": "UPDATE"},
    ),
    POLICY: (
        {"policy": json.dumps(TLS_ONLY)},
        "put_bucket_policy",
        {"Policy": json.dumps({**TLS_ONLY, "Id": "other"})},
        {"policy.Id": "DELETE"},
    ),
    LIFECYCLE: (
        {"rules": [MARKERS, TIERS]},
        "put_bucket_lifecycle_configuration",
        {
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "ID": "tiers",
                        "Status": "Disabled",
                        "Filter": {"Prefix": "events/"},
                        "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
                        "Expiration": {"Days": 2557},
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
                    },
                    {
                        "ID": "markers",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "Expiration": {"ExpiredObjectDeleteMarker": True},
                    },
                ]
            }
        },
        {
            "rules[1].status": "UPDATE",
            "rules[1].transitions[0].days": "UPDATE",
            "rules[1].transitions[1]": "ADD",
        },
    ),
    OBJECT_LOCK: (
        {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "years": 7}}},
        "put_object_lock_configuration",
        {
            "ObjectLockConfiguration": {
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
            }
        },
        {"rule.defaultRetention.days": "DELETE", "rule.defaultRetention.years": "ADD"},
    ),
}
"""Type → its inputs, a change made behind Pulumi's back (call, arguments), and what a diff must say of it."""


@pytest.mark.parametrize("resource_type", SETTINGS)
def test_a_setting_lives_drifts_is_repaired_and_goes(
    plugin: Plugin,
    client: Any,  # noqa: ANN401 - boto3 makes its classes at run time
    bucket: str,
    resource_type: str,
) -> None:
    properties, call, arguments, drift = SETTINGS[resource_type]
    inputs = {"bucket": bucket, **properties}
    assert plugin.check(resource_type, inputs) == {}

    identity, outputs = plugin.create(resource_type, inputs)
    assert identity == bucket
    assert outputs.items() >= inputs.items()
    assert plugin.read(resource_type, identity, inputs) == inputs, "nothing drifts by itself"

    getattr(client, call)(Bucket=bucket, **arguments)
    drifted = plugin.read(resource_type, identity, inputs)
    assert drifted is not None
    assert plugin.diff(resource_type, drifted, inputs) == drift

    plugin.update(resource_type, identity, drifted, inputs)
    assert plugin.read(resource_type, identity, inputs) == inputs, "the update repaired the drift"

    plugin.delete(resource_type, identity, inputs)
    after = plugin.read(resource_type, identity, inputs)
    suspended = {"bucket": bucket, "versioningConfiguration": {"status": "Suspended"}}
    assert after == (suspended if resource_type == VERSIONING else None)
    plugin.delete(resource_type, identity, inputs)


@pytest.mark.parametrize("resource_type", SETTINGS)
def test_a_setting_of_a_bucket_that_is_gone_is_gone(plugin: Plugin, resource_type: str) -> None:
    name = "plugin-never-made"
    inputs = {"bucket": name, **SETTINGS[resource_type][0]}
    assert plugin.read(resource_type, name, inputs) is None
    plugin.delete(resource_type, name, inputs)
    with pytest.raises(grpc.RpcError, match=f"bucket {name}: put_.* was refused: NoSuchBucket"):
        plugin.create(resource_type, inputs)


def test_a_bucket_lives_drifts_is_repaired_and_goes(plugin: Plugin, client: Any) -> None:  # noqa: ANN401 - boto3's
    name = f"plugin-{uuid.uuid4().hex[:12]}"
    inputs = {"bucket": name, "tags": {"domain": "payments", "owner": "engineering"}, "forceDestroy": False}
    planned, outputs = plugin.create(BUCKET, inputs, preview=True)
    assert planned == ""
    assert outputs["arn"] == f"arn:aws:s3:::{name}"
    assert plugin.read(BUCKET, name, inputs) is None, "a preview makes nothing"

    identity, outputs = plugin.create(BUCKET, inputs)
    assert (identity, outputs["arn"], outputs["bucketRegionalDomainName"]) == (
        name,
        f"arn:aws:s3:::{name}",
        f"{name}.s3.eu-central-1.amazonaws.com",
    )
    assert client.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-central-1"
    assert plugin.read(BUCKET, name, inputs) == inputs

    client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "domain", "Value": "lending"}]})
    drifted = plugin.read(BUCKET, name, inputs)
    assert drifted is not None
    assert drifted["forceDestroy"] is False, "what the server does not know stays as it was"
    assert plugin.diff(BUCKET, drifted, inputs) == {"tags.domain": "UPDATE", "tags.owner": "ADD"}
    plugin.update(BUCKET, name, drifted, inputs)
    assert plugin.read(BUCKET, name, inputs) == inputs

    untagged = {"bucket": name}
    plugin.update(BUCKET, name, inputs, untagged)
    assert plugin.read(BUCKET, name, untagged) == untagged
    plugin.delete(BUCKET, name, inputs)
    assert plugin.read(BUCKET, name, inputs) is None
    plugin.delete(BUCKET, name, inputs)


def test_another_name_or_lock_makes_another_bucket(plugin: Plugin) -> None:
    old = {"bucket": "plugin-a", "tags": {"a": "1"}}
    assert plugin.diff(BUCKET, old, {"bucket": "plugin-b", "tags": {"a": "1"}}) == {
        "bucket": "UPDATE_REPLACE"
    }
    assert plugin.diff(BUCKET, old, {**old, "objectLockEnabled": True}) == {
        "objectLockEnabled": "ADD_REPLACE"
    }
    assert plugin.diff(BUCKET, old, {**old, "forceDestroy": True}) == {"forceDestroy": "ADD"}
    assert plugin.diff(BUCKET, old, {**old, "forceDestroy": False, "objectLockEnabled": False}) == {}
    unknown = {"bucket": UNKNOWN, **SETTINGS[VERSIONING][0]}
    known = {"bucket": "plugin-a", **SETTINGS[VERSIONING][0]}
    assert plugin.diff(VERSIONING, known, unknown) == {"bucket": "UPDATE_REPLACE"}


def test_equal_settings_written_otherwise_do_not_differ(plugin: Plugin) -> None:
    text = json.dumps(TLS_ONLY, indent=2, sort_keys=True)
    assert plugin.diff(POLICY, {"bucket": "b", **SETTINGS[POLICY][0]}, {"bucket": "b", "policy": text}) == {}
    rules = {"bucket": "b", "rules": [TIERS, {**MARKERS, "filter": {"prefix": ""}}]}
    assert plugin.diff(LIFECYCLE, {"bucket": "b", **SETTINGS[LIFECYCLE][0]}, rules) == {}


def test_a_bucket_with_objects_is_deleted_only_by_force(plugin: Plugin, client: Any, bucket: str) -> None:  # noqa: ANN401 - boto3's
    client.put_object(Bucket=bucket, Key="segments/a", Body=b"1")
    client.put_object(Bucket=bucket, Key="segments/a", Body=b"2")
    client.delete_object(Bucket=bucket, Key="segments/a")
    client.create_multipart_upload(Bucket=bucket, Key="segments/half")
    with pytest.raises(
        grpc.RpcError, match=rf"bucket {bucket} is not empty: .*segments/a.* Nothing was deleted"
    ):
        plugin.delete(BUCKET, bucket, {"bucket": bucket})
    versions = client.list_object_versions(Bucket=bucket)
    assert (len(versions["Versions"]), len(versions["DeleteMarkers"])) == (2, 1)
    plugin.delete(BUCKET, bucket, {"bucket": bucket, "forceDestroy": True})
    assert plugin.read(BUCKET, bucket, {}) is None


def test_locked_objects_are_not_deleted_even_by_force(plugin: Plugin, client: Any, bucket: str) -> None:  # noqa: ANN401 - boto3's
    client.put_object(Bucket=bucket, Key="a", Body=b"1", ObjectLockLegalHoldStatus="ON")
    version = client.list_object_versions(Bucket=bucket)["Versions"][0]["VersionId"]
    with pytest.raises(
        grpc.RpcError, match=rf"bucket {bucket}: 1 objects could not be deleted: AccessDenied"
    ):
        plugin.delete(BUCKET, bucket, {"forceDestroy": True})
    assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"
    client.put_object_legal_hold(Bucket=bucket, Key="a", VersionId=version, LegalHold={"Status": "OFF"})


def test_a_broken_off_bucket_is_taken_over_and_another_ones_is_not(plugin: Plugin, client: Any) -> None:  # noqa: ANN401 - boto3's
    name = f"plugin-{uuid.uuid4().hex[:12]}"
    inputs = {"bucket": name, "tags": {"stack": "local"}}
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert plugin.create(BUCKET, inputs)[0] == name, "made, but not yet tagged when the run was broken off"
    assert plugin.create(BUCKET, inputs)[0] == name, "made and tagged, but not yet in the state"
    assert plugin.read(BUCKET, name, inputs) == inputs
    with pytest.raises(grpc.RpcError, match=f"bucket {name} exists already with other tags"):
        plugin.create(BUCKET, {"bucket": name, "tags": {"stack": "other"}})
    with pytest.raises(grpc.RpcError, match=f"bucket {name} exists already without Object Lock"):
        plugin.create(BUCKET, {**inputs, "objectLockEnabled": True})
    assert plugin.read(BUCKET, name, inputs) == inputs
    plugin.delete(BUCKET, name, inputs)
