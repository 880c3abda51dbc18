"""`make up` and `make test` as a whole."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.measure import Measure
from local.environment import PORTS, REPOSITORY, LocalEnvironment
from local.platform import Platform
from local.progress import step

TITLE = "Whole runs"


def run() -> list[Measure]:
    """Time `make up` with built tools, `make up` with nothing built or downloaded, and `make test`."""
    warm = _up(cold=False)
    with step("make test"):
        started = time.monotonic()
        tested = subprocess.run(["make", "test"], cwd=REPOSITORY, stdout=sys.stderr, check=False)
        seconds = time.monotonic() - started
    outcome = "" if tested.returncode == 0 else f" (it failed with {tested.returncode})"
    return [
        Measure("`make up`, tools built, new data", f"{warm:.0f} s", "≤ 60 s"),
        Measure("`make test`, tools built", f"{seconds:.0f} s{outcome}", "≤ 6 min"),
        Measure("`make up` with nothing downloaded and nothing built", f"{_up(cold=True):.0f} s", "≤ 10 min"),
    ]


def _up(*, cold: bool) -> float:
    """Run `make up` on ports and with a home of its own; cold without any cache of ours, Maven's or Go's."""
    home = Path(tempfile.mkdtemp(prefix="payments-bench-"))
    environment = LocalEnvironment.ephemeral(home / "local")
    variables = {variable: str(getattr(environment, field)) for field, variable, _ in PORTS}
    variables["PAYMENTS_HOME"] = str(environment.home)
    if cold:
        variables |= {
            "PAYMENTS_CACHE": str(home / "cache"),
            "GOMODCACHE": str(home / "go" / "modules"),
            "GOCACHE": str(home / "go" / "build"),
            "GOFLAGS": "-modcacherw",
            "MAVEN_OPTS": f"-Dmaven.repo.local={home / 'maven'}",
        }
    try:
        with step(f"make up {'with nothing built' if cold else 'with built tools'}"):
            started = time.monotonic()
            subprocess.run(
                ["make", "up"], cwd=REPOSITORY, env={**os.environ, **variables}, stdout=sys.stderr, check=True
            )
            return time.monotonic() - started
    finally:
        Platform(environment).stop()
        shutil.rmtree(home, ignore_errors=True)
