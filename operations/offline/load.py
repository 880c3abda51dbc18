"""A pass of the loader: what the tables lack is read from the archive, checked and pushed, oldest first."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from operations.archive.layout import DAY_MS, Hour, Kind
from operations.archive.store import ArchiveError
from operations.offline.hour import TableSchema, read_hour
from operations.offline.pending import (
    COMPARED_DAYS,
    Horizon,
    boundary,
    closed_hours,
    holds,
    lacking_hours,
    lost_hours,
    read_manifest,
    refuse_merged,
)
from operations.offline.totals import HourTotals, hour_totals
from operations.pinot import PinotError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from operations.archive.layout import Manifest
    from operations.archive.store import ArchiveStore
    from operations.offline.push import Push
    from operations.pinot import Pinot

_VISIBLE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Loaded:
    """An hour that this pass loaded, and how long reading, pushing and looking took."""

    kind: Kind
    hour: Hour
    revision: int
    rows: int
    seconds: float


@dataclass(frozen=True)
class Problem:
    """An hour that could not be loaded, or had to wait, and why."""

    kind: Kind
    hour: Hour
    why: str


@dataclass
class PassResult:
    """What a pass did. `waiting` hours are whole, but later ones than a problem allows."""

    loaded: list[Loaded] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    waiting: list[Problem] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether the tables now hold every closed hour."""
        return not self.problems and not self.waiting


class Loader:
    """Loads closed hours. Any number of loaders may run: they write the same rows under the same names."""

    def __init__(
        self,
        store: ArchiveStore,
        pinot: Pinot,
        push: Push,
        schemas: Mapping[Kind, TableSchema],
        *,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take the parts.

        Args:
            store: the archive
            pinot: where the tables are
            push: how segments are made
            schemas: what each kind's table takes; only these kinds are loaded
            told: is given a line for each hour

        """
        self._store = store
        self._pinot = pinot
        self._push = push
        self._schemas = schemas
        self._told = told
        self._now_ms = 0
        store.on_date(self._take_date)

    def _take_date(self, now_ms: int) -> None:
        # S3's clock, by which hours are closed: that of this machine may jump.
        self._now_ms = now_ms

    def load(self, first: Hour | None = None, end: Hour | None = None) -> PassResult:
        """Load every closed hour from `first` up to before `end` that the tables lack.

        An hour that cannot be loaded is a problem of the result, and the others go on.

        Raises:
            ArchiveError, PinotError: one of the two is away, or there is no such table

        """
        result = PassResult()
        for kind in self._schemas:
            self._load_kind(kind, first, end, result)
        return result

    def _load_kind(self, kind: Kind, first: Hour | None, end: Hour | None, result: PassResult) -> None:
        closed = closed_hours(self._store, kind, first, end)
        horizon = Horizon(boundary(self._pinot, kind))
        for hour in lost_hours(self._pinot, kind, closed, self._now_ms):
            self._lost(kind, hour, horizon, result)
        # A range that was asked for by hand is compared whole.
        since_ms = 0 if first is not None else self._now_ms - COMPARED_DAYS * DAY_MS
        lacking = lacking_hours(self._store, self._pinot, kind, closed.values(), changed_since_ms=since_ms)
        for found in lacking:
            hour = Hour.parse(found.manifest.hour)
            if waits_for := horizon.holds_back(hour):
                why = f"it waits for {waits_for}: loading it would hide that hour from the logical table"
                result.waiting.append(Problem(kind, hour, why))
                continue
            try:
                self._refuse_early(kind, hour)
                refuse_merged(found)
                result.loaded.append(self._load_hour(found.manifest))
            except (ArchiveError, PinotError) as error:
                horizon.missing(hour)
                result.problems.append(Problem(kind, hour, str(error)))
                self._told(f"✗ {kind.offline_table} {hour}: {error}")

    def _refuse_early(self, kind: Kind, hour: Hour) -> None:
        if hour.end_ms > self._now_ms:
            message = f"{kind} {hour} is closed before it is over by S3's clock; it is loaded when it is"
            raise ArchiveError(message)

    def _lost(self, kind: Kind, hour: Hour, horizon: Horizon, result: PassResult) -> None:
        why = (
            f"the archive has no manifest, {kind.realtime_table} has rows: the hour is lost or was never "
            "closed. See `python -m operations.restore hour`"
        )
        horizon.missing(hour)
        result.problems.append(Problem(kind, hour, why))
        self._told(f"✗ {kind.offline_table} {hour}: {why}")

    def _load_hour(self, manifest: Manifest) -> Loaded:
        started = time.monotonic()
        kind, hour = manifest.kind, Hour.parse(manifest.hour)
        rows = read_hour(self._store, manifest, self._schemas[kind])
        self._push.push(rows, manifest.revision)
        self._see(manifest)
        loaded = Loaded(kind, hour, manifest.revision, rows.table.num_rows, time.monotonic() - started)
        revision = f", revision {manifest.revision}" if manifest.revision > 1 else ""
        self._told(f"✓ {kind.offline_table} {hour}: {loaded.rows:,} rows in {loaded.seconds:.1f} s{revision}")
        return loaded

    def _see(self, manifest: Manifest) -> None:
        """Wait until the table answers with the hour as the manifest has it."""
        kind, hour = manifest.kind, Hour.parse(manifest.hour)
        deadline = time.monotonic() + _VISIBLE_SECONDS
        while True:
            held = hour_totals(self._pinot, kind, hour, Hour.of_ms(hour.end_ms)).get(hour, HourTotals())
            # Another loader may have been quicker with a later revision; the next pass compares with that.
            if holds(held, manifest) or read_manifest(self._store, kind, hour).revision > manifest.revision:
                return
            if time.monotonic() > deadline:
                message = (
                    f"{kind.offline_table} {hour} was pushed and holds {held.rows:,} rows, amounts "
                    f"{held.amount}; the archive has {manifest.distinct_event_ids:,} and "
                    f"{manifest.amount_sum}. Does the table's filter drop rows that the archiver keeps?"
                )
                raise PinotError(message)
            time.sleep(_LOOK_SECONDS)
