"""The machine that figures come from."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path


def machine() -> str:
    """Describe processor, cores, memory, system and Java in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [f"{cores} cores of {_processor()}", _memory(), f"{platform.system()} {platform.release()}"]
    return ", ".join([*parts, _java(), f"Python {platform.python_version()}"])


def busy() -> str:
    """Say how busy the machine is now: the load average of the last minute."""
    return f"load average {os.getloadavg()[0]:.1f}"


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used so far, in seconds of one core (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _processor() -> str:
    cpu = Path("/proc/cpuinfo")
    if cpu.exists() and (found := re.search(r"^model name\s*:\s*(.+)$", cpu.read_text(), re.MULTILINE)):
        return found[1].strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    memory = Path("/proc/meminfo")
    if memory.exists() and (found := re.search(r"^MemTotal:\s*(\d+) kB", memory.read_text(), re.MULTILINE)):
        return f"{int(found[1]) / 2**20:.0f} GiB"
    return "memory unknown"


def _java() -> str:
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "([^"]+)"', said)
    return f"Java {found[1]}" if found else "Java unknown"
