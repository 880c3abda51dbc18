"""The JDK and Maven are found and checked; what is wrong is named with what to install."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local import java
from local.failure import LocalFailureError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.unit


def _program(directory: Path, name: str, body: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    script = directory / name
    script.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    script.chmod(0o755)


def _jdk(directory: Path, release: str, *, compiler: bool = True) -> None:
    _program(directory, "java", f"echo 'openjdk version \"{release}\" 2025-04-15' >&2")
    if compiler:
        _program(directory, "javac", "exit 0")


@pytest.mark.parametrize("release", ["17.0.15", "21", "25-ea"])
def test_a_new_enough_jdk_is_taken(tmp_path: Path, release: str) -> None:
    _jdk(tmp_path, release)
    found = java.jdk({"PATH": str(tmp_path)})
    assert found.java == str(tmp_path / "java")
    assert release in found.release


def test_java_home_comes_before_path(tmp_path: Path) -> None:
    _jdk(tmp_path / "home" / "bin", "21.0.1")
    _jdk(tmp_path / "path", "17.0.1")
    found = java.jdk({"PATH": str(tmp_path / "path"), "JAVA_HOME": str(tmp_path / "home")})
    assert found.java == str(tmp_path / "home" / "bin" / "java")


@pytest.mark.parametrize(("release", "number"), [("11.0.2", "11"), ("1.8.0_402", "8")])
def test_an_old_jdk_is_named_with_where_it_was_found(tmp_path: Path, release: str, number: str) -> None:
    _jdk(tmp_path, release)
    with pytest.raises(
        LocalFailureError,
        match=rf"Java 17 or later is needed; .*/java \(from PATH\) is Java {number}\. Install",
    ):
        java.jdk({"PATH": str(tmp_path)})


def test_a_java_home_without_java_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalFailureError, match=r"JAVA_HOME \(.*\) has no `java`.*openjdk-17-jdk-headless"):
        java.jdk({"PATH": "/usr/bin", "JAVA_HOME": str(tmp_path)})


def test_no_java_at_all_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalFailureError, match=r"PATH has no `java`\. Install a JDK"):
        java.jdk({"PATH": str(tmp_path)})


def test_a_jre_without_a_compiler_is_refused(tmp_path: Path) -> None:
    _jdk(tmp_path, "17.0.1", compiler=False)
    with pytest.raises(LocalFailureError, match="belongs to a JRE"):
        java.jdk({"PATH": str(tmp_path)})


def test_something_else_called_java_is_refused(tmp_path: Path) -> None:
    _program(tmp_path, "java", "echo coffee")
    with pytest.raises(LocalFailureError, match="'coffee', which names no version"):
        java.jdk({"PATH": str(tmp_path)})


def test_a_missing_maven_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalFailureError, match=r"no `mvn` is on PATH\. Install Maven 3\.8 or later"):
        java.maven(tmp_path / "pom.xml", "package")


def test_a_maven_that_fails_says_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = 'if [ "$1" = -version ]; then echo "Apache Maven 3.9.1"; exit 0; fi; '
    _program(tmp_path, "mvn", f"{version}echo '[ERROR] no such artefact'; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(LocalFailureError, match=r"could not build .*pom\.xml:\n\[ERROR\] no such artefact"):
        java.maven(tmp_path / "pom.xml", "package")


def test_an_old_maven_is_named_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(
        tmp_path, "mvn", 'if [ "$1" = -version ]; then echo "Apache Maven 3.6.3 (x)"; exit 0; fi; exit 1'
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(LocalFailureError, match=r"Maven 3\.8 or later is needed; .*mvn is Apache Maven 3\.6"):
        java.maven(tmp_path / "pom.xml", "package")
