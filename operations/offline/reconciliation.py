"""The archive against the offline tables, hour by hour: events counted, ids distinct, amounts to the cent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from operations.archive.layout import Hour, Kind
from operations.offline.pending import closed_hours, read_manifest
from operations.offline.totals import distinct_events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from operations.archive.store import ArchiveStore
    from operations.pinot import Pinot

_NOTHING = (0, 0, "0.00")


@dataclass(frozen=True)
class Difference:
    """An hour in which archive and table differ."""

    kind: Kind
    hour: Hour
    what: str


@dataclass
class Comparison:
    """All hours of a kind that were compared, and where they differ."""

    kind: Kind
    hours: int = 0
    events: int = 0
    differences: list[Difference] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Tell the result; one line when all is well."""
        mark = "✗" if self.differences else "✓"
        equal = self.hours - len(self.differences)
        yield (
            f"{mark} {self.kind.offline_table}: {equal:,} of {self.hours:,} hours equal the archive, "
            f"{self.events:,} events"
        )
        for difference in self.differences:
            yield f"    {difference.hour}: {difference.what}"


def compare(
    store: ArchiveStore,
    pinot: Pinot,
    kinds: Iterable[Kind],
    first: Hour | None = None,
    end: Hour | None = None,
) -> tuple[Comparison, ...]:
    """Compare every hour from `first` up to before `end` that either side has.

    Raises:
        ArchiveError, PinotError: one of the two does not answer

    """
    return tuple(_compare(store, pinot, kind, first, end) for kind in kinds)


def _compare(
    store: ArchiveStore, pinot: Pinot, kind: Kind, first: Hour | None, end: Hour | None
) -> Comparison:
    closed = closed_hours(store, kind, first, end)
    comparison = Comparison(kind)
    held = _held(pinot, kind, closed, first, end)
    for hour in sorted(closed.keys() | held.keys()):
        comparison.hours += 1
        rows, events, amount = held.get(hour, _NOTHING)
        if hour not in closed:
            what = f"the table has {rows:,} rows of it, the archive no manifest: the archive lost an hour"
            comparison.differences.append(Difference(kind, hour, what))
            continue
        manifest = read_manifest(store, kind, hour)
        comparison.events += manifest.distinct_event_ids
        expected = (manifest.distinct_event_ids, manifest.distinct_event_ids, manifest.amount_sum)
        if (rows, events, amount) != expected:
            what = (
                f"the table has {rows:,} rows, {events:,} event ids, amounts {amount}; the archive has "
                f"{manifest.distinct_event_ids:,} events, amounts {manifest.amount_sum} (revision "
                f"{manifest.revision})"
            )
            comparison.differences.append(Difference(kind, hour, what))
    return comparison


def _held(
    pinot: Pinot,
    kind: Kind,
    closed: Iterable[Hour],
    first: Hour | None,
    end: Hour | None,
) -> dict[Hour, tuple[int, int, str]]:
    """Ask the table for the range; without bounds, from the first to the last hour that either side knows."""
    rows = pinot.rows(
        f"SELECT COUNT(*), MIN(CAST({kind.time_column} AS LONG)), MAX(CAST({kind.time_column} AS LONG)) "  # noqa: S608 - names of the product
        f"FROM {kind.offline_table}"
    )
    count, least_ms, most_ms = rows[0]
    known = list(closed)
    if count:
        known += [Hour.of_ms(round(least_ms)), Hour.of_ms(round(most_ms))]
    if not known:
        return {}
    start = first if first is not None else min(known)
    stop = end if end is not None else Hour.of_ms(max(known).end_ms)
    return distinct_events(pinot, kind.offline_table, kind, start, stop)
