"""What the aws stand-in refuses, and how it starts, answers without a server, and ends."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from local.plugins.aws import input_types
from local.plugins.wire import UNKNOWN, to_struct
from tests.engine.aws_plugin_process import (
    BUCKET,
    ENCRYPTION,
    LIFECYCLE,
    OBJECT_LOCK,
    OWNERSHIP,
    POLICY,
    PUBLIC_ACCESS,
    ROOT,
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
