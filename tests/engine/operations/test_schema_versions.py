"""Files of three versions of a schema load under the newest; old rows have the added columns' defaults."""

from __future__ import annotations

import dataclasses
import json

import pytest

from operations.archive.layout import Kind
from tests.engine.operations.archived_hours import Row, close, payments, write_file
from tests.engine.operations.offline_tables import NOON, Offline

pytestmark = pytest.mark.engine

BOOKED = Kind.BOOKED
NEW_COLUMNS = (
    {"name": "acquirer", "dataType": "STRING", "defaultNullValue": "unknown"},
    {"name": "riskScore", "dataType": "LONG", "defaultNullValue": -1},
)


def _of_version(version: str, rows: list[Row]) -> list[Row]:
    added: Row = {}
    if version >= "1.1.0":
        added["acquirer"] = "bank-1"
    if version >= "1.2.0":
        added["riskScore"] = 7
    return [row | added for row in rows]


def test_three_versions_in_one_hour_load_under_the_newest(tables: Offline) -> None:
    schema = tables.engine.ask("GET", f"/schemas/{BOOKED.offline_table}").body
    schema["dimensionFieldSpecs"] += NEW_COLUMNS
    changed = tables.engine.ask("PUT", f"/schemas/{BOOKED.offline_table}", json.dumps(schema))
    assert changed.status == 200, changed.body
    known = tables.schemas[BOOKED]
    tables.schemas[BOOKED] = dataclasses.replace(
        known, version="1.2.0", columns=known.columns | {str(column["name"]) for column in NEW_COLUMNS}
    )
    every = payments(BOOKED, NOON, 90)
    files, written = [], []
    for number, version in enumerate(("1.0.0", "1.1.0", "1.2.0")):
        rows = _of_version(version, every[30 * number : 30 * number + 30])
        files.append(write_file(tables.store, BOOKED, NOON, rows, 1000 * number, version))
        written += rows
    close(tables.store, BOOKED, NOON, files, written)
    result = tables.loader().load()
    assert [problem.why for problem in result.problems] == []
    sql = f"SELECT eventId, acquirer, riskScore FROM {BOOKED.offline_table} LIMIT 1000"  # noqa: S608 - names of the product
    found = {row[0]: tuple(row[1:]) for row in tables.pinot.rows(sql)}
    expected = [("unknown", -1)] * 30 + [("bank-1", -1)] * 30 + [("bank-1", 7)] * 30
    assert [found[row["eventId"]] for row in every] == expected
    nulls = {row[0]: tuple(row[1:]) for row in tables.pinot.rows(sql, enableNullHandling="true")}
    expected_nulls = [(None, None)] * 30 + [("bank-1", None)] * 30 + [("bank-1", 7)] * 30
    assert [nulls[row["eventId"]] for row in every] == expected_nulls
