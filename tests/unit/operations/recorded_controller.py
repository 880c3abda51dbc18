"""A controller that answers as a real one was recorded: no minion runs on a machine of tests."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EXCHANGES = Path(__file__).resolve().parents[2] / "data/pinot-1.5.1/exchanges-more.jsonl"


def recorded(case: str) -> Any:  # noqa: ANN401 - JSON
    """Return a recorded answer."""
    for line in _EXCHANGES.read_text(encoding="utf-8").splitlines():
        exchange = json.loads(line)
        if exchange["case"] == case:
            return exchange["response"]
    raise KeyError(case)


class Controller(BaseHTTPRequestHandler):
    """Answers a path with what a test put there: the first of several once, the last again and again.

    An answer may be a function of the request's body.
    """

    url: str
    answers: dict[str, list[tuple[int, Any]]]
    asked: list[tuple[str, str, Any]]

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length) or b"null")
        self.asked.append((self.command, self.path, body))
        waiting = self.answers[self.path.partition("?")[0]]
        status, answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        made: Callable[[Any], Any] | None = answer if callable(answer) else None
        content = json.dumps(answer if made is None else made(body)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer  # noqa: N815 - the base class asks for these names

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def controller() -> Iterator[type[Controller]]:
    """Serve on a free port."""
    handler: type[Controller] = type("Served", (Controller,), {"answers": {}, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield handler
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
