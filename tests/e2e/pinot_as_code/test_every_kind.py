"""Nothing drifts by itself: tables of every kind, made, read again, and served by a new engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.pinot_as_code.every_kind import KINDS, write
from tests.e2e.pinot_as_code.programs import Program
from tests.engine import accepted_tables
from tests.engine.pinot_as_code.page_views import unused_name

if TYPE_CHECKING:
    from tests.engine.pinot_as_code.page_views import Cluster

pytestmark = pytest.mark.e2e

SOAKED_TABLES = 100


def test_nothing_drifts_by_itself(cluster: Cluster, program: Program, kafka: str) -> None:
    make_restart_and_look(cluster, program, kafka, len(KINDS))


@pytest.mark.soak
def test_nothing_of_many_drifts_by_itself(cluster: Cluster, program: Program, kafka: str) -> None:
    make_restart_and_look(cluster, program, kafka, SOAKED_TABLES)


def make_restart_and_look(cluster: Cluster, program: Program, kafka: str, tables: int) -> None:
    """Make tables of every kind; neither the program nor what is there asks for a change, ever."""
    topic = accepted_tables.make_topic(kafka, unused_name("drift"), 1)
    count = write(program.directory, tables, kafka, topic)

    assert f"{count} created" in program.up()
    program.preview("--expect-no-changes")
    program.preview("--refresh", "--expect-no-changes")
    before = kept(program)
    program.refresh()
    assert kept(program) == before
    program.preview("--expect-no-changes")

    cluster.restart()
    elsewhere = {**program.environment, "PINOT_CONTROLLER_URL": cluster.engine.url("")}
    moved = Program(program.directory, elsewhere)
    moved.preview("--refresh", "--expect-no-changes")
    moved.preview("--expect-no-changes")
    moved.destroy()
    assert cluster.get("/tables")["tables"] == []


def kept(program: Program) -> dict[str, tuple[object, object]]:
    """Return what the state says of each resource, but for when it was looked at."""
    return {name: (held.get("inputs"), held.get("outputs")) for name, held in program.resources().items()}
