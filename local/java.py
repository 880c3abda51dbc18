"""The user's JDK and Maven: found, checked, and used to fetch or build class paths into the cache."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.failure import LocalFailureError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Pinot 1.5.1 and Kafka 4.1 are built for it.
OLDEST_JAVA: Final = 17
OLDEST_MAVEN: Final = (3, 8)

_JAVA_CURE: Final = (
    f"Install a JDK of version {OLDEST_JAVA} or later (`apt install openjdk-17-jdk-headless`, "
    "`brew install openjdk@17`, or https://adoptium.net) and put it on PATH, or let JAVA_HOME point at it."
)
_MAVEN_CURE: Final = (
    "Install Maven 3.8 or later (`apt install maven`, `brew install maven`) and put it on PATH."
)


@dataclass(frozen=True)
class Jdk:
    """A JDK that is new enough. `release` is what `java -version` says of itself, build number included."""

    java: str
    release: str


def jdk(environ: Mapping[str, str] = os.environ) -> Jdk:
    """Return the JDK of JAVA_HOME, else of PATH.

    Raises `LocalFailureError` when there is none, when it is too old, or when it is a JRE without a compiler.
    """
    java_home = environ.get("JAVA_HOME")
    where = f"JAVA_HOME ({java_home})" if java_home else "PATH"
    folder = str(Path(java_home) / "bin") if java_home else environ.get("PATH", os.defpath)
    java = shutil.which("java", path=folder)
    if java is None:
        message = f"Kafka and the Pinot engine need Java, and {where} has no `java`. {_JAVA_CURE}"
        raise LocalFailureError(message)
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    said = answer.stderr + answer.stdout
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if found is None:
        message = f"`{java} -version` says {said.strip()[:200]!r}, which names no version. {_JAVA_CURE}"
        raise LocalFailureError(message)
    if int(found.group(1)) < OLDEST_JAVA:
        message = (
            f"Java {OLDEST_JAVA} or later is needed; {java} (from {where}) is Java {found.group(1)}. "
            f"{_JAVA_CURE}"
        )
        raise LocalFailureError(message)
    if shutil.which("javac", path=folder) is None:
        message = f"{java} (from {where}) belongs to a JRE: there is no `javac` beside it. {_JAVA_CURE}"
        raise LocalFailureError(message)
    return Jdk(java=java, release=said.strip())


def maven(project: Path, *arguments: str) -> None:
    """Run Maven on `project` (a pom.xml), quietly.

    Raises `LocalFailureError` when Maven is missing or too old, or with the end of its output when it fails.
    """
    found = shutil.which("mvn")
    if found is None:
        message = (
            f"Kafka and the Pinot engine are put together with Maven, and no `mvn` is on PATH. {_MAVEN_CURE}"
        )
        raise LocalFailureError(message)
    run = subprocess.run(
        [found, "-q", "-B", "-ntp", "-f", str(project), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        _require_new_enough(found)
        said = "\n".join(run.stdout.strip().splitlines()[-20:])
        message = f"Maven could not build {project}:\n{said}"
        raise LocalFailureError(message)


def _require_new_enough(maven_command: str) -> None:
    answer = subprocess.run([maven_command, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r"Apache Maven (\d+)\.(\d+)", answer.stdout)
    if found is not None and (int(found.group(1)), int(found.group(2))) < OLDEST_MAVEN:
        message = f"Maven 3.8 or later is needed; {maven_command} is {found.group(0)}. {_MAVEN_CURE}"
        raise LocalFailureError(message)


def write_class_path(file: Path, jars: list[Path]) -> None:
    """Write an argument file (`java @file`) with a class path in a fixed order.

    A class-data archive fits only the class path it was made with, to the order; `lib/*` would be expanded in
    whatever order the disk has.
    """
    joined = os.pathsep.join(str(jar) for jar in jars)
    file.write_text(f'-cp "{joined}"\n', encoding="utf-8")


def record_classes(
    command: list[str],
    *,
    environ: Mapping[str, str],
    ready: Callable[[subprocess.Popen[bytes]], None],
    log: Path,
) -> None:
    """Run `command` until `ready` returns, then end it: a JVM archives its classes on its way out.

    Raises `LocalFailureError` when the process ends early or does not end when asked.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=dict(environ), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            ready(process)
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=120)
        except subprocess.TimeoutExpired as error:
            message = f"{command[0]} did not end within 120 s of being asked to; its log is {log}."
            raise LocalFailureError(message) from error
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
