"""What the product's own tables make of ordinary and hostile events, by Pinot's own pipeline, cell by cell.

`tests/data/product-rows/` holds the events, each under a name that says what it is, and the row that each
table makes of it. The rows were made once by the engine and read one by one against the description.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from local.environment import REPOSITORY
from local.pinot_engine import installation
from product_model import Environment, load_product
from product_model.ingestion import HASH_OF_NOTHING, Ingestion

if TYPE_CHECKING:
    from pathlib import Path

    from product_model import Product
    from product_model.product import SchemaFile, TableFile

pytestmark = pytest.mark.engine

DATA: Final = REPOSITORY / "tests/data/product-rows"
TABLES: Final = ("transaction_wallet_registered_rt", "transaction_booked_rt", "payment_analytics")
CLEAR: Final = (
    "example.com",
    "example.org",
    "Ana Souza",
    "Loja",
    "123.456.789-00",
    "12345678900",
    "99999-9999",
)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


EVENTS: Final = _lines(DATA / "events.jsonl")


@pytest.fixture(scope="module")
def product() -> Product:
    return load_product(REPOSITORY / "data-product")


@pytest.fixture(scope="module")
def made(product: Product, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Run every event through every table, by the engine's command line."""
    place = tmp_path_factory.mktemp("rows")
    assets = product.render(
        Environment(bootstrap_servers="127.0.0.1:9092", replication=1, peer_download_scheme=None)
    )
    found = {}
    for asset in assets.tables:
        if asset.name not in TABLES:
            continue
        (place / "schema.json").write_text(asset.schema_json, encoding="utf-8")
        (place / "table.json").write_text(asset.table_json, encoding="utf-8")
        command = installation().command(
            *("rows", "--schema", str(place / "schema.json"), "--table", str(place / "table.json")),
            *("--events", str(DATA / "events.jsonl"), "--records"),
        )
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found[asset.name] = [json.loads(line) for line in done.stdout.splitlines()]
    return found


@pytest.mark.parametrize("table", TABLES)
def test_every_event_becomes_the_row_that_it_became_when_it_was_read(
    made: dict[str, list[dict[str, Any]]], table: str
) -> None:
    expected = _lines(DATA / f"rows-{table}.jsonl")
    differences = []
    for event, found, wanted in zip(EVENTS, made[table], expected, strict=True):
        assert event["case"] == wanted["case"]
        if found.get("row") != wanted.get("row") or found.get("dropped") != wanted.get("dropped"):
            differences.append((event["case"], found, wanted))
    assert differences == []


def test_no_event_fails_but_what_is_no_json_object(made: dict[str, list[dict[str, Any]]]) -> None:
    """Pinot writes a record that fails to its log in clear."""
    for table in TABLES:
        failed = {
            event["case"]
            for event, found in zip(EVENTS, made[table], strict=True)
            if found.get("dropped") == "error"
        }
        assert failed == {"not JSON", "a JSON text", "a JSON list", "JSON null", "nothing", "half an event"}


def test_no_clear_value_and_no_hash_of_nothing_is_in_any_row(made: dict[str, list[dict[str, Any]]]) -> None:
    text = json.dumps([found for table in TABLES for found in made[table]], ensure_ascii=False)
    assert [clear for clear in (*CLEAR, HASH_OF_NOTHING) if clear in text] == []
    sent = (DATA / "events.jsonl").read_text(encoding="utf-8")
    assert [clear for clear in CLEAR if clear not in sent] == [], "the search would find nothing anyway"


def test_payment_analytics_takes_exactly_what_the_append_tables_take_and_erasures(
    made: dict[str, list[dict[str, Any]]],
) -> None:
    for number, event in enumerate(EVENTS):
        appended = any("row" in made[table][number] for table in TABLES[:2])
        merged = made["payment_analytics"][number]
        if event["case"].startswith("erased"):
            assert not appended, event["case"]
            assert "row" not in merged or merged["row"]["deleted"] is True, event["case"]
        else:
            assert ("row" in merged) == appended, event["case"]


@pytest.mark.parametrize(
    ("case", "column", "clear"),
    [
        ("registered, with everything", "buyerEmailHash", "ana.souza@example.com"),
        ("buyer.email '  Ana.Souza@Example.COM '", "buyerEmailHash", "ana.souza@example.com"),
        ("registered, with everything", "buyerNameHash", "ana souza"),
        ("registered, with everything", "buyerDocumentHash", "12345678900"),
        ("registered, with everything", "sellerEmailHash", "shop@example.org"),
        ("registered, with everything", "sellerNameHash", "loja exemplo"),
        ("buyer.email 12345678900", "buyerEmailHash", "12345678900"),
    ],
)
def test_hashes_are_sha256_of_what_the_description_says(
    made: dict[str, list[dict[str, Any]]], case: str, column: str, clear: str
) -> None:
    (number,) = [number for number, event in enumerate(EVENTS) if event["case"] == case]
    row = made["transaction_wallet_registered_rt"][number]["row"]
    assert row[column] == hashlib.sha256(clear.encode()).hexdigest()


