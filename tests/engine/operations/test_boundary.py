"""Logical tables answer with every event once, on every minute, however far the offline side is loaded."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer

from operations.archive.layout import HOUR_MS, Hour, Kind
from tests.engine.engine_process import EngineProcess
from tests.engine.operations.archived_hours import Row, close, payments, write_file
from tests.engine.operations.offline_tables import Offline, offline
from tests.engine.product_tables import create_product

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine

BOOKED = Kind.BOOKED
_MINUTE_MS = 60_000
_PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def whole_engine(tmp_path_factory: pytest.TempPathFactory, kafka: str) -> Iterator[EngineProcess]:
    engine = EngineProcess(tmp_path_factory.mktemp("boundary") / "pinot", [])
    create_product(engine, kafka, "boundary", partitions=1)
    yield engine
    engine.stop()


def _event(row: Row) -> dict[str, Any]:
    """Write the event that the archive's row came from."""
    moment = datetime.fromtimestamp(row["bookedAt"] / 1000, UTC).isoformat(timespec="milliseconds")
    data = {
        name: row[name] for name in ("transactionId", "paymentOrderId", "journalEntryId", "bookingStatus")
    }
    data |= {name: row[name] for name in ("amount", "currency", "transactionType")}
    data |= {"buyer": {"id": row["buyerId"]}, "seller": {"id": row["sellerId"]}, "bookedAt": moment}
    return {
        "specversion": "1.0",
        "id": row["eventId"],
        "source": "/payment-service",
        "type": BOOKED.event_type,
        "subject": row["transactionId"],
        "time": moment,
        "data": data,
    }


def _send(kafka: str, rows: list[Row]) -> None:
    producer = Producer({"bootstrap.servers": kafka})
    for number, row in enumerate(rows):
        producer.produce("boundary", json.dumps(_event(row)).encode(), row["transactionId"].encode())
        if number % 5_000 == 0:
            producer.flush(_PATIENCE_SECONDS)
    producer.flush(_PATIENCE_SECONDS)


def _by_minute(tables: Offline, name: str) -> dict[int, int]:
    sql = (
        f"SELECT CAST(dateTrunc('MINUTE', bookedAt) AS LONG), COUNT(*) FROM {name} "  # noqa: S608 - names of the product
        "GROUP BY CAST(dateTrunc('MINUTE', bookedAt) AS LONG) LIMIT 1000000"
    )
    return dict(map(tuple, tables.pinot.rows(sql, numGroupsLimit="1000000", timeoutMs="60000")))


def _wait_for(tables: Offline, table: str, rows: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while tables.pinot.rows(f"SELECT COUNT(*) FROM {table}")[0][0] < rows:  # noqa: S608 - as above
        assert time.monotonic() < deadline, f"{table} has not all rows"
        time.sleep(0.1)


def _simulate(tables: Offline, kafka: str, hours: int, looks: int) -> None:
    """Load hour by hour, ask after each, and look at every minute after each `looks`-th."""
    last = Hour.of_ms(round(time.time() * 1000) - 2 * HOUR_MS)
    first_ms = last.start_ms - (hours - 1) * HOUR_MS
    archived: dict[Hour, list[Row]] = {Hour.of_ms(first_ms + n * HOUR_MS): [] for n in range(hours)}
    for hour in archived:
        # One event a minute; and one in the hour's last millisecond.
        archived[hour] = payments(BOOKED, hour, 61, seed=hours)
        for number, row in enumerate(archived[hour][:-1]):
            row["bookedAt"] = hour.start_ms + number * _MINUTE_MS
    rows = [row for hour in archived.values() for row in hour]
    _send(kafka, rows)
    _wait_for(tables, BOOKED.realtime_table, len(rows))
    expected: dict[int, int] = {}
    for row in rows:
        minute = row["bookedAt"] - row["bookedAt"] % _MINUTE_MS
        expected[minute] = expected.get(minute, 0) + 1
    loader = tables.loader()
    for number, (hour, content) in enumerate(archived.items()):
        file = write_file(tables.store, BOOKED, hour, content, 0)
        close(tables.store, BOOKED, hour, [file], content)
        assert loader.load(hour, Hour.of_ms(hour.end_ms)).well
        ((count,),) = tables.pinot.rows(f"SELECT COUNT(*) FROM {BOOKED.schema_name}")  # noqa: S608 - as above
        assert count == len(rows), f"after {hour}"
        if number % looks == 0 or number == hours - 1:
            assert _by_minute(tables, BOOKED.schema_name) == expected, f"after {hour}"
    boundary_ms = rows[-1]["bookedAt"] - 24 * HOUR_MS
    sql = f"SELECT COUNT(*) FROM {BOOKED.schema_name} WHERE $segmentName LIKE '{BOOKED.offline_table}%'"  # noqa: S608 - as above
    ((from_offline,),) = tables.pinot.rows(sql)
    assert from_offline == sum(row["bookedAt"] <= boundary_ms for row in rows) > 0


def test_every_minute_of_two_days_is_answered_once_after_every_load(
    whole_engine: EngineProcess, kafka: str, s3: str
) -> None:
    _simulate(offline(whole_engine, s3), kafka, hours=50, looks=1)


@pytest.mark.soak
def test_every_minute_of_a_month_is_answered_once_after_every_load(
    whole_engine: EngineProcess, kafka: str, s3: str
) -> None:
    _simulate(offline(whole_engine, s3), kafka, hours=30 * 24, looks=24)
