"""Holding the tables against the ledger: counts, sums to the cent, times to the millisecond, every cell.

What is told of a difference names tables, columns and event or transaction ids, and values only of columns
that cannot hold personal data.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from local.events.ledger import ANYTHING, Cell, Ledger, Row, canonical_json, key_column
from local.failure import LocalFailureError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from local.events.broker import Broker

# A table is read in slices of its key, so that no answer grows beyond some ten thousand rows.
_SLICES = ("0", "2", "4", "6", "8", "a", "c", "e")
_ROWS_A_SLICE = 5_000
_MOST_ROWS = 10_000_000
_SHOWN = 20
_PATIENCE_SECONDS = 0.5
# What a number, a null or a code looks like; any other text may be personal data where none belongs.
_CODE = re.compile(r"-?[0-9.]+|None|[A-Z_]{3,20}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIMES = frozenset(
    {"eventTime", "registeredAt", "registeredHour", "bookedAt", "bookedHour", "transactionTime"}
)
_JSON = frozenset({"metadata", "walletMetadata", "bookingMetadata"})
_SHOWABLE = _TIMES | {
    "amount", "currency", "transactionType", "bookingStatus", "transactionStatus", "processingTimeMs",
}  # fmt: skip


@dataclass
class TableResult:
    """How one table compares; `open_rows` are rows of events that the contract leaves open."""

    table: str
    expected: int
    found: int = 0
    open_rows: int = 0
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    cells: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    expected_amount: Decimal = Decimal(0)
    found_amount: Decimal = Decimal(0)

    @property
    def equal(self) -> bool:
        """Whether every row is there once, with every cell as expected, and none besides."""
        return not (self.missing or self.unexpected or self.doubled or self.cells)

    def lines(self) -> Iterator[str]:
        """Tell the result; one line when all is well."""
        mark = "✓" if self.equal else "✗"
        left_open = f", {self.open_rows:,} of events the contract leaves open" if self.open_rows else ""
        yield (
            f"{mark} {self.table}: {self.found:,} of {self.expected:,} rows, amounts "
            f"{self.found_amount:,.2f} of {self.expected_amount:,.2f}{left_open}"
        )
        for what, keys in (
            ("missing", self.missing),
            ("unexpected", self.unexpected),
            ("there twice", self.doubled),
        ):
            if keys:
                more = f" and {len(keys) - _SHOWN:,} more" if len(keys) > _SHOWN else ""
                shown = ", ".join(sorted(map(_shown_key, keys))[:_SHOWN])
                yield f"    {what} ({key_column(self.table)}): {shown}{more}"
        for column, count in self.cells.most_common():
            yield f"    {column} differs in {count:,} rows"
        yield from (f"      {example}" for example in self.examples)


def reconcile(ledger: Ledger, broker: Broker) -> tuple[TableResult, ...]:
    """Compare every row of the ledger's tables."""
    return tuple(_compare_table(table, ledger, broker) for table in ledger.rows)


def reconcile_settled(ledger: Ledger, broker: Broker, timeout_seconds: float) -> tuple[TableResult, ...]:
    """Wait for the rows, and compare; again, while some are missing and the time is not over.

    Rows of events that the contract leaves open count as well: enough rows may not be all of them yet.

    Raises:
        LocalFailureError: a table has too few rows after the time

    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        wait_for_rows(ledger, broker, max(deadline - time.monotonic(), 0.0))
        results = reconcile(ledger, broker)
        if (
            not (ledger.open_keys and any(result.missing for result in results))
            or time.monotonic() > deadline
        ):
            return results
        time.sleep(2 * _PATIENCE_SECONDS)


def wait_for_rows(ledger: Ledger, broker: Broker, timeout_seconds: float) -> None:
    """Wait until every table holds at least what the ledger expects and has grown no more for half a second.

    Raises:
        LocalFailureError: rows are missing after the time; the message counts them by table

    """
    deadline = time.monotonic() + timeout_seconds
    before: dict[str, int] = {}
    while True:
        counts = {table: count_rows(table, broker) for table in ledger.rows}
        short = {table: count for table, count in counts.items() if count < len(ledger.rows[table])}
        if not short and counts == before:
            return
        if short and time.monotonic() > deadline:
            found = ", ".join(
                f"{table} {count:,} of {len(ledger.rows[table]):,}" for table, count in short.items()
            )
            message = (
                f"Rows are missing {timeout_seconds:.0f} s after their events were sent: {found}. "
                "See `make status` and the log of Pinot."
            )
            raise LocalFailureError(message)
        before = counts
        time.sleep(_PATIENCE_SECONDS)


def count_rows(table: str, broker: Broker) -> int:
    """Count a table's rows as a reader sees them."""
    count: int = broker.query(f"SELECT COUNT(*) FROM {table}").rows[0][0]  # noqa: S608 - a table of ours
    return count


