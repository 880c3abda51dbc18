"""How fast events become rows: Kafka, transforms, filters, dedup or upsert, indexes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.measure import Measure, mebibytes
from bench.session import create_tables, make_topic, own_platform, tag_instances, wait_for_count
from local.events.broker import Broker
from local.events.generator import BOOKED, REGISTERED, Plan, Record, generate
from local.events.ledger import ANALYTICS_TABLE, BOOKED_TABLE, REGISTERED_TABLE
from local.events.produce import produce
from local.processes import resident_bytes
from local.progress import step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.platform import Platform

TITLE = "Ingestion"
EVENTS = 400_000
_LONGEST_SECONDS = 900.0


@dataclass
class _Counted:
    """Records on their way, counted by what they will become."""

    registered: int = 0
    booked: int = 0

    def of(self, records: Iterator[Record], only: str | None) -> Iterator[Record]:
        transactions = set()
        for record in records:
            kind = json.loads(record.value or b"")["type"]
            if only in (None, kind):
                self.registered += kind == REGISTERED
                self.booked += kind == BOOKED
                transactions.add(record.key)
                yield record
        self.transactions = len(transactions)

    transactions: int = 0


def run() -> list[Measure]:
    """Fill topics first, then make tables on them, and take the time until the last row can be queried."""
    measures = []
    with own_platform("kafka", "pinot") as platform:
        tag_instances(platform.environment)
        measures.append(_warmed_up(platform))
        seconds, counted = _read(platform, "one-kind", (REGISTERED_TABLE,), partitions=1, only=REGISTERED)
        rate = counted.registered / seconds[REGISTERED_TABLE]
        measures.append(
            Measure(
                "one append table, one partition, events of its kind",
                f"{rate:,.0f} events/s ({counted.registered:,} events of 845 bytes)",
                "≥ 30,000 events/s",
            )
        )
    with own_platform("kafka", "pinot") as platform:
        tag_instances(platform.environment)
        _warmed_up(platform)
        tables = (REGISTERED_TABLE, BOOKED_TABLE, ANALYTICS_TABLE)
        seconds, counted = _read(platform, "all", tables, partitions=3, only=None)
        sent = counted.registered + counted.booked
        measures.append(
            Measure(
                "all three tables at once, three partitions, both kinds",
                f"{sent / max(seconds.values()):,.0f} events/s, each read by all three "
                f"({(sent + counted.transactions) / max(seconds.values()):,.0f} rows/s stored)",
            )
        )
        pid = platform.pid("pinot")
        measures.append(
            Measure("engine's memory afterwards", mebibytes(resident_bytes(pid or 0) or 0), "≤ 1 GiB")
        )
    return measures


def _warmed_up(platform: Platform) -> Measure:
    """Read a small topic, so that the JIT has seen the pipeline; the figure is told as well."""
    seconds, counted = _read(platform, "cold", (BOOKED_TABLE,), partitions=1, only=BOOKED, events=100_000)
    rate = counted.booked / seconds[BOOKED_TABLE]
    return Measure(
        "the same right after the engine's start", f"{rate:,.0f} events/s ({counted.booked:,} events)"
    )


def _read(
    platform: Platform,
    topic: str,
    tables: tuple[str, ...],
    *,
    partitions: int,
    only: str | None,
    events: int = EVENTS,
) -> tuple[dict[str, float], _Counted]:
    environment = platform.environment
    make_topic(environment, topic, partitions)
    counted = _Counted()
    with step(f"filling topic {topic}"):
        plan = Plan(events if only is None else 2 * events, 1, datetime.now(UTC), timedelta(days=6))
        produce(counted.of(generate(plan), only), environment.kafka_bootstrap, topic=topic, progress=False)
    expected = {
        REGISTERED_TABLE: counted.registered,
        BOOKED_TABLE: counted.booked,
        ANALYTICS_TABLE: counted.transactions,
    }
    with step(f"reading topic {topic} into {', '.join(tables)}"):
        started = time.monotonic()
        create_tables(environment, topic, tables)
        broker = Broker(environment.broker_url)
        reached = wait_for_count(broker, {table: expected[table] for table in tables}, _LONGEST_SECONDS)
    return {table: at - started for table, at in reached.items()}, counted
