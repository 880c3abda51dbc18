"""Ten thousand hostile events stop nothing, change no ordinary row, and leave no clear value anywhere."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from local.events.broker import Broker
from local.events.clear_values import (
    ClearValues,
    Finding,
    search_files,
    search_segments,
    search_tables,
    segment_directories,
)
from local.events.disturbances import USUAL, disturb
from local.events.generator import Plan, generate
from local.events.hostile import generate_hostile, planted_values
from local.events.ledger import ANALYTICS_TABLE, BOOKED_TABLE, REGISTERED_TABLE, TABLES, Ledger
from local.events.produce import produce
from local.events.reconcile import reconcile, wait_for_rows
from local.pinot_engine import installation
from tests.engine.accepted_tables import wait_until_consumed
from tests.engine.engine_process import EngineProcess
from tests.engine.product_tables import create_product

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.environment import LocalEnvironment

pytestmark = pytest.mark.engine

HOSTILE = 10_000
SEED = 20_261_124


@dataclass(frozen=True)
class Attacked:
    """An engine after the attack, what its tables must hold, and how many records it was sent."""

    engine: EngineProcess
    broker: Broker
    ledger: Ledger
    sent: int


@pytest.fixture(scope="module")
def attacked(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """Send ordinary events, hostile ones, and then the first ordinary ones again and some new ones.

    The repeats come after events with times far ahead, which must not make dedup forget.
    """
    engine = EngineProcess(tmp_path_factory.mktemp("attacked") / "data", [])
    topic = f"hostile-{uuid.uuid4()}"
    create_product(engine, kafka, topic, segment_rows=3_000)
    now = datetime.now(UTC)
    before = list(disturb(generate(Plan(3_000, SEED, now, timedelta(hours=30))), USUAL, SEED))
    after = generate(Plan(1_000, SEED + 1, now, timedelta(minutes=10)))
    records = [*before, *generate_hostile(HOSTILE, SEED, now), *before[:1_000], *after]
    ledger = Ledger()
    ledger.apply(records)
    sent = produce(records, kafka, topic=topic, progress=False)
    broker = Broker(engine.url("", "broker"))
    wait_for_rows(ledger, broker, 60)
    yield Attacked(engine, broker, ledger, sent.records)
    engine.stop()


def test_nothing_stopped_and_every_ordinary_row_is_as_the_ledger_says(attacked: Attacked) -> None:
    for table in TABLES:
        wait_until_consumed(attacked.engine, table, attacked.sent)
    results = reconcile(attacked.ledger, attacked.broker)
    assert "\n".join(line for result in results if not result.equal for line in result.lines()) == ""
    assert all(result.found > 1_500 for result in results)


def test_the_search_finds_what_is_planted_in_tables_compressed_segments_and_files(attacked: Attacked) -> None:
    """A transaction id stands compressed in its column; a merchant's id plain in a dictionary."""
    row = next(row for row in attacked.ledger.rows[REGISTERED_TABLE].values() if row["merchantId"])
    planted = ClearValues([str(row["transactionId"]), str(row["merchantId"])])
    in_tables = search_tables(planted, attacked.broker, TABLES)
    assert Finding(0, f"table {REGISTERED_TABLE}, column transactionId") in in_tables
    segments = search_segments(planted, attacked.engine.data, installation())
    columns = {(found.number, found.place.split(", ")[1]) for found in segments}
    assert {(0, "column transactionId"), (1, "column merchantId")} <= columns
    files = search_files(planted, attacked.engine.data)
    assert any(found.number == 1 and found.place.endswith("columns.psf") for found in files)
    assert not any(found.number == 0 and found.place.endswith("columns.psf") for found in files), (
        "the column is not compressed: the search of segments was not put to the test"
    )


def test_segments_of_every_table_were_committed_under_attack(attacked: Attacked) -> None:
    tables = {directory.parent.name for directory in segment_directories(attacked.engine.data)}
    assert tables >= {f"{table}_REALTIME" for table in (REGISTERED_TABLE, BOOKED_TABLE, ANALYTICS_TABLE)}


def test_no_clear_value_stands_in_any_table_segment_state_or_log(
    attacked: Attacked, local_environment: LocalEnvironment
) -> None:
    """Kafka's own data is the only place where personal data stands in clear, and it is left out."""
    values = ClearValues(planted_values())
    logs: Path = attacked.engine.log
    assert search_tables(values, attacked.broker, TABLES) == []
    assert search_segments(values, attacked.engine.data, installation()) == []
    assert logs.stat().st_size > 0
    assert search_files(values, logs.parent) == []
    assert search_files(values, local_environment.home, skip=[local_environment.home / "kafka"]) == []
