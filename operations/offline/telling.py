"""What the commands around the offline tables say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.archive.layout import Kind
from operations.offline.reconciliation import compare

if TYPE_CHECKING:
    from operations.archive.layout import Hour
    from operations.offline.load import PassResult
    from operations.offline.settings import Connections


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 - a command's output


def tell(result: PassResult, *, quiet: bool = False) -> None:
    """Say what a pass left undone, and what it did; with `quiet`, nothing when there was nothing to do."""
    for waiting in result.waiting:
        say(f"… {waiting.kind.offline_table} {waiting.hour}: {waiting.why}")
    if quiet and not (result.loaded or result.problems):
        return
    rows = sum(loaded.rows for loaded in result.loaded)
    say(
        f"{len(result.loaded):,} hours with {rows:,} rows loaded, {len(result.problems):,} with a problem, "
        f"{len(result.waiting):,} waiting"
    )


def tell_equal(connections: Connections, first: Hour | None, end: Hour | None) -> bool:
    """Compare archive and tables by hour, say how each compares, and return whether none differs."""
    comparisons = compare(connections.store, connections.pinot, Kind, first, end)
    for comparison in comparisons:
        for line in comparison.lines():
            say(line)
    return not any(comparison.differences for comparison in comparisons)
