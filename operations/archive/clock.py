"""The archive's time: S3's, which all instances share, carried on by this machine's monotonic clock.

A machine's own clock may jump, and an hour that is closed early is an hour that readers take for whole. The
date of S3's last answer plus the monotonic seconds since then cannot.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock(Protocol):
    """Tells the archive's time."""

    def now_ms(self) -> int:
        """Return it in epoch milliseconds."""


class ArchiveClock:
    """Epoch milliseconds by S3's clock: never ahead of S3, a second behind at most, never backwards.

    A Date is cut to the second, so it and the seconds since give a lower bound; the greatest counts.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Know no time yet."""
        self._monotonic = monotonic
        self._told: tuple[int, float] | None = None

    def tell(self, date_ms: int) -> None:
        """Take the date of an answer of S3 that came just now."""
        at = self._monotonic()
        carried = date_ms if self._told is None else self.now_ms()
        self._told = (max(date_ms, carried), at)

    def now_ms(self) -> int:
        """Return the time.

        Raises:
            LookupError: S3 has told none yet; whoever reads the archive has asked it before

        """
        if self._told is None:
            message = "S3 has told no time yet: its answers carry no Date"
            raise LookupError(message)
        date_ms, at = self._told
        return date_ms + round((self._monotonic() - at) * 1000)
