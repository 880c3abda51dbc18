"""Which closed hours the offline tables do not hold as the archive has them, and how far loading may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from operations.archive.layout import DAY_MS, Hour, Kind, Manifest, parse_manifest
from operations.archive.store import ArchiveError, latest
from operations.offline.totals import (
    HourTotals,
    days_before,
    hour_totals,
    hours_between,
    hours_with_rows,
    segment_name,
)
from operations.pinot import PinotError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from operations.archive.store import ArchiveStore
    from operations.pinot import Pinot

# Pinot's logical tables ask the offline side for what is older than its last row less a day.
BOUNDARY_LAG_MS: Final = DAY_MS
# Kafka keeps seven days, so what may change an hour comes within them; two more for a weekend's outage.
COMPARED_DAYS: Final = 9
# How long `_rt` keeps the rows by which a lost hour is told from an empty one.
REALTIME_DAYS: Final = 30


@dataclass(frozen=True)
class ClosedHour:
    """An hour with a manifest: its last revision, and when S3 took it."""

    hour: Hour
    revision: int
    modified_ms: int


@dataclass(frozen=True)
class Lacking:
    """A closed hour whose rows are not in the table as the manifest says."""

    manifest: Manifest
    found: HourTotals

    def foreign_segments(self) -> list[str]:
        """Name segments that hold rows of the hour under another name than its own: merged ones."""
        hour = Hour.parse(self.manifest.hour)
        return sorted(self.found.segments - {segment_name(self.manifest.kind, hour)})


def closed_hours(
    store: ArchiveStore, kind: Kind, first: Hour | None, end: Hour | None
) -> dict[Hour, ClosedHour]:
    """List the closed hours of a kind, in order, from `first` up to before `end`.

    Raises:
        ArchiveError: S3 does not list them, or something else stands among the manifests

    """
    prefix = f"manifests/kind={kind}/"
    found: dict[Hour, ClosedHour] = {}
    for listed in store.list(prefix, after="" if first is None else f"{prefix}date={first:%Y-%m-%d}/"):
        try:
            _, hour, revision = parse_manifest(listed.key)
        except ValueError as error:
            message = f"s3://{store.bucket}/{listed.key} stands among the manifests and is none; remove it"
            raise ArchiveError(message) from error
        if end is not None and hour >= end:
            break
        if first is None or hour >= first:
            found[hour] = ClosedHour(hour, revision, listed.modified_ms)
    return found


def lacking_hours(
    store: ArchiveStore, pinot: Pinot, kind: Kind, closed: Iterable[ClosedHour], *, changed_since_ms: int
) -> Iterator[Lacking]:
    """Yield closed hours that the table does not hold as they are, oldest first.

    An hour is compared when the table has no row of it, or when its last manifest is not older than
    `changed_since_ms`: a segment is there whole or not at all, and stays until the archive changes the hour.

    Raises:
        ArchiveError, PinotError: one of the two does not answer

    """
    there = hours_with_rows(pinot, kind, kind.offline_table)
    compared = [found for found in closed if found.modified_ms >= changed_since_ms or found.hour not in there]
    totals: dict[Hour, HourTotals] = {}
    known_until = None
    for found in compared:
        if known_until is None or found.hour >= known_until:
            known_until = Hour.of_ms(found.hour.start_ms + DAY_MS)
            totals = hour_totals(pinot, kind, found.hour, known_until)
        manifest = read_manifest(store, kind, found.hour)
        held = totals.get(found.hour, HourTotals())
        if not holds(held, manifest):
            yield Lacking(manifest, held)


def read_manifest(store: ArchiveStore, kind: Kind, hour: Hour) -> Manifest:
    """Return the last revision of a closed hour's manifest.

    Raises:
        ArchiveError: S3 does not give it, it is none, or the hour has none (any more)

    """
    manifest = latest(store, kind, hour)
    if manifest is None:
        message = (
            f"s3://{store.bucket}: {kind} {hour} has no manifest any more; who deletes from the archive?"
        )
        raise ArchiveError(message)
    return manifest


def holds(held: HourTotals, manifest: Manifest) -> bool:
    """Tell whether the table holds an hour as the archive has it: events counted, amounts to the cent."""
    return (held.rows, held.amount) == (manifest.distinct_event_ids, manifest.amount_sum)


def boundary(pinot: Pinot, kind: Kind) -> int | None:
    """Return up to when (epoch ms) the logical table asks the offline table; None while that is empty."""
    ((rows, last_ms),) = pinot.rows(
        f"SELECT COUNT(*), MAX(CAST({kind.time_column} AS LONG)) FROM {kind.offline_table}"  # noqa: S608 - names of the product
    )
    return round(last_ms) - BOUNDARY_LAG_MS if rows else None


def lost_hours(pinot: Pinot, kind: Kind, closed: dict[Hour, ClosedHour], now_ms: int) -> list[Hour]:
    """Find hours without a manifest between closed ones although `_rt` has rows of them.

    An hour without events has a manifest too; but before the archive's first hour only late events close one.

    Raises:
        PinotError: Pinot does not answer

    """
    if not closed:
        return []
    oldest = days_before(Hour.of_ms(now_ms), REALTIME_DAYS)
    holes = [hour for hour in hours_between(max(min(closed), oldest), max(closed)) if hour not in closed]
    if not holes:
        return []
    there = hours_with_rows(pinot, kind, kind.realtime_table)
    return [hour for hour in holes if hour in there]


class Horizon:
    """How far loading may go while an hour is missing.

    The boundary of the logical table follows the last loaded hour at a distance of a day. Beyond that
    distance the rows of the missing hour would be asked of the offline table, which lacks them, and no longer
    of `_rt`, which has them.
    """

    def __init__(self, boundary_ms: int | None) -> None:
        """Begin at the present boundary: what is older is asked of the offline table already."""
        self._boundary_ms = boundary_ms
        self._missing: Hour | None = None

    def missing(self, hour: Hour) -> None:
        """Tell of an hour that the table lacks and will lack."""
        if self._boundary_ms is not None and hour.end_ms <= self._boundary_ms:
            return
        self._missing = hour if self._missing is None else min(self._missing, hour)

    def holds_back(self, hour: Hour) -> Hour | None:
        """Return the missing hour for which a later one has to wait; None when it need not."""
        if self._missing is None or hour.end_ms - BOUNDARY_LAG_MS <= self._missing.start_ms:
            return None
        return self._missing


def refuse_merged(lacking: Lacking) -> None:
    """Raise PinotError when an hour's rows stand in merged segments: its own segment would double them."""
    foreign = lacking.foreign_segments()
    if foreign:
        table = lacking.manifest.kind.offline_table
        day = f"{Hour.parse(lacking.manifest.hour):%Y-%m-%d}"
        message = (
            f"{table} {lacking.manifest.hour}: its rows stand in {', '.join(foreign)}, not in a segment of "
            f"the hour; loading it would double them. Nothing was changed. Delete the merged segment "
            f"(DELETE /segments/{table}_OFFLINE/{foreign[0]}), then load the day again: "
            f"python -m operations.offline load --from {day}T00 --to {day}T23"
        )
        raise PinotError(message)
