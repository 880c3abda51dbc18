"""Previews of dev and prod without credentials: each from an empty temporary stack to its end."""

from __future__ import annotations

import statistics
import time

from bench.measure import Measure
from local.environment import LocalEnvironment
from local.offline_preview import STACKS, offline_stack
from local.progress import step

TITLE = "Offline previews"
REPEATS = 5
AIMS = {"prod": "≤ 10 s"}


def run() -> list[Measure]:
    """Preview each stack several times, after one that fills the caches of files and compiled Python."""
    measures = []
    for stack in STACKS:
        with step(f"{REPEATS + 1} previews of {stack}"):
            seconds = [_preview(stack) for _ in range(REPEATS + 1)][1:]
        figure = f"{statistics.median(seconds):.1f} s, at most {max(seconds):.1f} s"
        measures.append(Measure(f"`make preview STACK={stack}` (median)", figure, AIMS.get(stack, "")))
    return measures


def _preview(stack: str) -> float:
    """Return the seconds of one preview, with everything that `make preview` does."""
    cache = LocalEnvironment.from_environ().cache
    started = time.monotonic()
    with offline_stack(stack, cache) as offline:
        offline.capture("--suppress-outputs")
    return time.monotonic() - started
