"""A plugin's process: a gRPC server on a free port of 127.0.0.1, for as long as the engine wants it."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_MESSAGE: Final = 400 * 1024 * 1024
"""Bytes; as the engine's own limit."""
CHECK_PARENT_SECONDS: Final = 2.0


def serve(add: Callable[[grpc.Server], None]) -> int:
    """Serve until the engine ends the process, or is gone itself. The port is the first line on stdout.

    Args:
        add: adds the provider to the server.

    """
    parent = os.getppid()
    server = grpc.server(
        ThreadPoolExecutor(max_workers=8),
        options=[("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.so_reuseport", 0)],
    )
    add(server)
    port = server.add_insecure_port("127.0.0.1:0")
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=None))
    server.start()
    print(port, flush=True)
    while server.wait_for_termination(timeout=CHECK_PARENT_SECONDS):
        if os.getppid() != parent:  # the engine was killed and cannot end its plugins any more
            server.stop(grace=None)
    return 0
