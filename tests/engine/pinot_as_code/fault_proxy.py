"""A proxy in front of a controller that breaks what passes through it, by a seed."""

from __future__ import annotations

import contextlib
import http.client
import random
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

Answer = tuple[int, str, bytes]
"""Status, content type and content."""

FAULTS: Final = (
    "unavailable",
    "bad gateway",
    "proxy page",
    "login page",
    "expired",
    "lost before",
    "lost after",
    "half after",
    "cut after",
    "late before",
    "late after",
)
"""What can happen to a request. "before": the controller never saw it; "after": it acted on it."""
_LATE_SECONDS: Final = 0.3


@dataclass
class FaultProxy:
    """Listens on a port of its own and passes requests on, or not."""

    target: str
    rate: float = 0.0
    """Share of requests that something happens to."""
    tls: ssl.SSLContext | None = None
    """Certificate and key, when it shall speak TLS."""
    happened: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where to send requests."""
        assert self._server is not None
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self._server.server_address[1]}"

    def begin(self, seed: int, rate: float) -> None:
        """Break a share of what comes from now on, by a seed."""
        with self._lock:
            self._random, self.rate = random.Random(seed), rate  # noqa: S311 - no secret

    def fault(self) -> str | None:
        """Return what happens to the next request."""
        with self._lock:
            if self.rate == 0.0 or self._random.random() >= self.rate:
                return None
            chosen = self._random.choice(FAULTS)
            self.happened[chosen] = self.happened.get(chosen, 0) + 1
            return chosen

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Pass a request on and return the answer."""
        target = urlsplit(self.target)
        connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=30)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            return response.status, response.headers.get("Content-Type", ""), response.read()
        finally:
            connection.close()

    @contextlib.contextmanager
    def running(self) -> Iterator[FaultProxy]:
        """Listen as long as the context lasts."""
        self.begin(0, self.rate)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        if self.tls is not None:
            # The handshake belongs to the connection's own thread: one that fails must not end the listening.
            self._server.socket = self.tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # the client tells it
        thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def pass_on(self) -> None:
            """Answer one request, or break it."""
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else b""
            kept = {
                key: value for key, value in self.headers.items() if key in {"Authorization", "Content-Type"}
            }
            fault = proxy.fault()
            with contextlib.suppress(OSError):  # the client did not wait
                _BREAKS.get(fault, _whole)(self, lambda: proxy.forward(self.command, self.path, kept, body))

        do_GET = do_POST = do_PUT = do_DELETE = pass_on  # noqa: N815 - names that the base class calls

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    return Handler


Forward = "Callable[[], Answer]"


def _send(handler: BaseHTTPRequestHandler, answer: Answer, length: int | None = None) -> None:
    status, kind, content = answer
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content)
    handler.wfile.flush()


def _whole(handler: BaseHTTPRequestHandler, forward: Callable[[], Answer]) -> None:
    _send(handler, forward())


def _page(status: int, text: str) -> Callable[[BaseHTTPRequestHandler, Callable[[], Answer]], None]:
    def answer(handler: BaseHTTPRequestHandler, _: Callable[[], Answer]) -> None:
        _send(handler, (status, "text/html", f"<html><body>{text}</body></html>".encode()))

    return answer


def _json(status: int, text: str) -> Callable[[BaseHTTPRequestHandler, Callable[[], Answer]], None]:
    def answer(handler: BaseHTTPRequestHandler, _: Callable[[], Answer]) -> None:
        _send(handler, (status, "application/json", f'{{"code":{status},"error":"{text}"}}'.encode()))

    return answer


def _lost_before(handler: BaseHTTPRequestHandler, _: Callable[[], Answer]) -> None:
    handler.close_connection = True


def _lost_after(handler: BaseHTTPRequestHandler, forward: Callable[[], Answer]) -> None:
    forward()
    handler.close_connection = True


def _half_after(handler: BaseHTTPRequestHandler, forward: Callable[[], Answer]) -> None:
    status, kind, content = forward()
    _send(handler, (status, kind, content[: len(content) // 2]), len(content))
    handler.close_connection = True


def _cut_after(handler: BaseHTTPRequestHandler, forward: Callable[[], Answer]) -> None:
    status, kind, content = forward()
    _send(handler, (status, kind, content[: len(content) // 2]))


def _late_before(handler: BaseHTTPRequestHandler, _: Callable[[], Answer]) -> None:
    time.sleep(_LATE_SECONDS)
    handler.close_connection = True


def _late_after(handler: BaseHTTPRequestHandler, forward: Callable[[], Answer]) -> None:
    answer = forward()
    time.sleep(_LATE_SECONDS)
    _send(handler, answer)


_BREAKS: Final[dict[str | None, Callable[[BaseHTTPRequestHandler, Callable[[], Answer]], None]]] = {
    "unavailable": _json(503, "no controller leads"),
    "bad gateway": _page(502, "Bad Gateway"),
    "proxy page": _page(504, "Gateway Timeout"),
    "login page": _page(200, "Sign in"),
    "expired": _json(401, "token expired"),
    "lost before": _lost_before,
    "lost after": _lost_after,
    "half after": _half_after,
    "cut after": _cut_after,
    "late before": _late_before,
    "late after": _late_after,
}
