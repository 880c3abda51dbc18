"""Built things in the user's cache: each in a directory named by the content that it was built from.

A directory is either complete or absent: it is built under another name and renamed at the end. Two runs that
want the same thing build it once: the second waits for the first's lock, and the kernel drops the lock of a
run that dies.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local.failure import LocalFailureError
from local.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_KEY_LENGTH = 16

# Builds of earlier sources go, but for a few that a developer may come back to, and but for those that a
# running process may still be reading.
_KEPT_BUILDS = 3
_SURELY_UNUSED_AFTER_SECONDS = 24 * 3600


def content_key(root: Path, files: Iterable[Path], *facts: str) -> str:
    """Return a key that changes with the path below `root` or the content of any file, and with any fact."""
    digest = hashlib.sha256()
    for fact in facts:
        digest.update(f"{fact}\0".encode())
    for file in sorted(files):
        digest.update(f"{file.relative_to(root)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:_KEY_LENGTH]


def cached(cache: Path, name: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return the directory `<cache>/<name>-<key>`, having `build` fill it when it is not there.

    Raises `LocalFailureError` when the cache cannot be written; whatever `build` raises passes through, and
    nothing of the failed build stays behind.
    """
    finished = cache / f"{name}-{key}"
    if finished.is_dir():
        _mark_used(finished)
        return finished
    with writing_to(cache):
        cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / f"{name}.lock", waiting_for=name):
        if finished.is_dir():
            return finished
        for leftover in cache.glob(f"{name}-*.partial"):  # we hold the lock: whoever made it is dead
            shutil.rmtree(leftover, ignore_errors=True)
        partial = cache / f"{name}-{key}.partial"
        try:
            with writing_to(cache):
                partial.mkdir()
                build(partial)
                partial.rename(finished)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        _remove_unused(cache, name, keep=finished)
    return finished


@contextmanager
def writing_to(directory: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write under `directory` into one clear message."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, PermissionError, FileExistsError) as error:
        if not _concerns(error, directory):
            raise
        message = f"{directory} cannot be written ({error.strerror or error}: {error.filename}). {_CURE}"
        raise LocalFailureError(message) from error
    except OSError as error:
        # ENOSPC, EROFS, EDQUOT, EIO: the disk, not the path.
        message = f"Writing to {directory} failed: {error.strerror or error}{_room_left(directory)}. {_CURE}"
        raise LocalFailureError(message) from error


def _concerns(error: OSError, directory: Path) -> bool:
    named = os.path.abspath(os.fsdecode(error.filename or directory))  # noqa: PTH100 - no symlink is followed
    return os.path.commonpath((named, directory)) in {named, str(directory)}


_CURE = (
    "Free some space, or point the local environment elsewhere: PAYMENTS_CACHE names the directory of built "
    "tools (about 1 GB), PAYMENTS_HOME the one of data and logs."
)


def _room_left(directory: Path) -> str:
    existing = next((place for place in (directory, *directory.parents) if place.exists()), None)
    if existing is None:
        return ""
    return f" ({shutil.disk_usage(existing).free / 2**20:.0f} MiB free)"


@contextmanager
def _locked(lock: Path, *, waiting_for: str) -> Iterator[None]:
    with writing_to(lock.parent):
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"  → waiting for another run that is building the {waiting_for}")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _mark_used(directory: Path) -> None:
    try:
        os.utime(directory)
    except OSError:
        # A cache that is shared read-only serves as well; only its clearing up is then not ours.
        return


def _remove_unused(cache: Path, name: str, *, keep: Path) -> None:
    unused_since = time.time() - _SURELY_UNUSED_AFTER_SECONDS
    earlier = sorted(
        (directory.stat().st_mtime, directory)
        for directory in cache.glob(f"{name}-{'[0-9a-f]' * _KEY_LENGTH}")
        if directory != keep
    )
    for last_use, directory in earlier[: -_KEPT_BUILDS + 1]:
        if last_use < unused_since:
            shutil.rmtree(directory, ignore_errors=True)
