"""Keyed mode in the archiver: keyed values are stored as they came, clear ones are no row, either way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.environment import REPOSITORY
from operations.archive.rows import Fate, Rows
from operations.quarantine.events import Position, QuarantineEvents
from product_model import load_product

if TYPE_CHECKING:
    from operations.archive.rows import Verdict
    from product_model import Product

pytestmark = pytest.mark.unit

NOW_MS = 1_795_000_000_000
KEYED = f"v3:{'0f' * 32}"
CLEAR = "someone@example.com"
PARTIES = {"buyer": ("email", "name", "document"), "seller": ("email", "name")}


@pytest.fixture(scope="module")
def product() -> Product:
    return load_product(REPOSITORY / "data-product")


@pytest.fixture(scope="module", params=[True, False], ids=["usual", "by-definition"])
def rows(product: Product, request: pytest.FixtureRequest) -> Rows:
    return Rows(product, usual=request.param, pii_mode="keyed")


def event(product: Product, message: str, value: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(product.contract.messages[message].complete_example))
    for party, fields in PARTIES.items():
        found["data"][party] |= dict.fromkeys(fields, value)
    return found


def judged(rows: Rows, one: dict[str, Any]) -> Verdict:
    return rows.judge(json.dumps(one).encode(), NOW_MS)


@pytest.mark.parametrize("message", ["transactionWalletRegistered", "transactionBooked"])
def test_keyed_values_are_stored_as_they_came(product: Product, rows: Rows, message: str) -> None:
    verdict = judged(rows, event(product, message, KEYED))
    assert verdict.fate is Fate.STORED
    assert verdict.kind is not None
    columns = product.schema(verdict.kind.schema_name).schema.column_names
    row = dict(zip(columns, verdict.row, strict=True))
    assert [row[column] for column in columns if column.endswith("Hash")] == [KEYED] * 5


@pytest.mark.parametrize("wrong", [CLEAR, "0f" * 32, "v3:0f", f"{KEYED}0"])
def test_one_value_in_another_form_is_no_row(product: Product, rows: Rows, wrong: str) -> None:
    one = event(product, "transactionBooked", KEYED)
    one["data"]["seller"]["name"] = wrong
    assert judged(rows, one).fate is Fate.REJECTED


def test_an_empty_value_is_null(product: Product, rows: Rows) -> None:
    one = event(product, "transactionBooked", KEYED)
    one["data"]["seller"]["name"] = ""
    verdict = judged(rows, one)
    columns = product.schema("transaction_booked").schema.column_names
    assert dict(zip(columns, verdict.row, strict=True))["sellerNameHash"] is None


def test_what_the_quarantine_is_told_of_a_clear_value_does_not_hold_it(product: Product, rows: Rows) -> None:
    one = event(product, "transactionBooked", KEYED)
    one["data"]["buyer"]["email"] = CLEAR
    value = json.dumps(one).encode()
    verdict = judged(rows, one)
    position = Position("payments", 0, 1, NOW_MS)
    written = QuarantineEvents(product).event(position, b"k", value, (verdict.event, verdict.breaches, False))
    assert "table:filter" in str(written)
    assert CLEAR not in str(written)
