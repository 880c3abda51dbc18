"""The aws stand-in as the engine sees it: a process that speaks the provider protocol, on the S3 server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import grpc
import pytest
from botocore.config import Config
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from local.plugins.aws import input_types
from local.plugins.wire import UNKNOWN, to_python, to_struct

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
BUCKET = "aws:s3/bucket:Bucket"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
OBJECT_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
KINDS = provider_pb2.PropertyDiff.Kind


def urn(resource_type: str) -> str:
    return f"urn:pulumi:test::project::payments:deep_store:DeepStore${resource_type}::name"


@dataclass
class Plugin:
    """The plugin's process and what the engine says to it."""

    stub: Any
    process: subprocess.Popen[str]

    def check(self, resource_type: str, inputs: dict[str, Any]) -> dict[str, str]:
        """Return the failures, by property."""
        answer = self.stub.Check(provider_pb2.CheckRequest(urn=urn(resource_type), news=to_struct(inputs)))
        return {failure.property: failure.reason for failure in answer.failures}

    def check_provider(self, **settings: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
        """Return the failures of a provider configuration, by property."""
        news = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()
        }
        answer = self.stub.CheckConfig(
            provider_pb2.CheckRequest(urn=urn("pulumi:providers:aws"), news=to_struct(news))
        )
        return {failure.property: failure.reason for failure in answer.failures}

    def create(
        self, resource_type: str, inputs: dict[str, Any], *, preview: bool = False
    ) -> tuple[str, dict[str, Any]]:
        """Return the failures of a provider configuration, by property."""
        answer = self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(resource_type), properties=to_struct(inputs), preview=preview)
        )
        return answer.id, to_python(answer.properties)

    def read(self, resource_type: str, identity: str, inputs: dict[str, Any]) -> dict[str, Any] | None:
        """Return what the server has, as inputs; None when it is gone."""
        answer = self.stub.Read(
            provider_pb2.ReadRequest(
                urn=urn(resource_type), id=identity, inputs=to_struct(inputs), properties=to_struct(inputs)
            )
        )
        return to_python(answer.inputs) if answer.id else None

    def diff(self, resource_type: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
        """Return the kind of each change, by property path."""
        answer = self.stub.Diff(
            provider_pb2.DiffRequest(
                urn=urn(resource_type), old_inputs=to_struct(old), olds=to_struct(old), news=to_struct(new)
            )
        )
        some = answer.changes == provider_pb2.DiffResponse.DIFF_SOME
        assert some == bool(answer.detailedDiff)
        assert answer.deleteBeforeReplace == bool(answer.replaces)
        return {path: KINDS.Name(change.kind) for path, change in answer.detailedDiff.items()}

    def update(self, resource_type: str, identity: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Update in place."""
        self.stub.Update(
            provider_pb2.UpdateRequest(
                urn=urn(resource_type),
                id=identity,
                olds=to_struct(old),
                old_inputs=to_struct(old),
                news=to_struct(new),
            )
        )

    def delete(self, resource_type: str, identity: str, state: dict[str, Any]) -> None:
        """Delete by id and state."""
        self.stub.Delete(
            provider_pb2.DeleteRequest(urn=urn(resource_type), id=identity, properties=to_struct(state))
        )


def start(endpoint: str) -> Iterator[Plugin]:
    process = subprocess.Popen(
        [sys.executable, "-m", "local.plugins.aws"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    channel = grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}")
    stub = provider_pb2_grpc.ResourceProviderStub(channel)
    settings = {"region": "eu-central-1", "endpoints": json.dumps([{"s3": endpoint}])}
    stub.Configure(provider_pb2.ConfigureRequest(args=to_struct(settings)))
    try:
        yield Plugin(stub, process)
    finally:
        channel.close()
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.fixture(scope="module")
def plugin(s3: str) -> Iterator[Plugin]:
    yield from start(s3)


@pytest.fixture(scope="module")
def client(s3: str) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    return boto3.client(
        "s3",
        endpoint_url=s3,
        region_name="eu-central-1",
        aws_access_key_id="other",
        aws_secret_access_key="other",  # noqa: S106 - a word for a server that checks none
        config=Config(s3={"addressing_style": "path"}),
    )


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


MISSPELT: dict[str, tuple[dict[str, Any], str, str]] = {
    BUCKET: ({"bucket": "b", "tagz": {}}, "tagz", "Did you mean tags?"),
    VERSIONING: (
        {"bucket": "b", "versioningConfiguration": {"statsu": "Enabled"}},
        "versioningConfiguration.statsu",
        "status",
    ),
    ENCRYPTION: (
        {"bucket": "b", "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithmus": "AES256"}}]},
        "rules[0].applyServerSideEncryptionByDefault.sseAlgorithmus",
        "Did you mean sseAlgorithm?",
    ),
    PUBLIC_ACCESS: (
        {"bucket": "b", "blockPublicAcl": True},
        "blockPublicAcl",
        "Did you mean blockPublicAcls?",
    ),
    OWNERSHIP: (
        {"bucket": "b", "rule": {"ownership": "x"}},
        "rule.ownership",
        "allowed here are objectOwnership",
    ),
    POLICY: ({"bucket": "b", "polices": "{}"}, "polices", "Did you mean policy?"),
    LIFECYCLE: (
        {
            "bucket": "b",
            "rules": [{"id": "a", "status": "Enabled", "transitions": [{"day": 1, "storageClass": "X"}]}],
        },
        "rules[0].transitions[0].day",
        "Did you mean days?",
    ),
    OBJECT_LOCK: (
        {"bucket": "b", "rule": {"defaultRetention": {"year": 7}}},
        "rule.defaultRetention.year",
        "years",
    ),
}


@pytest.mark.parametrize("resource_type", MISSPELT)
def test_a_misspelt_input_is_refused_by_its_path(plugin: Plugin, resource_type: str) -> None:
    inputs, path, hint = MISSPELT[resource_type]
    reasons = plugin.check(resource_type, inputs)
    assert reasons[path].startswith(f"{path} is no input of the aws provider")
    assert hint in reasons[path]


def test_wrong_kinds_and_missing_inputs_are_refused(plugin: Plugin) -> None:
    rule = {"id": 1, "status": True, "transitions": {"days": 1}, "expiration": {"days": "90"}}
    assert plugin.check(LIFECYCLE, {"bucket": 5, "rules": [rule, "x"]}) == {
        "bucket": "bucket must be a text.",
        "rules[0].id": "rules[0].id must be a text.",
        "rules[0].status": "rules[0].status must be a text.",
        "rules[0].transitions": "rules[0].transitions must be a list.",
        "rules[0].expiration.days": "rules[0].expiration.days must be a whole number.",
        "rules[1]": "rules[1] must be an object.",
    }
    assert plugin.check(VERSIONING, {"bucket": "b"}) == {
        "versioningConfiguration": "versioningConfiguration is missing; the aws provider requires it."
    }
    assert "the local stand-in for the aws provider needs it" in plugin.check(BUCKET, {})["bucket"]
    assert (
        plugin.check(BUCKET, {"bucket": "b", "forceDestroy": 1})["forceDestroy"]
        == "forceDestroy must be a truth value."
    )
    assert plugin.check(POLICY, {"bucket": "b", "policy": "{"})["policy"].startswith("policy is no JSON")
    assert plugin.check(POLICY, {"bucket": UNKNOWN, "policy": UNKNOWN}) == {}


def test_what_the_stand_in_would_leave_out_is_refused(plugin: Plugin) -> None:
    acl = plugin.check(BUCKET, {"bucket": "b", "acl": "private"})
    assert acl == {"acl": "acl is an input of the aws provider that its local stand-in does not act on."}
    rule = {"id": "a", "status": "Enabled", "filter": {"objectSizeGreaterThan": 5}}
    assert set(plugin.check(LIFECYCLE, {"bucket": "b", "rules": [rule]})) == {
        "rules.filter.objectSizeGreaterThan"
    }


def test_an_unknown_type_and_function_are_said_to_be_unknown(plugin: Plugin) -> None:
    with pytest.raises(
        grpc.RpcError, match=r"does not know aws:sqs/queue:Queue; it knows aws:s3/bucket:Bucket, "
    ):
        plugin.check("aws:sqs/queue:Queue", {})
    with pytest.raises(grpc.RpcError, match="has no function aws:index/getRegion:getRegion"):
        plugin.stub.Invoke(provider_pb2.InvokeRequest(tok="aws:index/getRegion:getRegion"))


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://s3.eu-central-1.amazonaws.com",
        "http://10.0.0.7:5000",
        "http://127.0.0.1.example.com:5000",
        "http://127.0.0.1@example.com",
        "http://[2001:db8::1]:5000",
        "ftp://127.0.0.1",
        "localhost:5000",
    ],
)
def test_an_endpoint_beyond_this_machine_is_refused(plugin: Plugin, endpoint: str) -> None:
    failures = plugin.check_provider(region="eu-central-1", endpoints=[{"s3": endpoint}])
    assert "is no http:// or https:// address of this machine" in failures["endpoints"]
    with pytest.raises(
        grpc.RpcError, match="the S3 endpoint is no http:// or https:// address of this machine"
    ):
        plugin.stub.Configure(
            provider_pb2.ConfigureRequest(args=to_struct({"endpoints": json.dumps([{"s3": endpoint}])}))
        )


def test_the_provider_configuration_is_checked(plugin: Plugin, s3: str) -> None:
    assert plugin.check_provider(region="eu-central-1", endpoints=[{"s3": s3}], s3UsePathStyle=True) == {}
    assert "the S3 endpoint is missing" in plugin.check_provider(region="eu-central-1")["endpoints"]
    assert "Did you mean s3?" in plugin.check_provider(endpoints=[{"s33": s3}])["endpoints[0].s33"]
    assert "does not act on" in plugin.check_provider(endpoints=[{"s3": s3}], profile="prod")["profile"]
    assert plugin.check_provider(endpoints=[{"s3": UNKNOWN}]) == {}


@pytest.mark.filterwarnings("ignore:.*has been deprecated:DeprecationWarning")
def test_it_has_the_sdks_version_and_inputs(plugin: Plugin) -> None:
    import importlib.metadata

    assert plugin.stub.GetPluginInfo(empty_pb2.Empty()).version == importlib.metadata.version("pulumi_aws")
    assert input_types.as_text(input_types.from_sdk()) == input_types.FILE.read_text(), (
        "the SDK's inputs changed: python -m local.plugins.aws.input_types"
    )


def test_a_server_that_does_not_answer_is_named_with_the_cure() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        for plugin in start(endpoint):
            with pytest.raises(grpc.RpcError) as refused:
                plugin.create(BUCKET, {"bucket": "plugin-x"})
            message = refused.value.details()
            assert f"the S3 server at {endpoint} does not answer" in message
            assert "`make up` starts it" in message


def test_it_ends_when_the_engine_is_killed(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-m', 'local.plugins.aws'], stdout=subprocess.DEVNULL)\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(p.pid))\n"
        "time.sleep(60)\n"
    )
    engine = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    pid_file = tmp_path / "pid"
    _until(lambda: pid_file.exists() and pid_file.read_text() != "")
    time.sleep(1)  # it must have seen its parent before that goes
    engine.send_signal(signal.SIGKILL)
    engine.wait(timeout=10)
    pid = int(pid_file.read_text())
    _until(lambda: not _runs(pid))


def _until(condition: Any, seconds: float = 10) -> None:  # noqa: ANN401 - a function without arguments
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
