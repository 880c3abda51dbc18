"""The ledger on disk, so that the tables can be reconciled later with everything that was ever sent.

The file holds expected rows (hashes, no clear personal data), not events. It belongs to one Kafka topic,
known by the topic's id: when the topic was deleted and made again, the ledger starts anew. A run that was cut
short leaves the mark "sending", and the ledger then says that it cannot vouch for the tables.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
from collections import Counter
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from local.events.ledger import ANYTHING, Cell, Ledger
from local.failure import LocalFailureError
from local.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FORMAT = 1


class LedgerFile:
    """One ledger under the local home; at most one process writes it."""

    def __init__(self, home: Path) -> None:
        """Name the files; nothing is touched yet."""
        self._directory = home / "events"
        self._file = self._directory / "ledger.jsonl.gz"
        self._sending = self._directory / "sending"

    def exists(self) -> bool:
        """Tell whether anything was ever sent from this home."""
        return self._file.exists() or self._sending.exists()

    def read(self) -> tuple[str, Ledger]:
        """Return the topic's id and the ledger.

        Raises:
            LocalFailureError: there is none, it is damaged, or a run was cut short

        """
        if self._sending.exists():
            message = (
                f"A run of events was cut short ({self._sending} is still there): nobody knows which of its "
                "events reached Kafka, so the ledger cannot vouch for the tables. Start afresh with "
                f"`make down`, removing {self._directory.parent}, and `make up`."
            )
            raise LocalFailureError(message)
        if not self._file.exists():
            message = (
                f"There is no ledger at {self._file}: no events were sent from here. `make events` does."
            )
            raise LocalFailureError(message)
        try:
            return _read(self._file)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            what = type(error).__name__
            message = f"The ledger {self._file} is damaged ({what}). Remove it and send events anew."
            raise LocalFailureError(message) from error

    @contextmanager
    def sending(self, topic_id: str) -> Iterator[Ledger]:
        """Give the ledger to add to; it is saved when the block ends well.

        When it ends badly, the mark stays: some of the block's events may have reached Kafka, some not.

        Raises:
            LocalFailureError: another process is sending, or an earlier run was cut short

        """
        self._directory.mkdir(parents=True, exist_ok=True)
        with self._lock():
            ledger = self._for_topic(topic_id)
            self._sending.write_text(topic_id)
            yield ledger
            _write(self._file, topic_id, ledger)
            self._sending.unlink()

    def _for_topic(self, topic_id: str) -> Ledger:
        if self._sending.exists() and self._sending.read_text() != topic_id:
            self._sending.unlink()
            self._file.unlink(missing_ok=True)
        if not self.exists():
            return Ledger()
        known, ledger = self.read()
        if known == topic_id:
            return ledger
        say("  → the topic was made anew since the last events: the ledger starts anew, too")
        return Ledger()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        descriptor = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                home = self._directory.parent
                message = f"Another process is sending events from {home}; wait until it has ended."
                raise LocalFailureError(message) from None
            yield
        finally:
            os.close(descriptor)


def _write(file: Path, topic_id: str, ledger: Ledger) -> None:
    """Write beside, then rename: a reader sees the old ledger or the new one."""
    partial = file.with_suffix(".partial")
    with gzip.open(partial, "wt", encoding="utf-8", compresslevel=1) as out:
        head = {
            "format": _FORMAT,
            "topicId": topic_id,
            "outcomes": ledger.outcomes,
            "openKeys": sorted(ledger.open_keys),
            "rows": {table: len(rows) for table, rows in ledger.rows.items()},
        }
        out.write(json.dumps(head) + "\n")
        for table, rows in ledger.rows.items():
            for key, row in rows.items():
                cells = {column: _encoded(cell) for column, cell in row.items()}
                out.write(json.dumps([table, key, cells], ensure_ascii=False) + "\n")
    partial.replace(file)


def _read(file: Path) -> tuple[str, Ledger]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        head = json.loads(next(lines))
        if head["format"] != _FORMAT:
            message = f"format {head['format']}"
            raise ValueError(message)
        ledger = Ledger(open_keys=set(head["openKeys"]), outcomes=Counter(head["outcomes"]))
        for line in lines:
            table, key, cells = json.loads(line)
            ledger.rows[table][key] = {column: _decoded(cell) for column, cell in cells.items()}
    if {table: len(rows) for table, rows in ledger.rows.items()} != head["rows"]:
        message = "rows are missing"
        raise ValueError(message)
    return str(head["topicId"]), ledger


def _encoded(cell: Cell) -> Any:  # noqa: ANN401 - JSON
    """Decimals and open cells as JSON objects, everything else as it is."""
    if isinstance(cell, Decimal):
        return {"decimal": str(cell)}
    if cell is ANYTHING:
        return {"open": True}
    return cell


def _decoded(value: Any) -> Cell:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return Decimal(value["decimal"]) if "decimal" in value else ANYTHING
    cell: str | int | None = value
    return cell
