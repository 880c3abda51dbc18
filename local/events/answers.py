"""The answers to the product's questions, computed from a ledger's rows.

Every function takes the moment of the question in epoch milliseconds. Sums are exact; an average is the exact
sum over the count, as a float; a percentile is the value at the place that Pinot's exact PERCENTILE takes:
the sorted values' element number ⌊n · p / 100⌋, counted from 0.
"""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from local.events.ledger import ANALYTICS_TABLE, BOOKED_TABLE, REGISTERED_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.events.ledger import Ledger, Row

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
_P = 95


DayKey = tuple[str, int, str]
"""Merchant ("null" when there is none), day in epoch milliseconds, currency."""


class Volume(NamedTuple):
    """Number and sum of the amounts (of all currencies together, as the brief's question has it)."""

    transactions: int
    amount: Decimal


class ProcessingTime(NamedTuple):
    """Milliseconds."""

    average: float
    p95: float


class Bookings(NamedTuple):
    """Number and sum of the amounts."""

    bookings: int
    amount: Decimal


class Story(NamedTuple):
    """One transaction: how it stands, and the events it came from, each in the order of its time."""

    transaction: Row
    registered: tuple[Row, ...]
    booked: tuple[Row, ...]


def volume_by_type(ledger: Ledger, now_ms: int) -> dict[str, Volume]:
    """Question 1: registrations of the last hour by type."""
    found: dict[str, Volume] = {}
    for row in _since(ledger.rows[REGISTERED_TABLE].values(), "registeredAt", now_ms - _HOUR_MS):
        kind = str(row["transactionType"])
        before = found.get(kind, Volume(0, Decimal(0)))
        found[kind] = Volume(before.transactions + 1, before.amount + _amount(row))
    return found


def success_rate_by_currency(ledger: Ledger, now_ms: int) -> dict[str, float]:
    """Question 2: percentage of bookings of the last 24 hours that succeeded, by currency."""
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in _since(ledger.rows[BOOKED_TABLE].values(), "bookedAt", now_ms - _DAY_MS):
        count = counts[str(row["currency"])]
        count[0] += row["bookingStatus"] == "SUCCESS"
        count[1] += 1
    return {currency: succeeded * 100 / booked for currency, (succeeded, booked) in counts.items()}


def processing_time_by_type(ledger: Ledger, now_ms: int) -> dict[str, ProcessingTime | None]:
    """Question 3: average and 95th percentile by type over 24 hours; None when no time is known."""
    times: defaultdict[str, list[int]] = defaultdict(list)
    for row in _since(ledger.rows[ANALYTICS_TABLE].values(), "transactionTime", now_ms - _DAY_MS):
        values = times[str(row["transactionType"])]
        if isinstance(row["processingTimeMs"], int):
            values.append(row["processingTimeMs"])
    return {
        kind: ProcessingTime(sum(values) / len(values), float(sorted(values)[len(values) * _P // 100]))
        if values
        else None
        for kind, values in times.items()
    }


def story(ledger: Ledger, transaction_id: str) -> Story | None:
    """Question 4: one transaction's whole story; None when nothing is known of it."""
    transaction = ledger.rows[ANALYTICS_TABLE].get(transaction_id)
    if transaction is None:
        return None
    return Story(
        transaction,
        tuple(_of(ledger.rows[REGISTERED_TABLE].values(), transaction_id, "registeredAt")),
        tuple(_of(ledger.rows[BOOKED_TABLE].values(), transaction_id, "bookedAt")),
    )


def not_booked(ledger: Ledger, now_ms: int, minutes: int) -> dict[str, Row]:
    """Question 5: transactions registered more than `minutes` ago and not booked, by id."""
    latest = now_ms - minutes * _MINUTE_MS
    return {
        transaction_id: row
        for transaction_id, row in ledger.rows[ANALYTICS_TABLE].items()
        if row["bookedAt"] is None and isinstance(row["registeredAt"], int) and row["registeredAt"] < latest
    }


def booked_by_day(ledger: Ledger, now_ms: int, days: int, closed_ms: int) -> dict[DayKey, Bookings]:
    """Question 6: successful bookings of closed hours by merchant, day and currency.

    The question counts hours that began within the days.
    """
    found: dict[DayKey, Bookings] = {}
    for row in ledger.rows[BOOKED_TABLE].values():
        hour = row["bookedHour"]
        if not isinstance(hour, int) or row["bookingStatus"] != "SUCCESS":
            continue
        if now_ms - days * _DAY_MS <= hour < closed_ms:
            merchant = row["merchantId"]
            key = ("null" if merchant is None else str(merchant), hour - hour % _DAY_MS, str(row["currency"]))
            before = found.get(key, Bookings(0, Decimal(0)))
            found[key] = Bookings(before.bookings + 1, before.amount + _amount(row))
    return found


def with_channel(ledger: Ledger, channel: str) -> dict[str, Row]:
    """Question 7: registered events whose metadata has the channel, by event id."""
    return {
        event_id: row
        for event_id, row in ledger.rows[REGISTERED_TABLE].items()
        if isinstance(row["metadata"], str) and json.loads(row["metadata"]).get("channel") == channel
    }


def _since(rows: Iterable[Row], column: str, after_ms: int) -> Iterable[Row]:
    return (row for row in rows if isinstance(at := row[column], int) and at > after_ms)


def _of(rows: Iterable[Row], transaction_id: str, time_column: str) -> list[Row]:
    return sorted(
        (row for row in rows if row["transactionId"] == transaction_id), key=lambda row: str(row[time_column])
    )


def _amount(row: Row) -> Decimal:
    amount = row["amount"]
    if not isinstance(amount, Decimal):
        message = f"a ledger's amount is {type(amount).__name__}; it must be a Decimal"
        raise TypeError(message)
    return amount
