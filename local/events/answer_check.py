"""The questions' answers held against the ledger: to the cent and to the millisecond."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from local.events import answers
from local.events.ledger import Anything, canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.events.broker import Answer
    from local.events.ledger import Ledger, Row

# Two readings of the clock around a question differ when some event leaves the window in between.
_TRIES = 5
# A sum of doubles against an exact sum: far below half a cent for what the local tables hold.
_HALF_A_CENT = Decimal("0.005")
_RELATIVE = 1e-9
_AMOUNT = re.compile(r"[0-9]+\.[0-9]{2}")
OFFLINE_QUESTION = 6
_OFFLINE_KEYS = 3

# What the ledger expects at a moment (epoch milliseconds), with the question's parameters.
_Expected: TypeAlias = "Callable[[Ledger, int, dict[str, str]], dict[Any, Any]]"


@dataclass(frozen=True)
class CheckedAnswer:
    """An answer, and how it differs from the ledger's: "" when it does not, None when nothing is expected."""

    answer: Answer
    difference: str | None


def ask_and_check(
    number: int,
    values: dict[str, str],
    ledger: Ledger,
    ask: Callable[[], Answer],
    archived_ms: Callable[[], int] | None = None,
) -> CheckedAnswer:
    """Ask, and compare with what the ledger says at the moment of the question.

    Args:
        number: the question's number
        values: the question's parameters, defaults included
        ledger: what was sent
        ask: asks the broker
        archived_ms: up to when (epoch milliseconds) bookings are in the offline table; without it
            nothing is expected of the question that is answered from there

    """
    expected_at = _EXPECTED.get(number)
    if number == OFFLINE_QUESTION and archived_ms is not None:
        expected_at = _booked_by_day(archived_ms)
    if expected_at is None:
        return CheckedAnswer(ask(), None)
    keys = _OFFLINE_KEYS if number == OFFLINE_QUESTION else 1
    for _ in range(_TRIES):
        before = expected_at(ledger, _now_ms(), values)
        answer = ask()
        if expected_at(ledger, _now_ms(), values) == before:
            return CheckedAnswer(answer, _difference(before, _plain(answer, keys)))
    return CheckedAnswer(answer, "the window moved on during every try")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _difference(expected: dict[Any, Any], found: dict[Any, Any]) -> str:
    """Name what differs by its place in the answer; groups are codes and ids, so that no person is told."""
    if len(found) != len(expected):
        return f"{len(found)} rows, the ledger has {len(expected)}"
    for key, wanted in expected.items():
        if key not in found:
            return f"{key} is missing"
        for place, (left, right) in enumerate(zip(wanted, found[key], strict=True)):
            if not _equal(left, right):
                return f"{key}: value {place + 1} differs"
    return ""


def _equal(expected: object, found: object) -> bool:
    if isinstance(expected, Anything):
        return True
    if isinstance(expected, Decimal) and isinstance(found, float):
        return abs(expected - Decimal(found)) < _HALF_A_CENT
    if isinstance(expected, Decimal) and isinstance(found, str):
        # SUMPRECISION tells its exact sum as text; the question asks for cents.
        return _AMOUNT.fullmatch(found) is not None and expected == Decimal(found)
    if isinstance(expected, float) and isinstance(found, int | float):
        return abs(expected - found) <= _RELATIVE * max(abs(expected), 1.0)
    return expected == found


def _volume(ledger: Ledger, now_ms: int, _: dict[str, str]) -> dict[str, tuple[object, ...]]:
    return dict(answers.volume_by_type(ledger, now_ms))


def _success(ledger: Ledger, now_ms: int, _: dict[str, str]) -> dict[str, tuple[object, ...]]:
    return {currency: (rate,) for currency, rate in answers.success_rate_by_currency(ledger, now_ms).items()}


def _processing(ledger: Ledger, now_ms: int, _: dict[str, str]) -> dict[str, tuple[object, ...]]:
    times = answers.processing_time_by_type(ledger, now_ms)
    return {kind: (None, None) if found is None else tuple(found) for kind, found in times.items()}


