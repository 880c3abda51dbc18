"""Processes of this machine that were started here, told apart from later ones that got the same number."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.failure import LocalFailureError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# A killed process is gone at once, unless the kernel waits for a disk on its behalf.
_KILL_SECONDS: Final = 10.0

_PROC: Final = Path("/proc")
_STARTED: Final = 19  # of the fields after the command's closing parenthesis: field 22 of /proc/<pid>/stat


def heed_interrupts() -> None:
    """Take SIGINT again where a shell told us to ignore it, as it tells what it starts in the background.

    Whoever we start would ignore it too, and Pulumi ends its plugins by that signal: each run would wait five
    seconds for them before it kills them.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def output_of(
    command: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    failure: str,
    standard_input: str | None = None,
) -> str:
    """Run a command to its end and return what it writes to stdout.

    Raises:
        LocalFailureError: it fails; the message is `failure` with all that the command said below it.

    """
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment,
        input=standard_input,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        message = f"{failure}:\n{(done.stdout + done.stderr).strip()}"
        raise LocalFailureError(message)
    return done.stdout


@dataclass(frozen=True)
class ProcessRecord:
    """A process by its number and its start (clock ticks since boot): a reused number has another start."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> ProcessRecord | None:
        """Return the record of the process that now has number `pid`, or None when there is none."""
        started = _started(pid)
        return None if started is None else cls(pid, started)

    def alive(self) -> bool:
        """Tell whether exactly this process still runs."""
        return _started(self.pid) == self.started


class ProcessRecords:
    """Which processes an environment has started, kept as files so that a later run can find and end them."""

    def __init__(self, directory: Path) -> None:
        """Keep the records in `directory`, made on the first `add`."""
        self._directory = directory

    def add(self, name: str, pid: int) -> None:
        """Record the process that now has number `pid` under `name`."""
        record = ProcessRecord.of(pid)
        if record is None:
            return  # ended already: there is nothing to find again
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / f"{name}.json").write_text(json.dumps(asdict(record)), encoding="utf-8")

    def get(self, name: str) -> ProcessRecord | None:
        """Return what was recorded under `name`."""
        file = self._directory / f"{name}.json"
        if not file.is_file():
            return None
        return ProcessRecord(**json.loads(file.read_text(encoding="utf-8")))

    def forget(self, name: str) -> None:
        """Forget one record."""
        (self._directory / f"{name}.json").unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget every record."""
        for file in self._files():
            file.unlink(missing_ok=True)

    def end_all(self, *, grace_seconds: float) -> tuple[str, ...]:
        """End what is still alive of the recorded processes, with their groups; return the names of those."""
        ended = []
        for file in self._files():
            record = self.get(file.stem)
            if record is not None and record.alive():
                _end(record, grace_seconds)
                ended.append(file.stem)
        return tuple(ended)

    def _files(self) -> Iterator[Path]:
        return self._directory.glob("*.json")


def resident_bytes(pid: int) -> int | None:
    """Return a process's resident memory in bytes, or None when it is gone."""
    try:
        pages = int((_PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _started(pid: int) -> str | None:
    try:
        fields = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *rest = fields.rpartition(")")[2].split()
    return None if state == "Z" else rest[_STARTED - 1]


def _end(record: ProcessRecord, grace_seconds: float) -> None:
    for number, patience in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, _KILL_SECONDS)):
        _signal(record, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not record.alive():
                return
            time.sleep(0.05)
    message = (
        f"Process {record.pid} cannot be ended, not even by SIGKILL; the kernel holds it (a hanging disk?)."
    )
    raise LocalFailureError(message)


def _signal(record: ProcessRecord, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # ended meanwhile
        if os.getpgid(record.pid) == record.pid:
            os.killpg(record.pid, number)
        else:
            os.kill(record.pid, number)
