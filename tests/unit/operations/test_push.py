"""A minion's task is judged by its subtasks, as a real cluster tells of them (recorded with Pinot 1.5.1)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from operations.offline.push import wait_for_task
from operations.pinot import Pinot, PinotError, subtasks_of
from tests.unit.operations.recorded_controller import Controller, controller, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.unit

# The recording cuts long answers; the part that counts stands at their beginning.
FAILED = recorded("G.task.debug")
FAILED_COUNTS = json.loads(FAILED[: FAILED.index(', "startTime"')] + "}")
DONE = recorded("G.task.debug.ok")
SCHEDULED = recorded("G.schedule")
TASK = SCHEDULED["SegmentGenerationAndPushTask"]


def test_completed_with_failed_subtasks_is_no_success() -> None:
    failed = subtasks_of(FAILED_COUNTS)
    assert (failed.state, failed.over, failed.succeeded, failed.failed) == ("COMPLETED", True, False, 2)
    done = subtasks_of(DONE)
    assert (done.state, done.over, done.succeeded, done.completed) == ("COMPLETED", True, True, 2)


def test_the_first_line_of_the_first_error_is_told() -> None:
    info = FAILED[FAILED.index('"info": ') + len('"info": ') :]
    text, _ = json.JSONDecoder().raw_decode(info)
    told = subtasks_of(FAILED_COUNTS | {"subtaskInfos": [{"state": "TASK_ERROR", "info": text}]})
    assert told.first_error == "java.lang.RuntimeException: Failed to execute SegmentGenerationAndPushTask"


def test_no_subtask_is_no_success() -> None:
    none = dict.fromkeys(DONE["subtaskCount"], 0)
    assert not subtasks_of({"taskState": "COMPLETED", "subtaskCount": none}).succeeded


@pytest.fixture
def cluster() -> Iterator[tuple[Pinot, type[Controller]]]:
    with controller() as served:
        yield Pinot(served.url, served.url, attempts=1), served


def test_a_task_that_the_state_calls_completed_is_an_error(
    cluster: tuple[Pinot, type[Controller]],
) -> None:
    pinot, handler = cluster
    running = DONE | {"taskState": "IN_PROGRESS"}
    handler.answers[f"/tasks/task/{TASK}/debug"] = [(200, running), (200, json.dumps(FAILED_COUNTS))]
    with pytest.raises(PinotError, match="says COMPLETED, but 2 of 2 subtasks failed"):
        wait_for_task(pinot, TASK, 5, poll_seconds=0.01)
    handler.answers[f"/tasks/task/{TASK}/debug"] = [(200, running), (200, DONE)]
    wait_for_task(pinot, TASK, 5, poll_seconds=0.01)


def test_a_task_that_no_minion_takes_is_an_error_in_the_end(
    cluster: tuple[Pinot, type[Controller]],
) -> None:
    pinot, handler = cluster
    handler.answers[f"/tasks/task/{TASK}/debug"] = [(200, DONE | {"taskState": "IN_PROGRESS"})]
    with pytest.raises(PinotError, match="Is a minion running"):
        wait_for_task(pinot, TASK, 0.05, poll_seconds=0.01)


def test_what_the_controller_could_not_schedule_is_told(cluster: tuple[Pinot, type[Controller]]) -> None:
    pinot, handler = cluster
    handler.answers["/tasks/schedule"] = [(200, SCHEDULED)]
    assert pinot.schedule_task("SegmentGenerationAndPushTask", "transaction_booked_offline") == TASK
    handler.answers["/tasks/schedule"] = [(200, SCHEDULED | {"generationErrors": "no input directory"})]
    with pytest.raises(PinotError, match="no input directory"):
        pinot.schedule_task("SegmentGenerationAndPushTask", "transaction_booked_offline")
    handler.answers["/tasks/schedule"] = [(200, {"generationErrors": "", "schedulingErrors": ""})]
    assert pinot.schedule_task("MergeRollupTask", "transaction_booked_offline") is None


def test_answers_in_part_are_errors(cluster: tuple[Pinot, type[Controller]]) -> None:
    pinot, handler = cluster
    whole = {
        "resultTable": {"rows": [[1]]},
        "numServersQueried": 2,
        "numServersResponded": 2,
        "exceptions": [],
    }
    handler.answers["/query/sql"] = [(200, whole)]
    assert pinot.rows("SELECT 1") == [[1]]
    for part, said in (
        ({"numServersResponded": 1}, "not every server answered"),
        ({"numGroupsLimitReached": True}, "more groups than Pinot counts"),
        ({"exceptions": [{"errorCode": 190, "message": "TableDoesNotExistError"}]}, "190: TableDoesNotExist"),
    ):
        handler.answers["/query/sql"] = [(200, whole | part)]
        with pytest.raises(PinotError, match=said):
            pinot.rows("SELECT 1")
