"""How long the questions take on ninety days of payments, and what a star-tree is worth."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import requests

from bench.measure import Measure, mebibytes, milliseconds, percentile
from bench.session import create_tables, make_topic, own_engine, tag_instances, wait_for_count
from local import queries
from local.events.broker import Broker
from local.events.generator import REGISTERED, Plan, Record, generate
from local.events.ledger import ANALYTICS_TABLE, BOOKED_TABLE, REGISTERED_TABLE
from local.events.produce import produce
from local.progress import step
from product_model.questions import load_questions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.session import RunningEngine
    from product_model.questions import Question

DAYS = 90
# About half of them are registrations, half bookings; each is sent COPIES times with ids of its own, because
# generating an event takes longer than reading it. 5 million rows a table.
EVENTS = 2_000_000
COPIES = 5
REPEATS = 60
_TOPIC = "payments"
_PARTITIONS = 3
_SEGMENT_ROWS = 1_500_000
_LONGEST_SECONDS = 900.0
_COMMIT_SECONDS = 300.0
# Whatever the table's questions need of registrations in `payment_analytics`, beside its bookings.
_STORY_DAYS = 2
_LIMITED_MS = (1, 2, 3)
# Five million keys need more heap than the local engine's 768 MiB.
_HEAP = "3g"


@dataclass
class _Sent:
    """What of the generated events goes to the table, and how many rows it becomes."""

    table: str
    end: datetime
    rows: int = 0
    last_day: int = 0
    _transactions: set[str | None] = field(default_factory=set)

    def of(self, records: Iterator[Record]) -> Iterator[Record]:
        """Yield the table's events, each as often as it is sent."""
        day, story = (
            (self.end - timedelta(days=days)).isoformat()[:19].encode() for days in (1, _STORY_DAYS)
        )
        for key, value in records:
            event = value or b""
            start = event.index(b'"time":"') + len(b'"time":"')
            time_text = event[start : start + len(day)]
            if not self._takes(registered=REGISTERED.encode() in event, recent=time_text >= story):
                continue
            if self.table != ANALYTICS_TABLE or key not in self._transactions:
                self.rows += COPIES
                self.last_day += COPIES * (time_text >= day)
                if self.table == ANALYTICS_TABLE:
                    self._transactions.add(key)
            yield from _copies(str(key), event)

    def _takes(self, *, registered: bool, recent: bool) -> bool:
        if self.table == ANALYTICS_TABLE:
            return not registered or recent
        return registered == (self.table == REGISTERED_TABLE)


def _copies(transaction_id: str, event: bytes) -> Iterator[Record]:
    """Yield an event under several ids, and under as many ids of its transaction."""
    at = event.index(b'"id":"') + len(b'"id":"')
    for copy in range(COPIES):
        mark = f"{copy:02x}"
        own = mark + transaction_id[len(mark) :]
        value = event[:at] + mark.encode() + event[at + len(mark) :]
        yield Record(own, value.replace(transaction_id.encode(), own.encode()))


