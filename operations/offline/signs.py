"""What a running loader shows of itself: counts for Prometheus, and whether it still makes progress."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from operations.archive.measures import Measures

if TYPE_CHECKING:
    from collections.abc import Callable

    from operations.offline.load import PassResult

# Longer than the longest wait of a healthy loader, that for the minions to merge a day.
SILENT_SECONDS: Final = 5400.0

_MEASURES: Final = {
    "payments_offline_hours_loaded_total": ("counter", "Hours loaded into the offline tables."),
    "payments_offline_rows_loaded_total": ("counter", "Their rows."),
    "payments_offline_problem_hours": ("gauge", "Hours that the last pass could not load."),
    "payments_offline_waiting_hours": ("gauge", "Hours that wait for one with a problem."),
    "payments_offline_last_pass_timestamp_seconds": ("gauge", "End of the last whole pass, since 1970."),
}


class Signs:
    """Of one loader."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin alive."""
        self.measures = Measures(_MEASURES)
        self._now = now
        self._alive_at = now()

    def alive(self) -> None:
        """Note that something was done, well or not: a restart mends no Pinot that is away."""
        self._alive_at = self._now()

    def passed(self, result: PassResult) -> None:
        """Note the end of a pass, and what it did."""
        self.alive()
        self.measures.add("payments_offline_hours_loaded_total", len(result.loaded))
        self.measures.add("payments_offline_rows_loaded_total", sum(hour.rows for hour in result.loaded))
        self.measures.set("payments_offline_problem_hours", len(result.problems))
        self.measures.set("payments_offline_waiting_hours", len(result.waiting))
        self.measures.set("payments_offline_last_pass_timestamp_seconds", time.time())

    @property
    def healthy(self) -> bool:
        """Whether something was done lately."""
        return self._now() - self._alive_at < SILENT_SECONDS
