"""Run benchmarks by name (all by default) and write their figures to docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from bench import (
    archive,
    engine_ingestion,
    freshness,
    make_targets,
    offline,
    pinot_as_code,
    platform_start,
    preview,
    pulumi_runs,
    query_latency,
    reidentification,
)
from bench.machine import busy, machine
from local.environment import REPOSITORY
from local.failure import LocalFailureError
from local.progress import say

if TYPE_CHECKING:
    from bench.measure import Measure

RESULTS = REPOSITORY / "docs" / "benchmarks.json"
PAGE = REPOSITORY / "docs" / "benchmarks.md"


class Benchmark(Protocol):
    """A module of this package."""

    TITLE: str

    def run(self) -> list[Measure]:
        """Measure."""


BENCHMARKS: dict[str, Any] = {
    "platform": platform_start,
    "pulumi": pulumi_runs,
    "preview": preview,
    "pinot-as-code": pinot_as_code,
    "archive": archive,
    "offline": offline,
    "ingestion": engine_ingestion,
    "freshness": freshness,
    "questions-registered": query_latency.ON_REGISTERED,
    "questions-booked": query_latency.ON_BOOKED,
    "questions-analytics": query_latency.ON_ANALYTICS,
    "reidentification": reidentification,
    "make": make_targets,
}


def main(arguments: list[str] | None = None) -> int:
    """Run, print each figure as it comes, and keep those of benchmarks that were not run this time."""
    options = _parser().parse_args(arguments)
    # A shell's background job ignores it, and so would Pulumi's plugins, for each of which it then waits 5 s.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        say(f"error: no benchmark is called {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
        return 2
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in options.names or BENCHMARKS:
        benchmark: Benchmark = BENCHMARKS[name]
        say(f"{benchmark.TITLE} ({busy()})")
        started = time.monotonic()
        loaded = busy()
        try:
            measures = benchmark.run()
        except LocalFailureError as error:
            say(f"error: {error}")
            return 1
        results[name] = {
            "title": benchmark.TITLE,
            "machine": machine(),
            "busy": loaded,
            "day": datetime.now(UTC).date().isoformat(),
            "seconds": round(time.monotonic() - started),
            "measures": [[measure.what, measure.figure, measure.aim] for measure in measures],
        }
        for measure in measures:
            aim = f"  (aim: {measure.aim})" if measure.aim else ""
            print(f"  {measure.what}: {measure.figure}{aim}", flush=True)
        if not options.dry:
            RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
            PAGE.write_text(page(results))
    return 0


def page(results: dict[str, Any]) -> str:
    """Lay the results out as the page."""
    lines = [
        "# Speed and memory, as measured",
        "",
        "Written by `make bench`; nothing here is a test. Each table says on which machine and day its",
        "figures were taken, and how busy the machine was when its benchmark began.",
    ]
    for name in BENCHMARKS:
        if name not in results:
            continue
        found = results[name]
        lines += [
            "",
            f"## {found['title']}",
            "",
            f"`python -m bench {name}`, {found['day']}, {found['seconds']} s.",
            f"{found['machine']}; {found['busy']}.",
            "",
            "| what | measured | aim |",
            "| --- | --- | --- |",
            *(f"| {what} | {figure} | {aim} |" for what, figure, aim in found["measures"]),
        ]
    return "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--dry", action="store_true", help="print the figures only; leave the page as it is")
    return parser


if __name__ == "__main__":
    sys.exit(main())
