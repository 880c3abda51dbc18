"""Closed hours become rows: each event once, whatever is repeated; nothing of an hour that is not whole."""

from __future__ import annotations

import dataclasses
import json
import threading
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from local.s3_client import s3_client
from operations.archive.layout import Hour, Kind, manifest_key
from operations.offline.reconciliation import compare
from tests.engine.operations.archived_hours import amount_of, close, close_hour, payments, write_file
from tests.engine.operations.offline_tables import (
    NOON,
    Offline,
    create_offline_tables,
    drop_offline_tables,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from operations.archive.layout import ArchivedFile

pytestmark = pytest.mark.engine

BOOKED, REGISTERED = Kind.BOOKED, Kind.REGISTERED


def later(hours: int) -> Hour:
    return Hour.of_ms(NOON.start_ms + hours * 3_600_000)


def test_every_event_of_an_hour_is_a_row_once_and_amounts_are_exact(tables: Offline) -> None:
    for kind in Kind:
        rows = payments(kind, NOON, 300)
        # Kafka delivered the last hundred again, into another file.
        close_hour(tables.store, kind, NOON, rows[:200], rows[200:], rows[200:])
        result = tables.loader().load()
        assert result.well
        assert tables.state(kind) == (300, 300, amount_of(rows))
    assert not any(comparison.differences for comparison in compare(tables.store, tables.pinot, Kind))


def test_every_cell_is_what_the_archive_has(tables: Offline) -> None:
    rows = payments(BOOKED, NOON, 50)
    close_hour(tables.store, BOOKED, NOON, rows)
    assert tables.loader().load().well
    names = [name for name in rows[0] if name != "metadata"]
    selected = ", ".join(
        f"CAST({name} AS LONG)" if name in {"eventTime", "bookedAt"} else name for name in names
    )
    found = tables.pinot.rows(
        f"SELECT {selected}, CAST(bookedHour AS LONG), metadata FROM {BOOKED.offline_table} LIMIT 1000",  # noqa: S608 - names of the product
        enableNullHandling="true",
    )
    expected = [[*(row[name] for name in names), NOON.start_ms, row["metadata"]] for row in rows]
    amount = names.index("amount")
    for row in (*found, *expected):
        row[amount] = Decimal(row[amount])
    assert {row[0]: row for row in found} == {row[0]: row for row in expected}


def test_loading_again_changes_nothing_and_a_later_revision_replaces(tables: Offline) -> None:
    early, late = payments(BOOKED, NOON, 200), payments(BOOKED, NOON, 3, seed=2)
    first = close_hour(tables.store, BOOKED, NOON, early)
    assert len(tables.loader().load().loaded) == 1
    assert tables.loader().load().loaded == []
    added = write_file(tables.store, BOOKED, NOON, late, first_offset=900)
    close(tables.store, BOOKED, NOON, [*first.files, added], early + late, revision=2)
    result = tables.loader().load()
    assert [(loaded.revision, loaded.rows) for loaded in result.loaded] == [(2, 203)]
    assert tables.state(BOOKED) == (203, 203, amount_of(early + late))
    listed = tables.engine.ask("GET", f"/segments/{BOOKED.offline_table}").body
    assert listed == [{"OFFLINE": ["transaction_booked_offline_2026-03-14-12"]}]


def test_an_hour_without_events_is_loaded_by_doing_nothing(tables: Offline) -> None:
    close_hour(tables.store, BOOKED, NOON)
    close_hour(tables.store, BOOKED, later(1), payments(BOOKED, later(1), 5))
    result = tables.loader().load()
    assert result.well
    assert [loaded.hour for loaded in result.loaded] == [later(1)]


def test_two_loaders_at_once_leave_what_one_would(tables: Offline) -> None:
    hours = [later(number) for number in range(3)]
    for hour in hours:
        close_hour(tables.store, BOOKED, hour, payments(BOOKED, hour, 100))
    results = []
    both = [threading.Thread(target=lambda: results.append(tables.loader().load())) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert [problem.why for result in results for problem in result.problems] == []
    assert tables.state(BOOKED)[:2] == (300, 300)
    assert not compare(tables.store, tables.pinot, [BOOKED])[0].differences


def test_a_range_is_loaded_alone(tables: Offline) -> None:
    for number in range(4):
        close_hour(tables.store, BOOKED, later(number), payments(BOOKED, later(number), 10))
    assert tables.loader().load(later(1), later(3)).well
    assert tables.state(BOOKED)[0] == 20
    assert len(compare(tables.store, tables.pinot, [BOOKED], later(1), later(3))[0].differences) == 0
    left = compare(tables.store, tables.pinot, [BOOKED])[0]
    assert [difference.hour for difference in left.differences] == [NOON, later(3)]


def _cut_short(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _one_byte_changed(content: bytes) -> bytes:
    return content[:100] + bytes([content[100] ^ 1]) + content[101:]


@pytest.mark.parametrize(
    ("damage", "said"),
    [(_cut_short, "bytes"), (_one_byte_changed, "its sha256 is")],
    ids=["short", "changed"],
)
def test_a_damaged_file_is_told_and_nothing_of_its_hour_is_loaded(
    tables: Offline, s3: str, damage: Callable[[bytes], bytes], said: str
) -> None:
    rows = payments(BOOKED, NOON, 60)
    manifest = close_hour(tables.store, BOOKED, NOON, rows[:30], rows[30:])
    key = manifest.files[1].key
    client = s3_client(s3)
    whole = client.get_object(Bucket=tables.store.bucket, Key=key)["Body"].read()
    client.put_object(Bucket=tables.store.bucket, Key=key, Body=damage(whole))
    result = tables.loader().load()
    (problem,) = result.problems
    assert key in problem.why
    assert said in problem.why
    assert tables.state(BOOKED)[0] == 0
    client.put_object(Bucket=tables.store.bucket, Key=key, Body=whole)
    assert tables.loader().load().well
    assert tables.state(BOOKED) == (60, 60, amount_of(rows))


def test_a_missing_file_is_told(tables: Offline, s3: str) -> None:
    manifest = close_hour(tables.store, BOOKED, NOON, payments(BOOKED, NOON, 10))
    s3_client(s3).delete_object(Bucket=tables.store.bucket, Key=manifest.files[0].key)
    (problem,) = tables.loader().load().problems
    assert "it is not there" in problem.why


@pytest.mark.parametrize("version", ["1.1.0", "2.0.0", "next"])
def test_a_file_of_an_unknown_schema_version_is_told(tables: Offline, version: str) -> None:
    close_hour(tables.store, BOOKED, NOON, payments(BOOKED, NOON, 10), version=version)
    (problem,) = tables.loader().load().problems
    assert f"it is of schema version {version}; this loader knows 1.0.0 to 1.0.0" in problem.why
    assert tables.state(BOOKED)[0] == 0


def _more_rows(file: ArchivedFile) -> dict[str, object]:
    return {"rows": file.rows + 1, "distinct_event_ids": file.distinct_event_ids + 1}


def _another_sum(_: ArchivedFile) -> dict[str, object]:
    return {"amount_sum": "0.01"}


@pytest.mark.parametrize("lie", [_more_rows, _another_sum])
def test_a_manifest_that_tells_other_figures_than_its_file_is_told(
    tables: Offline, lie: Callable[[ArchivedFile], dict[str, object]]
) -> None:
    rows = payments(BOOKED, NOON, 10)
    file = write_file(tables.store, BOOKED, NOON, rows, 0)
    wrong = file.model_copy(update=lie(file))
    told = rows if wrong.rows == file.rows else [*rows, *payments(BOOKED, NOON, 1, seed=7)]
    close(tables.store, BOOKED, NOON, [wrong], told)
    (problem,) = tables.loader().load().problems
    assert "the manifest says" in problem.why
    assert tables.state(BOOKED)[0] == 0


def test_rows_of_another_hour_and_unknown_columns_are_told(tables: Offline) -> None:
    close_hour(tables.store, BOOKED, NOON, payments(BOOKED, later(1), 10))
    strange = [row | {"cardNumber": "x"} for row in payments(REGISTERED, NOON, 10)]
    close_hour(tables.store, REGISTERED, NOON, strange)
    problems = {problem.kind: problem.why for problem in tables.loader().load().problems}
    assert "outside of 2026-03-14T12" in problems[BOOKED]
    assert "columns that the table has not: cardNumber" in problems[REGISTERED]


def test_an_hour_that_cannot_be_loaded_holds_back_what_would_hide_it(tables: Offline, s3: str) -> None:
    """The logical table would ask the offline side for it, a day after."""
    for number in range(27):
        close_hour(tables.store, BOOKED, later(number), payments(BOOKED, later(number), 2))
    key = f"events/kind={BOOKED}/date=2026-03-14/hour=14/"
    (listed,) = tables.store.list(key)
    s3_client(s3).delete_object(Bucket=tables.store.bucket, Key=listed.key)
    result = tables.loader().load()
    assert [problem.hour for problem in result.problems] == [later(2)]
    assert [loaded.hour for loaded in result.loaded] == [later(n) for n in range(26) if n != 2]
    assert [waiting.hour for waiting in result.waiting] == [later(26)]
    assert f"waits for {later(2)}" in result.waiting[0].why


def test_an_hour_that_is_not_over_by_s3s_clock_is_not_loaded(tables: Offline) -> None:
    future = Hour.parse("2099-01-01T00")
    close_hour(tables.store, BOOKED, future, payments(BOOKED, future, 5))
    (problem,) = tables.loader().load().problems
    assert "is closed before it is over" in problem.why
    assert tables.state(BOOKED)[0] == 0


def test_something_else_among_the_manifests_is_told(tables: Offline) -> None:
    key = manifest_key(BOOKED, NOON, 1).replace(".json", ".json.bak")
    tables.store.put_new(key, b"{}")
    with pytest.raises(Exception, match="stands among the manifests and is none"):
        tables.loader().load()


def test_an_hour_in_a_merged_segment_is_not_doubled(tables: Offline) -> None:
    rows, late = payments(BOOKED, NOON, 20), payments(BOOKED, NOON, 1, seed=2)
    first = close_hour(tables.store, BOOKED, NOON, rows)
    assert tables.loader().load().well
    # As a merge leaves it: the same rows under another name, and no segment of the hour.
    drop_and_merge(tables, rows)
    assert tables.loader().load().loaded == []
    added = write_file(tables.store, BOOKED, NOON, late, first_offset=900)
    close(tables.store, BOOKED, NOON, [*first.files, added], rows + late, revision=2)
    (problem,) = tables.loader().load().problems
    assert "its rows stand in merged_1day_20260314" in problem.why
    assert tables.state(BOOKED) == (20, 20, amount_of(rows))


def drop_and_merge(tables: Offline, rows: list[dict[str, object]]) -> None:
    drop_offline_tables(tables.engine)
    create_offline_tables(tables.engine)
    batch = {
        "inputFormat": "json",
        "segmentNameGenerator.type": "fixed",
        "segmentNameGenerator.configs.segment.name": "merged_1day_20260314",
    }
    query = {"tableNameWithType": f"{BOOKED.offline_table}_OFFLINE", "batchConfigMapStr": json.dumps(batch)}
    path = f"/ingestFromFile?{urlencode(query)}"
    present = [{name: value for name, value in row.items() if value is not None} for row in rows]
    answer = tables.engine.ask("POST", path, rows=present)
    assert answer.status == 200, answer.body


def test_a_schema_knows_the_versions_that_it_can_read(tables: Offline) -> None:
    schema = dataclasses.replace(tables.schemas[BOOKED], version="1.2.0")
    assert [v for v in ("1.0.0", "1.1.7", "1.2.9", "1.3.0", "2.0.0", "0.9.0", "x") if schema.knows(v)] == [
        "1.0.0",
        "1.1.7",
        "1.2.9",
    ]
