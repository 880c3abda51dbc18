"""Progress of long steps, for a person at a terminal and for the log of a CI run alike: plain lines."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A step that says nothing for longer than this looks stuck.
_REMINDER_SECONDS = 15.0


def say(line: str) -> None:
    """Write one line to stderr: stdout belongs to answers, so that they can be piped."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Announce a step, remind of it while it runs, and tell how long it took (wall-clock seconds)."""
    started = time.monotonic()
    ended = threading.Event()

    def remind() -> None:
        while not ended.wait(_REMINDER_SECONDS):
            say(f"  … {what} ({time.monotonic() - started:.0f} s)")

    say(f"  → {what}")
    reminder = threading.Thread(target=remind, name="progress", daemon=True)
    reminder.start()
    try:
        yield
    except BaseException:
        say(f"  ✗ {what} ({time.monotonic() - started:.1f} s)")
        raise
    finally:
        ended.set()
        reminder.join()
    say(f"  ✓ {what} ({time.monotonic() - started:.1f} s)")
