"""How fast events become rows: Kafka, transforms, filters, dedup or upsert, indexes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.machine import cpu_seconds
from bench.measure import Measure, mebibytes
from bench.session import (
    create_tables,
    delete_tables,
    make_topic,
    own_platform,
    tag_instances,
    wait_for_count,
)
from local.events.broker import Broker
from local.events.generator import BOOKED, REGISTERED, Plan, Record, generate
from local.events.ledger import ANALYTICS_TABLE, BOOKED_TABLE, REGISTERED_TABLE, TABLES
from local.events.produce import produce
from local.processes import resident_bytes
from local.progress import step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.platform import Platform

TITLE = "Ingestion"
# Enough for a steady rate: compilers and first commits take their part of the first 200,000.
STEADY_EVENTS = 1_000_000
EVENTS = 400_000
_WARM_UP_EVENTS = 100_000
_LONGEST_SECONDS = 900.0


@dataclass
class _Counted:
    """What was sent, counted by what it will become."""

    registered: int = 0
    booked: int = 0
    transactions: int = 0

    def of(self, records: Iterator[Record], only: str | None) -> Iterator[Record]:
        """Let records of one kind pass, or of both, and count them."""
        transactions = set()
        for record in records:
            kind = REGISTERED if REGISTERED.encode() in (record.value or b"") else BOOKED
            if only in (None, kind):
                self.registered += kind == REGISTERED
                self.booked += kind == BOOKED
                transactions.add(record.key)
                yield record
        self.transactions = len(transactions)


@dataclass(frozen=True)
class _Reading:
    """A topic that was read: what it held, how long it took, and how much of a core the engine had."""

    sent: _Counted
    seconds: float
    cpu_seconds: float

    def figure(self, events: int) -> str:
        """Tell the rate by the clock, and by the engine's processor time (the machine may have been busy)."""
        return (
            f"{events / self.seconds:,.0f} events/s; {events / self.cpu_seconds:,.0f} a second of one core "
            f"({events:,} events, {self.seconds:.1f} s, {self.cpu_seconds:.1f} s of processor time)"
        )


def run() -> list[Measure]:
    """Fill topics first, then make tables on them, and take the time until the last row can be queried."""
    with own_platform("kafka", "pinot") as platform:
        tag_instances(platform.environment)
        cold = _read(platform, "cold", (BOOKED_TABLE,), only=BOOKED, events=_WARM_UP_EVENTS)
        one = _read(platform, "one", (REGISTERED_TABLE,), only=REGISTERED, events=STEADY_EVENTS)
    with own_platform("kafka", "pinot") as platform:
        tag_instances(platform.environment)
        _read(platform, "warm-up", (BOOKED_TABLE,), only=BOOKED, events=_WARM_UP_EVENTS)
        delete_tables(platform.environment, (BOOKED_TABLE,))
        every = _read(platform, "all", TABLES, partitions=3)
        memory = resident_bytes(platform.pid("pinot") or 0) or 0
    return [
        Measure("one append table, one partition", one.figure(one.sent.registered), "≥ 30,000 events/s"),
        Measure("the same right after the engine's start", cold.figure(cold.sent.booked)),
        Measure(
            "all three tables at once, three partitions, every event read by each",
            every.figure(every.sent.registered + every.sent.booked),
        ),
        Measure("engine's memory afterwards", mebibytes(memory), "≤ 1 GiB"),
    ]


def _read(
    platform: Platform,
    topic: str,
    tables: tuple[str, ...],
    *,
    partitions: int = 1,
    only: str | None = None,
    events: int = EVENTS,
) -> _Reading:
    environment = platform.environment
    make_topic(environment, topic, partitions)
    sent = _Counted()
    with step(f"filling topic {topic}"):
        plan = Plan(events if only is None else 2 * events, 1, datetime.now(UTC), timedelta(days=6))
        produce(sent.of(generate(plan), only), environment.kafka_bootstrap, topic=topic, progress=False)
    rows = {REGISTERED_TABLE: sent.registered, BOOKED_TABLE: sent.booked, ANALYTICS_TABLE: sent.transactions}
    pid = platform.pid("pinot") or 0
    with step(f"reading topic {topic} into {', '.join(tables)}"):
        started, cpu = time.monotonic(), cpu_seconds(pid)
        create_tables(environment, topic, tables)
        broker = Broker(environment.broker_url)
        reached = wait_for_count(broker, {table: rows[table] for table in tables}, _LONGEST_SECONDS)
        return _Reading(sent, max(reached.values()) - started, cpu_seconds(pid) - cpu)
