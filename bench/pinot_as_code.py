"""Pinot as code: many schemas and tables against plain REST calls, and what the provider's process takes."""

from __future__ import annotations

import copy
import json
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import requests

from bench.measure import Measure, mebibytes
from bench.pinot_as_code_program import COUNT, EMPTY, schema, table
from bench.session import own_platform, post
from local.environment import REPOSITORY
from local.failure import LocalFailureError
from local.processes import output_of
from local.progress import step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.environment import LocalEnvironment

TITLE = "Pinot as code"
TABLES: Final = 100
MANY_TABLES: Final = 1_000
_ROUNDS: Final = 3
_PREVIEWS: Final = 5
_MANY_PREVIEWS: Final = 3
_SECONDS: Final = 60
_LINKED: Final = (".venv", "bench", "pinot_as_code")
_STACK: Final = "bench"
_PREVIEW: Final = ("preview", "--expect-no-changes")


@dataclass(frozen=True)
class _Program:
    """The benchmark's program with a stack and a state of its own."""

    directory: Path
    environment: dict[str, str]

    def pulumi(self, *arguments: str, standard_input: str | None = None) -> str:
        """Run the CLI and return what it writes to stdout."""
        return output_of(
            self.command(*arguments),
            directory=self.directory,
            environment=self.environment,
            failure=f"`pulumi {arguments[0]}` failed",
            standard_input=standard_input,
        )

    def command(self, *arguments: str) -> list[str]:
        """Return a command line."""
        return ["pulumi", *arguments, "--stack", _STACK, "--non-interactive"]

    def up(self) -> None:
        """Bring the stack up."""
        self.pulumi("up", "--yes", "--skip-preview")


def run() -> list[Measure]:
    """Create by Pulumi and by REST, preview without changes, and do the latter with ten times as many."""
    with own_platform("pinot") as platform, tempfile.TemporaryDirectory(prefix="pinot-bench-") as name:
        environment, home = platform.environment, Path(name)
        _tag(environment)
        with step(f"making {TABLES} schemas and tables, {_ROUNDS} times each way"):
            by_rest, by_pulumi, by_nothing, whole, empty = _creations(environment, home)
        bare = _program(environment, home / "bare", tables=0)
        bare.up()
        with step(f"{4 * _PREVIEWS} previews and readings"):
            reading = _median(lambda: _read(environment), _PREVIEWS)
            preview = _median(lambda: whole.pulumi(*_PREVIEW), _PREVIEWS)
            empty_preview = _median(lambda: empty.pulumi(*_PREVIEW), _PREVIEWS)
            bare_preview = _median(lambda: bare.pulumi(*_PREVIEW), _PREVIEWS)
            refreshing = _median(lambda: whole.pulumi(*_PREVIEW, "--refresh"), 1)
        _delete(environment)
        with step("weighing the provider's process"):
            weighed = _program(environment, home / "weighed", TABLES)
            memory = max(_weigh(weighed, "up", "--yes", "--skip-preview"), _weigh(weighed, *_PREVIEW))
        with step(f"previews of {MANY_TABLES:,} schemas and tables"):
            many = _many(environment, home / "many", whole)
            many_preview = _median(lambda: many.pulumi(*_PREVIEW), _MANY_PREVIEWS)
            many_memory = _weigh(many, *_PREVIEW)
    return [
        Measure(f"{TABLES} schemas and {TABLES} tables made by `pulumi up`", f"{by_pulumi:.1f} s"),
        Measure("the same by REST calls one after the other", f"{by_rest:.1f} s"),
        Measure("`pulumi up` of the same program with a provider that does nothing", f"{by_nothing:.1f} s"),
        Measure(
            "making them against REST + empty provider",
            f"{by_pulumi / (by_rest + by_nothing):.2f} times",
            "≤ 1.5 times",
        ),
        Measure("preview without changes", f"{preview:.2f} s"),
        Measure("reading them by REST calls one after the other", f"{reading:.2f} s"),
        Measure("preview of the same program with a provider that does nothing", f"{empty_preview:.2f} s"),
        Measure(
            "preview without changes against REST + empty provider",
            f"{preview / (reading + empty_preview):.2f} times",
            "≤ 2 times",
        ),
        Measure("preview of a program without resources", f"{bare_preview:.2f} s"),
        Measure("preview without changes, each object read again (`--refresh`)", f"{refreshing:.2f} s"),
        Measure(f"preview without changes of {MANY_TABLES:,} schemas and tables", f"{many_preview:.1f} s"),
        Measure(
            "the same against that of the tenth part", f"{many_preview / preview:.1f} times", "≤ 12 times"
        ),
        Measure(f"provider's process, peak, {2 * TABLES} resources", mebibytes(memory), "≤ 80 MiB"),
        Measure(f"provider's process, peak, {2 * MANY_TABLES:,} resources", mebibytes(many_memory)),
    ]


