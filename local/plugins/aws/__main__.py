"""Serve the stand-in on a free port of 127.0.0.1; its number is the first line on stdout, for the engine."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc

from local.plugins.aws.protocol import provider_pb2_grpc
from local.plugins.aws.provider import AwsStandIn

LARGEST_MESSAGE: Final = 400 * 1024 * 1024
"""Bytes; as the engine's own limit."""
CHECK_PARENT_SECONDS: Final = 2.0


def main() -> int:
    """Serve until the engine ends the process, or is gone itself."""
    parent = os.getppid()
    server = grpc.server(
        ThreadPoolExecutor(max_workers=8),
        options=[("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.so_reuseport", 0)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsStandIn(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=None))
    server.start()
    print(port, flush=True)
    while server.wait_for_termination(timeout=CHECK_PARENT_SECONDS):
        if os.getppid() != parent:  # the engine was killed and cannot end its plugins any more
            server.stop(grace=None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
