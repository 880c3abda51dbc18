"""From an hour's rows to its segment: by the controller itself, or by a minion on a cluster."""

from __future__ import annotations

import tempfile
import time
import uuid
from typing import IO, TYPE_CHECKING, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from operations.archive.store import s3_client
from operations.offline.totals import segment_name
from operations.pinot import PinotError

if TYPE_CHECKING:
    from operations.offline.hour import HourRows
    from operations.pinot import Pinot

TASK: Final = "SegmentGenerationAndPushTask"
_POLL_SECONDS: Final = 2.0


class Push(Protocol):
    """Makes the segment of an hour, in place of the one that may be there."""

    def push(self, rows: HourRows, revision: int) -> None:
        """Make it; returns when Pinot has it.

        Raises:
            PinotError: it could not be made; the segment that was there stays

        """


class ControllerPush:
    """The controller builds the segment (`ingestFromFile`): on the local engine, and without minions."""

    def __init__(self, pinot: Pinot) -> None:
        """Take the Pinot to push to."""
        self._pinot = pinot

    def push(self, rows: HourRows, revision: int) -> None:  # noqa: ARG002 - the protocol's
        """Send the rows as JSON lines."""
        segment = segment_name(rows.kind, rows.hour)
        # An unnamed file: a killed loader leaves nothing behind, and a peak hour needs no memory.
        with tempfile.TemporaryFile(prefix="offline-") as upload:
            content_type = _write_multipart(rows, segment, upload)
            self._pinot.ingest(rows.kind.offline_table, segment, upload, content_type)


class MinionPush:
    """A minion builds the segment from one Parquet file that stands beside Pinot's own, in the deep store.

    Not from the archive's files: Pinot makes one segment a file, and an event that was sent twice may stand
    in two files; and so Pinot needs no right to read the archive.
    """

    def __init__(
        self,
        pinot: Pinot,
        bucket: str,
        *,
        prefix: str = "staging",
        endpoint: str | None = None,
        timeout_seconds: float = 900.0,
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        """Name the place for the files.

        Args:
            pinot: the Pinot to push to
            bucket: the deep store's
            prefix: what the files' keys begin with; apart from Pinot's segments
            endpoint: URL of another S3 than AWS's
            timeout_seconds: after which a task that is not over is an error
            poll_seconds: how often the task is looked at

        """
        self._pinot = pinot
        self._bucket = bucket
        self._prefix = prefix
        self._timeout_seconds = timeout_seconds
        self._poll_seconds = poll_seconds
        self._s3 = s3_client(endpoint)

    def push(self, rows: HourRows, revision: int) -> None:
        """Stage the file, start the task, wait for its subtasks, and take the file away."""
        table, segment = rows.kind.offline_table, segment_name(rows.kind, rows.hour)
        # A name of its own for each try: Helix never runs a task of a name that it knows again.
        name = f"{segment}_r{revision}_{uuid.uuid4().hex[:8]}"
        folder = f"{self._prefix}/{table}/{name}"
        key = f"{folder}/{segment}.parquet"
        with tempfile.TemporaryFile(prefix="offline-") as file:
            rows.write_parquet(file)
            file.seek(0)
            self._stage("put_object", key, Body=file)
        try:
            settings = {
                "inputDirURI": f"s3://{self._bucket}/{folder}/",
                "includeFileNamePattern": "glob:**/*.parquet",
                "segmentNameGenerator.type": "fixed",
                "segmentNameGenerator.configs.segment.name": segment,
            }
            self._pinot.execute_task(TASK, table, name, settings)
            wait_for_task(self._pinot, f"Task_{TASK}_{name}", self._timeout_seconds, self._poll_seconds)
        finally:
            self._stage("delete_object", key)

    def _stage(self, operation: str, key: str, **given: IO[bytes]) -> None:
        try:
            getattr(self._s3, operation)(Bucket=self._bucket, Key=key, **given)
        except (BotoCoreError, ClientError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            message = (
                f"s3://{self._bucket}/{key}: {operation} failed ({code}). The loader needs Put and Delete "
                f"under {self._prefix}/ of the deep store; the hour is tried again at the next pass."
            )
            raise PinotError(message) from error


def wait_for_task(
    pinot: Pinot, name: str, timeout_seconds: float, poll_seconds: float = _POLL_SECONDS
) -> None:
    """Wait until a minion task is over, and judge it by its subtasks.

    Raises:
        PinotError: a subtask failed, there was none, or the time is over

    """
    deadline = time.monotonic() + timeout_seconds
    while not (subtasks := pinot.task(name)).over:
        if time.monotonic() > deadline:
            message = (
                f"Pinot's task {name} is {subtasks.state} after {timeout_seconds:.0f} s, "
                f"{subtasks.completed} of {subtasks.total} subtasks done. Is a minion running? "
                "The next pass starts another."
            )
            raise PinotError(message)
        time.sleep(poll_seconds)
    if not subtasks.succeeded:
        where = f"see GET /tasks/task/{name}/debug"
        message = (
            f"Pinot's task {name} says {subtasks.state}, but {subtasks.failed} of {subtasks.total} subtasks "
            f"failed: {subtasks.first_error or where}. The earlier segment stays."
        )
        raise PinotError(message)


def _write_multipart(rows: HourRows, segment: str, to: IO[bytes]) -> str:
    """Write the body as it goes over the wire; requests would build it in memory."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{segment}.json"\r\n\r\n'
    to.write(head.encode())
    rows.write_json(to)
    to.write(f"\r\n--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}"