def read_rows(table: str, columns: tuple[str, ...], broker: Broker, rows: int) -> Iterator[Row]:
    """Read rows as a ledger has them: times in epoch milliseconds, amounts exact, metadata canonical."""
    key = key_column(table)
    selected = ", ".join(f"CAST({column} AS LONG)" if column in _TIMES else column for column in columns)
    for condition in _conditions(key, rows):
        sql = f"SELECT {selected} FROM {table}{condition} LIMIT {_MOST_ROWS}"  # noqa: S608 - columns of the ledger
        for values in broker.query(sql, enableNullHandling="true", timeoutMs="60000").rows:
            yield {column: _cell(column, value) for column, value in zip(columns, values, strict=True)}


def _shown_key(key: str) -> str:
    """Show an id that the generator made; any other may be anything, an e-mail address included."""
    return key if _UUID.fullmatch(key) else "(an id of another form)"


def _conditions(key: str, rows: int) -> Iterator[str]:
    if rows <= _ROWS_A_SLICE:
        yield ""
        return
    yield f" WHERE {key} < '{_SLICES[0]}'"
    for lower, upper in pairwise(_SLICES):
        yield f" WHERE {key} >= '{lower}' AND {key} < '{upper}'"
    yield f" WHERE {key} >= '{_SLICES[-1]}'"


def _cell(column: str, value: Any) -> Cell:  # noqa: ANN401 - JSON
    if value is None:
        return None
    if column == "amount":
        return Decimal(str(value))
    if column in _TIMES or column == "processingTimeMs":
        return int(value)
    if column in _JSON:
        return canonical_json(json.loads(value))
    return str(value)


def _compare_table(table: str, ledger: Ledger, broker: Broker) -> TableResult:
    expected = ledger.rows[table]
    columns = tuple(next(iter(expected.values()))) if expected else (key_column(table), "amount")
    return compare(table, ledger, read_rows(table, columns, broker, len(expected)))


def compare(table: str, ledger: Ledger, rows: Iterable[Row]) -> TableResult:
    """Compare rows with what the ledger expects of a table."""
    expected = ledger.rows[table]
    result = TableResult(table, len(expected))
    seen: set[str] = set()
    for found in rows:
        key = str(found[key_column(table)])
        if key not in expected:
            if ledger.is_open(key, found.get("transactionId")):
                result.open_rows += 1
            else:
                result.unexpected.append(key)
            continue
        result.found += 1
        again = key in seen
        seen.add(key)
        if ledger.is_open(key):
            result.open_rows += 1
        elif again:
            result.doubled.append(key)
        else:
            result.expected_amount += _amount(expected[key])
            result.found_amount += _amount(found)
            _compare_cells(result, key, expected[key], found)
    result.missing = [key for key in expected if key not in seen]
    result.expected_amount += sum((_amount(expected[key]) for key in result.missing), Decimal(0))
    return result


def _compare_cells(result: TableResult, key: str, expected: Row, found: Row) -> None:
    for column, wanted in expected.items():
        if wanted is ANYTHING or wanted == found[column]:
            continue
        result.cells[column] += 1
        if len(result.examples) < _SHOWN:
            shown = column in _SHOWABLE and _CODE.fullmatch(str(found[column]))
            values = f": expected {wanted}, found {found[column]}" if shown else ""
            result.examples.append(f"{_shown_key(key)} {column}{values}")


def _amount(row: Row) -> Decimal:
    amount = row["amount"]
    return amount if isinstance(amount, Decimal) else Decimal(0)
