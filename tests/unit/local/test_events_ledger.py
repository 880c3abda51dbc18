"""The ledger against cases worked out by hand, and against rows that a real Pinot made of the same events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from local.events.answers import (
    ProcessingTime,
    Volume,
    not_booked,
    processing_time_by_type,
    story,
    success_rate_by_currency,
    volume_by_type,
    with_channel,
)
from local.events.generator import BOOKED, REGISTERED, Record
from local.events.ledger import (
    ANALYTICS_TABLE,
    ANYTHING,
    BOOKED_TABLE,
    REGISTERED_TABLE,
    TABLES,
    Ledger,
    canonical_json,
    hashed,
    hashed_tax_number,
    key_hash,
    stored_metadata,
)

pytestmark = pytest.mark.unit

GOLDEN = Path(__file__).parents[2] / "data" / "pinot-1.5.1" / "golden"

DAY = "2026-11-20"
LAST_DAY = "2026-11-19T11:00:00.001Z"
TEN = 1_795_168_800_000  # 2026-11-20T10:00:00Z in epoch milliseconds

# Computed with `printf '%s' … | sha256sum`.
SHA_ANA = "8e43ca37701228e74983efdbd0cff5c16b3b1e5d4e29a7c05626d4d25a018e11"  # ana@example.com
SHA_12345678909 = "7ec94663084bd506d4f0c3e21042df233681fd7426e93f397c921b1d3e397bba"


def registered(number: int, **data: object) -> dict[str, Any]:
    return event(
        REGISTERED, number, {"checkoutId": f"c-{number}", "registeredAt": "2026-11-20T10:00:00.000Z"} | data
    )


def booked(number: int, **data: object) -> dict[str, Any]:
    fields = {
        "journalEntryId": f"j-{number}",
        "bookingStatus": "SUCCESS",
        "bookedAt": "2026-11-20T10:00:02.500Z",
        "registeredAt": "2026-11-20T10:00:00.000Z",
    }
    return event(BOOKED, number, fields | data)


def event(kind: str, number: int, data: dict[str, Any]) -> dict[str, Any]:
    at = data["registeredAt" if kind == REGISTERED else "bookedAt"]
    shared = {
        "transactionId": f"t-{number}",
        "paymentOrderId": f"o-{number}",
        "amount": "10.05",
        "currency": "BRL",
        "transactionType": "PAYMENT",
        "buyer": {"id": "b-1", "email": " Ana@Example.com ", "document": "123.456.789-09"},
        "seller": {"id": "s-1"},
    }
    whole = {name: value for name, value in (shared | data).items() if value != "LEAVE OUT"}
    return {
        "specversion": "1.0",
        "id": f"e-{kind[-20:-14]}-{number}".replace(" ", ""),
        "source": "/payment-service",
        "type": kind,
        "subject": whole["transactionId"],
        "time": at,
        "datacontenttype": "application/json",
        "data": whole,
    }


def ledger_of(*events: dict[str, Any]) -> Ledger:
    ledger = Ledger()
    ledger.apply(Record(found["subject"], json.dumps(found).encode()) for found in events)
    return ledger


def test_a_registered_event_becomes_one_row_with_hashes() -> None:
    ledger = ledger_of(registered(1, merchantId="m-1", metadata={"channel": "web", "b": 1}))
    (row,) = ledger.rows[REGISTERED_TABLE].values()
    assert row == {
        "eventId": registered(1)["id"],
        "eventType": REGISTERED,
        "eventSource": "/payment-service",
        "eventTime": TEN,
        "transactionId": "t-1",
        "paymentOrderId": "o-1",
        "checkoutId": "c-1",
        "currency": "BRL",
        "transactionType": "PAYMENT",
        "buyerId": "b-1",
        "buyerEmailHash": SHA_ANA,
        "buyerNameHash": None,
        "buyerDocumentHash": SHA_12345678909,
        "sellerId": "s-1",
        "sellerEmailHash": None,
        "sellerNameHash": None,
        "merchantId": "m-1",
        "metadata": '{"b":1,"channel":"web"}',
        "amount": Decimal("10.05"),
        "registeredAt": TEN,
        "registeredHour": TEN,
    }
    assert not ledger.rows[BOOKED_TABLE]


def test_hashes_are_of_the_trimmed_lower_cased_value() -> None:
    assert hashed("  Ana@Example.com ") == hashed("ana@example.com") == SHA_ANA
    assert hashed(42) == "73475cb40a568e8da8a045ced110137e159f890ac4da883b6b17dc651b3a8049"
    assert hashed("") is hashed(None) is hashed("  ") is None
    assert hashed_tax_number("123.456.789-09") == hashed_tax_number(12345678909) == SHA_12345678909
    assert hashed_tax_number("no number") is None


@pytest.mark.parametrize(
    ("metadata", "stored"),
    [
        ({"a": "someone@example.com"}, None),
        ({"someone@example.com": 1}, None),
        ({"a": {"b": ["x", "123.456.789-09"]}}, None),
        ({"a": 12345678909}, None),
        ({"a": "@home"}, ANYTHING),
        ({"a": "4111111111111111"}, ANYTHING),
        ({"a": "1234567890", "n": 1.5}, '{"a":"1234567890","n":1.5}'),
        (None, None),
    ],
)
def test_metadata_that_looks_like_personal_data_is_null(
    metadata: dict[str, Any] | None, stored: object
) -> None:
    assert stored_metadata(metadata) == stored


def test_a_repeat_changes_nothing() -> None:
    once = ledger_of(registered(1), booked(1))
    twice = ledger_of(registered(1), booked(1), registered(1), booked(1))
    assert twice.rows == once.rows
    assert twice.outcomes["duplicate"] == 2


@pytest.mark.parametrize("booked_first", [False, True])
def test_both_events_are_merged_whichever_comes_first(booked_first: bool) -> None:  # noqa: FBT001
    events = [
        registered(1, metadata={"channel": "app"}),
        booked(1, metadata={"ledger": "L1"}, merchantId="m-2"),
    ]
    ledger = ledger_of(*(reversed(events) if booked_first else events))
    (row,) = ledger.rows[ANALYTICS_TABLE].values()
    assert row["registeredAt"] == row["transactionTime"] == TEN
    assert row["bookedAt"] == TEN + 2_500
    assert row["processingTimeMs"] == 2_500
    assert (row["bookingStatus"], row["transactionStatus"]) == ("SUCCESS", "COMPLETED")
    assert (row["checkoutId"], row["journalEntryId"], row["merchantId"]) == ("c-1", "j-1", "m-2")
    assert (row["walletMetadata"], row["bookingMetadata"]) == ('{"channel":"app"}', '{"ledger":"L1"}')
    assert len(ledger.rows[REGISTERED_TABLE]) == len(ledger.rows[BOOKED_TABLE]) == 1


def test_an_older_booking_that_comes_late_changes_nothing() -> None:
    pending = booked(1, bookingStatus="PENDING", journalEntryId="j-old")
    settled = booked(1, bookedAt="2026-11-20T10:20:00.000Z") | {"id": "e-settled"}
    for events in ((registered(1), pending, settled), (registered(1), settled, pending)):
        row = ledger_of(*events).rows[ANALYTICS_TABLE]["t-1"]
        assert (row["transactionStatus"], row["journalEntryId"]) == ("COMPLETED", "j-1")
        assert row["processingTimeMs"] == 20 * 60_000


def test_what_is_left_open_is_not_a_row_but_remembered() -> None:
    odd = registered(7, currency="real")
    spoofed = registered(8) | {"buyerEmailHash": "a" * 64}
    ledger = ledger_of(odd, spoofed)
    assert not any(ledger.rows.values())
    assert ledger.open_keys == {key_hash(key) for key in (odd["id"], "t-7", spoofed["id"], "t-8")}
    assert ledger.is_open("t-7")
    assert not ledger.is_open("t-1", None)


def test_an_event_under_another_key_is_left_open() -> None:
    ledger = Ledger()
    ledger.apply_one(Record("someone@example.com", json.dumps(registered(1)).encode()))
    assert not any(ledger.rows.values())
    assert ledger.is_open("t-1")


def test_answers_are_those_worked_out_by_hand() -> None:
    now = TEN + 3_600_000
    ledger = ledger_of(
        registered(1),  # exactly an hour ago: not "since"
        registered(2, registeredAt=f"{DAY}T10:00:00.001Z", amount="0.10", metadata={"channel": "web"}),
        registered(3, registeredAt=f"{DAY}T06:30:00.002-03:30", amount="0.20", metadata={"channel": "app"}),
        registered(4, registeredAt=f"{DAY}T10:50:00.000Z", amount="99999999999.99", transactionType="REFUND"),
        booked(1),
        booked(2, bookingStatus="FAILED", bookedAt=f"{DAY}T10:00:01.001Z", registeredAt="LEAVE OUT"),
        booked(
            3, bookingStatus="PENDING", bookedAt=f"{DAY}T10:30:02.000Z", registeredAt=f"{DAY}T10:00:00.002Z"
        ),
        booked(5, currency="EUR", bookedAt="2026-11-19T11:00:00.000Z"),
        booked(6, currency="EUR", bookedAt=LAST_DAY, registeredAt="2026-11-19T10:59:59.999Z"),
    )
    assert volume_by_type(ledger, now) == {
        "PAYMENT": Volume(2, Decimal("0.30")),
        "REFUND": Volume(1, Decimal("99999999999.99")),
    }
    assert success_rate_by_currency(ledger, now) == {"BRL": pytest.approx(100 / 3), "EUR": 100.0}
    # 2,500 (t-1), none (t-2), 1,801,998 (t-3), 2 (t-6); the 95th percentile of three is the third.
    assert processing_time_by_type(ledger, now) == {
        "PAYMENT": ProcessingTime((2_500 + 1_801_998 + 2) / 3, 1_801_998.0),
        "REFUND": None,
    }
    assert set(not_booked(ledger, now, 9)) == {"t-4"}
    assert not_booked(ledger, now, 10) == {}
    assert [row["transactionId"] for row in with_channel(ledger, "web").values()] == ["t-2"]
    told = story(ledger, "t-3")
    assert told is not None
    assert told.transaction["transactionStatus"] == "PENDING"
    assert [len(told.registered), len(told.booked)] == [1, 1]
    assert story(ledger, "t-0") is None


def test_a_real_pinot_made_the_same_rows_of_the_same_events() -> None:
    """Rows recorded on a real 1.5.1 cluster, whose tables were laxer than the contract.

    They hashed tax numbers with their punctuation and "" as a value, let transactionTime be overwritten, and
    had no hour columns: these cells are left out. Every other cell that the ledger expects must be the same.
    """
    ledger = Ledger()
    for line in (GOLDEN / "events.jsonl").read_text().splitlines():
        sent = json.loads(line)
        ledger.apply_one(Record(sent["key"], sent["value"].encode()))
    empty_email = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    compared = 0
    for table in TABLES:
        recorded: dict[str, dict[str, Any]] = {}
        key = "transactionId" if table == ANALYTICS_TABLE else "eventId"
        for line in (GOLDEN / f"rows-{table}.jsonl").read_text().splitlines():
            row = json.loads(line)
            recorded[row[key]] = row
        for name, row in ledger.rows[table].items():
            for column, cell in row.items():
                if column in {"buyerDocumentHash", "registeredHour", "bookedHour", "transactionTime"}:
                    continue
                value = recorded[name][column]
                assert cell == (None if value == empty_email else as_cell(column, value)), (name, column)
                compared += 1
    assert compared > 1_400


def as_cell(column: str, value: Any) -> object:  # noqa: ANN401 - JSON
    if value is None:
        return None
    if column == "amount":
        return Decimal(value)
    if column.endswith(("At", "Time")):
        moment = datetime.fromisoformat(value).replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    if "etadata" in column:
        return canonical_json(json.loads(value))
    return value
