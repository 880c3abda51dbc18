"""A Pinot engine of a test's own: another instance id, another data directory, authentication."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import requests

from local.environment import LOOPBACK, free_ports
from local.pinot_engine import healthy, installation, serve_arguments

if TYPE_CHECKING:
    from pathlib import Path

ADMIN: Final = ("admin", "the-admins-password")

_READY_SECONDS: Final = 60
_STOP_SECONDS: Final = 20


@dataclass(frozen=True)
class Answer:
    """An answer's status and body; the body as JSON where it is JSON."""

    status: int
    body: Any


class EngineProcess:
    """One running engine. Its log is beside its data directory."""

    def __init__(self, data: Path, arguments: list[str]) -> None:
        """Start the engine on free ports and wait until it is ready."""
        self.data = data
        self.log = data.with_suffix(".log")
        self._ports = dict(zip(("controller", "broker"), free_ports(2), strict=True))
        command = installation().command(
            *serve_arguments(data, self._ports["controller"], self._ports["broker"]), *arguments
        )
        environ = {
            **os.environ,
            "PINOT_ADMIN_PASSWORD": ADMIN[1],
            # It lives for seconds: the second compiler would optimise what is never run again.
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environ)
        self._session = requests.Session()
        deadline = time.monotonic() + _READY_SECONDS
        while not healthy(self._ports["controller"]):
            if self._process.poll() is not None or time.monotonic() > deadline:
                message = f"The engine did not come up:\n{self.log.read_text(encoding='utf-8')[-2000:]}"
                raise AssertionError(message)
            time.sleep(0.05)

    def url(self, path: str, service: str = "controller") -> str:
        """Return the URL of a path of a service, which is `controller` or `broker`."""
        return f"http://{LOOPBACK}:{self._ports[service]}{path}"

    def ask(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        service: str = "controller",
        credentials: tuple[str, str] | None = None,
        rows: list[dict[str, Any]] | None = None,
    ) -> Answer:
        """Send a request; `rows` go as a multipart file of JSON lines."""
        lines = None if rows is None else "\n".join(json.dumps(row) for row in rows)
        answer = self._session.request(
            method,
            self.url(path, service),
            data=None if body is None else body.encode(),
            files=None if lines is None else {"file": ("rows.json", lines)},
            headers={} if body is None else {"Content-Type": "application/json"},
            auth=credentials,
            timeout=60,
        )
        try:
            return Answer(answer.status_code, answer.json())
        except requests.JSONDecodeError:
            return Answer(answer.status_code, answer.text)

    def stop(self) -> None:
        """End the engine as a supervisor does, and wait."""
        self._session.close()
        self._process.terminate()
        self._process.wait(_STOP_SECONDS)

    def kill(self) -> None:
        """End the engine as the kernel does when memory runs out."""
        self._session.close()
        self._process.kill()
        self._process.wait(_STOP_SECONDS)
