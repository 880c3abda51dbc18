"""Events recorded on a real 1.5.1 cluster give the same rows and answers, through Kafka and over HTTP."""

from __future__ import annotations

import json
import math
import subprocess
import uuid
from typing import TYPE_CHECKING, Any, Final

import pytest
from confluent_kafka import Producer

from local.pinot_engine import installation
from tests.engine import accepted_tables as tables
from tests.engine.accepted_tables import ANALYTICS, BOOKED, DATA, WALLET
from tests.engine.engine_process import EngineProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

_GOLDEN: Final = DATA / "golden"


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_GOLDEN / name).read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def engine(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """Give an engine whose three tables have read the recorded events."""
    running = EngineProcess(tmp_path_factory.mktemp("golden") / "data", [])
    try:
        topic = tables.make_topic(kafka, f"golden-{uuid.uuid4()}", 1)
        tables.tag_instances(running)
        for name in (WALLET, BOOKED, ANALYTICS):
            tables.create(running, name, tables.table(name, kafka, topic))
        producer = Producer({"bootstrap.servers": kafka})
        events = _lines("events.jsonl")
        for event in events:
            producer.produce(topic, value=event["value"], key=event["key"])
        producer.flush()
        for name in (WALLET, BOOKED, ANALYTICS):
            tables.wait_until_consumed(running, name, len(events))
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize("name", [WALLET, BOOKED, ANALYTICS])
def test_rows_are_those_of_the_cluster(engine: EngineProcess, name: str) -> None:
    """Each cell of each row, nulls as nulls."""
    sql = f"SELECT * FROM {name} LIMIT 100000"  # noqa: S608 - a name of this file
    answer = tables.query(engine, sql, "enableNullHandling=true")
    columns = answer["resultTable"]["dataSchema"]["columnNames"]
    found = [dict(zip(columns, row, strict=True)) for row in answer["resultTable"]["rows"]]
    expected = _lines(f"rows-{name}.jsonl")
    assert _sorted(found) == _sorted(expected)


def _sorted(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


@pytest.mark.parametrize(
    "golden", _lines("queries.jsonl"), ids=lambda golden: f"{golden['queryOptions']}: {golden['sql'][:60]}"
)
def test_answers_are_those_of_the_cluster(engine: EngineProcess, golden: dict[str, Any]) -> None:
    """Names, types and rows; of errors code and message."""
    answer = tables.query(engine, golden["sql"], golden["queryOptions"])
    if golden["exceptions"]:
        (expected,) = golden["exceptions"]
        (found,) = answer["exceptions"]
        assert found["errorCode"] == expected["errorCode"]
        if "multi-stage" in expected["message"]:
            assert "not supported by the local engine" in found["message"]
        else:
            assert found["message"] == expected["message"]
        return
    assert answer["exceptions"] == []
    assert answer["resultTable"]["dataSchema"] == golden["resultTable"]["dataSchema"]
    found_rows, expected_rows = answer["resultTable"]["rows"], golden["resultTable"]["rows"]
    assert len(found_rows) == len(expected_rows)
    for found_row, expected_row in zip(found_rows, expected_rows, strict=True):
        assert [_same(*cells) for cells in zip(found_row, expected_row, strict=True)] == [True] * len(
            found_row
        )


def _same(found: object, expected: object) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-14)
    # One server shows a null group as "", several show null: both mean the same.
    return found == expected or {found, expected} == {None, ""}


def test_the_command_line_shows_the_same_rows_without_a_server(tmp_path: Path) -> None:
    """`rows` gives each event's row, or why there is none, and of that no value of the event."""
    shown = _rows_command(BOOKED, _GOLDEN / "events.jsonl", tmp_path)
    assert [line["offset"] for line in shown] == list(range(len(_lines("events.jsonl"))))
    by_id = {line["row"]["eventId"]: line["row"] for line in reversed(shown) if "row" in line}
    assert _sorted(list(by_id.values())) == _sorted(_lines(f"rows-{BOOKED}.jsonl"))
    reasons = {(line["dropped"], line["reason"]) for line in shown if "dropped" in line}
    assert ("filter", "the table's filterFunction is true for it") in reasons
    assert ("error", "the value is not a JSON object") in reasons
    assert all("@" not in reason for _, reason in reasons)


def _rows_command(name: str, events: Path, tmp_path: Path) -> list[dict[str, Any]]:
    accepted = DATA / "accepted"
    command = installation().command(
        *("rows", "--records", "--schema", str(accepted / f"schema-{name}.json")),
        *("--table", str(accepted / f"table-{name}.json"), "--events", str(events)),
    )
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    return [json.loads(line) for line in done.stdout.splitlines()]
