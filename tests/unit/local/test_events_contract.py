"""Judging by the contract: what is certain, and what readers of JSON may see differently."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.events.contract import epoch_ms, judge
from local.events.generator import Plan, generate

pytestmark = pytest.mark.unit

(RECORD,) = generate(Plan(1, 1, datetime(2026, 11, 20, tzinfo=UTC), timedelta(hours=1)))
TEXT = RECORD.value or b""
EVENT: dict[str, Any] = json.loads(TEXT)


def changed(**attributes: object) -> bytes:
    return json.dumps(EVENT | attributes).encode()


def with_data(**fields: object) -> bytes:
    return changed(data=EVENT["data"] | fields)


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (TEXT, "row"),
        (b" \r\n" + TEXT + b"\n", "row"),
        (None, "no row"),
        (b"", "no row"),
        (b"[" + TEXT + b"]", "no row"),
        (TEXT[:-1], "no row"),
        (TEXT.replace(b'"amount":', b'"x":NaN,"amount":'), "no row"),
        (TEXT.replace(b'"', b"'"), "no row"),
        (TEXT + TEXT, "open"),
        (b"\xef\xbb\xbf" + TEXT, "open"),
        (TEXT.decode().encode("utf-16"), "open"),
        (TEXT.replace(b'"subject"', b'"id":"other","subject"'), "open"),
        (TEXT.replace(b'"data":', b'"deep":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b',"data":'), "open"),
        (with_data(buyer={"id": "b-1", "name": "\ud800"}).replace(b"\\ud800", b"\xed\xa0\x80"), "open"),
        (changed(type=["x"]), "no row"),
        (changed(data=[]), "no row"),
        (changed(buyerId="b-2"), "open"),
        (with_data(amount="12.345"), "no row"),
        (with_data(amount="\u0663.\u0660\u0660"), "no row"),
        (with_data(amount=12.34), "open"),
        (with_data(merchantId="someone@example.com"), "no row"),
        (with_data(merchantId="m-1\n"), "no row"),
        (with_data(registeredAt="2026-11-20T10:00:00"), "open"),
        (with_data(registeredAt="2026-11-31T10:00:00Z"), "no row"),
        (with_data(registeredAt="2099-01-01T10:00:00Z"), "open"),
        (with_data(registeredAt="2026-11-20T10:00:00.123456789Z"), "row"),
        (with_data(buyer={"id": "b-1", "document": 12345678909}), "row"),
        (with_data(buyer={"id": "b-1", "document": True}), "open"),
        (with_data(metadata="text"), "open"),
        (with_data(anything={"else": 1}), "row"),
    ],
)
def test_outcome(value: bytes | None, outcome: str) -> None:
    judgement = judge(value)
    assert judgement.outcome == outcome, judgement.reason
    if outcome == "open":
        assert judgement.transaction_id == EVENT["subject"]
        assert judgement.event_id in {EVENT["id"], "other"}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [(1e308, "1.0E308"), (12345678.5, "1.23456785E7"), (1.5, "1.5"), (42, "42"), (True, "true")],
)
def test_an_id_that_is_no_text_is_known_as_java_would_write_it(sent: object, stored: str) -> None:
    judgement = judge(with_data(transactionId=sent))
    assert (judgement.outcome, judgement.transaction_id) == ("open", stored)


def test_a_reason_never_holds_a_value_of_the_event() -> None:
    for value in (changed(id="someone@example.com"), with_data(currency="someone@example.com")):
        assert "@" not in judge(value).reason


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-20T10:00:00.9999Z", 1_795_168_800_999),
        ("2026-11-20T07:00:00.5-03:00", 1_795_168_800_500),
        ("1969-12-31T23:59:59.999+00:00", -1),
    ],
)
def test_times_are_milliseconds_since_1970(text: str, milliseconds: int) -> None:
    assert epoch_ms(text) == milliseconds


@pytest.mark.parametrize(
    "text", ["", "2026-11-20", "2026-11-20T10:00:00", "2026-11-20 10:00:00Z", "1763632800000"]
)
def test_what_is_no_time_with_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an RFC 3339"):
        epoch_ms(text)
