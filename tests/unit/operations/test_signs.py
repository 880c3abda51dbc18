"""What a running loader shows of itself."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from operations.archive.layout import Hour, Kind
from operations.offline.load import Loaded, PassResult, Problem
from operations.offline.signs import SILENT_SECONDS, Signs

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
HOUR = Hour.parse("2026-03-14T09")
NOBODY = "http://127.0.0.1:9"


def test_a_pass_is_counted() -> None:
    signs = Signs()
    loaded = [Loaded(Kind.BOOKED, HOUR, 1, rows, 0.5) for rows in (3, 4)]
    signs.passed(PassResult(loaded=loaded, problems=[Problem(Kind.BOOKED, HOUR, "gone")]))
    signs.passed(PassResult())
    lines = signs.measures.text().splitlines()
    assert "payments_offline_hours_loaded_total 2" in lines
    assert "payments_offline_rows_loaded_total 7" in lines
    assert "payments_offline_problem_hours 0" in lines, "a gauge is of the last pass"
    assert "# TYPE payments_offline_waiting_hours gauge" in lines


def test_a_loader_that_does_nothing_for_too_long_is_not_well() -> None:
    now = [0.0]
    signs = Signs(lambda: now[0])
    now[0] = SILENT_SECONDS - 1
    assert signs.healthy
    now[0] = SILENT_SECONDS
    assert not signs.healthy
    signs.alive()
    assert signs.healthy


def test_the_command_serves_them_and_is_well_while_the_archive_is_away(tmp_path: Path) -> None:
    """A restart would not bring S3 back, so the probe must not ask for one."""
    options = ["--archive-bucket", "archive", "--s3-endpoint", NOBODY, "--controller", NOBODY]
    options += ["--broker", NOBODY, "--metrics-port", "0"]
    said = tmp_path / "said"
    environment = {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "PATH": "/usr/bin:/bin",
    }
    with (
        said.open("w") as out,
        subprocess.Popen(
            [sys.executable, "-m", "operations.offline", "run", *options],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            url = _address(said)
            with urllib.request.urlopen(f"{url}/health") as answer:  # noqa: S310 - our own process
                assert answer.status == 200
            with urllib.request.urlopen(f"{url}/metrics") as answer:  # noqa: S310 - our own process
                assert b"# TYPE payments_offline_hours_loaded_total counter" in answer.read()
        finally:
            process.send_signal(signal.SIGKILL)


def _address(said: Path) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for line in said.read_text().splitlines():
            if line.startswith("measures on "):
                return line.removeprefix("measures on ").removesuffix("/metrics")
        time.sleep(0.05)
    pytest.fail(f"the loader told no address: {said.read_text()}")
