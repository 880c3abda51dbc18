"""Each guard: what it refuses, what it lets through, and what its message says."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from pinot_as_code.guards import GUARDS, findings, refusals, unknown_words, words_of
from pinot_as_code.losses import Change, Stored

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.unit

Document = dict[str, Any]
FULL = Stored(segments=3, oldest_milliseconds=20 * 86_400_000)


def drop(schema: Document, name: str) -> Document:
    """Remove a column."""
    schema["dimensionFieldSpecs"] = [spec for spec in schema["dimensionFieldSpecs"] if spec["name"] != name]
    return schema


def column(schema: Document, kind: str, name: str) -> Document:
    """Return a column."""
    return next(spec for spec in schema[kind] if spec["name"] == name)


def to_metric(schema: Document) -> None:
    """Make the metric a dimension."""
    schema["dimensionFieldSpecs"].append(schema["metricFieldSpecs"].pop())


SCHEMA_CHANGES: list[tuple[str, Callable[[Document], object], str]] = [
    ("remove-column", lambda s: drop(s, "currency"), "column currency is removed"),
    (
        "retype-column",
        lambda s: column(s, "metricFieldSpecs", "amount").update(dataType="DOUBLE"),
        "column amount changes from BIG_DECIMAL to DOUBLE",
    ),
    (
        "retype-column",
        lambda s: column(s, "dimensionFieldSpecs", "currency").update(singleValueField=False),
        "column currency changes from one value a row to several values",
    ),
    (
        "retype-column",
        lambda s: column(s, "dateTimeFieldSpecs", "bookedAt").update(format="1:DAYS:EPOCH"),
        "column bookedAt is read with the format 1:DAYS:EPOCH instead of TIMESTAMP",
    ),
    ("change-field-kind", to_metric, "column amount changes from METRIC to DIMENSION"),
    (
        "change-primary-key",
        lambda s: s.update(primaryKeyColumns=["transactionId"]),
        "the primary key changes from ['eventId'] to ['transactionId']",
    ),
    (
        "replace",
        lambda s: s.update(schemaName="other"),
        "schemaName changes from transaction_booked_rt to other",
    ),
]

TABLE_CHANGES: list[tuple[str, Callable[[Document], object], str]] = [
    ("replace", lambda t: t.update(tableName="other"), "which makes another object and deletes this one"),
    ("replace", lambda t: t.update(tableType="OFFLINE"), "tableType changes from REALTIME to OFFLINE"),
    (
        "lower-retention",
        lambda t: t["segmentsConfig"].update(retentionTimeValue="1"),
        "rows are kept for 1 days instead of for 30 days, and rows as old as 20 days are stored",
    ),
    (
        "lower-replication",
        lambda t: t["segmentsConfig"].update(replication="1"),
        "held by 1 servers instead of 3",
    ),
    (
        "change-time-column",
        lambda t: t["segmentsConfig"].update(timeColumnName="eventTime"),
        "timeColumnName changes from bookedAt to eventTime",
    ),
    (
        "change-topic",
        lambda t: t["ingestionConfig"]["streamIngestionConfig"]["streamConfigMaps"][0].update(
            {"stream.kafka.topic.name": "other"}
        ),
        "the topic changes from payments to other",
    ),
    ("change-dedup", lambda t: t.pop("dedupConfig"), "repeated events are no longer dropped"),
    (
        "change-dedup",
        lambda t: t["dedupConfig"].update(hashFunction="MD5"),
        "hashFunction changes from MURMUR3 to MD5",
    ),
    (
        "change-upsert",
        lambda t: (t.pop("dedupConfig"), t.update(upsertConfig={"mode": "FULL"})),
        "the upsert mode changes from NONE to FULL",
    ),
    (
        "change-partition-column",
        lambda t: t["tableIndexConfig"]["segmentPartitionConfig"]["columnPartitionMap"][
            "transactionId"
        ].update(numPartitions=6),
        "the partitioning by transactionId changes from",
    ),
]

HARMLESS: list[Callable[[Document], object]] = [
    lambda t: t["segmentsConfig"].update(retentionTimeValue="60"),
    lambda t: t["segmentsConfig"].update(retentionTimeUnit="HOURS", retentionTimeValue=str(30 * 24)),
    lambda t: [t["segmentsConfig"].pop(key) for key in ("retentionTimeUnit", "retentionTimeValue")],
    lambda t: t["segmentsConfig"].update(replication="5"),
    lambda t: t["fieldConfigList"].pop(),
    lambda t: t["dedupConfig"].update(dedupEnabled="true"),
    lambda t: t["ingestionConfig"]["transformConfigs"].pop(),
]


@pytest.fixture
def table(accepted: Callable[[str], Document]) -> Document:
    """Give a table with everything that is guarded."""
    table = accepted("table-transaction_booked_rt")
    table["segmentsConfig"]["replication"] = "3"
    table["dedupConfig"] = {"dedupEnabled": True, "hashFunction": "MURMUR3"}
    table["tableIndexConfig"]["segmentPartitionConfig"] = {
        "columnPartitionMap": {"transactionId": {"functionName": "murmur", "numPartitions": 3}}
    }
    return table


@pytest.fixture
def schema(accepted: Callable[[str], Document]) -> Document:
    """Give a schema with a primary key."""
    return accepted("schema-transaction_booked_rt") | {"primaryKeyColumns": ["eventId"]}


def changed(document: Document, change: Callable[[Document], object]) -> Document:
    """Return a changed copy."""
    copied = copy.deepcopy(document)
    change(copied)
    return copied


@pytest.mark.parametrize(("word", "change", "lost"), SCHEMA_CHANGES)
def test_a_schema_change_needs_its_word(
    schema: Document, word: str, change: Callable[[Document], object], lost: str
) -> None:
    assert refusals(Change("schema", "s", schema, copy.deepcopy(schema)), ()) == ()
    guarded = Change("schema", "s", schema, changed(schema, change))

    (refusal,) = refusals(guarded, set(words_of("schema")) - {word})

    assert lost in str(refusal)
    assert f'put "{word}" into allow' in str(refusal)
    assert refusal.guard.reason in str(refusal)
    assert refusals(guarded, (word,)) == ()


@pytest.mark.parametrize(("word", "change", "lost"), TABLE_CHANGES)
def test_a_table_change_needs_its_word(
    table: Document, word: str, change: Callable[[Document], object], lost: str
) -> None:
    assert refusals(Change("table", "t", table, copy.deepcopy(table), FULL), ()) == ()
    guarded = Change("table", "t", table, changed(table, change), FULL)

    (refusal,) = refusals(guarded, set(words_of("table")) - {word})

    assert lost in str(refusal)
    assert f'put "{word}" into allow' in str(refusal)
    assert word not in {found.guard.word for found in refusals(guarded, (word,))}


@pytest.mark.parametrize("change", HARMLESS)
def test_what_loses_nothing_needs_no_word(table: Document, change: Callable[[Document], object]) -> None:
    assert refusals(Change("table", "t", table, changed(table, change), FULL), ()) == ()


def test_an_empty_table_has_nothing_to_lose_but_its_name(table: Document) -> None:
    empty = Stored(segments=0)

    for word, change, _ in TABLE_CHANGES:
        refused = refusals(Change("table", "t", table, changed(table, change), empty), ())
        assert [found.guard.word for found in refused] == (["replace"] if word == "replace" else [])
    assert refusals(Change("table", "t", table, None, empty), ()) == ()


@pytest.mark.parametrize(
    ("stored", "what"),
    [(FULL, "its 3 segments are deleted"), (Stored(), "its segments, if any, are deleted")],
)
def test_deleting_a_table_with_data_needs_a_word_that_stands_in_the_state(
    table: Document, stored: Stored, what: str
) -> None:
    (refusal,) = refusals(Change("table", "t", table, None, stored), ())

    assert what in str(refusal)
    assert 'put "delete-data" into allow of this resource and run `pulumi up` first' in str(refusal)
    assert refusals(Change("table", "t", table, None, stored), ("delete-data",)) == ()


@pytest.mark.parametrize(
    ("days", "oldest", "refused"),
    [("25", 20, False), ("10", 20, True), ("25", None, True), ("30", None, False)],
)
def test_a_retention_may_be_lowered_to_what_is_stored(
    table: Document, days: str, oldest: float | None, *, refused: bool
) -> None:
    lower = changed(table, lambda t: t["segmentsConfig"].update(retentionTimeValue=days))
    stored = Stored(3, None if oldest is None else oldest * 86_400_000)

    assert bool(refusals(Change("table", "t", table, lower, stored), ())) is refused


def test_an_offline_table_keeps_for_ever_until_it_appends(accepted: Callable[[str], Document]) -> None:
    """Pinot enforces the retention of OFFLINE tables only when they are loaded by appending."""
    refresh = accepted("table-transaction_booked_offline")
    refresh["ingestionConfig"]["batchIngestionConfig"]["segmentIngestionType"] = "REFRESH"
    append = copy.deepcopy(refresh)
    append["ingestionConfig"]["batchIngestionConfig"]["segmentIngestionType"] = "APPEND"

    (refusal,) = refusals(Change("table", "t", refresh, append, Stored(1)), ())

    assert "for 2557 days instead of for ever" in str(refusal)
    assert refusals(Change("table", "t", append, refresh, Stored(1)), ()) == ()


def test_the_identity_of_a_partial_upsert(accepted: Callable[[str], Document]) -> None:
    table = accepted("table-payment_analytics")
    for key, value in (
        ("comparisonColumns", ["registeredAt"]),
        ("partialUpsertStrategies", {"currency": "IGNORE"}),
        ("defaultPartialUpsertStrategy", "IGNORE"),
        ("hashFunction", "MD5"),
        ("dropOutOfOrderRecord", True),
    ):
        other = changed(table, lambda t, key=key, value=value: t["upsertConfig"].update({key: value}))  # type: ignore[misc]
        (refusal,) = refusals(Change("table", "t", table, other, FULL), ())
        assert refusal.guard.word == "change-upsert"
        assert f"upsertConfig.{key} changes from" in str(refusal)
    spelt = changed(
        table, lambda t: t["upsertConfig"].update(hashFunction="NONE", dropOutOfOrderRecord=False)
    )
    assert refusals(Change("table", "t", table, spelt, FULL), ()) == ()


def test_a_member_leaves_a_logical_table(accepted: Callable[[str], Document]) -> None:
    table = accepted("logical-transaction_booked")
    fewer = changed(table, lambda t: t["physicalTableConfigMap"].pop("transaction_booked_rt_REALTIME"))

    (refusal,) = refusals(Change("logical table", "l", table, fewer), ())

    assert "the member transaction_booked_rt_REALTIME is removed" in str(refusal)
    assert refusals(Change("logical table", "l", fewer, table), ()) == ()
    renamed = changed(table, lambda t: t.update(tableName="other"))
    assert [found.guard.word for found in refusals(Change("logical table", "l", table, renamed), ())] == [
        "replace"
    ]


def test_an_instance_with_data_leaves_a_tenant() -> None:
    old = {"instances": ["a", "b"], "used": {"b": "4 segments of t_OFFLINE"}}

    (refusal,) = refusals(Change("tenant", "t (SERVER)", old, {"instances": ["a"]}), ())

    assert "b leaves it while it holds 4 segments of t_OFFLINE" in str(refusal)
    assert refusals(Change("tenant", "t", old, {"instances": ["b"]}), ()) == ()


@pytest.mark.parametrize(("others", "refused"), [([], True), ([{"username": "root"}], False)])
def test_the_last_administrator(others: list[Document], *, refused: bool) -> None:
    old = {"role": "ADMIN", "component": "BROKER", "otherAdmins": others}

    for new in (None, {"role": "USER"}):
        assert bool(refusals(Change("user", "u", old, new), ())) is refused
    assert refusals(Change("user", "u", old, {"role": "ADMIN"}), ()) == ()


def test_every_guard_is_told_by_a_case_above_and_says_why() -> None:
    told = {("schema", case[0]) for case in SCHEMA_CHANGES} | {("table", case[0]) for case in TABLE_CHANGES}
    told |= {("table", "delete-data"), ("logical table", "remove-member"), ("logical table", "replace")}
    told |= {("tenant", "shrink-tenant"), ("user", "remove-last-admin")}

    assert {(guard.kind, guard.word) for guard in GUARDS} == told
    assert all(guard.reason.endswith(".") for guard in GUARDS)


def test_a_misspelt_word_is_seen() -> None:
    assert unknown_words("table", ["delete-data", "unknown-keys"]) == ()
    assert unknown_words("table", ["delete_data"]) == ("delete_data",)
    assert unknown_words("tenant", ["delete-data"]) == ("delete-data",)


def test_several_losses_are_told_at_once(schema: Document) -> None:
    other = changed(schema, lambda s: [drop(s, name) for name in ("currency", "merchantId")])

    (refusal,) = findings(Change("schema", "s", schema, other))

    assert "column currency is removed; column merchantId is removed" in str(refusal)
