"""The aws stand-in's process, and what the engine says to it by the provider protocol."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from local.plugins.wire import to_python, to_struct

if TYPE_CHECKING:
    from collections.abc import Iterator

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
