"""The product's tables on a running engine: indexes, star-trees, questions, archive, minion tasks."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest
from confluent_kafka import Producer

from local.environment import REPOSITORY
from product_model import load_product
from tests.engine.accepted_tables import query
from tests.engine.engine_process import EngineProcess
from tests.engine.product_payments import (
    ANALYTICS,
    BOOKED,
    WALLET,
    Event,
    Row,
    Tables,
    as_in_a_file,
    at,
    booked,
    name,
    question,
    registered,
)
from tests.engine.product_tables import create_product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from product_model import Product

pytestmark = pytest.mark.engine

PAYMENTS: Final = 240
AMOUNTS: Final = [
    Decimal("12345678901234567.89"),
    *(Decimal(f"{number}.{number % 100:02d}") for number in range(1, PAYMENTS)),
]
CURRENCIES: Final = ("BRL", "EUR", "USD")
TYPES: Final = ("PAYMENT", "REFUND")


@pytest.fixture(scope="module")
def tables(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """Send a day of payments, one every six minutes, and commit the append tables."""
    engine = EngineProcess(tmp_path_factory.mktemp("answers") / "data", [])
    topic = f"answers-{uuid.uuid4()}"
    create_product(engine, kafka, topic, partitions=1)
    tables = Tables(engine, Producer({"bootstrap.servers": kafka}), topic)
    events: list[Event] = []
    now = datetime.now(UTC)
    for number, amount in enumerate(AMOUNTS):
        first, then = at(now, minutes=6 * number + 2), at(now, minutes=6 * number + 1)
        shared = {
            "currency": CURRENCIES[number % 3],
            "transactionType": TYPES[number % 2],
            "amount": str(amount),
        }
        channel = {"channel": "day" if number % 2 else "night"}
        events.append(registered(f"day-{number}", first, metadata=channel, **shared))
        status = "SUCCESS" if number % 4 else "FAILED"
        events.append(booked(f"day-{number}", then, status, registeredAt=first, **shared))
    tables.send(*events)
    tables.commit(WALLET)
    tables.commit(BOOKED)
    yield tables
    engine.stop()


@pytest.fixture(scope="module")
def product() -> Product:
    return load_product(REPOSITORY / "data-product")


def _sums(table: str, hour: str) -> str:
    return (
        f"SELECT transactionType, currency, {hour}, COUNT(*), SUMPRECISION(amount), MIN(amount), MAX(amount) "  # noqa: S608 - the test's own names
        f"FROM {table} WHERE {hour} >= ago('P2D') GROUP BY transactionType, currency, {hour} LIMIT 10000"
    )


@pytest.mark.parametrize(("table", "hour"), [(WALLET, "registeredHour"), (BOOKED, "bookedHour")])
@pytest.mark.parametrize("options", ["", "enableNullHandling=true"])
def test_sums_by_type_currency_and_hour_come_from_the_star_tree_and_are_exact(
    tables: Tables, table: str, hour: str, options: str
) -> None:
    sql = _sums(table, hour)
    without = f"{options};useStarTree=false"
    assert "STARTREE" in tables.plan(sql, options)
    assert "STARTREE" not in tables.plan(sql, without)
    answers = [sorted(query(tables.engine, sql, used)["resultTable"]["rows"]) for used in (options, without)]
    assert answers[0] == answers[1]
    assert sum(Decimal(row[4]) for row in answers[0]) == sum(AMOUNTS)


def test_the_star_tree_serves_the_merchant_too_unless_null_handling_is_asked_for(tables: Tables) -> None:
    """A tree knows no null, and merchantId may be null: why question 6 asks without null handling."""
    sql = f"SELECT merchantId, SUMPRECISION(amount) FROM {BOOKED} GROUP BY merchantId"  # noqa: S608 - the test's own names
    assert "STARTREE" in tables.plan(sql)


@pytest.mark.parametrize(
    ("where", "operator"),
    [
        ("currency = 'BRL'", "FILTER_INVERTED_INDEX"),
        ("transactionType = 'PAYMENT'", "FILTER_INVERTED_INDEX"),
        ("amount > 100", "FILTER_RANGE_INDEX"),
        ("registeredAt > ago('PT1H')", "FILTER_RANGE_INDEX"),
        ("JSON_MATCH(metadata, '\"$.channel\"=''day''')", "FILTER_JSON_INDEX"),
    ],
)
def test_committed_segments_answer_from_their_indexes(tables: Tables, where: str, operator: str) -> None:
    assert operator in tables.plan(f"SELECT eventId FROM {WALLET} WHERE {where}")  # noqa: S608 - the test's own names


@pytest.mark.parametrize("column", ["eventId", "transactionId", "paymentOrderId"])
def test_bloom_filters_spare_segments_that_have_not_what_is_asked(tables: Tables, column: str) -> None:
    answer = query(tables.engine, f"SELECT * FROM {WALLET} WHERE {column} = 'unheard-of'")  # noqa: S608 - the test's own names
    assert answer["numSegmentsPrunedByServer"] >= 1, answer


def test_a_time_cut_to_the_day_comes_from_the_timestamp_index(tables: Tables) -> None:
    plan = tables.plan(f"SELECT dateTrunc('DAY', registeredAt), COUNT(*) FROM {WALLET} GROUP BY 1")  # noqa: S608 - the test's own names
    assert "$registeredAt$DAY" in plan


def test_the_briefs_questions_are_answered(tables: Tables) -> None:
    volume = {row["transactionType"]: row for row in tables.ask_question(1)}
    assert {kind: row["count(*)"] for kind, row in volume.items()} == {"PAYMENT": 5, "REFUND": 5}
    assert volume["REFUND"]["sum(amount)"] == pytest.approx(float(sum(AMOUNTS[1:10:2])))
    success = {row["currency"]: row["success_rate"] for row in tables.ask_question(2)}
    assert success == {"BRL": 75.0, "EUR": 75.0, "USD": 75.0}
    times = tables.ask_question(3)
    assert times
    assert {(row["avg_time"], row["p95_time"]) for row in times} == {(60_000.0, 60_000.0)}


def test_events_of_a_channel_are_found_latest_first(tables: Tables) -> None:
    found = tables.ask_question(7, channel="day", rows=10_000)
    assert [row["transactionId"] for row in found] == [f"day-{number}" for number in range(1, PAYMENTS, 2)]
    assert tables.ask_question(7, channel="night", rows=3)[0]["transactionId"] == "day-0"


def test_a_transaction_that_waits_for_its_booking_is_found_and_a_booked_one_is_not(tables: Tables) -> None:
    waiting, done, young = name(), name(), name()
    now = datetime.now(UTC)
    tables.send(
        registered(waiting, at(now, minutes=30)),
        registered(done, at(now, minutes=30)),
        booked(done, at(now, minutes=29)),
        registered(young, at(now, minutes=1)),
    )
    assert [row["transactionId"] for row in tables.ask_question(5, minutes=20)] == [waiting]


def _stored(tables: Tables, table: str) -> list[Row]:
    found = tables.ask(f"SELECT * FROM {table} WHERE transactionId LIKE 'day-%' LIMIT 1000")  # noqa: S608 - the test's own names
    assert len(found) == PAYMENTS
    return found


def test_archive_tables_answer_from_their_star_tree_and_join_the_logical_table(tables: Tables) -> None:
    stored = _stored(tables, BOOKED)
    tables.load("transaction_booked_offline", [as_in_a_file(row, days_back=10) for row in stored])
    assert tables.ask("SELECT COUNT(*) AS n FROM transaction_booked_offline") == [{"n": PAYMENTS}]
    answers = tables.ask_question(6, days=30)
    assert sum(row["bookings"] for row in answers) == PAYMENTS * 3 // 4
    successes = (amount for number, amount in enumerate(AMOUNTS) if number % 4)
    assert sum(Decimal(row["total"]) for row in answers) == sum(successes)
    assert "STARTREE" in tables.plan(question(6).render(days=30).split(";")[1])


def test_the_logical_table_counts_each_row_once_wherever_it_stands(tables: Tables) -> None:
    """The archive has the day too, but for its last hour the real-time table answers."""
    stored = _stored(tables, WALLET)
    archive = "transaction_wallet_registered_offline"
    tables.load(archive, [as_in_a_file(row, days_back=10) for row in stored])
    tables.load(archive, [as_in_a_file(row) for row in stored])
    assert tables.ask(f"SELECT COUNT(*) AS n FROM {archive}") == [{"n": 2 * PAYMENTS}]  # noqa: S608 - the test's own names
    both = tables.ask(
        "SELECT COUNT(*) AS n, SUMPRECISION(amount) AS total FROM transaction_wallet_registered "
        "WHERE transactionId LIKE 'day-%'"
    )
    assert [(row["n"], Decimal(row["total"])) for row in both] == [(2 * PAYMENTS, 2 * sum(AMOUNTS))]


def test_archive_tables_drop_a_clear_value_and_another_kind(tables: Tables) -> None:
    good = as_in_a_file(_stored(tables, WALLET)[0], days_back=20)
    clear, foreign = {"buyerEmailHash": "someone@example.com"}, {"eventType": "com.example.other.v1"}
    table = "transaction_wallet_registered_offline"
    before = tables.ask(f"SELECT COUNT(*) AS n FROM {table}")[0]["n"]  # noqa: S608 - the test's own names
    tables.load(table, [good, good | clear, good | foreign])
    assert tables.ask(f"SELECT COUNT(*) AS n FROM {table}") == [{"n": before + 1}]  # noqa: S608 - the test's own names


@pytest.mark.parametrize("table", [WALLET, BOOKED, ANALYTICS])
def test_a_minion_task_that_runs_the_pipeline_on_stored_rows_changes_none(
    tables: Tables, product: Product, table: str
) -> None:
    """UpsertCompactionTask and its like rebuild segments through the table's own pipeline.

    A batch load of stored rows into a table with the same ingestion does the same.
    """
    file = next(file for file in product.tables if file.fact.name == table)
    ingestion: dict[str, Any] = dict(file.document.content["ingestionConfig"])
    del ingestion["streamIngestionConfig"]
    ingestion["batchIngestionConfig"] = {
        "segmentIngestionType": "APPEND",
        "segmentIngestionFrequency": "HOURLY",
    }
    again = f"{table}_again"
    schema = dict(product.schema(file.fact.schema_).document.content) | {"schemaName": again}
    schema.pop("primaryKeyColumns")
    config = {
        "tableName": again,
        "tableType": "OFFLINE",
        "segmentsConfig": {
            "timeColumnName": file.table.segments_config.time_column_name,
            "replication": "1",
            "retentionTimeUnit": "DAYS",
            "retentionTimeValue": "30",
        },
        "tenants": {"broker": "payment_broker", "server": "payment_server"},
        "ingestionConfig": ingestion,
        "tableIndexConfig": {"loadMode": "MMAP"},
        "metadata": {},
    }
    for path, body in (("/schemas", schema), ("/tables", config)):
        answer = tables.engine.ask("POST", path, json.dumps(body))
        assert answer.status == 200, answer.body
    stored = _stored(tables, table)
    tables.load(again, [as_in_a_file(row) for row in stored])
    rebuilt = tables.ask(f"SELECT * FROM {again} LIMIT 1000")  # noqa: S608 - the test's own names
    assert sorted(map(_sortable, rebuilt)) == sorted(map(_sortable, stored))


def _sortable(row: Row) -> str:
    return json.dumps({key: value for key, value in row.items() if not key.startswith("$")}, sort_keys=True)
