"""Runs of the real CLI that break off: broken answers, and kill -9 of everything that belongs to the run.

What a user types afterwards is what these tests type: nothing but `pulumi up` after a failed run; after a
killed one `pulumi cancel`, which takes its lock away, and `pulumi up`.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pinot_as_code.programs import STACK, Program
from tests.engine.pinot_as_code.fault_proxy import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.pinot_as_code.page_views import Cluster

pytestmark = pytest.mark.e2e

TABLE = "page_views_history.table.json"
BROKEN_RUNS = 4
SOAKED_BROKEN_RUNS = 15
KILLED_RUNS = 5
SOAKED_KILLED_RUNS = 50
RATE = 0.12
HIGH_RATE = 0.4
SLOWEST_UP_SECONDS = 2.5
"""Kills are spread over this time from the start; a later one finds the run over, which is a run as well."""


def steps(program: Program) -> list[Callable[[], object]]:
    """Return changes of the program, each of which some resources must follow: two changes, then all goes."""
    text = (program.directory / TABLE).read_text("utf-8")

    def rewrite(old: str, new: str) -> Callable[[], object]:
        return lambda: (program.directory / TABLE).write_text(text.replace(old, new), "utf-8")

    main = program.directory / "__main__.py"
    whole = main.read_text("utf-8")

    return [
        rewrite("", ""),
        rewrite('"365"', '"400"'),
        rewrite('{"inverted": {}}', '{"inverted": {}, "bloom": {}}'),
        lambda: main.write_text("", "utf-8"),
        lambda: main.write_text(whole, "utf-8"),
    ]


def kept_days(cluster: Cluster) -> str | None:
    """Return how long the table keeps rows, None when there is no table."""
    shown = cluster.get("/tables/page_views_history")
    return None if shown is None else str(shown["OFFLINE"]["segmentsConfig"]["retentionTimeValue"])


def test_broken_answers(cluster: Cluster, program: Program) -> None:
    break_answers_and_go_on(cluster, program, BROKEN_RUNS, HIGH_RATE)


@pytest.mark.soak
def test_many_broken_answers(cluster: Cluster, program: Program) -> None:
    break_answers_and_go_on(cluster, program, SOAKED_BROKEN_RUNS, RATE)


def break_answers_and_go_on(cluster: Cluster, program: Program, runs: int, rate: float) -> None:
    """Let the proxy spoil answers at `rate` in `runs` runs; a plain re-run ends as the program says."""
    with FaultProxy(cluster.engine.url("")).running() as proxy:
        broken = Program(
            program.directory,
            {**program.environment, "PINOT_CONTROLLER_URL": proxy.url, "PINOT_CALL_TIMEOUT_SECONDS": "0.2"},
        )
        changes, failed = steps(program), 0
        for run in range(runs):
            changes[run % len(changes)]()
            proxy.begin(run, rate)
            if run_up(broken) != 0:
                failed += 1
                program.up()
            assert_as_the_program_says(cluster, program, thoroughly=run % len(changes) == 0)

    assert proxy.happened
    assert failed > 0


def run_up(program: Program) -> int:
    """Bring a stack up, or not; return the exit code."""
    command = program.command("up", "--stack", STACK, "--yes", "--skip-preview")
    return subprocess.run(
        command, cwd=program.directory, env=dict(program.environment), check=False, stdout=subprocess.DEVNULL
    ).returncode


def assert_as_the_program_says(cluster: Cluster, program: Program, *, thoroughly: bool) -> None:
    """Check that there is what the program declares; thoroughly: also by the stack's own eyes."""
    if thoroughly:
        program.assert_nothing_to_do()
    if (program.directory / "__main__.py").read_text("utf-8"):
        days = '"400"' in (program.directory / TABLE).read_text("utf-8")
        assert kept_days(cluster) == ("400" if days else "365")
        assert set(cluster.get("/logicalTables/page_views")["physicalTableConfigMap"]) == {
            "page_views_history_OFFLINE"
        }
        assert cluster.tags("Server_a_8098") == ["web_OFFLINE", "web_REALTIME"]
    else:
        assert kept_days(cluster) is None
        assert cluster.get("/schemas/page_views") is None
        assert not [tag for tag in cluster.tags("Server_a_8098") if tag.startswith("web_")]


def kill_and_go_on(cluster: Cluster, program: Program, runs: int) -> None:
    """Kill runs at random moments of theirs, and go on as a user would."""
    changes, chance = steps(program), random.Random(runs)  # noqa: S311 - no secret
    for run in range(runs):
        changes[run % len(changes)]()
        killed_up(program, chance.uniform(0.2, SLOWEST_UP_SECONDS))
        program.pulumi("cancel", "--stack", STACK, "--yes")
        program.up()
        assert_as_the_program_says(cluster, program, thoroughly=run % len(changes) == 0)


def killed_up(program: Program, seconds: float) -> None:
    """Begin to bring a stack up and kill the CLI, the program and the plugins after a while."""
    command = program.command("up", "--stack", STACK, "--yes", "--skip-preview")
    with subprocess.Popen(
        command,
        cwd=program.directory,
        env=dict(program.environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        end = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_killed_runs(cluster: Cluster, program: Program) -> None:
    kill_and_go_on(cluster, program, KILLED_RUNS)


@pytest.mark.soak
def test_many_killed_runs(cluster: Cluster, program: Program) -> None:
    kill_and_go_on(cluster, program, SOAKED_KILLED_RUNS)
