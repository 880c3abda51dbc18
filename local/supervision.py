"""supervisord, kept privately under the environment's home, and spoken to over its unix socket.

A service that ends is not started again: a developer who killed a part, or whose part was killed for want
of memory, shall see that it is gone.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from supervisor.xmlrpc import Faults, SupervisorTransport

from local.build_cache import writing_to
from local.failure import LocalFailureError
from local.processes import ProcessRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.environment import LocalEnvironment

# sun_path of a unix socket holds 108 bytes with the closing zero; supervisord binds to "<path>.<pid>" first.
_LONGEST_SOCKET_PATH: Final = 107 - len(".4194304")

_OPEN_FILES: Final = 65536
_START_SECONDS: Final = 15


@dataclass(frozen=True)
class Supervised:
    """What supervisord says of a service. `exit_status` is -1 when a signal ended it."""

    state: str
    pid: int | None
    exit_status: int
    started: int
    stopped: int


class Supervision:
    """The supervisor of one environment."""

    def __init__(self, environment: LocalEnvironment) -> None:
        """Look at, but do not start, the supervisor of `environment`."""
        self._environment = environment
        self._home = environment.home
        self._logs = environment.logs
        self._directory = environment.home / "supervisor"
        self._socket = _socket_path(self._directory)

    @property
    def pid_file(self) -> Path:
        """File with supervisord's own pid."""
        return self._directory / "supervisord.pid"

    def log(self, service: str) -> Path:
        """Return the file that a service's output goes to."""
        return self._logs / f"{service}.log"

    def alive(self) -> bool:
        """Tell whether supervisord answers."""
        try:
            self._call("supervisor.getState")
        except (OSError, http.client.HTTPException):
            return False
        return True

    def ensure(self) -> None:
        """Start supervisord if it does not run; raises `LocalFailureError` when it does not come up."""
        if self.alive():
            return
        with writing_to(self._home):
            for directory in (self._directory / "services", self._logs, self._socket.parent):
                directory.mkdir(parents=True, exist_ok=True)
            self._socket.parent.chmod(0o700)
            self._socket.unlink(missing_ok=True)  # of a supervisord that was killed
            configuration = self._directory / "supervisord.conf"
            configuration.write_text(self._configuration(), encoding="utf-8")
        run = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration)],
            env=self._environment.inherited(),
            capture_output=True,
            text=True,
            check=False,
        )
        deadline = time.monotonic() + _START_SECONDS
        while not self.alive():
            if run.returncode != 0 or time.monotonic() > deadline:
                message = f"supervisord did not start: {(run.stderr + run.stdout).strip()[-500:]}"
                raise LocalFailureError(message)
            time.sleep(0.05)

    def define(
        self,
        service: str,
        command: list[str],
        *,
        directory: Path,
        stop_seconds: int,
        variables: Mapping[str, str],
    ) -> None:
        """Tell supervisord how a service is run. One that runs by another definition is ended first."""
        section = {
            "command": shlex.join(command),
            "directory": str(directory),
            "environment": ",".join(f'{name}="{value}"' for name, value in variables.items()),
            "autostart": "false",
            "autorestart": "false",
            "startsecs": "0",
            "stopwaitsecs": str(stop_seconds),
            "stopasgroup": "true",
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": str(self.log(service)),
            "stdout_logfile_maxbytes": "20MB",
            "stdout_logfile_backups": "2",
        }
        # supervisord expands % in every value.
        lines = [f"{name}={value.replace('%', '%%')}\n" for name, value in section.items()]
        with writing_to(self._home):
            file = self._directory / "services" / f"{service}.conf"
            file.write_text(f"[program:{service}]\n{''.join(lines)}", encoding="utf-8")
        ((added, changed, removed),) = self._call("supervisor.reloadConfig")
        for group in (*changed, *removed):
            self._call("supervisor.stopProcessGroup", group)
            self._call("supervisor.removeProcessGroup", group)
        for group in (*added, *changed):
            self._call("supervisor.addProcessGroup", group)

    def start(self, service: str) -> None:
        """Start a defined service; returns before it is ready."""
        try:
            self._call("supervisor.startProcess", service)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != Faults.ALREADY_STARTED:
                message = (
                    f"{service} could not be started: {fault.faultString}. Its log is {self.log(service)}."
                )
                raise LocalFailureError(message) from fault

    def stop(self, service: str) -> None:
        """End a service and wait until it is gone."""
        with contextlib.suppress(xmlrpc.client.Fault):  # it was not running, or was never defined
            self._call("supervisor.stopProcess", service)

    def shutdown(self) -> None:
        """End every service and supervisord itself, and wait until all are gone."""
        supervisor = ProcessRecord.of(self.process_id())
        self._call("supervisor.shutdown")
        while supervisor is not None and supervisor.alive():
            time.sleep(0.05)
        if self._socket.parent != self._directory:
            shutil.rmtree(self._socket.parent, ignore_errors=True)

    def process_id(self) -> int:
        """Return supervisord's own pid."""
        return int(self._call("supervisor.getPID"))

    def services(self) -> dict[str, Supervised]:
        """Return what supervisord knows of its services; nothing when it does not run."""
        if not self.alive():
            return {}
        return {
            info["name"]: Supervised(
                state=info["statename"],
                pid=info["pid"] or None,
                exit_status=info["exitstatus"],
                started=info["start"],
                stopped=info["stop"],
            )
            for info in self._call("supervisor.getAllProcessInfo")
        }

    def _call(self, method: str, *arguments: str) -> Any:  # noqa: ANN401 - XML-RPC is untyped
        transport = SupervisorTransport(None, None, serverurl=f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            return getattr(proxy, method)(*arguments)

    def _configuration(self) -> str:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        files = _OPEN_FILES if most == resource.RLIM_INFINITY else min(_OPEN_FILES, most)
        quoted = {
            name: str(path).replace("%", "%%")
            for name, path in (
                ("socket", self._socket),
                ("log", self._logs / "supervisord.log"),
                ("pid", self.pid_file),
                ("services", self._directory / "services"),
            )
        }
        user = "user=root\n" if os.getuid() == 0 else ""  # it warns when root runs it without saying so
        return (
            f"[unix_http_server]\nfile={quoted['socket']}\nchmod=0600\n\n"
            f"[supervisord]\nlogfile={quoted['log']}\nlogfile_maxbytes=5MB\nlogfile_backups=1\n"
            f"pidfile={quoted['pid']}\nminfds={files}\nnocleanup=true\n{user}\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\n"
            f"[include]\nfiles={quoted['services']}/*.conf\n"
        )


def _socket_path(directory: Path) -> Path:
    path = directory / "supervisor.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    # The kernel allows no longer address: a short directory that only this user can enter stands for the
    # home.
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"payments-{os.getuid()}-{digest}" / "supervisor.sock"
    if len(os.fsencode(short)) > _LONGEST_SOCKET_PATH:
        message = (
            f"{directory} and {tempfile.gettempdir()} are both too long for a unix socket; "
            "set PAYMENTS_HOME or TMPDIR to a shorter path."
        )
        raise LocalFailureError(message)
    return short
