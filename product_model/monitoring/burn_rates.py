"""Multi-window, multi-burn-rate alerts: Google's SRE workbook, "Alerting on SLOs", table 5-8.

A page when 2 % of the budget burn in an hour or 5 % in six, a ticket when a tenth burns in three days; each
with a short window of a twelfth beside it, so that the alert ends soon after its cause. For a budget of 30
days these are the known factors 14.4, 6 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from product_model.descriptor import Objective

HOUR: Final = 3600


@dataclass(frozen=True)
class Burn:
    """One pair of windows (seconds) and the share of the budget that burns in the long one."""

    severity: Literal["page", "ticket"]
    long: int
    short: int
    share: Fraction

    def factor(self, period_seconds: int) -> float:
        """Return how many times faster than sustainable the budget burns."""
        return float(self.share * period_seconds / self.long)


BURNS: Final = (
    Burn("page", HOUR, 5 * 60, Fraction(2, 100)),
    Burn("page", 6 * HOUR, 30 * 60, Fraction(5, 100)),
    Burn("ticket", 72 * HOUR, 6 * HOUR, Fraction(10, 100)),
)
WINDOWS: Final = tuple(sorted({window for burn in BURNS for window in (burn.long, burn.short)}))


def budget(objective: Objective) -> float:
    """Return the share of events that may be bad, 0 to 1.

    Of a promise in percent what is left to 100; of a promise at a percentile what lies above it. A promise
    without a percentile that is no percentage has none: ValueError.
    """
    if objective.percentile is not None:
        return float(Fraction(100 - objective.percentile, 100))
    if objective.unit != "percent":
        message = (
            f"objective {objective.name!r} in {objective.unit} has no percentile, so no share of events may"
            " miss it; allowed: a percentile, such as 99"
        )
        raise ValueError(message)
    left = Fraction(100) - Fraction(str(objective.target))
    if left <= 0:
        message = (
            f"objective {objective.name!r} of {objective.target:g} % leaves no budget; allowed: below 100"
        )
        raise ValueError(message)
    return float(left / 100)


def unreachable(objective: Objective) -> str | None:
    """Return what is wrong when a burn-rate threshold could never be passed, or None."""
    share = budget(objective)
    for burn in BURNS:
        wanted = burn.factor(period_seconds(objective)) * share
        if wanted >= 1:
            return (
                f"objective {objective.name!r}: its alert over {duration(burn.long)} would want"
                f" {100 * wanted:g} % bad events, which cannot be; allowed: a stricter objective or a shorter"
                " window"
            )
    return None


def period_seconds(objective: Objective) -> int:
    """Return the length of an objective's window."""
    return int(objective.window.removesuffix("d")) * 24 * HOUR


def duration(seconds: int) -> str:
    """Write seconds as Prometheus does: 5m, 6h, 3d."""
    for unit, size in (("d", 24 * HOUR), ("h", HOUR), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