@pytest.mark.parametrize("table", TABLES)
def test_the_checks_reading_of_the_pipeline_equals_pinots(
    made: dict[str, list[dict[str, Any]]], product: Product, table: str
) -> None:
    file = next(file for file in product.tables if file.fact.name == table)
    schema = product.schema(file.fact.schema_)
    ingestion = Ingestion(file.table.ingestion_config, schema.schema.column_names)
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    compared = 0
    for event, found in zip(EVENTS, made[table], strict=True):
        try:
            content = json.loads(event["value"])
        except ValueError:
            continue
        if not isinstance(content, dict):
            continue
        outcome = ingestion.of_event(content, now_ms)
        assert outcome.failure is None, event["case"]
        assert (outcome.row is None) == ("row" not in found), event["case"]
        if outcome.row is not None:
            assert _as_stored(outcome.row, schema) == _read(found["row"], schema), event["case"]
            compared += 1
    assert compared > 20


def _as_stored(row: dict[str, Any], schema: SchemaFile) -> dict[str, Any]:
    """Convert as Pinot's data types do."""
    stored: dict[str, Any] = {}
    for column in schema.schema.columns:
        value = row[column.name]
        if value is None:
            stored[column.name] = "null" if column.not_null and column.data_type == "STRING" else None
        elif column.data_type == "BIG_DECIMAL":
            stored[column.name] = Decimal(value)
        elif column.data_type == "BOOLEAN":
            stored[column.name] = value == "true"
        elif column.data_type == "JSON":
            stored[column.name] = json.loads(value)
        else:
            stored[column.name] = value
    return stored


def _read(row: dict[str, Any], schema: SchemaFile) -> dict[str, Any]:
    read = dict(row)
    for column in schema.schema.columns:
        value = row[column.name]
        if value is None:
            continue
        if column.data_type == "BIG_DECIMAL":
            read[column.name] = Decimal(value)
        elif column.data_type == "TIMESTAMP":
            moment = datetime.fromisoformat(value).replace(tzinfo=UTC)
            read[column.name] = round(moment.timestamp() * 1000)
        elif column.data_type == "JSON":
            read[column.name] = json.loads(value)
    return read


def test_keyed_values_are_stored_as_they_are_and_clear_ones_dropped(product: Product, tmp_path: Path) -> None:
    keyed = f"v3:{'0f' * 32}"
    clear = json.loads(EVENTS[0]["value"])
    sent = json.loads(EVENTS[0]["value"])
    sent["data"]["buyer"] |= {"email": keyed, "name": keyed, "document": keyed}
    sent["data"]["seller"] |= {"email": keyed, "name": ""}
    environment = Environment(bootstrap_servers="127.0.0.1:9092", pii_mode="keyed")
    asset = next(a for a in product.render(environment).tables if a.name == TABLES[0])
    for name, text in (
        ("schema.json", asset.schema_json),
        ("table.json", asset.table_json),
        ("events.jsonl", f"{json.dumps(clear)}\n{json.dumps(sent)}\n"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = installation().command(
        *("rows", "--schema", str(tmp_path / "schema.json"), "--table", str(tmp_path / "table.json")),
        *("--events", str(tmp_path / "events.jsonl")),
    )
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    dropped, stored = (json.loads(line) for line in done.stdout.splitlines())
    assert dropped["dropped"] == "filter"
    hashes = {column: value for column, value in stored["row"].items() if column.endswith("Hash")}
    assert hashes.pop("sellerNameHash") is None
    assert set(hashes.values()) == {keyed}


def _invalid(place: Path, file: TableFile, schema_json: str, old: str, new: str) -> str:
    text = json.dumps(file.document.content)
    assert old in text
    (place / "schema.json").write_text(schema_json, encoding="utf-8")
    (place / "table.json").write_text(text.replace(old, new), encoding="utf-8")
    command = installation().command(
        *("validate", "--schema", str(place / "schema.json"), "--table", str(place / "table.json"))
    )
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == (0 if old == new else 2), done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"DAYS"', '"DAYS"', ""),
        ('"DAYS"', '"YEARS"', "YEARS"),
        ("dateTrunc('HOUR',bookedAt)", "hourOf(bookedAt)", "hourOf"),
    ],
)
def test_pinot_itself_takes_the_file_and_refuses_the_origins_mistakes(
    product: Product, tmp_path: Path, old: str, new: str, said: str
) -> None:
    file = next(file for file in product.tables if file.fact.name == "transaction_booked_rt")
    assets = product.render(Environment(bootstrap_servers="127.0.0.1:9092"))
    schema_json = next(asset.schema_json for asset in assets.tables if asset.name == file.fact.name)
    assert said in _invalid(tmp_path, file, schema_json, old, new)
