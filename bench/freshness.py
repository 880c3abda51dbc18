"""From the producer's call to the row in a query's answer, at a steady rate, commits of segments included."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench.measure import Measure, milliseconds
from bench.session import create_tables, make_topic, own_platform, tag_instances
from local.events.broker import Broker
from local.events.generator import BOOKED, Plan, Record, generate
from local.events.ledger import ANALYTICS_TABLE, REGISTERED_TABLE, TABLES
from local.events.produce import produce
from local.progress import step

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE = "Freshness"
RATE = 1_000
SECONDS = 60
_WARM_UP_SECONDS = 15
_LOOK_BACK_MS = 2_000
_SEGMENT_ROWS = 30_000
_TOPIC = "payments"


def run() -> list[Measure]:
    """Send at a steady rate and ask all the time which rows are new."""
    with own_platform("kafka", "pinot") as platform:
        environment = platform.environment
        make_topic(environment, _TOPIC, 3)
        tag_instances(environment)
        create_tables(environment, _TOPIC, TABLES, segment_rows=_SEGMENT_ROWS)
        watchers = [
            _Watcher(environment.broker_url, REGISTERED_TABLE, "eventId", "eventTime"),
            _Watcher(environment.broker_url, ANALYTICS_TABLE, "transactionId", "transactionTime"),
        ]
        sent: dict[str, float] = {}
        count = RATE * (_WARM_UP_SECONDS + SECONDS)
        with step(f"sending {RATE:,} events/s for {_WARM_UP_SECONDS + SECONDS} s"):
            for watcher in watchers:
                watcher.start()
            started = time.monotonic()
            produce(
                _stamped(count, sent), environment.kafka_bootstrap, topic=_TOPIC, rate=RATE, expected=count
            )
            time.sleep(_LOOK_BACK_MS / 1000)
            for watcher in watchers:
                watcher.end()
    counted_from = started + _WARM_UP_SECONDS
    return [
        Measure(
            f"{watcher.table} at {RATE:,} events/s, commits every {_SEGMENT_ROWS:,} rows included",
            milliseconds(watcher.waits(sent, counted_from)),
            "p99 ≤ 250 ms",
        )
        for watcher in watchers
    ]


class _Watcher(threading.Thread):
    """Asks one table again and again for its latest rows, and notes when each was first there."""

    def __init__(self, broker_url: str, table: str, key: str, time_column: str) -> None:
        super().__init__(daemon=True)
        self.table = table
        self._broker = Broker(broker_url)
        self._columns = (key, time_column)
        self._first_seen: dict[str, float] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        key, time_column = self._columns
        while not self._ended.is_set():
            since = time.time_ns() // 1_000_000 - _LOOK_BACK_MS
            sql = f"SELECT {key} FROM {self.table} WHERE {time_column} > {since} LIMIT 100000"  # noqa: S608 - constants
            rows = self._broker.query(sql).rows
            now = time.monotonic()
            for (found,) in rows:
                self._first_seen.setdefault(found, now)
            time.sleep(0.005)

    def end(self) -> None:
        self._ended.set()
        self.join()

    def waits(self, sent: dict[str, float], counted_from: float) -> list[float]:
        """Seconds from sending to being seen; a row that was never seen would be missing, and is an error."""
        return [
            seen - sent[key] for key, seen in self._first_seen.items() if sent.get(key, 0.0) >= counted_from
        ]


def _stamped(count: int, sent: dict[str, float]) -> Iterator[Record]:
    """Give each event the present as its times, and note when it was handed to the producer."""
    for record in generate(Plan(count, 3, datetime.now(UTC), timedelta(hours=1))):
        event: dict[str, Any] = json.loads(record.value or b"")
        event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        event["data"]["bookedAt" if event["type"] == BOOKED else "registeredAt"] = event["time"]
        at = time.monotonic()
        sent[event["id"]] = at
        sent.setdefault(event["data"]["transactionId"], at)
        yield Record(record.key, json.dumps(event).encode())
