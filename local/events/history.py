"""What must stand in the archive and behind it: in the offline and the logical tables.

Of closed hours alone: an hour that is not over, or whose late events are still waited for, is in the
real-time tables only.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from local.events.ledger import Ledger, canonical_json
from local.events.reconcile import compare, count_rows, reconcile_settled
from local.failure import LocalFailureError
from operations.archive.closing import last_manifest
from operations.archive.files import read_file
from operations.archive.layout import Kind, parse_manifest
from operations.archive.store import ArchiveStore, latest, manifest_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.events.broker import Broker
    from local.events.ledger import Cell, Row
    from local.events.reconcile import TableResult

_PATIENCE_SECONDS: Final = 0.5
_TRIES: Final = 3


@dataclass(frozen=True)
class History:
    """The archive and the tables behind it, next to the ledger of what was sent."""

    ledger: Ledger
    store: ArchiveStore
    broker: Broker

    def closed_ms(self) -> dict[Kind, int]:
        """Return by kind the end of the last closed hour, in epoch milliseconds; 0 when none is closed."""
        found = {kind: last_manifest(self.store, kind) for kind in Kind}
        return {
            kind: 0 if last is None else parse_manifest(last.key)[1].end_ms for kind, last in found.items()
        }

    def archived(self, closed_ms: Mapping[Kind, int]) -> Ledger:
        """Return what the ledger expects of the hours that ended by `closed_ms`, by offline table."""
        rows = {
            kind.offline_table: {
                key: row
                for key, row in self.ledger.rows[kind.realtime_table].items()
                if _time(row, kind) < closed_ms[kind]
            }
            for kind in Kind
        }
        return Ledger(rows=rows, open_keys=self.ledger.open_keys)

    def wait(self, timeout_seconds: float) -> dict[Kind, int]:
        """Wait until the offline tables have the closed hours' rows; return up to when those go.

        Raises:
            LocalFailureError: rows are missing after the time; the message counts them by table
            ArchiveError: the archive cannot be read

        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            closed_ms = self.closed_ms()
            expected = self.archived(closed_ms).rows
            short = {
                table: found
                for table, rows in expected.items()
                if (found := count_rows(table, self.broker)) < len(rows)
            }
            if not short and all(closed_ms.values()):
                return closed_ms
            if time.monotonic() > deadline:
                missing = ", ".join(
                    f"{table} {count:,} of {len(expected[table]):,} rows" for table, count in short.items()
                )
                message = (
                    "The archive's closed hours are not in the offline tables after "
                    f"{timeout_seconds:.0f} s: {missing or 'no hour is closed'}. See `make status` and the "
                    "logs of archiver and loader."
                )
                raise LocalFailureError(message)
            time.sleep(_PATIENCE_SECONDS)

    def reconcile(self, timeout_seconds: float) -> tuple[TableResult, ...]:
        """Compare every row of the archive's files, the offline tables and the logical tables.

        Raises:
            LocalFailureError, ArchiveError: as `wait`; or an hour was closed during every try

        """
        for _ in range(_TRIES):
            closed_ms = self.wait(timeout_seconds)
            results = self._compare(self.archived(closed_ms), timeout_seconds)
            if self.closed_ms() == closed_ms:
                return results
        message = "An hour of the archive was closed during every comparison; ask again with `make query`."
        raise LocalFailureError(message)

    def _compare(self, expected: Ledger, timeout_seconds: float) -> tuple[TableResult, ...]:
        everything = Ledger(
            rows={kind.schema_name: self.ledger.rows[kind.realtime_table] for kind in Kind},
            open_keys=self.ledger.open_keys,
        )
        archived = [
            replace(
                compare(kind.offline_table, expected, archived_rows(self.store, kind)),
                table=f"archive of {kind}",
            )
            for kind in Kind
        ]
        return (
            *archived,
            *reconcile_settled(expected, self.broker, timeout_seconds),
            *reconcile_settled(everything, self.broker, timeout_seconds),
        )


def archived_rows(store: ArchiveStore, kind: Kind) -> Iterator[Row]:
    """Read each event of the closed hours once, as a ledger has its row."""
    for hour in sorted({hour for hour, _ in manifest_keys(store, kind)}):
        manifest = latest(store, kind, hour)
        seen: set[str] = set()
        for file in () if manifest is None else manifest.files:
            for row in read_file(store, file).to_pylist():
                if row["eventId"] not in seen:
                    seen.add(row["eventId"])
                    yield {column: _cell(column, value) for column, value in row.items()}


def _cell(column: str, value: Any) -> Cell:  # noqa: ANN401 - a value of Parquet
    if column == "amount":
        return Decimal(value)
    if column == "metadata" and value is not None:
        return canonical_json(json.loads(value))
    cell: Cell = value
    return cell


def _time(row: Row, kind: Kind) -> int:
    cell = row[kind.time_column]
    return cell if isinstance(cell, int) else 0
