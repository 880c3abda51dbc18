"""The scripts that Pulumi's engine starts as plugins: each runs a module of this repository."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Final

_REPOSITORY: Final = Path(__file__).resolve().parents[2]


def write_launcher(path: Path, *module: str) -> None:
    """Write the script that runs a module, with arguments; one that is there already stays.

    It runs in the repository: a program elsewhere may have a package `local` of its own.
    """
    command = shlex.join((sys.executable, "-u", "-m", *module))
    script = f'#!/bin/sh\ncd {shlex.quote(str(_REPOSITORY))} || exit 1\nexec {command} "$@"\n'
    if path.is_file() and path.read_text(encoding="utf-8") == script and os.access(path, os.X_OK):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(script, encoding="utf-8")
    fresh.chmod(0o755)
    fresh.replace(path)  # a plugin that is being started sees the old script or the new one, never half of it
