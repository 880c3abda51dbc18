"""From the producer's call to the row in a query's answer, at a steady rate, commits of segments included."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench.measure import Measure, milliseconds
from bench.session import create_tables, make_topic, own_platform, tag_instances
from local.events.broker import Broker
from local.events.generator import BOOKED, REGISTERED, Plan, Record, generate
from local.events.ledger import ANALYTICS_TABLE, REGISTERED_TABLE, TABLES
from local.events.produce import produce
from local.progress import step

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE = "Freshness"
RATE = 1_000
SECONDS = 60
_WARM_UP_SECONDS = 15
_LOOK_BACK_MS = 5_000
_SMALL_SEGMENT_ROWS = 30_000
_TOPIC = "payments"


def run() -> list[Measure]:
    """Measure as the tables are deployed, and with segments so small that they are committed all the time."""
    return [
        *_run(None, "as deployed"),
        *_run(_SMALL_SEGMENT_ROWS, f"a commit every {_SMALL_SEGMENT_ROWS:,} rows"),
    ]


def _run(segment_rows: int | None, what: str) -> list[Measure]:
    """Send at a steady rate and ask all the time which rows are new."""
    with own_platform("kafka", "pinot") as platform:
        environment = platform.environment
        make_topic(environment, _TOPIC, 3)
        tag_instances(environment)
        create_tables(environment, _TOPIC, TABLES, segment_rows=segment_rows)
        sent = _Sent()
        watchers = {
            REGISTERED_TABLE: _Watcher(environment.broker_url, REGISTERED_TABLE, "eventId", "eventTime"),
            ANALYTICS_TABLE: _Watcher(
                environment.broker_url, ANALYTICS_TABLE, "transactionId", "transactionTime"
            ),
        }
        count = RATE * (_WARM_UP_SECONDS + SECONDS)
        with step(f"sending {RATE:,} events/s for {_WARM_UP_SECONDS + SECONDS} s, {what}"):
            for watcher in watchers.values():
                watcher.start()
            started = time.monotonic()
            bootstrap = environment.kafka_bootstrap
            produce(sent.stamped(count), bootstrap, topic=_TOPIC, rate=RATE, expected=count)
            time.sleep(_LOOK_BACK_MS / 1000)
            for watcher in watchers.values():
                watcher.end()
    counted_from = started + _WARM_UP_SECONDS
    return [
        Measure(
            f"{table} at {RATE:,} events/s, {what}",
            _figure(wanted, watchers[table].first_seen, counted_from),
            "p99 ≤ 250 ms",
        )
        for table, wanted in ((REGISTERED_TABLE, sent.registrations), (ANALYTICS_TABLE, sent.transactions))
    ]


def _figure(sent: dict[str, float], seen: dict[str, float], counted_from: float) -> str:
    """Tell the seconds from sending to being seen; a row later than the look-back was not seen at all."""
    counted = {key: at for key, at in sent.items() if at >= counted_from}
    waits = [seen[key] - at for key, at in counted.items() if key in seen]
    later = len(counted) - len(waits)
    more = f"; {later:,} of {len(counted):,} later than {_LOOK_BACK_MS // 1000} s" if later else ""
    return f"{milliseconds(waits)} ({len(waits):,} rows{more})"


@dataclass
class _Sent:
    """When (monotonic seconds) each registration, and each transaction's first event, was handed over."""

    registrations: dict[str, float] = field(default_factory=dict)
    transactions: dict[str, float] = field(default_factory=dict)

    def stamped(self, count: int) -> Iterator[Record]:
        """Give each event the present as its times, and note when it goes to the producer."""
        for record in generate(Plan(count, 3, datetime.now(UTC), timedelta(hours=1))):
            event: dict[str, Any] = json.loads(record.value or b"")
            event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
            event["data"]["bookedAt" if event["type"] == BOOKED else "registeredAt"] = event["time"]
            at = time.monotonic()
            self.transactions.setdefault(event["data"]["transactionId"], at)
            if event["type"] == REGISTERED:
                self.registrations[event["id"]] = at
            yield Record(record.key, json.dumps(event).encode())


class _Watcher(threading.Thread):
    """Asks one table again and again for its latest rows, and notes when each was first there."""

    def __init__(self, broker_url: str, table: str, key: str, time_column: str) -> None:
        super().__init__(daemon=True)
        self._table = table
        self._broker = Broker(broker_url)
        self._columns = (key, time_column)
        self.first_seen: dict[str, float] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        key, time_column = self._columns
        while not self._ended.is_set():
            since = time.time_ns() // 1_000_000 - _LOOK_BACK_MS
            sql = f"SELECT {key} FROM {self._table} WHERE {time_column} > {since} LIMIT 100000"  # noqa: S608 - constants
            rows = self._broker.query(sql).rows
            now = time.monotonic()
            for (found,) in rows:
                self.first_seen.setdefault(found, now)
            time.sleep(0.005)

    def end(self) -> None:
        self._ended.set()
        self.join()
