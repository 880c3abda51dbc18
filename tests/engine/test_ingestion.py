"""What the engine promises about events: none lost, none doubled, none shown, whatever happens to it."""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
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

_START: Final = datetime(2026, 11, 20, 8, tzinfo=UTC)
_SEED: Final = 7


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _event(number: int, kind: str) -> dict[str, Any]:
    registered = _START + timedelta(milliseconds=number)
    booked = registered + timedelta(milliseconds=number % 5000)
    own = (
        {"checkoutId": f"c-{number}", "registeredAt": _iso(registered)}
        if kind == "wallet-registered"
        else {
            "journalEntryId": f"j-{number}",
            "bookingStatus": "SUCCESS",
            "bookedAt": _iso(booked),
            "registeredAt": _iso(registered),
        }
    )
    return {
        "specversion": "1.0",
        "id": f"{kind}-{number}",
        "type": f"com.paymentic.payments.transaction-{kind}.v1",
        "source": "/payment-service",
        "subject": f"t-{number}",
        "time": _iso(registered),
        "data": {
            "transactionId": f"t-{number}",
            "paymentOrderId": f"p-{number}",
            "amount": f"{number}.07",
            "currency": ("EUR", "USD", "BRL")[number % 3],
            "transactionType": "PAYMENT",
            "buyer": {"id": f"b-{number % 50}", "email": f"buyer{number}@example.com"},
            "seller": {"id": f"s-{number % 20}"},
            **own,
        },
    }


class _Load(threading.Thread):
    """Sends both events of each transaction, in random order, some twice, in the background."""

    def __init__(self, bootstrap: str, topic: str, transactions: int) -> None:
        super().__init__()
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 2})
        self._topic = topic
        self.transactions = transactions
        self.sent = 0

    def run(self) -> None:
        order = random.Random(_SEED)  # noqa: S311 - a seeded order, no secret
        for number in range(self.transactions):
            kinds = ["wallet-registered", "booked"]
            order.shuffle(kinds)
            if number % 10 == 0:
                kinds.append(kinds[0])
            for kind in kinds:
                self._producer.produce(self._topic, json.dumps(_event(number, kind)), f"t-{number}")
                self.sent += 1
            self._producer.poll(0)
            if number % 50 == 0:
                time.sleep(0.02)
        self._producer.flush()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[list[EngineProcess]]:
    """Give a list with one running engine; a test that ends it puts its successor in its place."""
    running = [EngineProcess(tmp_path / "data", [])]
    tables.tag_instances(running[0])
    yield running
    running[0].stop()


def _restart(engine: list[EngineProcess]) -> None:
    engine[0].kill()
    engine[0] = EngineProcess(engine[0].data, [])


def _create_all(engine: EngineProcess, kafka: str, topic: str, flush_rows: int) -> None:
    for name in (WALLET, BOOKED, ANALYTICS):
        content = tables.table(name, kafka, topic, realtime_segment_flush_threshold_rows=str(flush_rows))
        if name == WALLET:
            # The recording's table stores duplicates; here each append table is to hold an event once.
            booked = tables.table(BOOKED, kafka, topic)
            content.update(dedupConfig=booked["dedupConfig"], routing=booked["routing"])
        tables.create(engine, name, content)


def _check_against(load: _Load, engine: EngineProcess) -> None:
    for name in (WALLET, BOOKED, ANALYTICS):
        tables.wait_until_consumed(engine, name, load.sent)
    number = load.transactions
    cents = sum(100 * n + 7 for n in range(number))
    for name, key in ((WALLET, "eventId"), (BOOKED, "eventId"), (ANALYTICS, "transactionId")):
        sql = "SELECT COUNT(*), DISTINCTCOUNT({key}), SUMPRECISION(amount) FROM {table}"
        assert tables.rows(engine, sql, key=key, table=name) == [
            [number, number, f"{cents // 100}.{cents % 100:02}"]
        ]
    sql = (
        "SET enableNullHandling=true; SELECT COUNT(*), SUM(processingTimeMs) FROM {table} "
        "WHERE checkoutId IS NOT NULL AND journalEntryId IS NOT NULL AND processingTimeMs IS NOT NULL"
    )
    assert tables.rows(engine, sql, table=ANALYTICS) == [
        [number, float(sum(n % 5000 for n in range(number)))]
    ]


def test_kill_nine_under_load_loses_and_doubles_nothing(engine: list[EngineProcess], kafka: str) -> None:
    """Three times in the middle of consumption and commits, and what is stored equals what was sent."""
    topic = tables.make_topic(kafka, f"killed-{uuid.uuid4()}", 3)
    _create_all(engine[0], kafka, topic, flush_rows=2400)
    load = _Load(kafka, topic, 4000)
    load.start()
    for seconds in (0.8, 0.5, 0.3):
        time.sleep(seconds)
        _restart(engine)
    load.join()
    _check_against(load, engine[0])
    committed = engine[0].ask("GET", f"/segments/{BOOKED}").body
    assert sum(len(names) for table in committed for names in table.values()) > 3, "no segment was committed"
    _restart(engine)
    _check_against(load, engine[0])


