"""Ten thousand hostile events stop nothing, change no ordinary row, and leave no clear value anywhere."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
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
from local.events.ledger import REGISTERED_TABLE, TABLES, Ledger
from local.events.produce import produce
from local.events.reconcile import reconcile, wait_for_rows
from local.pinot_engine import installation
from tests.engine.accepted_tables import wait_until_consumed
from tests.engine.engine_process import EngineProcess
from tests.engine.product_tables import create_product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.environment import LocalEnvironment

pytestmark = pytest.mark.engine

HOSTILE = 10_000
SEED = 20_261_124
# In the past, whatever the clock says, so that every run sends the same.
END = datetime(2025, 6, 1, 12, tzinfo=UTC)


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
    before = list(disturb(generate(Plan(3_000, SEED, END, timedelta(hours=30))), USUAL, SEED))
    after = generate(Plan(1_000, SEED + 1, END, timedelta(minutes=10)))
    records = [*before, *generate_hostile(HOSTILE, SEED, END), *before[:1_000], *after]
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


@dataclass(frozen=True)
class Found:
    """Where values stand: number 0 is a transaction's id, 1 a merchant's id, all others are personal data."""

    in_tables: list[Finding]
    in_segments: list[Finding]
    in_files: list[Finding]

    @property
    def personal(self) -> list[Finding]:
        """What must not be found."""
        everywhere = (*self.in_tables, *self.in_segments, *self.in_files)
        return [finding for finding in everywhere if finding.number > 1]


@pytest.fixture(scope="module")
def found(attacked: Attacked, local_environment: LocalEnvironment) -> Found:
    """Search all that the engine, its log and the platform hold, for two ids and for the personal data.

    Kafka's own data is left out: it is the one place where personal data may stand in clear.
    """
    # Of the first events, which are in committed segments by now.
    rows = list(islice(attacked.ledger.rows[REGISTERED_TABLE].values(), 500))
    merchants = Counter(str(row["merchantId"]) for row in rows if row["merchantId"])
    rarest = min(merchants, key=lambda merchant: merchants[merchant])
    transaction = next(str(row["transactionId"]) for row in rows if row["merchantId"] == rarest)
    values = ClearValues([transaction, rarest, *planted_values()])
    logs = attacked.engine.log.parent
    return Found(
        search_tables(values, attacked.broker, TABLES),
        search_segments(values, attacked.engine.data, installation()),
        search_files(values, logs)
        + search_files(values, local_environment.home, skip=[local_environment.home / "kafka"]),
    )


def test_the_search_finds_what_is_there_in_tables_compressed_segments_and_files(found: Found) -> None:
    """The transaction's id stands compressed in its column, the merchant's id plain in a dictionary."""
    assert Finding(0, f"table {REGISTERED_TABLE}, column transactionId") in found.in_tables
    in_columns = {(finding.number, finding.place.split(", ")[1]) for finding in found.in_segments}
    assert {(0, "column transactionId"), (1, "column merchantId")} <= in_columns
    plain = {finding.number for finding in found.in_files if finding.place.endswith("columns.psf")}
    assert 1 in plain
    assert 0 not in plain, "the ids' column is not compressed: the search of segments was not put to the test"


def test_segments_of_every_table_were_committed_under_attack(attacked: Attacked) -> None:
    tables = {directory.parent.name for directory in segment_directories(attacked.engine.data)}
    assert tables >= {f"{table}_REALTIME" for table in TABLES}


def test_no_clear_value_stands_in_any_table_segment_state_or_log(attacked: Attacked, found: Found) -> None:
    assert attacked.engine.log.stat().st_size > 0
    assert found.personal == []
