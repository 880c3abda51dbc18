"""How long the questions take on ninety days of payments, and what a star-tree is worth."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import requests

from bench.measure import Measure, mebibytes, milliseconds, percentile
from bench.session import create_tables, make_topic, own_engine, tag_instances, wait_for_count
from local import queries
from local.events.broker import Broker
from local.events.generator import REGISTERED, Plan, Record, generate
from local.events.ledger import ANALYTICS_TABLE, BOOKED_TABLE, REGISTERED_TABLE, TABLES
from local.events.produce import produce
from local.progress import say, step
from product_model.questions import Question, load_questions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.session import RunningEngine

TITLE = "Questions"
DAYS = 90
# Events of ninety days: about half of them, five million, are rows of each append table.
EVENTS = 10_000_000
REPEATS = 60
_TOPIC = "payments"
_SEGMENT_ROWS = 3_000_000
_LONGEST_SECONDS = 7_200.0
_COMMIT_SECONDS = 600.0
_BRIEFS = (1, 2, 3)
_OTHERS = (4, 5, 7)
# Five million upsert keys need more heap than the local engine's 768 MiB.
_HEAP = "3g"


@dataclass
class _Sent:
    """Counts of what was sent."""

    registered: int = 0
    booked: int = 0
    last_day: int = 0

    def of(self, records: Iterator[Record], since: str) -> Iterator[Record]:
        """Let records pass and count them; `since` is the day's begin as the generator writes times."""
        for record in records:
            value = record.value or b""
            if REGISTERED.encode() in value:
                self.registered += 1
            else:
                self.booked += 1
            start = value.index(b'"time":"') + len(b'"time":"')
            self.last_day += value[start : start + len(since)] >= since.encode()
            yield record


def run(events: int = EVENTS) -> list[Measure]:
    """Load ninety days through Kafka, commit segments, and ask."""
    with own_engine(_HEAP) as engine:
        make_topic(engine.environment, _TOPIC, 3)
        tag_instances(engine.environment)
        create_tables(engine.environment, _TOPIC, TABLES, segment_rows=_SEGMENT_ROWS)
        broker = Broker(engine.environment.broker_url)
        sent, seconds = _load(engine, broker, events)
        _commit(engine, broker)
        measures = [
            Measure(
                f"{DAYS} days: {sent.registered:,} registrations, {sent.booked:,} bookings",
                f"{sent.last_day:,} events in the last 24 h; loaded through Kafka in {seconds / 60:.0f} min",
                "5 M rows, 55 k in 24 h",
            )
        ]
        questions = {question.number: question for question in load_questions(queries.QUESTIONS)}
        measures += [_ask(questions[number], broker) for number in (*_BRIEFS, *_OTHERS)]
        for table, hour in ((REGISTERED_TABLE, "registeredHour"), (BOOKED_TABLE, "bookedHour")):
            measures += _star_tree(table, hour, broker)
        measures.append(
            Measure(f"engine's memory with a heap of {_HEAP}", mebibytes(engine.resident_bytes()))
        )
    return measures


def _load(engine: RunningEngine, broker: Broker, events: int) -> tuple[_Sent, float]:
    sent = _Sent()
    end = datetime.now(UTC)
    plan = Plan(events, 5, end, timedelta(days=DAYS))
    since = (end - timedelta(days=1)).isoformat()[:19]
    started = time.monotonic()
    with step(f"sending {events:,} events of {DAYS} days"):
        produce(
            sent.of(generate(plan), since),
            engine.environment.kafka_bootstrap,
            topic=_TOPIC,
            expected=events,
        )
    expected = {
        REGISTERED_TABLE: sent.registered,
        BOOKED_TABLE: sent.booked,
        ANALYTICS_TABLE: sent.registered,
    }
    with step("waiting for the last row"):
        wait_for_count(broker, expected, _LONGEST_SECONDS)
    return sent, time.monotonic() - started


def _commit(engine: RunningEngine, broker: Broker) -> None:
    """Commit what the append tables are still consuming; star-trees are made at commits."""
    with step("committing the append tables' last segments"):
        for table in (REGISTERED_TABLE, BOOKED_TABLE):
            url = f"{engine.environment.controller_url}/tables/{table}/forceCommit"
            answer = requests.post(url, timeout=_COMMIT_SECONDS)
            answer.raise_for_status()
            job = answer.json()["forceCommitJobId"]
            status = f"{engine.environment.controller_url}/tables/forceCommitStatus/{job}"
            deadline = time.monotonic() + _COMMIT_SECONDS
            while requests.get(status, timeout=60).json()["numberOfSegmentsYetToBeCommitted"]:
                if time.monotonic() > deadline:
                    message = f"{table} was not committed within {_COMMIT_SECONDS:.0f} s"
                    raise RuntimeError(message)
                time.sleep(0.5)
    for table in TABLES:
        say(f"    {table}: {broker.query(f'SELECT COUNT(*) FROM {table}').rows[0][0]:,} rows")  # noqa: S608 - constants


def _ask(question: Question, broker: Broker) -> Measure:
    """Ask again and again; the time is the client's, HTTP and JSON included."""
    limited = any(parameter.name == "rows" for parameter in question.parameters)
    values = {"rows": "100"} if limited else {}
    answers = [queries.ask(question, broker, None, **values).answer for _ in range(REPEATS + 5)]
    return Measure(
        f"{question.number}. {question.title}",
        f"{milliseconds([answer.seconds for answer in answers[5:]])} ({len(answers[-1].rows):,} rows)",
        "p95 ≤ 100 ms" if question.number in _BRIEFS else "",
    )


def _star_tree(table: str, hour: str, broker: Broker) -> list[Measure]:
    """Sum exactly by the star-tree's dimensions, with it and without it, by the broker's own clock.

    By type and currency the answer has some twenty rows; by hour as well it has some forty thousand, and
    making those rows takes its time with any index.
    """
    measures = []
    for dimensions, what in (
        (f"transactionType, currency, {hour}", "by type, currency and hour"),
        ("transactionType, currency", "by type and currency"),
    ):
        sql = (
            f"SELECT {dimensions}, SUMPRECISION(amount) FROM {table} "  # noqa: S608 - constants
            f"GROUP BY {dimensions} LIMIT 1000000"
        )
        options = {"numGroupsLimit": "1000000", "timeoutMs": "60000"}
        plan = "\n".join(str(row[0]) for row in broker.query(f"EXPLAIN PLAN FOR {sql}").rows)
        rows = len(broker.query(sql, **options).rows)
        fast = [broker.query(sql, **options).broker_milliseconds for _ in range(REPEATS // 2)]
        slow = [
            broker.query(sql, useStarTree="false", **options).broker_milliseconds for _ in range(REPEATS // 4)
        ]
        p50_fast, p50_slow = percentile(fast, 50), percentile(slow, 50)
        said = "EXPLAIN says so" if "FILTER_STARTREE_INDEX" in plan else "EXPLAIN shows no star-tree"
        figure = (
            f"with star-tree {p50_fast:,.0f} ms, without {p50_slow:,.0f} ms: "
            f"{p50_slow / max(p50_fast, 1):,.1f} times faster ({rows:,} rows; {said})"
        )
        measures.append(Measure(f"{table}: SUMPRECISION(amount) {what}", figure, "≥ 20 times"))
    return measures
