"""Hourly segments of past days become one a day, by Pinot's own minions and the tables' own configuration.

A table of seven years has 61,000 hours; their names alone outgrow what ZooKeeper takes as one node. Pinot
swaps a day's 24 segments for one in a single step, so no query sees both or neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from operations.offline.push import wait_for_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from operations.archive.layout import Kind
    from operations.pinot import Pinot

TASK: Final = "MergeRollupTask"
_TIMEOUT_SECONDS: Final = 3_600.0


def merge_days(pinot: Pinot, kinds: Iterable[Kind], told: Callable[[str], None]) -> None:
    """Have every offline table merge what its configuration says, and wait for it.

    Raises:
        PinotError: a task could not be made, or a subtask of it failed

    """
    for kind in kinds:
        name = pinot.schedule_task(TASK, kind.offline_table)
        if name is None:
            continue
        wait_for_task(pinot, name, _TIMEOUT_SECONDS)
        told(f"✓ {kind.offline_table}: past days merged")
