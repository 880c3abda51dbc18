"""The local platform: Kafka, an S3 server, the Pinot engine and the operations as supervised processes."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from local import ports
from local.build_cache import writing_to
from local.environment import LOOPBACK, LocalEnvironment
from local.failure import LocalFailureError
from local.processes import ProcessRecords, resident_bytes
from local.progress import say, step
from local.services import PLATFORM, SERVICES, ServiceName, ServiceSpecification, specification
from local.supervision import Supervised, Supervision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

State = Literal["running", "not answering", "ended", "stopped"]

_SUPERVISOR: Final = "supervisord"
_RUNNING: Final = frozenset({"STARTING", "RUNNING"})
_LEFTOVER_GRACE_SECONDS: Final = 30.0
# The sample events and their segments take less; with nothing left Kafka would end in the middle of its work.
_ROOM_BYTES: Final = 512 * 2**20
_PROBE_BYTES: Final = 2**20


@dataclass(frozen=True)
class ServiceStatus:
    """What a service is doing. `ended` means that it was started and is gone although nobody stopped it."""

    name: ServiceName
    title: str
    state: State
    pid: int | None
    ports: tuple[int, ...]
    resident_bytes: int | None
    seconds: float | None
    detail: str


class Platform:
    """The services of one environment. Several processes may use it at once."""

    def __init__(self, environment: LocalEnvironment) -> None:
        """Look at, but do not start, the platform of `environment`."""
        self.environment = environment
        self._supervision = Supervision(environment)
        self._records = ProcessRecords(environment.home / "processes")

    def start(self, *services: ServiceName) -> None:
        """Start the services (by default Kafka, S3, Pinot) that do not run; wait until each answers.

        Raises `LocalFailureError` when a port is taken, the disk is full, a tool is missing, or a service
        does not come up; what was started by then goes on running, and the next start goes on from there.
        """
        wanted = [specification(name, self.environment) for name in services or PLATFORM]
        with self._alone():
            self._require_room()
            if not self._supervision.alive():
                self._end_leftovers()
            running = self._running()
            for service in wanted:
                if service.name not in running:
                    self._require_free_ports(service)
            commands = {service.name: service.prepare() for service in wanted}
            self.environment.remember_ports()
            self._supervision.ensure()
            self._records.add(_SUPERVISOR, self._supervision.process_id())
            for service in wanted:
                self._supervision.define(
                    service.name,
                    commands[service.name],
                    directory=service.directory,
                    stop_seconds=service.stop_seconds,
                    variables=service.variables,
                )
                self._supervision.start(service.name)
                self._record(service.name)
            for service in wanted:
                self._wait_until_ready(service, already=service.name in running)

    def stop(self, *services: ServiceName) -> None:
        """End these services; by default every one that this environment started, and its supervisor."""
        if not self.environment.home.is_dir():
            return
        with self._alone():
            if services:
                if self._supervision.alive():
                    for service in services:
                        self._supervision.stop(service)
                        self._records.forget(service)
                return
            if self._supervision.alive():
                with step("stopping the local platform"):
                    self._supervision.shutdown()
            self._end_leftovers()

    def restart(self, service: ServiceName) -> None:
        """End one service, if it runs, and start it again."""
        self._supervision.stop(service) if self._supervision.alive() else None
        self.start(service)

    def pid(self, service: ServiceName) -> int | None:
        """Return the number of a service's process, or None when it does not run."""
        supervised = self._supervision.services().get(service)
        if supervised is not None and supervised.state in _RUNNING:
            return supervised.pid
        record = self._records.get(service)
        return record.pid if record is not None and record.alive() else None

    def log(self, service: ServiceName) -> Path:
        """Return the file with a service's output."""
        return self._supervision.log(service)

    def status(self) -> tuple[ServiceStatus, ...]:
        """Return what each service is doing, in the order in which they are started."""
        supervised = self._supervision.services()
        return tuple(self._status(name, supervised.get(name)) for name in SERVICES)

    def _status(self, name: ServiceName, supervised: Supervised | None) -> ServiceStatus:
        service = specification(name, self.environment)
        pid = self.pid(name)
        state: State = "stopped"
        detail, seconds = "", None
        if pid is not None:
            answers = service.ready()
            state = "running" if answers else "not answering"
            detail = "" if answers else f"see {self.log(name)}"
            if supervised is None:
                detail = "its supervisor is gone; `make up` starts both again"
            else:
                seconds = time.time() - supervised.started
        elif self._records.get(name) is not None:
            state = "ended"
            detail = f"{_how_it_ended(supervised)}; see {self.log(name)}; `make up` starts it again"
        return ServiceStatus(
            name=name,
            title=service.title,
            state=state,
            pid=pid,
            ports=tuple(port for _, port in service.ports),
            resident_bytes=None if pid is None else resident_bytes(pid),
            seconds=seconds,
            detail=detail,
        )

    def _running(self) -> frozenset[str]:
        return frozenset(
            name for name, service in self._supervision.services().items() if service.state in _RUNNING
        )

    def _record(self, name: ServiceName) -> None:
        pid = self._supervision.services()[name].pid
        if pid is not None:
            self._records.add(name, pid)

    def _wait_until_ready(self, service: ServiceSpecification, *, already: bool) -> None:
        if already and service.ready():
            say(f"  ✓ {service.title} is running")
            return
        on = " and ".join(str(port) for _, port in service.ports)
        with step(f"starting {service.title}{on and f' on {on}'}"):
            deadline = time.monotonic() + service.ready_seconds
            while not service.ready():
                if self._supervision.services()[service.name].state not in _RUNNING:
                    raise LocalFailureError(self._did_not_come_up(service, "ended while it was starting"))
                if time.monotonic() > deadline:
                    silent = f"does not answer after {service.ready_seconds} s"
                    raise LocalFailureError(self._did_not_come_up(service, silent))
                time.sleep(0.05)
            if self._supervision.services()[service.name].state not in _RUNNING:
                # Somebody else answered.
                raise LocalFailureError(self._did_not_come_up(service, "ended while it was starting"))

    def _did_not_come_up(self, service: ServiceSpecification, what: str) -> str:
        log = self.log(service.name)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
        return "\n".join((f"{service.title} {what}. The end of its log ({log}):", *lines[-15:]))

    def _end_leftovers(self) -> None:
        for name in self._records.end_all(grace_seconds=_LEFTOVER_GRACE_SECONDS):
            say(f"  ✓ ended {name}, which its supervisor had left behind")
        self._records.clear()

    def _require_free_ports(self, service: ServiceSpecification) -> None:
        for variable, port in service.ports:
            holder = ports.holder(LOOPBACK, port)
            if holder is not None:
                message = (
                    f"Port {port}, which {service.title} needs, is held by {holder}. End that process, "
                    f"or set {variable} to a free port."
                )
                raise LocalFailureError(message)

    def _require_room(self) -> None:
        home = self.environment.home
        with writing_to(home):
            probe = home / f".room-{os.getpid()}"
            try:
                with probe.open("wb") as file:
                    file.write(bytes(_PROBE_BYTES))
                    file.flush()
                    os.fsync(file.fileno())
            finally:
                probe.unlink(missing_ok=True)
        free = shutil.disk_usage(home).free
        if free < _ROOM_BYTES:
            message = (
                f"The disk of {home} has {free // 2**20} MiB left; the platform needs "
                f"{_ROOM_BYTES // 2**20} MiB. Free some space, or set PAYMENTS_HOME to another disk."
            )
            raise LocalFailureError(message)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep a second `start` or `stop` of the same environment waiting until this one is done."""
        home = self.environment.home
        with writing_to(home):
            home.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _how_it_ended(supervised: Supervised | None) -> str:
    if supervised is None:
        return "gone together with its supervisor"
    at = time.strftime("%H:%M:%S", time.localtime(supervised.stopped))
    if supervised.exit_status < 0:
        return f"killed by a signal at {at}"
    return f"ended with exit status {supervised.exit_status} at {at}"