def test_forced_commits_under_load_are_invisible_to_queries(engine: list[EngineProcess], kafka: str) -> None:
    """Counts only grow, and no answer counts an event twice."""
    topic = tables.make_topic(kafka, f"forced-{uuid.uuid4()}", 2)
    _create_all(engine[0], kafka, topic, flush_rows=1_000_000)
    load = _Load(kafka, topic, 3000)
    load.start()
    before, forced, job = 0, 0, ""
    while load.is_alive() or tables.consumed(engine[0], BOOKED) < load.sent:
        ((count, distinct),) = tables.rows(
            engine[0], "SELECT COUNT(*), DISTINCTCOUNT(eventId) FROM {table}", table=BOOKED
        )
        assert count >= before
        assert count == distinct
        before = count
        if forced < 5:
            job = engine[0].ask("POST", f"/tables/{BOOKED}/forceCommit").body["forceCommitJobId"]
            forced += 1
    load.join()
    _check_against(load, engine[0])
    deadline = time.monotonic() + 30
    while (left := _segments_to_commit(engine[0], job)) > 0:
        assert time.monotonic() < deadline, f"{left} segments are not committed"
        time.sleep(0.1)


def _segments_to_commit(engine: EngineProcess, job: str) -> int:
    return int(engine.ask("GET", f"/tables/forceCommitStatus/{job}").body["numberOfSegmentsYetToBeCommitted"])


def test_a_topic_that_is_taken_away_is_said_and_read_again_when_kafka_has_it(
    engine: list[EngineProcess], kafka: str
) -> None:
    """The table stays, says what is wrong and what to do, and other tables go on."""
    gone = tables.make_topic(kafka, f"gone-{uuid.uuid4()}", 1)
    there = tables.make_topic(kafka, f"there-{uuid.uuid4()}", 1)
    tables.create(engine[0], WALLET, tables.table(WALLET, kafka, gone))
    tables.create(engine[0], BOOKED, tables.table(BOOKED, kafka, there))
    tables.delete_topic(kafka, gone)
    _restart(engine)
    _wait_for_log(engine[0], f"Topic {gone} does not exist at {kafka}; create it")
    load = _Load(kafka, there, 100)
    load.start()
    load.join()
    tables.wait_until_consumed(engine[0], BOOKED, load.sent)
    assert tables.rows(engine[0], "SELECT COUNT(*) FROM {table}", table=BOOKED) == [[100]]
    assert tables.rows(engine[0], "SELECT COUNT(*) FROM {table}", table=WALLET) == [[0]]
    tables.make_topic(kafka, gone, 1)
    producer = Producer({"bootstrap.servers": kafka})
    producer.produce(gone, json.dumps(_event(1, "wallet-registered")))
    producer.flush()
    tables.wait_until_consumed(engine[0], WALLET, 1)
    assert tables.rows(engine[0], "SELECT eventId FROM {table}", table=WALLET) == [["wallet-registered-1"]]


def _wait_for_log(engine: EngineProcess, text: str) -> None:
    deadline = time.monotonic() + 30
    while text not in engine.log.read_text("utf-8"):
        assert time.monotonic() < deadline, f"not in the log: {text}"
        time.sleep(0.05)


def test_events_that_fail_are_counted_and_none_of_their_values_is_logged(
    engine: list[EngineProcess], kafka: str
) -> None:
    """The log says that events fail and why, which the search for the value must be able to see."""
    topic = tables.make_topic(kafka, f"failing-{uuid.uuid4()}", 1)
    for name in (WALLET, ANALYTICS):
        tables.create(engine[0], name, tables.table(name, kafka, topic))
    planted = "maria.secreta"
    failing: list[dict[str, Any]] = [_event(number, "wallet-registered") for number in range(4)]
    failing[0]["data"]["amount"] = planted
    failing[1]["data"]["registeredAt"] = planted
    failing[2]["time"] = planted
    failing[3]["data"] = planted
    values = [json.dumps(event) for event in failing]
    values += [
        f"not json, {planted}",
        f'["{planted}"]',
        f'"{planted}"',
        json.dumps(_event(9, "wallet-registered")),
    ]
    producer = Producer({"bootstrap.servers": kafka})
    for value in values:
        producer.produce(topic, value)
    producer.flush()
    for name in (WALLET, ANALYTICS):
        tables.wait_until_consumed(engine[0], name, len(values))
        assert tables.rows(engine[0], "SELECT COUNT(*) FROM {table}", table=name) == [[1]]
        (partition,) = tables.partitions(engine[0], name).values()
        assert partition["rows"]["failed"] + partition["rows"]["filtered"] == len(values) - 1
        assert partition["rows"]["failed"] >= 5
    sql = f"SELECT nope FROM {WALLET} WHERE eventId = '{planted}'"  # noqa: S608 - names of this file
    assert tables.query(engine[0], sql)["exceptions"]
    log = engine[0].log.read_text("utf-8")
    assert "drops events that fail" in log
    assert planted not in log


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("tableIndexConfig", "invertedIndexColums"), ["currency"], "invertedIndexColums"),
        (("segmentsConfig", "timeColumnName"), "nope", "nope"),
        (("tableName",), "another", "needs a schema of its own name"),
    ],
)
def test_the_command_line_refuses_a_table_that_pinot_would_refuse_or_take_in_part(
    tmp_path: Path, path: tuple[str, ...], value: object, said: str
) -> None:
    """`validate` ends with 2 and names the file and what is wrong."""
    content = json.loads((DATA / "accepted" / f"table-{BOOKED}.json").read_text("utf-8"))
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file = tmp_path / "table.json"
    file.write_text(json.dumps(content))
    schema = DATA / "accepted" / f"schema-{BOOKED}.json"
    command = installation().command("validate", "--schema", str(schema), "--table", str(file))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert str(file) in done.stderr
    assert said in done.stderr
