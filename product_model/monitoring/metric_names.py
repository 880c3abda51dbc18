"""The metrics that there are (`metrics.json`): Pinot's by its version, Prometheus', Kubernetes', our own."""

from __future__ import annotations

import difflib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from product_model.monitoring.promql import metric_names

if TYPE_CHECKING:
    from collections.abc import Collection

_FILE: Final = Path(__file__).with_name("metrics.json")


@cache
def known_metrics() -> frozenset[str]:
    """Return every name that something exports, as Prometheus knows it."""
    content = json.loads(_FILE.read_text(encoding="utf-8"))
    pinot = content["pinot"]
    names = {
        f"pinot_{role}_{name}_{attribute}"
        for role, kinds in pinot["roles"].items()
        for kind, found in kinds.items()
        for name in found
        for attribute in pinot["attributes"][kind]
    }
    return frozenset(names.union(*(other["names"] for other in content["others"])))


def unknown_metric(expression: str, recorded: Collection[str] = ()) -> str | None:
    """Return what is wrong with an expression's names, or None: "unknown metric …; allowed: …".

    `recorded` are names that recording rules make.
    """
    known = known_metrics()
    for name in sorted(metric_names(expression)):
        if name not in known and name not in recorded:
            near = difflib.get_close_matches(name, [*known, *recorded], n=1, cutoff=0.7)
            guess = f"{near[0]} (is it meant?), or another" if near else "a"
            return f"unknown metric {name!r}; allowed: {guess} name of product_model/monitoring/metrics.json"
    return None
