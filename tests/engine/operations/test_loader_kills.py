"""A loader that is killed anywhere leaves whole hours only, and the next one finishes its work."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from local.environment import REPOSITORY
from operations.archive.layout import Hour, Kind
from operations.offline.reconciliation import compare
from operations.offline.totals import hour_totals
from tests.engine.operations.archived_hours import amount_of, close_hour, payments
from tests.engine.operations.offline_tables import NOON, Offline

if TYPE_CHECKING:
    from tests.engine.operations.archived_hours import Row

pytestmark = pytest.mark.engine

HOURS = 6
ROWS = 500


def _archive(tables: Offline) -> dict[Kind, list[Row]]:
    written: dict[Kind, list[Row]] = {kind: [] for kind in Kind}
    for kind in Kind:
        for number in range(HOURS):
            hour = Hour.of_ms(NOON.start_ms + number * 3_600_000)
            rows = payments(kind, hour, ROWS)
            close_hour(tables.store, kind, hour, rows, rows[:50])
            written[kind] += rows
    return written


def _start(tables: Offline) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "operations.offline", *tables.arguments("load")],
        cwd=REPOSITORY,
        env=os.environ | {"ARCHIVE_S3_ENDPOINT": tables.endpoint},
        stdout=subprocess.PIPE,
        text=True,
    )


def _kill_and_finish(tables: Offline, kills: int, seed: int) -> None:
    written = _archive(tables)
    chance = random.Random(seed)  # noqa: S311 - the same kills in every run
    whole_hours = 0
    for _ in range(kills):
        process = _start(tables)
        assert process.stdout is not None
        # From the first line on it is at work; imports before it are nobody's concern.
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.4))
        process.kill()
        process.wait()
        for kind in Kind:
            totals = hour_totals(tables.pinot, kind, NOON, Hour.of_ms(NOON.start_ms + HOURS * 3_600_000))
            assert {found.rows for found in totals.values()} <= {ROWS}
            whole_hours += len(totals)
    assert whole_hours, "no kill came after a loaded hour: they prove nothing"
    last = _start(tables)
    output, _ = last.communicate(timeout=120)
    assert last.returncode == 0, output
    for kind in Kind:
        assert tables.state(kind) == (HOURS * ROWS, HOURS * ROWS, amount_of(written[kind]))
    assert not any(found.differences for found in compare(tables.store, tables.pinot, Kind))


def test_five_kills_lose_and_double_nothing(tables: Offline) -> None:
    _kill_and_finish(tables, 5, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_fifty_kills_lose_and_double_nothing(tables: Offline, seed: int) -> None:
    _kill_and_finish(tables, 5, seed=100 + seed)
