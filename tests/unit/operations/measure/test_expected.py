"""What must stand in the tables, worked out from records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from local.events.disturbances import USUAL
from local.events.generator import Plan
from local.events.ledger import Ledger
from local.events.sample import sample
from operations.measure.expected import PARTS, Collector, Expected, RowFacts
from operations.measure.quality import quality_rules
from product_model import load_product

pytestmark = pytest.mark.unit

PRODUCT = load_product(Path(__file__).parents[4] / "data-product")
END = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
END_MS = int(END.timestamp() * 1000)
BOOKED = PARTS[1].name


def event(name: str, **changes: object) -> bytes:
    when = "2026-03-14T09:30:00.000Z"
    data = {
        "transactionId": f"t-{name}",
        "paymentOrderId": "o",
        "journalEntryId": "j",
        "amount": "12.34",
        "currency": "EUR",
        "transactionType": "PAYMENT",
        "bookingStatus": "SUCCESS",
        "buyer": {"id": "b"},
        "seller": {"id": "s"},
        "bookedAt": when,
    }
    content = {
        "specversion": "1.0",
        "id": f"e-{name}",
        "source": "/payment-service",
        "type": "com.paymentic.payments.transaction-booked.v1",
        "time": when,
        "subject": f"t-{name}",
        "datacontenttype": "application/json",
        "data": {**data, **changes},
    }
    return json.dumps(content).encode()


def collected(*values: bytes, close: frozenset[tuple[str, int]] = frozenset()) -> Expected:
    collector = Collector(PRODUCT, END_MS, close)
    for value in values:
        collector.take(value)
    return collector.result()


def test_rows_cents_and_events_are_those_of_the_ledger() -> None:
    # The ledger works out rows by code of its own.
    records = list(sample(Plan(3000, 5, END, timedelta(hours=6)), USUAL, 0.0))
    ledger, collector = Ledger(), Collector(PRODUCT, END_MS)
    for record in records:
        ledger.apply_one(record)
        collector.take(record.value)
    totals = collector.result().totals
    for part in PARTS[:2]:
        rows = list(ledger.rows[part.table].values())
        found = [one for (name, _), one in totals.items() if name == part.name]
        assert sum(one.rows for one in found) == len(rows) > 1000
        assert sum(one.cents for one in found) == sum(int(Decimal(str(row["amount"])) * 100) for row in rows)
    for part in PARTS[2:]:
        rows = [row for row in ledger.rows[part.table].values() if row[part.time_column] is not None]
        assert sum(one.rows for (name, _), one in totals.items() if name == part.name) == len(rows)


def test_a_repeat_is_one_row_and_the_first_counts() -> None:
    hour = int(datetime(2026, 3, 14, 9, tzinfo=UTC).timestamp() * 1000)
    found = collected(event("1"), event("1", amount="99.00"), event("2"))
    assert found.totals[BOOKED, hour].rows == 2
    assert found.totals[BOOKED, hour].cents == 2468


def test_a_cent_or_another_status_changes_the_fingerprint() -> None:
    (once,) = {one.fingerprint for key, one in collected(event("1")).totals.items() if key[0] == BOOKED}
    for change in ({"amount": "12.35"}, {"bookingStatus": "FAILED"}, {"journalEntryId": "k"}):
        (other,) = {
            one.fingerprint for key, one in collected(event("1", **change)).totals.items() if key[0] == BOOKED
        }
        assert other != once


def test_broken_and_foreign_events_are_no_rows() -> None:
    found = collected(event("1", amount="12.345"), b'{"type": "com.other.v1"}', b"no json", event("2"))
    assert found.judged == {"valid": 1, "broken": 2, "other": 1}


def test_an_erased_transaction_is_expected_no_more() -> None:
    erased = json.loads(event("1"))
    erased |= {
        "id": "e-erase",
        "type": "com.paymentic.payments.transaction-erased.v1",
        "data": {"transactionId": "t-1", "deleted": True, "bookedAt": "2026-03-14T10:00:00.000Z"},
    }
    found = collected(event("1"), event("2"), json.dumps(erased).encode())
    analytics = [one for (name, _), one in found.totals.items() if name == PARTS[3].name]
    assert sum(one.rows for one in analytics) == 1


def test_the_latest_booking_of_a_transaction_counts() -> None:
    pending = event("1", bookingStatus="PENDING")
    settled = json.loads(event("1", bookedAt="2026-03-14T10:10:00.000Z"))
    settled["id"] = "e-settled"
    found = collected(pending, json.dumps(settled).encode())
    hours = {hour for (name, hour), one in found.totals.items() if name == PARTS[3].name and one.rows}
    assert hours == {int(datetime(2026, 3, 14, 10, tzinfo=UTC).timestamp() * 1000)}


def test_a_merged_row_has_the_amount_of_the_last_event_that_it_took_in() -> None:
    registration = json.loads(event("1", amount="10.00"))
    registration |= {"id": "r-1", "type": "com.paymentic.payments.transaction-wallet-registered.v1"}
    data = registration["data"]
    data["registeredAt"], data["checkoutId"] = data.pop("bookedAt"), data.pop("journalEntryId")
    del data["bookingStatus"]
    first = json.dumps(registration).encode()
    for events, cents in (((first, event("1")), 1234), ((event("1"), first), 1000)):
        totals = collected(*events).totals
        for part in PARTS[2:]:
            assert {one.cents for (name, _), one in totals.items() if name == part.name} == {cents}


def test_rows_are_kept_of_the_hours_asked_for_alone() -> None:
    hour = int(datetime(2026, 3, 14, 9, tzinfo=UTC).timestamp() * 1000)
    later = event("2", bookedAt="2026-03-14T10:10:00.000Z")
    rows = collected(event("1"), later, close=frozenset({(BOOKED, hour)})).rows
    assert set(rows[BOOKED]) == {"e-1"}
    assert rows[BOOKED]["e-1"] == RowFacts(hour, 1234, rows[BOOKED]["e-1"].checksum)


def test_what_two_processes_found_is_added_up() -> None:
    both = collected(event("1"))
    both.merge(collected(event("2")))
    together = collected(event("1"), event("2"))
    assert both.totals == together.totals
    assert both.judged == together.judged


def test_quality_rules_cover_what_the_contract_promises() -> None:
    rules = {(rule.table, rule.name): rule for rule in quality_rules(PRODUCT)}
    for table in ("transaction_wallet_registered_rt", "transaction_booked_rt", "payment_analytics"):
        names = {name for found, name in rules if found == table}
        assert {
            "transactionId-present", "currency-form", "transactionType-values", "amount-format",
            "buyerEmailHash-hash", "buyerNameHash-hash", "buyerDocumentHash-hash", "sellerEmailHash-hash",
        } <= names  # fmt: skip
    assert {"time-order", "booking-has-registration"} <= {
        name for table, name in rules if table == "payment_analytics"
    }
    values = rules["transaction_booked_rt", "bookingStatus-values"]
    assert values.sql == (
        "SELECT COUNT(*) FROM transaction_booked_rt WHERE bookingStatus IS NOT NULL AND bookingStatus NOT IN "
        "('SUCCESS', 'FAILED', 'PENDING')"
    )
    assert "{64}" in rules["transaction_booked_rt", "buyerEmailHash-hash"].broken
    keyed = {(rule.table, rule.name): rule for rule in quality_rules(PRODUCT, keyed=True)}
    assert "^v[0-9]+:" in keyed["transaction_booked_rt", "buyerEmailHash-hash"].broken