def _story(ledger: Ledger, _: int, values: dict[str, str]) -> dict[str, tuple[object, ...]]:
    told = answers.story(ledger, values["transaction"])
    if told is None:
        return {}
    row = told.transaction
    return {
        values["transaction"]: (
            row["transactionStatus"] or "REGISTERED",
            row["transactionType"],
            row["amount"],
            row["currency"],
            row["registeredAt"],
            row["bookedAt"],
            _processing_ms(row),
            *(row[column] for column in _STORY_COLUMNS),
        )
    }


_STORY_COLUMNS = (
    "transactionTime", "bookingStatus", "paymentOrderId", "checkoutId", "journalEntryId", "buyerId",
    "sellerId", "merchantId", "walletMetadata", "bookingMetadata",
)  # fmt: skip


def _processing_ms(row: Row) -> int | None:
    """Tell it as the booking does; else as the difference of the merged times."""
    if isinstance(row["processingTimeMs"], int):
        return row["processingTimeMs"]
    if isinstance(row["bookedAt"], int) and isinstance(row["registeredAt"], int):
        return row["bookedAt"] - row["registeredAt"]
    return None


def _not_booked(ledger: Ledger, now_ms: int, values: dict[str, str]) -> dict[str, tuple[object, ...]]:
    rows = answers.not_booked(ledger, now_ms, int(values["minutes"])).items()
    oldest = sorted(rows, key=lambda item: (_ms(item[1]["registeredAt"]), item[0]))[: int(values["rows"])]
    columns = ("registeredAt", "transactionType", "amount", "currency", "merchantId", "sellerId")
    return {transaction: tuple(row[column] for column in columns) for transaction, row in oldest}


def _booked_by_day(archived_ms: Callable[[], int]) -> _Expected:
    def expected(ledger: Ledger, now_ms: int, values: dict[str, str]) -> dict[Any, Any]:
        groups = answers.booked_by_day(ledger, now_ms, int(values["days"]), archived_ms())
        return {key: tuple(group) for key, group in groups.items()}

    return expected


def _channel(ledger: Ledger, _: int, values: dict[str, str]) -> dict[str, tuple[object, ...]]:
    rows = answers.with_channel(ledger, values["channel"]).items()
    latest = sorted(rows, key=lambda item: (-_ms(item[1]["registeredAt"]), item[0]))[: int(values["rows"])]
    columns = ("transactionId", "registeredAt", "transactionType", "amount", "currency", "merchantId")
    return {event: tuple(row[column] for column in columns) for event, row in latest}


def _ms(cell: object) -> int:
    if not isinstance(cell, int):
        message = f"a time of the ledger is {type(cell).__name__}; it must be milliseconds"
        raise TypeError(message)
    return cell


def _plain(answer: Answer, keys: int) -> dict[Any, Any]:
    """Read each row as the value of its first column, or the values of its first `keys`, and the rest."""
    found = {}
    for row in answer.rows:
        cells = tuple(_value(cell, kind) for cell, kind in zip(row, answer.types, strict=True))
        found[cells[0] if keys == 1 else cells[:keys]] = cells[keys:]
    return found


def _value(cell: Any, kind: str) -> object:  # noqa: ANN401 - JSON
    if cell is None:
        return None
    if kind == "TIMESTAMP":
        return timestamp_ms(cell)
    if kind == "BIG_DECIMAL":
        return Decimal(str(cell))
    if kind == "JSON" or (kind == "STRING" and cell.startswith("{")):
        return canonical_json(json.loads(cell))
    return cell


def timestamp_ms(text: str) -> int:
    """Milliseconds since 1970 of a TIMESTAMP as Pinot prints it (java.sql.Timestamp, in UTC)."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


_EXPECTED: dict[int, _Expected] = {
    1: _volume,
    2: _success,
    3: _processing,
    4: _story,
    5: _not_booked,
    7: _channel,
}
