"""The questions' answers held against the ledger: to the cent and to the millisecond."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

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


@dataclass(frozen=True)
class CheckedAnswer:
    """An answer, and how it differs from the ledger's: "" when it does not, None when nothing is expected."""

    answer: Answer
    difference: str | None


def ask_and_check(
    number: int, values: dict[str, str], ledger: Ledger, ask: Callable[[], Answer]
) -> CheckedAnswer:
    """Ask, and compare with what the ledger says at the moment of the question.

    Args:
        number: the question's number; the offline question is not known to the ledger
        values: the question's parameters, defaults included
        ledger: what was sent
        ask: asks the broker

    """
    expected_at = _EXPECTED.get(number)
    if expected_at is None:
        return CheckedAnswer(ask(), None)
    for _ in range(_TRIES):
        before = expected_at(ledger, _now_ms(), values)
        answer = ask()
        if expected_at(ledger, _now_ms(), values) == before:
            return CheckedAnswer(answer, _difference(before, _plain(answer)))
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


def _plain(answer: Answer) -> dict[Any, Any]:
    """Read each row as its first column's value and the rest."""
    kinds = answer.types[1:]
    return {
        row[0]: tuple(_value(cell, kind) for cell, kind in zip(row[1:], kinds, strict=True))
        for row in answer.rows
    }


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


_EXPECTED: dict[int, Callable[[Ledger, int, dict[str, str]], dict[Any, Any]]] = {
    1: _volume,
    2: _success,
    3: _processing,
    4: _story,
    5: _not_booked,
    7: _channel,
}
