"""What the quarantine tells of an event, and what it does not."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.environment import REPOSITORY
from local.events.clear_values import ClearValues
from local.events.hostile import generate_hostile, planted_values
from operations.archive.rows import Fate, Rows
from operations.quarantine.events import EVENT_TYPE, Position, QuarantineEvents
from operations.quarantine.redrive import Quarantined, RedriveError, corrected, merged
from product_model import Product, load_product

pytestmark = pytest.mark.unit

POSITION = Position("payments", 3, 42, 1_773_478_000_123)
NOW_MS = 1_773_478_000_000


@pytest.fixture(scope="module")
def product() -> Product:
    return load_product(Path(REPOSITORY / "data-product"))


@pytest.fixture(scope="module")
def event(product: Product) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        json.dumps(product.contract.messages["transactionWalletRegistered"].complete_example)
    )
    return found


def _told(product: Product, event: object, key: bytes | None = None) -> dict[str, Any]:
    value = event if isinstance(event, bytes) else json.dumps(event).encode()
    verdict = Rows(product).judge(value, NOW_MS)
    assert verdict.breaches
    stored = verdict.fate is Fate.STORED
    written = QuarantineEvents(product).event(POSITION, key, value, (verdict.event, verdict.breaches, stored))
    told: dict[str, Any] = json.loads(written)
    return told


def test_it_is_a_cloud_event_with_reason_rule_and_position_and_always_the_same(
    product: Product, event: dict[str, Any]
) -> None:
    broken = {**event, "data": {**event["data"], "amount": "12.3"}}
    told = _told(product, broken, key=event["subject"].encode())
    assert told == _told(product, broken, key=event["subject"].encode())
    assert (told["id"], told["type"], told["specversion"]) == ("payments-3-42", EVENT_TYPE, "1.0")
    assert told["time"] == "2026-03-14T08:46:40.123Z"
    data = told["data"]
    assert (data["rule"], data["stored"]) == ("contract:data.amount:pattern", False)
    assert (data["topic"], data["partition"], data["offset"]) == ("payments", 3, 42)
    assert data["key"] == event["subject"]
    assert data["payload"]["data"]["transactionId"] == event["subject"]
    assert data["payload"]["data"]["amount"]["type"] == "string"


def test_personal_data_is_hashed_as_the_tables_hash_it(product: Product, event: dict[str, Any]) -> None:
    told = _told(product, {**event, "data": {**event["data"], "currency": "reais"}})
    buyer = told["data"]["payload"]["data"]["buyer"]
    assert buyer["email"] == {"sha256": hashlib.sha256(b"ana.souza@example.com").hexdigest()}
    assert buyer["document"] == {"sha256": hashlib.sha256(b"12345678900").hexdigest()}
    assert buyer["id"] == event["data"]["buyer"]["id"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), "ana.souza@example.com"),
        (("data", "transactionId"), "Ana Souza"),
        (("data", "merchantId"), "12345678900"),
        (("data", "buyer", "id"), "123.456.789-00"),
        (("data", "currency"), "Ana Souza"),
        (("source",), "/users/ana.souza@example.com"),
        (("data", "metadata"), "Ana Souza"),
        (("data", "Ana Souza"), "Ana Souza"),
        (("data", "buyer"), "Ana Souza"),
        (("time",), "Ana Souza"),
        (("data", "amount"), "12345678900"),
    ],
)
def test_a_field_that_cannot_be_trusted_is_told_by_type_size_and_hash(
    product: Product, event: dict[str, Any], path: tuple[str, ...], value: str
) -> None:
    broken = json.loads(json.dumps(event))
    broken["data"]["amount"] = "none"
    target = broken
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = value
    text = json.dumps(_told(product, broken, key=value.encode()))
    assert value in json.dumps(broken), "the search would find nothing anyway"
    assert value not in text


def test_what_is_no_json_is_told_by_size_and_hash_alone(product: Product) -> None:
    told = _told(product, b"{broken ana.souza@example.com")
    assert told["data"]["payload"] is None
    assert told["data"]["sizeBytes"] == 29
    assert "ana.souza" not in json.dumps(told)


def test_no_planted_value_comes_through_whatever_the_attack(product: Product) -> None:
    rows, events, planted = Rows(product), QuarantineEvents(product), ClearValues(planted_values())
    told, sent = [], []
    now = datetime.now(UTC)
    for number, record in enumerate(generate_hostile(2_000, 7, now)):
        verdict = rows.judge(record.value, round(now.timestamp() * 1000))
        if verdict.breaches:
            sent.append(record.value or b"")
            key = None if record.key is None else record.key.encode("utf-8", "surrogatepass")
            position = Position("payments", 0, number, 0)
            told.append(events.event(position, key, record.value, (verdict.event, verdict.breaches, False)))
    assert len(told) > 1_000
    assert len(planted.in_bytes(b"\n".join(sent))) > 100, "the search would find nothing anyway"
    assert planted.in_bytes(b"\n".join(told)) == set()
    assert max(map(len, told)) < 6_000, "however large the original"


def _quarantined(*, stored: bool = False) -> Quarantined:
    return Quarantined("payments-3-42", "", "", "", stored, "payments", 3, 42)


def test_a_correction_is_checked_as_the_archive_checks(product: Product, event: dict[str, Any]) -> None:
    broken = json.dumps({**event, "data": {**event["data"], "amount": "12.3"}}).encode()
    fixed = corrected(product, _quarantined(), broken, {"data": {"amount": "12.30"}})
    assert fixed == {**event, "data": {**event["data"], "amount": "12.30"}}
    with pytest.raises(RedriveError, match=r"data.amount breaks 'pattern' \[contract:data.amount:pattern\]"):
        corrected(product, _quarantined(), broken, {})
    with pytest.raises(RedriveError, match="stored already"):
        corrected(product, _quarantined(stored=True), broken, {"data": {"amount": "12.30"}})
    with pytest.raises(RedriveError, match="no JSON"):
        corrected(product, _quarantined(), b"{", {})


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_is_that_of_rfc_7396(target: Any, patch: Any, result: Any) -> None:  # noqa: ANN401 - its appendix A
    assert merged(target, patch) == result
