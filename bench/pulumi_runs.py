"""Pulumi on the local stack: a preview without changes against a bare program's, and `up` from nothing."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Measure
from bench.session import own_platform
from local.environment import REPOSITORY
from local.progress import step
from local.stack import LocalStack

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE = "Pulumi"
REPEATS = 7
_LINKED = (".venv", "components", "pinot_as_code", "payment_outputs", "product_model", "data-product")
_PREVIEW = ("preview", "--expect-no-changes")


def run() -> list[Measure]:
    """Bring the stack up on a fresh platform, then preview it and a program that only imports."""
    with own_platform() as platform, tempfile.TemporaryDirectory(prefix="payments-bare-") as directory:
        stack = LocalStack(platform.environment)
        with step("pulumi up from nothing"):
            started = time.monotonic()
            stack.up()
            up = time.monotonic() - started
        bare = LocalStack(platform.environment, bare_program(Path(directory)))
        bare.up()
        with step(f"{2 * REPEATS} previews"):
            whole_seconds, bare_seconds = _previews(stack), _previews(bare)
    ratio = statistics.median(whole_seconds) / statistics.median(bare_seconds)
    return [
        Measure("`up` from nothing, the platform running", f"{up:.1f} s", "≤ 12 s"),
        Measure("preview without changes (median)", f"{statistics.median(whole_seconds):.2f} s"),
        Measure(
            "preview of a bare program with the same imports", f"{statistics.median(bare_seconds):.2f} s"
        ),
        Measure("preview without changes against the bare program", f"{ratio:.2f} times", "≤ 1.5 times"),
    ]


def bare_program(directory: Path) -> Path:
    """Write a program with the imports of the real one that makes nothing."""
    for name in _LINKED:
        (directory / name).symlink_to(REPOSITORY / name)
    for name in ("Pulumi.yaml", "Pulumi.local.yaml"):
        shutil.copyfile(REPOSITORY / name, directory / name)
    project = directory / "Pulumi.yaml"
    project.write_text(
        project.read_text().replace("name: payment-service-data-product", "name: bare-program", 1)
    )
    (directory / "__main__.py").write_text("\n".join(_imports()) + "\n")
    return directory


def _imports() -> Iterator[str]:
    """Yield the import lines of the real program; each stands on a line of its own."""
    for line in (REPOSITORY / "__main__.py").read_text().splitlines():
        if line.startswith(("import ", "from ")):
            yield line


def _previews(stack: LocalStack) -> list[float]:
    """Time previews in seconds, after two that fill caches."""
    seconds = []
    for _ in range(REPEATS + 2):
        started = time.monotonic()
        stack.capture(*_PREVIEW)
        seconds.append(time.monotonic() - started)
    return seconds[2:]
