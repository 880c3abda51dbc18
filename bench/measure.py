"""What a benchmark yields, and the statistics over its samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Measure:
    """One figure: what was measured, the figure with its unit, and what is aimed at ("" for nothing)."""

    what: str
    figure: str
    aim: str = ""


def percentile(samples: Sequence[float], p: float) -> float:
    """Return the smallest sample that at least `p` percent of the samples do not exceed (nearest rank)."""
    ordered = sorted(samples)
    rank = max(-(-len(ordered) * p // 100), 1)
    return ordered[int(rank) - 1]


def milliseconds(seconds: Sequence[float]) -> str:
    """Write p50, p95, p99 and the maximum of samples in seconds as milliseconds."""
    p50, p95, p99 = (percentile(seconds, p) * 1000 for p in (50, 95, 99))
    return f"p50 {p50:,.1f} ms, p95 {p95:,.1f} ms, p99 {p99:,.1f} ms, max {max(seconds) * 1000:,.1f} ms"


def mebibytes(count: int) -> str:
    """Write bytes as MiB."""
    return f"{count / 2**20:,.0f} MiB"
