"""The offline rules against what a real 1.5.1 said to the same configurations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pinot_as_code.validation.logical_table_rules import check_logical_table
from pinot_as_code.validation.schema_rules import check_schema
from pinot_as_code.validation.table_rules import check_table

pytestmark = pytest.mark.unit

ACCEPTED = sorted((Path(__file__).parents[2] / "data" / "pinot-1.5.1" / "accepted").rglob("table-*.json"))

NEEDS_THE_CLUSTER = {
    "A.table.missing-tenant": "no instance carries the tenant's tag",
    "A.table.missing-tenant.both": "no instance carries the tenant's tag",
    "A.table.no-tenant-fields": "no instance carries the default tenant's tag",
    "C.put.table.when-tenant-gone": "no instance carries the tenant's tag",
    "C.table.create.again": "the table exists",
    "C.table.create.right-after-delete": "the old one is not gone yet",
    "C.table.create.tier-tag-missing": "no instance carries the tier's tag",
    "C.table.update.upsert-identity": "what is stored is merged otherwise",
    "C3.replication-3-with-1-server": "there is one server",
    "C3.task-unknown": "the controller knows which tasks there are",
    "C3.tenant-missing-broker": "no instance carries the tenant's tag",
    "C3.tenant-missing-server": "no instance carries the tenant's tag",
    "C3.tier-tag-absent": "no instance carries the tier's tag",
    "C4.replication2": "there is one server",
    "C4.tenant": "no instance carries the tenant's tag",
    "C3.pa.put.strategy": "what is stored is merged otherwise",
    "C3.pa.put.mode": "what is stored is merged otherwise",
    "B.put.name-mismatch": "the path names another schema",
    "B.post.removed-column": "the stored schema has the column",
    "B.put.changed-type": "the stored schema has another type",
    "B.put.pk-removed": "the stored schema has a primary key",
    "B.put.removed-column": "the stored schema has the column",
    "B.schema.remove-column": "the stored schema has the column",
    "G.schema.add-primary-key": "the stored schema has a column that is missing",
}
"""Refused for what is stored or running, which no document says."""

ACCEPTED_AND_BROKEN = {
    "B.post.timeFieldSpec": "is deprecated",
    "B.post.unknown": "is no key of Pinot's",
    "B.schema.unknown-property": "did you mean transformFunction?",
    "B.validate.unknown": "is no key of Pinot's",
    "C.table.validate.hash-in-field-config": "is no key of Pinot's",
    "C.table.validate.unknown-property": "did you mean starTreeIndexConfigs?",
    "C3.dup-fieldconfig": "stands twice",
    "C3.inverted-on-raw": "the segment then never commits",
    "C3.name-with-suffix": "the type is added from tableType",
    "C3.pa.increment-bigdecimal": "INCREMENT on BIG_DECIMAL",
    "C3.pa.postPartial": "postPartialUpsertTransformConfigs: is no key of Pinot's",
    "C3.range-raw-bigdecimal": "the segment then never commits",
    "C3.st-percentile": "PERCENTILETDIGEST",
    "C3.unknown-index-name": "did you mean inverted?",
    "C3.unknown-index-prop": "is no key of Pinot's",
    "C3.unknown-props": "did you mean starTreeIndexConfigs?",
    "C3.unknown-props.validate": "did you mean starTreeIndexConfigs?",
    "H.notoken.put": "the type is added from tableType",
    "H.svcmin.put": "the type is added from tableType",
    "H.token.put": "the type is added from tableType",
    "Z.enricher-badfn": "is no function of Pinot's",
    "Z.eq-filter": "does as numbers",
    "Z2.enricher-badfn.post": "is no function of Pinot's",
}
"""Answered with 200, and wrong all the same: the message that our rules give."""

OTHER_SCHEMA = {"payment_analytics"}
"""Its tables were recorded against a schema that was not; they are checked by ACCEPTED instead."""


def verdicts(exchanges: list[dict[str, Any]]) -> list[tuple[str, int, list[str]]]:
    """Return case, recorded status and what our rules find, for every schema and table that was sent."""
    found: list[tuple[str, int, list[str]]] = []
    schemas: dict[str, dict[str, Any]] = {}
    for exchange in exchanges:
        path, body = exchange["path"].partition("?")[0], exchange.get("body")
        if isinstance(body, str):
            try:
                body = json.loads(body)
            except ValueError:
                continue
        if not isinstance(body, dict) or exchange["method"] not in {"POST", "PUT"}:
            continue
        if path.startswith("/schemas"):
            found.append((exchange["case"], exchange["status"], [str(item) for item in check_schema(body)]))
            if exchange["status"] == 200 and not path.endswith("/validate"):
                schemas[body["schemaName"]] = body
        elif path.startswith("/tables") and "tableType" in body:
            schema = schemas.get(body["tableName"].removesuffix(f"_{body['tableType']}"))
            if (schema is not None and body["tableName"] not in OTHER_SCHEMA) or (
                schema is not None and exchange["case"] in ACCEPTED_AND_BROKEN
            ):
                messages = [str(item) for item in check_table(body, schema)]
                found.append((exchange["case"], exchange["status"], messages))
    return found


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_a_real_cluster_ran_with_has_no_finding(path: Path) -> None:
    table = json.loads(path.read_text("utf-8"))
    schema = json.loads(path.with_name(f"schema-{table['tableName']}.json").read_text("utf-8"))

    assert [str(finding) for finding in check_schema(schema)] == []
    assert [str(finding) for finding in check_table(table, schema)] == []


def test_the_logical_table_of_a_real_cluster_has_no_finding() -> None:
    path = next(ACCEPTED[0].parents[1].rglob("logical-*.json"))
    assert [str(item) for item in check_logical_table(json.loads(path.read_text("utf-8")))] == []


def test_the_offline_rules_refuse_what_pinot_refuses_and_what_it_should(
    exchanges: list[dict[str, Any]],
) -> None:
    found = verdicts(exchanges)
    seen = set()
    for case, status, messages in found:
        seen.add(case)
        if case in ACCEPTED_AND_BROKEN:
            assert status == 200, case
            assert any(ACCEPTED_AND_BROKEN[case] in message for message in messages), (case, messages)
        elif status == 200:
            assert messages == [], case
        elif case not in NEEDS_THE_CLUSTER and status == 400:
            assert messages, case
    assert seen >= set(ACCEPTED_AND_BROKEN)
    assert len(found) >= 100
