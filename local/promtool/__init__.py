"""promtool, which checks and tests Prometheus rules: from PATH, or built with Go from its module."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.build_cache import cached, content_key
from local.failure import LocalFailureError
from local.progress import step

_SOURCES: Final = Path(__file__).resolve().parent
_PACKAGE: Final = "github.com/prometheus/prometheus/cmd/promtool"
_FLAGS: Final = ("-trimpath", "-ldflags=-s -w")
# Without the clients of some twenty clouds, which only serve `promtool check config`.
_TAGS: Final = ("remove_all_sd", "netgo")


def install(cache: Path) -> Path:
    """Return the program; Debian's and Ubuntu's package `prometheus` puts one on PATH.

    Raises:
        LocalFailureError: there is none, and it cannot be built: no Go, or no module proxy

    """
    found = shutil.which("promtool")
    if found is not None:
        return Path(found)
    key = content_key(
        _SOURCES, (_SOURCES / "go.mod", _SOURCES / "go.sum"), *_TAGS, sys.platform, platform.machine()
    )
    return cached(cache, "promtool", key, _build) / "promtool"


def _build(into: Path) -> None:
    cure = "Install Debian's package `prometheus`, or Go (https://go.dev/dl/), and put it on PATH."
    if shutil.which("go") is None:
        message = f"promtool is not on PATH, and there is no `go` to build it with. {cure}"
        raise LocalFailureError(message)
    with step("building promtool (first run only, about 2 minutes on 2 cores)"):
        run = subprocess.run(
            ["go", "build", *_FLAGS, f"-tags={','.join(_TAGS)}", "-o", str(into / "promtool"), _PACKAGE],
            cwd=_SOURCES,
            env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
            capture_output=True,
            text=True,
            check=False,
        )
    if run.returncode != 0:
        said = "\n".join(run.stderr.strip().splitlines()[-15:])
        message = f"promtool could not be built:\n{said}\n{cure}"
        raise LocalFailureError(message)
