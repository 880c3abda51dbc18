"""Names and documents of the archive: they stand for seven years."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from operations.archive.layout import (
    Batch,
    Counts,
    Done,
    Hour,
    Intent,
    Kind,
    amount_text,
    done_key,
    file_key,
    intent_key,
    key_batch,
    manifest_key,
    parse_manifest,
    parse_position,
)

pytestmark = pytest.mark.unit

HOUR = Hour.parse("2026-03-14T09")
BATCH = Batch(topic="payments", partition=11, first_offset=120, last_offset=9_876_543_210)


def test_names_are_as_they_are_documented() -> None:
    name = "payments-11-00000000000000000120-00000000009876543210.parquet"
    assert (
        file_key(Kind.BOOKED, HOUR, BATCH) == f"events/kind=transaction-booked/date=2026-03-14/hour=09/{name}"
    )
    assert intent_key("payments", 11, 120) == "positions/payments/11/00000000000000000120.intent.json"
    assert done_key("payments", 11, 120) == "positions/payments/11/00000000000000000120.done.json"
    prefix = "manifests/kind=transaction-wallet-registered/date=2026-03-14/hour=09"
    assert manifest_key(Kind.REGISTERED, HOUR, 3) == f"{prefix}/000003.json"


def test_names_are_read_back_and_others_refused() -> None:
    assert key_batch(file_key(Kind.BOOKED, HOUR, BATCH)) == BATCH
    dotted = BATCH.model_copy(update={"topic": "eu.payments-2"})
    assert key_batch(file_key(Kind.BOOKED, HOUR, dotted)) == dotted
    assert parse_position(intent_key("payments", 1, 7)) == (7, "intent")
    assert parse_position(done_key("payments", 1, 7)) == (7, "done")
    assert parse_manifest(manifest_key(Kind.BOOKED, HOUR, 2)) == (Kind.BOOKED, HOUR, 2)
    for read in (key_batch, parse_position, parse_manifest):
        with pytest.raises(ValueError, match=r"'events/x\.parquet' is no key of"):
            read("events/x.parquet")


def test_keys_sort_as_offsets_and_hours_do() -> None:
    offsets = [0, 9, 10, 99_999_999_999, 10**15]
    assert sorted(done_key("payments", 0, offset) for offset in offsets) == [
        done_key("payments", 0, offset) for offset in offsets
    ]


@pytest.mark.parametrize(
    ("moment_ms", "hour"),
    [(0, "1970-01-01T00"), (3_599_999, "1970-01-01T00"), (3_600_000, "1970-01-01T01"), (-1, "1969-12-31T23")],
)
def test_a_moment_lies_in_its_hour(moment_ms: int, hour: str) -> None:
    found = Hour.of_ms(moment_ms)
    assert str(found) == hour
    assert found.start_ms <= moment_ms < found.end_ms


def test_documents_are_the_same_bytes_for_the_same_content_and_read_back() -> None:
    intent = Intent(**BATCH.model_dump(), judged_at_ms=5)
    assert intent.to_bytes() == Intent(**BATCH.model_dump(), judged_at_ms=5).to_bytes()
    assert Intent.model_validate_json(intent.to_bytes()) == intent
    assert Done(**BATCH.model_dump()).next_offset == 9_876_543_211


def test_counts_account_for_every_event() -> None:
    Counts(read=5, stored=1, duplicates=1, other_kinds=1, erasures=1, rejected=1, flagged=1)
    with pytest.raises(ValidationError, match="read 5 events, but 4 are accounted for"):
        Counts(read=5, stored=4)


def test_a_batch_goes_forwards() -> None:
    with pytest.raises(ValidationError, match="lastOffset 4 is before firstOffset 5"):
        Batch(topic="payments", partition=0, first_offset=5, last_offset=4)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.00"),
        ("12345678901234567.89", "12345678901234567.89"),
        (f"{'9' * 4000}.99", f"{'9' * 4000}.99"),
    ],
)
def test_amounts_are_written_exactly(amount: str, text: str) -> None:
    assert amount_text(Decimal(amount)) == text
