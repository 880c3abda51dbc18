"""The local platform: how soon the engine answers, and what everything takes of memory."""

from __future__ import annotations

import statistics
import time

from bench.measure import Measure, mebibytes
from bench.session import own_platform
from local.pinot_engine import installation
from local.progress import step

TITLE = "Platform"
REPEATS = 5


def run() -> list[Measure]:
    """Start, restart and weigh the services, idle."""
    installation()
    started = time.monotonic()
    with own_platform() as platform:
        everything = time.monotonic() - started
        seconds = []
        with step(f"starting the engine {REPEATS} times"):
            for _ in range(REPEATS):
                started = time.monotonic()
                platform.restart("pinot")
                seconds.append(time.monotonic() - started)
        weights = {status.title: status.resident_bytes or 0 for status in platform.status()}
    return [
        Measure(
            "engine stopped, started and ready again (median)", f"{statistics.median(seconds):.1f} s", "≤ 5 s"
        ),
        Measure("engine's memory, idle", mebibytes(weights["Pinot"]), "≤ 1 GiB"),
        Measure("Kafka, S3 and engine ready, from nothing", f"{everything:.1f} s"),
        Measure("Kafka, S3 and engine together, idle", mebibytes(sum(weights.values())), "≤ 2.5 GiB"),
    ]
