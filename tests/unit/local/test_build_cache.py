"""Built things are complete or absent, built once, and rebuilt when their content changes."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest

from local.build_cache import cached, content_key, writing_to
from local.failure import LocalFailureError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.unit

KEY = "0123456789abcdef"


def _fails(into: Path) -> None:
    (into / "half").touch()
    message = "broken on purpose"
    raise LocalFailureError(message)


def _never_called(into: Path) -> None:
    pytest.fail(f"{into} was built again")


def _works(into: Path) -> None:
    (into / "whole").touch()


def test_a_built_directory_is_not_built_again(tmp_path: Path) -> None:
    first = cached(tmp_path / "cache", "tool", KEY, _works)
    assert (first / "whole").is_file()
    assert cached(tmp_path / "cache", "tool", KEY, _never_called) == first


def test_a_failed_build_leaves_nothing_and_the_next_one_succeeds(tmp_path: Path) -> None:
    with pytest.raises(LocalFailureError, match="broken on purpose"):
        cached(tmp_path, "tool", KEY, _fails)
    assert [entry.name for entry in tmp_path.iterdir()] == ["tool.lock"]
    assert (cached(tmp_path, "tool", KEY, _works) / "whole").is_file()


def test_what_a_killed_build_left_is_never_used(tmp_path: Path) -> None:
    def is_killed(into: Path) -> None:
        (into / "half").touch()
        os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(
        target=cached, args=(tmp_path, "tool", KEY, is_killed)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (tmp_path / f"tool-{KEY}").exists()
    built = cached(tmp_path, "tool", KEY, _works)
    assert [entry.name for entry in built.iterdir()] == ["whole"]
    assert not list(tmp_path.glob("*.partial"))


def test_two_runs_at_once_build_once(tmp_path: Path) -> None:
    counted = tmp_path / "counted"

    def slow(into: Path) -> None:
        with counted.open("a", encoding="utf-8") as file:
            file.write("x")
        time.sleep(0.3)
        (into / "whole").touch()

    def run() -> None:
        assert (cached(tmp_path / "cache", "tool", KEY, slow) / "whole").is_file()

    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=run) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert counted.read_text(encoding="utf-8") == "x"


def test_earlier_builds_go_once_unused_but_for_the_latest(tmp_path: Path) -> None:
    old = time.time() - 30 * 24 * 3600
    for number in range(4):
        directory = cached(tmp_path, "tool", f"{number:016x}", _works)
        os.utime(directory, (old + number, old + number))
    recent = cached(tmp_path, "tool", "e" * 16, _works)  # used today: a running process may read it
    other = cached(tmp_path, "tool-other", KEY, _works)
    os.utime(other, (old, old))
    newest = cached(tmp_path, "tool", "f" * 16, _works)
    left = {entry for entry in tmp_path.iterdir() if entry.is_dir()}
    assert left == {newest, recent, other, tmp_path / f"tool-{3:016x}"}


def _move(root: Path) -> None:
    (root / "a").rename(root / "b")


def _edit(root: Path) -> None:
    (root / "a").write_text("2", encoding="utf-8")


@pytest.mark.parametrize("change", [_move, _edit])
def test_the_key_changes_with_content_and_path(tmp_path: Path, change: Callable[[Path], None]) -> None:
    (tmp_path / "a").write_text("1", encoding="utf-8")
    before = content_key(tmp_path, tmp_path.iterdir(), "fact")
    assert content_key(tmp_path, tmp_path.iterdir(), "fact") == before
    assert content_key(tmp_path, tmp_path.iterdir(), "other fact") != before
    change(tmp_path)
    assert content_key(tmp_path, tmp_path.iterdir(), "fact") != before


def test_a_missing_source_is_not_taken_for_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    def copies(into: Path) -> None:
        shutil.copyfile(tmp_path / "elsewhere", into / "copy")

    with pytest.raises(FileNotFoundError, match="elsewhere"):
        cached(tmp_path / "cache", "tool", KEY, copies)


@pytest.mark.parametrize("place", ["/proc/cache", "/dev/null/cache"])
def test_a_cache_that_cannot_be_written_is_named_with_the_cure(place: str) -> None:
    from pathlib import Path

    with pytest.raises(LocalFailureError, match=rf"^{place} cannot be written .*PAYMENTS_CACHE"):
        cached(Path(place), "tool", KEY, _works)


def test_a_disk_that_refuses_is_told_with_the_room_that_is_left(tmp_path: Path) -> None:
    """A limit on file sizes makes the kernel refuse the write, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with (
            pytest.raises(
                LocalFailureError, match=r"failed: File too large \(\d+ MiB free\)\. Free some space"
            ),
            writing_to(tmp_path),
        ):
            (tmp_path / "file").write_bytes(bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
