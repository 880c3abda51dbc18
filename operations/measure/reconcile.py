"""Holding every table against the stream: counts, cents, checksums by hour; row by row where they differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from operations.archive.layout import HOUR_MS
from operations.measure.expected import PARTS, Expected, Part, RowFacts, Totals
from operations.measure.failure import MeasureError
from operations.pinot import PinotError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from operations.pinot import Pinot

FINDINGS: Final = ("missing", "doubled", "altered", "unexpected")
_PATIENT: Final = {"timeoutMs": "60000", "numGroupsLimit": "1000000"}
_MOST: Final = 5_000_000
_SHOWN: Final = 5


@dataclass
class HourResult:
    """One hour of one part that differs: how many rows, and some of their keys."""

    part: str
    hour_ms: int
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FINDINGS, 0))
    keys: dict[str, list[str]] = field(default_factory=dict)
    cents: tuple[int, int] = (0, 0)

    def add(self, finding: str, key: str) -> None:
        """Count a row."""
        self.counts[finding] += 1
        shown = self.keys.setdefault(finding, [])
        if len(shown) < _SHOWN:
            shown.append(key)

    def __str__(self) -> str:
        """One line: hour, table, what differs. Keys are ids of events or transactions."""
        hour = datetime.fromtimestamp(self.hour_ms / 1000, UTC)
        told = [
            f"{count} {finding} ({', '.join(self.keys[finding])})"
            for finding, count in self.counts.items()
            if count
        ]
        found, expected = self.cents
        money = "" if found == expected else f"; amounts {found / 100:,.2f} of {expected / 100:,.2f}"
        return f"{hour:%Y-%m-%dT%H}:00Z {self.part}: {'; '.join(told)}{money}"


@dataclass
class Reconciliation:
    """How the tables compare with the stream."""

    rows: dict[str, int]
    hours: int
    differing: list[HourResult]
    judged: dict[str, int]

    @property
    def expected(self) -> int:
        """Rows that must be there."""
        return sum(self.rows.values())

    def count(self, *findings: str) -> int:
        """Rows with one of these findings."""
        return sum(hour.counts[finding] for hour in self.differing for finding in findings)


def table_totals(pinot: Pinot, part: Part, first_ms: int, end_ms: int) -> dict[int, Totals]:
    """Ask a table for its totals by hour.

    Raises:
        MeasureError: Pinot does not answer, or in part only

    """
    hour = f"CAST(DATETRUNC('HOUR', {part.time_column}, 'MILLISECONDS') AS LONG)"
    sql = (
        f"SELECT {hour}, COUNT(*), SUMPRECISION(amount), SUMPRECISION({part.checksum}) "  # noqa: S608 - names of the product
        f"FROM {part.table} WHERE {part.time_column} >= {first_ms} AND {part.time_column} < {end_ms} "
        f"GROUP BY {hour} LIMIT {_MOST}"
    )
    return {
        int(hour_ms): Totals(int(rows), int(Decimal(str(amount)) * 100), int(Decimal(str(checksum))))
        for hour_ms, rows, amount, checksum in _ask(pinot, sql)
    }


def differing_hours(
    pinot: Pinot, expected: Expected, first_ms: int, end_ms: int
) -> frozenset[tuple[str, int]]:
    """Return the (part, hour)s whose totals are not as expected, within the hours asked for."""
    found = {
        (part.name, hour): totals
        for part in PARTS
        for hour, totals in table_totals(pinot, part, first_ms, end_ms).items()
    }
    wanted = {place: totals for place, totals in expected.totals.items() if first_ms <= place[1] < end_ms}
    nothing = Totals()
    return frozenset(
        place
        for place in found.keys() | wanted.keys()
        if found.get(place, nothing) != wanted.get(place, nothing)
    )


def compare_rows(pinot: Pinot, part: Part, hour_ms: int, expected: dict[str, RowFacts]) -> HourResult:
    """Compare one hour row by row; `expected` are the rows of that hour by key."""
    sql = (
        f"SELECT {part.key}, amount, {part.checksum} FROM {part.table} "  # noqa: S608 - as above
        f"WHERE {part.time_column} >= {hour_ms} AND {part.time_column} < {hour_ms + HOUR_MS} LIMIT {_MOST}"
    )
    result = HourResult(part.name, hour_ms)
    seen: set[str] = set()
    cents = 0
    for key, amount, checksum in _ask(pinot, sql):
        row = RowFacts(hour_ms, int(Decimal(str(amount)) * 100), int(checksum))
        cents += row.cents
        if key not in expected:
            result.add("unexpected", key)
        elif key in seen:
            result.add("doubled", key)
        elif row != expected[key]:
            result.add("altered", key)
        seen.add(key)
    for key in expected.keys() - seen:
        result.add("missing", key)
    result.cents = (cents, sum(row.cents for row in expected.values()))
    return result


def results(
    pinot: Pinot, places: Iterable[tuple[str, int]], rows: dict[str, dict[str, RowFacts]]
) -> Iterator[HourResult]:
    """Compare the hours that differ, row by row."""
    parts = {part.name: part for part in PARTS}
    for name, hour_ms in sorted(places):
        of_hour = {key: row for key, row in rows.get(name, {}).items() if row.hour_ms == hour_ms}
        result = compare_rows(pinot, parts[name], hour_ms, of_hour)
        if any(result.counts.values()):
            yield result


def _ask(pinot: Pinot, sql: str) -> list[list[Any]]:
    try:
        return pinot.rows(sql, **_PATIENT)
    except PinotError as error:
        raise MeasureError(str(error)) from error
