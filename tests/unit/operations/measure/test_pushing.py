"""A run's figures as a Pushgateway takes them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from operations.measure.pushing import push

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.unit

SAMPLES = "# TYPE payments_measured_events gauge\npayments_measured_events 3\n"


@contextmanager
def gateway(status: int, got: list[tuple[str, str, bytes]]) -> Iterator[str]:
    """Serve what answers every PUT with a status."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.command, self.path, body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_run_takes_the_place_of_the_last_one() -> None:
    got: list[tuple[str, str, bytes]] = []
    with gateway(200, got) as url:
        push(url, SAMPLES)
    assert got == [("PUT", "/metrics/job/payments-measure", SAMPLES.encode())]


def test_a_gateway_that_refuses_is_told() -> None:
    with gateway(400, []) as url, pytest.raises(ValueError, match="it answered 400; the figures stand"):
        push(url, SAMPLES)


def test_a_gateway_that_is_away_is_told() -> None:
    with gateway(200, []) as url:
        pass
    with pytest.raises(ValueError, match=r"--push http://127.*it does not answer \(ConnectionError\)"):
        push(url, SAMPLES)
