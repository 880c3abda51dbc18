"""Serve a stand-in on a free port of 127.0.0.1, and put its launcher where the engine looks for plugins."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.plugins.offline.provider import OfflineProvider

LARGEST_MESSAGE: Final = 400 * 1024 * 1024
"""Bytes; as the engine's own limit."""
CHECK_PARENT_SECONDS: Final = 2.0
REPOSITORY: Final = Path(__file__).resolve().parents[3]


def serve(make: Callable[[str | None], OfflineProvider], arguments: list[str]) -> int:
    """Serve until the engine ends the process, or is gone itself. The port is the first line on stdout."""
    parent = os.getppid()
    engine = arguments[-1] if arguments and not arguments[-1].startswith("-") else None
    server = grpc.server(
        ThreadPoolExecutor(max_workers=8),
        options=[("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.so_reuseport", 0)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(make(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=None))
    server.start()
    print(port, flush=True)
    while server.wait_for_termination(timeout=CHECK_PARENT_SECONDS):
        if os.getppid() != parent:  # the engine was killed and cannot end its plugins any more
            server.stop(grace=None)
    return 0


def place(pulumi_home: Path, package: str, *module: str) -> Path:
    """Put a launcher for a package's stand-in under a PULUMI_HOME, and return its path.

    Args:
        pulumi_home: a directory of its own; never the user's, whose plugins are the real ones.
        package: the provider's name; its SDK must be installed.
        module: the module to run, with arguments.

    """
    name = f"pulumi-resource-{package}"
    path = pulumi_home / "plugins" / f"resource-{package}-v{version(f'pulumi-{package}')}" / name
    command = shlex.join((sys.executable, "-u", "-m", *module))
    path.parent.mkdir(parents=True, exist_ok=True)
    # From the repository: a program elsewhere may have a package `local` of its own.
    script = f'#!/bin/sh\ncd {shlex.quote(str(REPOSITORY))} || exit 1\nexec {command} "$@"\n'
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(script, encoding="utf-8")
    fresh.chmod(0o755)
    fresh.replace(path)  # a plugin that is being started sees the old script or the new one, never half of it
    return path
