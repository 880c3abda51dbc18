"""What the offline tables hold, hour by hour, as Pinot answers it: this is the loader's only memory.

A record of its own could be wrong: it would outlive a deleted table, and lag behind a killed run. The rows
cannot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from operations.archive.layout import HOUR_MS, Hour, amount_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.archive.layout import Kind
    from operations.pinot import Pinot

# 24 hours of domain load are 850,000 rows a kind; Pinot answers that within a second.
_HOURS_A_QUERY: Final = 24
_MOST_GROUPS: Final = "1000000"
_PATIENT: Final = {"timeoutMs": "60000", "numGroupsLimit": _MOST_GROUPS}


@dataclass
class HourTotals:
    """Rows of an hour. `segments` are the names of those that hold them."""

    rows: int = 0
    amount_sum: Decimal = Decimal(0)
    segments: set[str] = field(default_factory=set)

    @property
    def amount(self) -> str:
        """The sum as documents of the archive write it."""
        return amount_text(self.amount_sum)


def segment_name(kind: Kind, hour: Hour) -> str:
    """Return the one name under which an hour is loaded, each time again."""
    return f"{kind.offline_table}_{hour:%Y-%m-%d-%H}"


def hour_totals(pinot: Pinot, kind: Kind, first: Hour, end: Hour) -> dict[Hour, HourTotals]:
    """Count rows and sum amounts of the offline table for every hour from `first` up to before `end`.

    Raises:
        PinotError: Pinot does not answer, or not in full

    """
    found: dict[Hour, HourTotals] = {}
    for start, stop in _slices(first, end):
        sql = (
            f"SELECT CAST({kind.hour_column} AS LONG), $segmentName, COUNT(*), SUMPRECISION(amount) "  # noqa: S608 - names of the product
            f"FROM {kind.offline_table} {_within(kind, start, stop)} "
            f"GROUP BY CAST({kind.hour_column} AS LONG), $segmentName LIMIT {_MOST_GROUPS}"
        )
        for hour_ms, segment, rows, amount in pinot.rows(sql, **_PATIENT):
            totals = found.setdefault(Hour.of_ms(hour_ms), HourTotals())
            totals.rows += rows
            totals.amount_sum += Decimal(amount)
            totals.segments.add(segment)
    return found


def distinct_events(
    pinot: Pinot, table: str, kind: Kind, first: Hour, end: Hour
) -> dict[Hour, tuple[int, int, str]]:
    """Return rows, distinct event ids and the amounts' exact sum of any table of a kind, by hour."""
    found: dict[Hour, tuple[int, int, str]] = {}
    for start, stop in _slices(first, end):
        sql = (
            f"SELECT CAST({kind.hour_column} AS LONG), COUNT(*), DISTINCTCOUNT(eventId), "  # noqa: S608 - as above
            f"SUMPRECISION(amount) FROM {table} {_within(kind, start, stop)} "
            f"GROUP BY CAST({kind.hour_column} AS LONG) LIMIT {_MOST_GROUPS}"
        )
        for hour_ms, rows, events, amount in pinot.rows(sql, **_PATIENT):
            found[Hour.of_ms(hour_ms)] = (rows, events, amount_text(Decimal(amount)))
    return found


def hours_with_rows(pinot: Pinot, kind: Kind, table: str) -> frozenset[Hour]:
    """Return the hours of which a table has rows; its star-tree knows, so seven years are soon answered."""
    sql = (
        f"SELECT CAST({kind.hour_column} AS LONG), COUNT(*) FROM {table} "  # noqa: S608 - as above
        f"GROUP BY CAST({kind.hour_column} AS LONG) LIMIT {_MOST_GROUPS}"
    )
    return frozenset(Hour.of_ms(hour_ms) for hour_ms, _ in pinot.rows(sql, **_PATIENT))


def hours_between(first: Hour, end: Hour) -> Iterator[Hour]:
    """Yield every hour from `first` up to before `end`."""
    for start_ms in range(first.start_ms, end.start_ms, HOUR_MS):
        yield Hour.of_ms(start_ms)


def _slices(first: Hour, end: Hour) -> Iterator[tuple[Hour, Hour]]:
    start = first
    while start < end:
        stop = min(Hour.of_ms(start.start_ms + _HOURS_A_QUERY * HOUR_MS), end)
        yield start, stop
        start = stop


def _within(kind: Kind, start: Hour, stop: Hour) -> str:
    # By the time column, so that Pinot leaves out the segments of other days.
    return f"WHERE {kind.time_column} >= {start.start_ms} AND {kind.time_column} < {stop.start_ms}"


def days_before(hour: Hour, days: int) -> Hour:
    """Return the hour that is some days earlier."""
    return Hour.of_ms(hour.start_ms - round(timedelta(days=days).total_seconds() * 1000))
