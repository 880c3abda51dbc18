"""The embedded Pinot engine's installation: its jar and libraries, built with Maven into the cache."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.build_cache import cached, content_key
from local.environment import LOOPBACK, default_cache, free_ports
from local.failure import LocalFailureError
from local.java import Jdk, jdk, maven, record_classes, write_class_path
from local.progress import step

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

_SOURCES: Final = Path(__file__).resolve().parent / "pinot-engine"
_POM: Final = _SOURCES / "pom.xml"
_MAIN: Final = "com.paymentic.pinot.engine.Main"
_JAR: Final = "pinot-engine.jar"

_JVM_FLAGS: Final = (
    "-Xms192m",
    "-Xmx768m",
    # Most of what an event leaves behind is dead at once; the default young generation begins with 39 MB and
    # is collected so often that it takes 9 µs an event instead of 4. More than this makes nothing faster.
    "-Xmn128m",
    "-XX:+UseSerialGC",
    # As a cluster runs: Pinot prints TIMESTAMP columns in the JVM's zone.
    "-Duser.timezone=UTC",
    # Pinot maps its off-heap buffers through the JDK's inside (its own start scripts open the same).
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
)

# Off-heap segments that are freed go back to the system, instead of staying with glibc's arenas
# (measured: four tables made and deleted leave 410 MB resident instead of 1,050).
MEMORY_SETTINGS: Final = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072"}

_READY_SECONDS: Final = 90


@dataclass(frozen=True)
class EngineInstallation:
    """A built engine. `archive` holds its classes ready to use, which more than halves the start."""

    java: str
    class_path: Path
    archive: Path

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs the engine's Main with `arguments` (serve, rows or validate)."""
        return [
            self.java,
            *_JVM_FLAGS,
            f"-XX:SharedArchiveFile={self.archive}",
            # A JDK that was updated in place finds the archive unfit and goes on without it, silently.
            "-Xlog:disable",
            "-Xlog:all=error:stderr",
            f"@{self.class_path}",
            _MAIN,
            *arguments,
        ]


def installation(cache: Path | None = None) -> EngineInstallation:
    """Return the engine of the sources as they are now, building what is missing.

    Three steps, each kept by itself, because a changed line of Java must not fetch 150 MB again: the
    libraries by the pom, the jar by the sources, the class archive by both and the JDK Raises
    `LocalFailureError` when the JDK or Maven is missing or too old, or when the build fails.
    """
    cache = default_cache(os.environ) if cache is None else cache
    java = jdk()
    sources = [file for file in (_SOURCES / "src" / "main").rglob("*") if file.is_file()]
    libraries_key = content_key(_SOURCES, [_POM])
    libraries = cached(cache, "pinot-libraries", libraries_key, _fetch_libraries)
    engine_key = content_key(_SOURCES, [_POM, *sources], str(cache))
    engine = cached(cache, "pinot-engine", engine_key, _builder(libraries / "lib"))
    class_path = engine / "class-path.args"
    archive_key = content_key(engine, [class_path, engine / _JAR], java.release, *_JVM_FLAGS)
    archive = cached(cache, "pinot-archive", archive_key, _archiver(java, class_path))
    return EngineInstallation(java=java.java, class_path=class_path, archive=archive / "classes.jsa")


def serve_arguments(data: Path, controller_port: int, broker_port: int) -> list[str]:
    """Return the arguments that make the engine serve REST on this machine, keeping its data under `data`."""
    ports = ["--controller-port", str(controller_port), "--broker-port", str(broker_port)]
    return ["serve", "--host", LOOPBACK, "--data-dir", str(data), *ports]


def _fetch_libraries(into: Path) -> None:
    with step("fetching Pinot's libraries with Maven (first run only, about 150 MB)"):
        maven(
            _POM,
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            f"-DoutputDirectory={into / 'lib'}",
        )


def _builder(libraries: Path) -> Callable[[Path], None]:
    def build(into: Path) -> None:
        # Outside the checkout: a developer's own `mvn` there, or a second build, is not in the way.
        with (
            step("building the Pinot engine with Maven"),
            tempfile.TemporaryDirectory(prefix="pinot-engine-build-") as scratch,
        ):
            maven(_POM, "package", "-DskipTests", "-Dmaven.test.skip=true", f"-Dengine.build={scratch}")
            (jar,) = Path(scratch).glob("*.jar")
            shutil.copyfile(jar, into / _JAR)
        jars = [into.with_suffix("") / _JAR, *sorted(libraries.glob("*.jar"))]
        write_class_path(into / "class-path.args", jars)

    return build


def _archiver(java: Jdk, class_path: Path) -> Callable[[Path], None]:
    def archive(into: Path) -> None:
        with (
            step("preparing the Pinot engine's class archive"),
            tempfile.TemporaryDirectory(prefix="pinot-engine-classes-") as scratch,
        ):
            controller, broker = free_ports(2)
            command = [
                java.java,
                *_JVM_FLAGS,
                f"-XX:ArchiveClassesAtExit={into / 'classes.jsa'}",
                "-Xlog:disable",
                "-Xlog:all=error:stderr",
                f"@{class_path}",
                _MAIN,
                *serve_arguments(Path(scratch) / "data", controller, broker),
            ]
            log = Path(scratch) / "log"
            record_classes(
                command,
                environ=os.environ,
                ready=lambda process: _exercise(process, controller, broker, log),
                log=log,
            )
            if not (into / "classes.jsa").is_file():
                message = f"The JVM wrote no class archive:\n{_end_of(log)}"
                raise LocalFailureError(message)

    return archive


def _exercise(process: subprocess.Popen[bytes], controller: int, broker: int, log: Path) -> None:
    """Wait for the engine and let it load what a first user would: the REST API and the query parser."""
    deadline = time.monotonic() + _READY_SECONDS
    while not healthy(controller):
        if process.poll() is not None or time.monotonic() > deadline:
            message = f"The Pinot engine did not come up:\n{_end_of(log)}"
            raise LocalFailureError(message)
        time.sleep(0.1)
    for port, path, body in ((controller, "tables", None), (broker, "query/sql", {"sql": "SELECT 1"})):
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{port}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - as above
            pass


def healthy(controller_port: int) -> bool:
    """Tell whether an engine answers 200 on its controller's /health."""
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{controller_port}/health", timeout=2) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except OSError:
        return False


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
