"""On a cluster a minion builds the segment: what it is given, and what is left behind."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from local.environment import REPOSITORY
from local.s3_client import s3_client
from operations.archive.layout import Kind
from operations.archive.store import ArchiveStore
from operations.offline.hour import HourRows, TableSchema, read_hour
from operations.offline.push import MinionPush
from operations.pinot import Pinot, PinotError
from product_model import load_product
from tests.engine.operations.archived_hours import close_hour, payments
from tests.engine.operations.offline_tables import NOON, new_bucket
from tests.unit.operations.recorded_controller import Controller, controller, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine

BOOKED = Kind.BOOKED
SEGMENT = "transaction_booked_offline_2026-03-14-12"


@pytest.fixture
def cluster() -> Iterator[type[Controller]]:
    with controller() as served:
        yield served


def _hour(endpoint: str) -> HourRows:
    """Archive an hour with an event that Kafka delivered twice, and read it."""
    store = ArchiveStore(new_bucket(endpoint), endpoint=endpoint)
    rows = payments(BOOKED, NOON, 20)
    manifest = close_hour(store, BOOKED, NOON, rows, rows[:5])
    schema = TableSchema.of(load_product(REPOSITORY / "data-product"), BOOKED)
    return read_hour(store, manifest, schema)


class _Minion:
    """Reads the file as soon as the task is made, and has the controller know the task."""

    def __init__(self, served: type[Controller], endpoint: str, debug: Any) -> None:  # noqa: ANN401 - JSON
        self._served = served
        self._client = s3_client(endpoint)
        self._debug = debug
        self.rows: list[dict[str, Any]] = []
        self.task: dict[str, Any] = {}

    def execute(self, task: dict[str, Any]) -> dict[str, str]:
        self.task = task
        bucket, _, prefix = task["taskConfigs"]["inputDirURI"].removeprefix("s3://").partition("/")
        (listed,) = self._client.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
        content = self._client.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read()
        self.rows = pq.read_table(io.BytesIO(content)).to_pylist()
        name = f"Task_SegmentGenerationAndPushTask_{task['taskName']}"
        self._served.answers[f"/tasks/task/{name}/debug"] = [(200, self._debug)]
        return {task["tableName"]: name}


def test_a_minion_is_given_one_file_with_every_event_once_and_the_hours_name(
    cluster: type[Controller], s3: str
) -> None:
    minion = _Minion(cluster, s3, recorded("G.task.debug.ok"))
    cluster.answers["/tasks/execute"] = [(200, minion.execute)]
    bucket, hour = new_bucket(s3), _hour(s3)
    MinionPush(Pinot(cluster.url, cluster.url), bucket, endpoint=s3, poll_seconds=0.01).push(hour, 3)
    assert minion.rows == hour.table.to_pylist()
    assert len({row["eventId"] for row in minion.rows}) == len(minion.rows) == 20
    assert minion.task["tableName"] == "transaction_booked_offline_OFFLINE"
    assert minion.task["taskType"] == "SegmentGenerationAndPushTask"
    settings = minion.task["taskConfigs"]
    assert settings["segmentNameGenerator.type"] == "fixed"
    assert settings["segmentNameGenerator.configs.segment.name"] == SEGMENT
    assert "Contents" not in s3_client(s3).list_objects_v2(Bucket=bucket), "the staged file is taken away"


def test_failed_subtasks_are_an_error_although_the_task_is_completed(
    cluster: type[Controller], s3: str
) -> None:
    counts = {"total": 1, "completed": 0, "running": 0, "waiting": 0, "error": 1, "unknown": 0}
    minion = _Minion(cluster, s3, {"taskState": "COMPLETED", "subtaskCount": counts})
    cluster.answers["/tasks/execute"] = [(200, minion.execute)]
    bucket = new_bucket(s3)
    push = MinionPush(Pinot(cluster.url, cluster.url), bucket, endpoint=s3, poll_seconds=0.01)
    with pytest.raises(PinotError, match="says COMPLETED, but 1 of 1 subtasks failed"):
        push.push(_hour(s3), 1)
    assert "Contents" not in s3_client(s3).list_objects_v2(Bucket=bucket)
