"""Processes are told apart from later ones with the same number, and ended with their groups."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from local.processes import ProcessRecord, ProcessRecords, resident_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.unit

# Starts a child, tells its number, and waits; both ignore nothing.
PARENT = (
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(child.pid, flush=True); time.sleep(60)"
)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


@pytest.fixture
def records(tmp_path: Path) -> ProcessRecords:
    return ProcessRecords(tmp_path / "processes")


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _start(started: list[subprocess.Popen[str]], code: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    started.append(process)
    assert process.stdout is not None
    return process, process.stdout.readline()


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while ProcessRecord.of(pid) is not None:
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


def test_a_recorded_process_is_ended_together_with_its_children(
    records: ProcessRecords, started: list[subprocess.Popen[str]]
) -> None:
    process, line = _start(started, PARENT)
    records.add("kafka", process.pid)
    assert records.end_all(grace_seconds=5) == ("kafka",)
    _wait_until_gone(process.pid)
    _wait_until_gone(int(line))


def test_one_that_does_not_listen_is_killed(
    records: ProcessRecords, started: list[subprocess.Popen[str]]
) -> None:
    process, _ = _start(started, DEAF)
    records.add("pinot", process.pid)
    assert records.end_all(grace_seconds=0.2) == ("pinot",)
    assert process.wait(5) == -9


def test_a_later_process_with_the_same_number_is_left_alone(
    records: ProcessRecords, started: list[subprocess.Popen[str]], tmp_path: Path
) -> None:
    process, _ = _start(started, PARENT)
    records.add("kafka", process.pid)
    file = tmp_path / "processes" / "kafka.json"
    file.write_text(f'{{"pid": {process.pid}, "started": "1"}}', encoding="utf-8")
    assert records.end_all(grace_seconds=1) == ()
    assert process.poll() is None


def test_a_process_that_has_ended_is_not_recorded_and_not_alive(records: ProcessRecords) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    _wait_until_gone(process.pid)  # it is a zombie then: ended, but not yet waited for
    records.add("s3", process.pid)
    assert records.get("s3") is None
    process.wait()


def test_records_can_be_forgotten(records: ProcessRecords) -> None:
    records.add("s3", os.getpid())
    found = records.get("s3")
    assert found is not None
    assert found.alive()
    records.clear()
    assert records.get("s3") is None


def test_resident_memory_is_that_of_the_process() -> None:
    resident = resident_bytes(os.getpid())
    assert resident is not None
    assert 5 * 2**20 < resident < 5 * 2**30
    assert resident_bytes(2**22 + 1) is None


def test_interrupts_reach_what_a_background_job_starts() -> None:
    """Else Pulumi, which ends its plugins by them, would wait five seconds for each run of ours."""
    child = "import signal, sys; sys.exit(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    ours = (
        "import subprocess, sys; from local.processes import heed_interrupts; {first};"
        f"sys.exit(subprocess.run([sys.executable, '-c', {child!r}]).returncode)"
    )
    deaf, heeding = (
        subprocess.run(
            ["sh", "-c", 'trap \'\' INT; exec "$0" -c "$1"', sys.executable, ours.format(first=first)],
            check=False,
        ).returncode
        for first in ("0", "heed_interrupts()")
    )
    assert (deaf, heeding) == (1, 0)
