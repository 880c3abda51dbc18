"""Who holds a port, and what of its command is shown."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local import ports
from local.environment import free_ports

pytestmark = pytest.mark.unit


def test_a_free_port_is_held_by_nobody() -> None:
    (port,) = free_ports(1)
    assert ports.holder("127.0.0.1", port) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::"])  # noqa: S104 - for a moment, in a test
def test_a_listening_process_is_found_by_its_number(address: str) -> None:
    family = socket.AF_INET6 if address == "::" else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((address, 0))
        listener.listen()
        holder = ports.holder("127.0.0.1", listener.getsockname()[1])
    assert holder is not None
    assert holder.pid == os.getpid()
    assert str(holder).startswith(f"process {os.getpid()} (`{Path(sys.orig_argv[0]).name}")


def test_a_holder_that_the_kernel_hides_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ports, "_PROC", tmp_path)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        holder = ports.holder("127.0.0.1", listener.getsockname()[1])
    assert str(holder) == "a process of another user"


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--password", "hunter2", "--port=1"], "--password *** --port=1"),
        (["--api-token=hunter2", "serve"], "--api-token=*** serve"),
        (["DB_PASSWORD=hunter2"], "DB_PASSWORD=***"),
        (["x" * 300], "x" * 40),
    ],
)
def test_a_command_is_shown_short_and_without_secrets(arguments: list[str], shown: str) -> None:
    wait = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", wait, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        text = ports.command_of(process.pid)
        process.communicate()
    assert shown in text
    assert "hunter2" not in text
    assert len(text) <= 121


def test_a_process_that_is_gone_has_no_command() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert ports.command_of(process.pid) == "?"
