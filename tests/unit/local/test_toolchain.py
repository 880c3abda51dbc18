"""The tool chain is pinned to what the lock file installs, and says what it misses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from local.failure import LocalFailureError
from local.plugins.launcher import write_launcher
from local.toolchain import installation

pytestmark = pytest.mark.unit

MODULES = Path(installation.__file__).parent


def _executable(directory: Path, name: str, says: str = "", *, exit_code: int = 0) -> Path:
    directory.mkdir(exist_ok=True)
    script = directory / name
    script.write_text(f"#!/bin/sh\nprintf '%s\\n' '{says}'\nexit {exit_code}\n", encoding="utf-8")
    script.chmod(0o755)
    return script


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a PATH that holds nothing but what a test puts into it."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def test_a_pulumi_of_the_pinned_version_is_taken_from_path(path: Path, tmp_path: Path) -> None:
    _executable(path, "pulumi", f"v{installation.pinned_version()}")
    _executable(path, "pulumi-language-python")
    found = installation.install(tmp_path / "cache")
    assert (found.directory, found.built) == (path, False)


@pytest.mark.parametrize("says", ["v3.258.0", "v3.259.0-dev", "no version"])
def test_a_pulumi_of_another_version_is_not_taken(path: Path, tmp_path: Path, says: str) -> None:
    _executable(path, "pulumi", says)
    _executable(path, "pulumi-language-python")
    with pytest.raises(LocalFailureError, match="no `go` is on PATH"):
        installation.install(tmp_path / "cache")


def test_a_pulumi_without_its_python_host_is_not_taken(path: Path, tmp_path: Path) -> None:
    _executable(path, "pulumi", f"v{installation.pinned_version()}")
    with pytest.raises(LocalFailureError, match="no `go` is on PATH"):
        installation.install(tmp_path / "cache")


def test_a_missing_go_is_named_with_the_version_to_install(path: Path, tmp_path: Path) -> None:
    assert not list(path.iterdir())
    with pytest.raises(LocalFailureError, match=r"Install Go 1\.\d+\.\d+ or later \(https://go\.dev/dl/\)"):
        installation.install(tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("toolchain-*"))


def test_an_old_go_is_named_with_both_versions(path: Path, tmp_path: Path) -> None:
    _executable(path, "go", "go1.20.14")
    with pytest.raises(
        LocalFailureError, match=r"needs Go 1\.\d+\.\d+ or later; `go` on PATH is 1\.20\.14\."
    ):
        installation.install(tmp_path / "cache")


def test_a_go_that_cannot_fetch_a_newer_one_says_so_with_the_cure(path: Path, tmp_path: Path) -> None:
    _executable(path, "go", "go.mod requires go >= 1.25.11 (running go 1.22)", exit_code=1)
    with pytest.raises(
        LocalFailureError, match=r"`go env` in local/toolchain/language-python failed(?s:.*)Install Go"
    ):
        installation.install(tmp_path / "cache")


def test_a_newer_go_with_more_digits_is_new_enough(path: Path, tmp_path: Path) -> None:
    _executable(path, "go", "go1.100.2")
    # It goes on to build, which this `go` does not do: nothing is there to copy the scripts from.
    with pytest.raises(FileNotFoundError, match=r"go1\.100\.2/python/cmd"):
        installation.install(tmp_path / "cache")


@pytest.mark.parametrize("module", ["cli", "language-python"])
def test_the_go_modules_build_the_version_that_the_lock_file_installs(module: str) -> None:
    text = (MODULES / module / "go.mod").read_text(encoding="utf-8")
    pinned = re.findall(r"^\s*github\.com/pulumi/pulumi/(?:pkg|sdk)/v3 v(\S+)", text, re.MULTILINE)
    assert pinned
    assert set(pinned) == {version("pulumi")}


def test_the_kafka_plugin_is_of_the_version_that_its_sdk_asks_for() -> None:
    text = (MODULES / "kafka-provider" / "main.go").read_text(encoding="utf-8")
    assert re.findall(r'const version = "(.+)"', text) == [version("pulumi-kafka")]


def test_another_lock_of_the_modules_is_another_tool_chain(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = installation._key()
    copy = tmp_path / "toolchain"
    shutil.copytree(MODULES, copy)
    monkeypatch.setattr(installation, "_SOURCES", copy)
    assert installation._key() == before
    with (copy / "cli" / "go.sum").open("a", encoding="utf-8") as lock:
        lock.write("\n")
    assert installation._key() != before


def test_the_stand_ins_launcher_runs_in_the_repository_and_passes_arguments_on(tmp_path: Path) -> None:
    launcher = tmp_path / "plugins" / "pulumi-resource-echo"
    write_launcher(launcher, "json.tool")
    run = subprocess.run([launcher, "--help"], cwd="/", capture_output=True, text=True, check=True)
    assert "json.tool" in run.stdout
    assert f"cd {Path(installation.__file__).parents[2]}" in launcher.read_text(encoding="utf-8")
    assert os.access(launcher, os.X_OK)