@dataclass(frozen=True)
class Questions:
    """A benchmark of one table: its questions by number, and its hour column if it has a star-tree."""

    table: str
    numbers: tuple[int, ...]
    hour: str | None = None

    @property
    def TITLE(self) -> str:  # noqa: N802 - as every benchmark's
        """Name the benchmark."""
        return f"Questions on {self.table}"

    def run(self) -> list[Measure]:
        """Load ninety days through Kafka, commit segments, and ask."""
        with own_engine(_HEAP) as engine:
            make_topic(engine.environment, _TOPIC, _PARTITIONS)
            tag_instances(engine.environment)
            create_tables(engine.environment, _TOPIC, (self.table,), segment_rows=_SEGMENT_ROWS)
            broker = Broker(engine.environment.broker_url)
            measures = [self._load(engine, broker)]
            if self.hour is not None:
                _commit(engine, self.table)
            questions = {question.number: question for question in load_questions(queries.QUESTIONS)}
            measures += [_ask(questions[number], broker) for number in self.numbers]
            if self.hour is not None:
                measures += _star_tree(self.table, self.hour, broker)
            memory = mebibytes(engine.resident_bytes())
            return [*measures, Measure(f"engine's memory with a heap of {_HEAP}", memory)]

    def _load(self, engine: RunningEngine, broker: Broker) -> Measure:
        sent = _Sent(self.table, datetime.now(UTC))
        plan = Plan(EVENTS, 5, sent.end, timedelta(days=DAYS))
        started = time.monotonic()
        with step(f"sending {DAYS} days of events for {self.table}"):
            produce(sent.of(generate(plan)), engine.environment.kafka_bootstrap, topic=_TOPIC)
        with step("waiting for the last row"):
            wait_for_count(broker, {self.table: sent.rows}, _LONGEST_SECONDS)
        minutes = (time.monotonic() - started) / 60
        return Measure(
            f"rows of {DAYS} days",
            f"{sent.rows:,}, {sent.last_day:,} of them in the last 24 h; loaded through Kafka in "
            f"{minutes:.1f} min (each generated event {COPIES} times, under ids of its own)",
            "5 M, 55 k in 24 h",
        )


def _commit(engine: RunningEngine, table: str) -> None:
    """Commit what the table is still consuming; star-trees are made at commits."""
    controller = engine.environment.controller_url
    with step("committing the last segments"):
        answer = requests.post(f"{controller}/tables/{table}/forceCommit", timeout=_COMMIT_SECONDS)
        answer.raise_for_status()
        status = f"{controller}/tables/forceCommitStatus/{answer.json()['forceCommitJobId']}"
        deadline = time.monotonic() + _COMMIT_SECONDS
        while requests.get(status, timeout=60).json()["numberOfSegmentsYetToBeCommitted"]:
            if time.monotonic() > deadline:
                message = f"{table} was not committed within {_COMMIT_SECONDS:.0f} s"
                raise RuntimeError(message)
            time.sleep(0.5)


def _ask(question: Question, broker: Broker) -> Measure:
    """Ask again and again; the time is the client's, HTTP and JSON included."""
    limited = any(parameter.name == "rows" for parameter in question.parameters)
    values = {"rows": "100"} if limited else {}
    answers = [queries.ask(question, broker, None, None, **values).answer for _ in range(REPEATS + 5)]
    return Measure(
        f"{question.number}. {question.title}",
        f"{milliseconds([answer.seconds for answer in answers[5:]])} ({len(answers[-1].rows):,} rows)",
        "p95 ≤ 100 ms" if question.number in _LIMITED_MS else "",
    )


def _star_tree(table: str, hour: str, broker: Broker) -> list[Measure]:
    """Sum exactly by the star-tree's dimensions, with it and without it, by the broker's own clock.

    By hour the answer has some forty thousand rows, and making those takes its time with any index; the ten
    largest of them show what the tree does.
    """
    by_hour = f"transactionType, currency, {hour}"
    measures = []
    for dimensions, limit, what in (
        (by_hour, "LIMIT 1000000", "by type, currency and hour, all rows"),
        (by_hour, "ORDER BY SUMPRECISION(amount) DESC LIMIT 10", "by type, currency and hour, the largest"),
        ("transactionType, currency", "LIMIT 1000000", "by type and currency"),
    ):
        sql = f"SELECT {dimensions}, SUMPRECISION(amount) FROM {table} GROUP BY {dimensions} {limit}"  # noqa: S608 - constants
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


ON_REGISTERED = Questions(REGISTERED_TABLE, (1, 7), "registeredHour")
ON_BOOKED = Questions(BOOKED_TABLE, (2,), "bookedHour")
ON_ANALYTICS = Questions(ANALYTICS_TABLE, (3, 4, 5))