def _creations(environment: LocalEnvironment, home: Path) -> tuple[float, float, float, _Program, _Program]:
    """Return the medians by REST, Pulumi and a provider that does nothing, and the last two programs."""
    by_rest, by_pulumi, by_nothing = [], [], []
    _create(environment)  # the engine's first time is nobody's
    for number in range(_ROUNDS):
        _delete(environment)
        by_rest.append(_seconds(lambda: _create(environment)))
        _delete(environment)
        whole = _program(environment, home / f"whole-{number}", TABLES)
        by_pulumi.append(_seconds(whole.up))
        empty = _program(environment, home / f"empty-{number}", TABLES, empty=True)
        by_nothing.append(_seconds(empty.up))
    medians = [statistics.median(each) for each in (by_rest, by_pulumi, by_nothing)]
    return medians[0], medians[1], medians[2], whole, empty


def _program(environment: LocalEnvironment, directory: Path, tables: int, *, empty: bool = False) -> _Program:
    """Write the program into a directory of its own and make its stack."""
    state = directory / "state"
    state.mkdir(parents=True)
    for name in _LINKED:
        (directory / name).symlink_to(REPOSITORY / name)
    (directory / "Pulumi.yaml").write_text(
        "name: pinot-bench\nruntime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: .venv\n"
    )
    (directory / "__main__.py").write_text("from bench.pinot_as_code_program import declare\n\ndeclare()\n")
    variables = {
        **environment.pulumi_environment(),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PINOT_CONTROLLER_URL": environment.controller_url,
        COUNT: str(tables),
        **({EMPTY: "1"} if empty else {}),
    }
    program = _Program(directory, variables)
    program.pulumi("stack", "init")
    return program


def _many(environment: LocalEnvironment, directory: Path, source: _Program) -> _Program:
    """Return a program of many tables whose state, made from a smaller one's, says that all are there."""
    state = json.loads(source.pulumi("stack", "export"))
    resources = state["deployment"]["resources"]
    kept = [resource for resource in resources if "::table-" not in resource["urn"]]
    kept = [resource for resource in kept if "::schema-" not in resource["urn"]]
    patterns = [
        next(resource for resource in resources if resource["urn"].endswith(f"::{kind}-0"))
        for kind in ("schema", "table")
    ]
    state["deployment"]["resources"] = kept + [
        _numbered(pattern, number) for number in range(MANY_TABLES) for pattern in patterns
    ]
    many = _program(environment, directory, MANY_TABLES)
    many.pulumi("stack", "import", standard_input=json.dumps(state))
    return many


def _numbered(resource: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the resource of number 0 as that of another number."""
    text = json.dumps(copy.deepcopy(resource))
    for old in ("schema-0", "table-0", "bench_0"):
        text = text.replace(old, f"{old[:-1]}{number}")
    numbered: dict[str, Any] = json.loads(text)
    return numbered


def _weigh(program: _Program, *arguments: str) -> int:
    """Run the CLI and return the most memory that the provider's process had resident, in bytes."""
    found: list[int] = []
    with subprocess.Popen(
        program.command(*arguments),
        cwd=program.directory,
        env=program.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        watching = threading.Thread(target=_watch, args=(program.directory, running, found))
        watching.start()
        running.wait()
        watching.join()
    if running.returncode != 0 or not found:
        message = (
            f"`pulumi {arguments[0]}` ended with {running.returncode}, {len(found)} weights of its provider"
        )
        raise LocalFailureError(message)
    return max(found)


def _watch(directory: Path, running: subprocess.Popen[bytes], found: list[int]) -> None:
    while running.poll() is None:
        found.extend(_peaks(directory))
        time.sleep(0.05)


def _peaks(directory: Path) -> Iterator[int]:
    """Yield the peak resident memory of the dynamic provider that works for a program, in bytes."""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            command = (process / "cmdline").read_bytes()
            if b"pulumi.dynamic" not in command or (process / "cwd").resolve() != directory.resolve():
                continue
            status = (process / "status").read_text()
        except OSError:
            continue  # it has ended meanwhile
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                yield int(line.split()[1]) * 1024


def _tag(environment: LocalEnvironment) -> None:
    """Give the engine's instances to the tenant of the benchmark's tables."""
    url = f"{environment.controller_url}/instances"
    for instance in requests.get(url, timeout=_SECONDS).json()["instances"]:
        tag = "bench_BROKER" if instance.startswith("Broker_") else "bench_OFFLINE"
        requests.put(
            f"{url}/{instance}/updateTags", params={"tags": tag}, timeout=_SECONDS
        ).raise_for_status()


def _create(environment: LocalEnvironment) -> None:
    for number in range(TABLES):
        post(environment, "schemas", json.dumps(schema(number)))
        post(environment, "tables", json.dumps(table(number)))


def _read(environment: LocalEnvironment) -> None:
    with requests.Session() as session:
        for number in range(TABLES):
            for kind in ("schemas", "tables"):
                url = f"{environment.controller_url}/{kind}/bench_{number}"
                session.get(url, timeout=_SECONDS).raise_for_status()


def _delete(environment: LocalEnvironment) -> None:
    with requests.Session() as session:
        for kind in ("tables", "schemas"):
            for number in range(TABLES):
                url = f"{environment.controller_url}/{kind}/bench_{number}"
                session.delete(url, timeout=_SECONDS).raise_for_status()


def _median(work: Callable[[], object], times: int) -> float:
    return statistics.median(_seconds(work) for _ in range(times))


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started
