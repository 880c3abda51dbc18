"""Retentions and periods."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

UNIT_MILLISECONDS: Final = {
    "NANOSECONDS": 1e-6,
    "MICROSECONDS": 1e-3,
    "MILLISECONDS": 1,
    "SECONDS": 1000,
    "MINUTES": 60_000,
    "HOURS": 3_600_000,
    "DAYS": 86_400_000,
}
"""Java's ``TimeUnit``, which has no weeks, months or years."""
_PERIOD: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.IGNORECASE)
_PERIOD_PARTS: Final = (86_400_000, 3_600_000, 60_000, 1000, 1)


def period_milliseconds(text: object) -> int | None:
    """Return a period (``30d``, ``24h``, ``1d12h``) in milliseconds; None for any other text (``1y``)."""
    match = _PERIOD.fullmatch(str(text).strip())
    if match is None or not match.group(0):
        return None
    return sum(int(number or 0) * size for number, size in zip(match.groups(), _PERIOD_PARTS, strict=True))


def retention_milliseconds(segments: Mapping[str, object]) -> float | None:
    """Return the retention of a ``segmentsConfig`` in milliseconds; None when none is set (kept for ever)."""
    unit, value = segments.get("retentionTimeUnit"), segments.get("retentionTimeValue")
    size = UNIT_MILLISECONDS.get(str(unit).upper())
    if size is None or not re.fullmatch(r"\d+", str(value)):
        return None
    return int(str(value)) * size
