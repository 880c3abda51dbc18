"""A way to a server that can be closed and opened again."""

from __future__ import annotations

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import urlsplit

_PATIENCE_SECONDS: Final = 60


class RefusingProxy:
    """Passes HTTP requests on, or answers none of them: the connection ends without a word."""

    def __init__(self, target: str) -> None:
        """Listen on a free port."""
        place = urlsplit(target)
        self.refused = self.passed = 0
        self._refusing = False
        self._passes = -1
        lock = threading.Lock()

        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                with lock:
                    proxy._refusing = proxy._refusing or proxy.passed == proxy._passes
                    if proxy._refusing:
                        proxy.refused += 1
                        self.close_connection = True
                        return
                    proxy.passed += 1
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server = http.client.HTTPConnection(place.hostname or "", place.port or 80, timeout=60)
                server.request(self.command, self.path, body, dict(self.headers))
                answer = server.getresponse()
                content = answer.read()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                server.close()

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any  # noqa: N815 - the base class's names

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class's
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Begin to listen."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no longer."""
        self._server.shutdown()
        self._server.server_close()

    def refuse(self) -> None:
        """Answer no request from now on."""
        self._refusing = True

    def refuse_after(self, requests: int) -> None:
        """Pass so many requests, and answer none from then on."""
        self._passes = requests

    def serve(self) -> None:
        """Pass requests on again."""
        self._refusing = False

    def wait_for_connections(self, count: int) -> None:
        """Wait until so many requests were passed on."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.passed < count:
            assert time.monotonic() < deadline, "nobody asked for anything"
            time.sleep(0.02)
