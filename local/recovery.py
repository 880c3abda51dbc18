"""What a killed Pulumi run leaves behind on a file backend, and how the next run gets over it.

A lock whose process is gone is taken away. A resource that was being made is looked for: where it is
really there it is taken into the state, else its creation is forgotten, so that the next `up` makes it.
(Pinot's resources need neither: their providers adopt what is identical.)
"""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from confluent_kafka.admin import AdminClient

from local.progress import step
from local.s3_client import s3_client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.environment import LocalEnvironment
    from local.stack import LocalStack

_KAFKA_TOPIC: Final = "kafka:index/topic:Topic"
_S3_BUCKETS: Final = frozenset({"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"})


def recover(stack: LocalStack) -> None:
    """Make the stack usable again after a run that was killed; does nothing after one that ended."""
    if any(_is_dead(lock) for lock in (stack.environment.state / ".pulumi" / "locks").rglob("*.json")):
        with step("taking away the lock of a run that was killed"):
            stack.capture("cancel", "--yes")
    exported = json.loads(stack.capture("stack", "export"))
    pending = exported["deployment"].pop("pending_operations", None)
    if not pending:
        return
    with step(f"picking up {len(pending)} operations that a killed run left half done"):
        # `pulumi refresh` has flags for this, but drops what it is told to import (3.259.0).
        resources = exported["deployment"].setdefault("resources", [])
        for operation in pending:
            if operation["type"] == "creating":
                resources += _really_made(operation["resource"], stack.environment)
        edited = stack.configuration.with_name("state.json")
        edited.write_text(json.dumps(exported), encoding="utf-8")
        stack.capture("stack", "import", "--file", str(edited))
        edited.unlink()
        stack.refresh()


def _is_dead(lock: Path) -> bool:
    owner = json.loads(lock.read_text(encoding="utf-8"))
    if owner["hostname"] != socket.gethostname():
        return False  # a state directory that is shared between machines: not for us to judge
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _really_made(resource: dict[str, Any], environment: LocalEnvironment) -> Iterator[dict[str, Any]]:
    inputs = resource.get("inputs") or {}
    exists = False
    identity = ""
    if resource["type"] == _KAFKA_TOPIC:
        identity = inputs["name"]
        client = AdminClient({"bootstrap.servers": environment.kafka_bootstrap})
        exists = identity in client.list_topics(timeout=10).topics
    elif resource["type"] in _S3_BUCKETS:
        identity = inputs["bucket"]
        exists = _bucket_exists(identity, environment)
    if exists:
        yield {**resource, "id": identity, "outputs": inputs}


def _bucket_exists(bucket: str, environment: LocalEnvironment) -> bool:
    client = s3_client(environment.s3_endpoint)
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:  # noqa: PLR2004 - not found
            return False
        raise
    return True
