"""Rules for upsert and de-duplication: each mistake is found and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pinot_as_code.validation.table_rules import check_table
from tests.unit.pinot_as_code.table_changes import assert_told, ingestion, star_tree, strategies, stream, tier

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.pinot_as_code.table_changes import Table

pytestmark = pytest.mark.unit

MISTAKES: list[tuple[str, Callable[[Table], object], str]] = [
    # upsert and dedup
    (
        "no key",
        lambda t: t.update(dedupConfig={"dedupEnabled": True}),
        "needs primaryKeyColumns in the schema",
    ),
    ("routing", lambda t: t.update(dedupConfig={"dedupEnabled": True}), "it must be strictReplicaGroup or"),
    (
        "both ways",
        lambda t: t.update(dedupConfig={}, upsertConfig={"mode": "FULL"}),
        "a table has one of them",
    ),
]


@pytest.mark.parametrize(
    ("spoil", "message"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_mistake_is_found_and_told(
    accepted: Callable[[str], Table], spoil: Callable[[Table], object], message: str
) -> None:
    assert_told(accepted, spoil, message)


UPSERT_MISTAKES: list[tuple[str, Callable[[Table, Table], object], str]] = [
    ("star-tree", lambda t, _: star_tree(t), "an upsert table cannot have a star-tree"),
    ("tiers", lambda t, _: tier(t), "tierConfigs: cannot stand beside upsertConfig"),
    (
        "null handling",
        lambda _, s: s.pop("enableColumnBasedNullHandling"),
        "set enableColumnBasedNullHandling",
    ),
    (
        "comparison",
        lambda t, _: t["upsertConfig"].update(comparisonColumns=["nope"]),
        "comparisonColumns: names nope",
    ),
    (
        "delete",
        lambda t, _: t["upsertConfig"].update(deleteRecordColumn="nope"),
        "deleteRecordColumn: names nope",
    ),
    (
        "ttl",
        lambda t, _: t["upsertConfig"].update(metadataTTL=1),
        "does not work with several comparisonColumns",
    ),
    (
        "deleted ttl",
        lambda t, _: t["upsertConfig"].update(deletedKeysTTL=1, deleteRecordColumn=None),
        "needs deleteRecord",
    ),
    ("merge key", lambda t, _: strategies(t, transactionId="MIN"), "is a primary key column"),
    ("merge order", lambda t, _: strategies(t, bookedAt="MAX"), "orders the events of a key"),
    ("merge nothing", lambda t, _: strategies(t, nope="MIN"), "[nope]: is no column"),
    ("append", lambda t, _: strategies(t, currency="APPEND"), "needs a multi-value column"),
    ("increment money", lambda t, _: strategies(t, amount="INCREMENT"), "INCREMENT on BIG_DECIMAL"),
    ("increment text", lambda t, _: strategies(t, currency="INCREMENT"), "needs a number, found STRING"),
    ("routing", lambda t, _: t.pop("routing"), "or replicas differ"),
    (
        "aggregation",
        lambda t, _: t["tableIndexConfig"].update(aggregateMetrics=True),
        "aggregation at ingestion",
    ),
    (
        "two streams",
        lambda t, _: ingestion(t)["streamIngestionConfig"]["streamConfigMaps"].append(dict(stream(t))),
        "works with one stream",
    ),
    (
        "tags",
        lambda t, _: t["tenants"].update(tagOverrideConfig={"realtimeCompleted": "x_OFFLINE"}),
        "must not move",
    ),
    ("no key", lambda _, s: s.pop("primaryKeyColumns"), "needs primaryKeyColumns"),
]


@pytest.mark.parametrize(
    ("spoil", "message"), [case[1:] for case in UPSERT_MISTAKES], ids=[case[0] for case in UPSERT_MISTAKES]
)
def test_a_mistake_of_an_upsert_table_is_found_and_told(
    accepted: Callable[[str], Table], spoil: Callable[[Table, Table], object], message: str
) -> None:
    table, schema = accepted("table-payment_analytics"), accepted("schema-payment_analytics")
    assert [str(finding) for finding in check_table(table, schema)] == []

    spoil(table, schema)

    found = [str(finding) for finding in check_table(table, schema)]
    assert any(message in text for text in found), found


@pytest.mark.parametrize(
    ("dedup", "age", "message"),
    [
        ({"dedupTimeColumn": "nope"}, "30d", "dedupTimeColumn: is 'nope'"),
        ({"dedupTimeColumn": "currency"}, "30d", "a time is needed"),
        ({"metadataTTL": 40 * 86_400_000}, "30d", "younger than dedupConfig.metadataTTL"),
        ({"metadataTTL": 1}, None, "a tier takes segments by their age"),
    ],
)
def test_a_mistake_of_a_dedup_table_is_found_and_told(
    accepted: Callable[[str], Table], dedup: Table, age: str | None, message: str
) -> None:
    table, schema = accepted("table-transaction_booked_rt"), accepted("schema-transaction_booked_rt")
    schema["primaryKeyColumns"] = ["eventId"]
    table["routing"] = {"instanceSelectorType": "strictReplicaGroup"}
    table["dedupConfig"] = {"dedupEnabled": True}
    tier(table)
    assert [str(finding) for finding in check_table(table, schema)] == []

    table["dedupConfig"] |= dedup
    tier(table, segmentAge=age, segmentSelectorType="fixed" if age is None else "time")

    found = [str(finding) for finding in check_table(table, schema)]
    assert any(message in text for text in found), found
