"""Who listens on a TCP port of this machine, as far as the kernel tells this user."""

from __future__ import annotations

import errno
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LISTENING: Final = "0A"  # TCP_LISTEN in /proc/net/tcp
_PROC: Final = Path("/proc")
_SECRET: Final = re.compile(r"(?i)(pass|secret|token|key|credential)")
_LONGEST_COMMAND: Final = 120


@dataclass(frozen=True)
class Holder:
    """The process that listens on a port; `pid` is None where the kernel hides it (another user's)."""

    pid: int | None
    command: str

    def __str__(self) -> str:
        """Name the process the way a message does."""
        if self.pid is None:
            return "a process of another user"
        return f"process {self.pid} (`{self.command}`)"


def holder(host: str, port: int) -> Holder | None:
    """Return who holds `port` of `host`, or None when it can be bound."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: a connection in TIME_WAIT is in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return None
    pid = _listener(port)
    return Holder(pid, "" if pid is None else command_of(pid))


def command_of(pid: int) -> str:
    """Return a process's command, shortened, with whatever looks like a secret left out."""
    try:
        words = (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return "?"
    shown: list[str] = [Path(words[0]).name]
    hide_next = False
    for word in words[1:]:
        if hide_next:
            shown.append("***")
            hide_next = False
            continue
        option, equals, _ = word.partition("=")
        if _SECRET.search(option):
            shown.append(f"{option}=***" if equals else option)
            hide_next = not equals and option.startswith("-")
        else:
            shown.append(word)
    text = " ".join(shown)
    return text if len(text) <= _LONGEST_COMMAND else f"{text[:_LONGEST_COMMAND]}…"


def _listener(port: int) -> int | None:
    inodes = _listening_inodes(port)
    for process in _PROC.glob("[0-9]*"):
        try:
            for descriptor in (process / "fd").iterdir():
                if str(descriptor.readlink()) in inodes:
                    return int(process.name)
        except OSError:
            continue  # ended meanwhile, or not ours to look into
    return None


def _listening_inodes(port: int) -> frozenset[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            local_port = int(columns[1].rpartition(":")[2], 16)
            if local_port == port and columns[3] == _LISTENING:
                found.add(f"socket:[{columns[9]}]")
    return frozenset(found)
