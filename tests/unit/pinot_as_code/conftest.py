"""Recorded configurations, and a small HTTP server that answers as it is told."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from pinot_as_code import transport
from pinot_as_code.client import PinotClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RECORDED = Path(__file__).parents[2] / "data" / "pinot-1.5.1"


@pytest.fixture(autouse=True)
def no_engine() -> None:
    """Log to stderr, as without an engine, even when an earlier test left the SDK's mocks in place."""
    pulumi.runtime.settings.reset_options()


@pytest.fixture
def accepted() -> Callable[[str], dict[str, Any]]:
    """Give a configuration that a real 1.5.1 accepted, by file name: a fresh copy that a test may spoil."""

    def read(name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((RECORDED / "accepted" / f"{name}.json").read_text("utf-8"))
        return document

    return read


@pytest.fixture(scope="session")
def exchanges() -> list[dict[str, Any]]:
    """Give every exchange recorded on a real 1.5.1."""
    lines: list[dict[str, Any]] = []
    for name in ("exchanges.jsonl", "exchanges-more.jsonl"):
        lines += [json.loads(line) for line in (RECORDED / name).read_text("utf-8").splitlines()]
    return lines


@dataclass
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Controller:
    """A server that answers each request with the next of the given answers, and the last one for ever."""

    url: str = ""
    answers: deque[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)

    def json(self, status: int, value: object) -> Controller:
        """Answer the next request with JSON."""
        return self.text(status, json.dumps(value), "application/json")

    def text(self, status: int, content: str, kind: str = "text/plain", **headers: str) -> Controller:
        """Answer the next request with a text."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(content.encode())))
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(content.encode())

        return self.act(answer)

    def act(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> Controller:
        """Answer the next request by a function."""
        self.answers.append(answer)
        return self


@pytest.fixture
def controller() -> Iterator[Controller]:
    """Give a server on a free port of this machine."""
    script = Controller()
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet an answer: two would wait for each other

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode() if length else ""
            with turn:
                script.requests.append(
                    Request(self.command, self.path, dict(self.headers), json.loads(body) if body else None)
                )
                chosen = script.answers.popleft() if len(script.answers) > 1 else script.answers[0]
            chosen(self)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names that the base class calls

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield script
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let repeats follow each other quickly: how long they wait is no part of what is tested."""
    monkeypatch.setattr(transport, "_FIRST_PAUSE", 0.01)


@pytest.fixture
def client(controller: Controller) -> PinotClient:
    """Give a client of that server."""
    return PinotClient(controller.url, call_seconds=5)
