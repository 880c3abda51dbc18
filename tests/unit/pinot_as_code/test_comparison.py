"""What differs, what is drift, and what must never be shown."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from pinot_as_code.comparison import differences, drifted, readable, secrets_in, without_defaults
from pinot_as_code.vocabulary import LOGICAL_TABLE, SCHEMA, TABLE, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.unit

Accepted = "Callable[[str], dict[str, Any]]"


def parsed(response: object) -> dict[str, Any] | None:
    """Return a recorded response; None for those that are cut off."""
    try:
        value = json.loads(response) if isinstance(response, str) else response
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def test_what_a_real_server_shows_of_what_it_was_told_is_no_difference(
    exchanges: list[dict[str, Any]],
) -> None:
    """Every stored object that was read back, against what was written last under its name."""
    written: dict[tuple[str, str], dict[str, Any]] = {}
    compared = 0
    for exchange in exchanges:
        path, body, shown = (
            exchange["path"].partition("?")[0],
            parsed(exchange.get("body")),
            parsed(exchange["response"]),
        )
        if exchange["status"] != 200:
            continue
        if path.endswith("/validate") and isinstance(body, dict) and isinstance(shown, dict):
            if shown.get("unrecognizedProperties"):
                continue
            kind = SCHEMA if path.startswith("/schemas") else TABLE
            echo = shown if kind is SCHEMA else shown.get(str(body.get("tableType")))
            if isinstance(echo, dict):
                assert differences(echo, body, kind) == (), exchange["case"]
                compared += 1
        elif exchange["method"] in {"POST", "PUT"} and isinstance(body, dict) and "schemaName" in body:
            dropped = (shown or {}).get("unrecognizedProperties")
            written["schema", body["schemaName"]] = {} if dropped else body
        elif exchange["method"] == "GET" and path.startswith("/schemas/") and isinstance(shown, dict):
            body = written.get(("schema", path.split("/")[2]))
            if body and exchange["case"] != "B.get.pa":  # written by a step that was not recorded
                assert differences(shown, body, SCHEMA) == (), exchange["case"]
                compared += 1
    assert compared >= 6


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (
            lambda table: table["segmentsConfig"].update(retentionTimeValue="31"),
            "segmentsConfig.retentionTimeValue",
        ),
        (lambda table: table["fieldConfigList"][0]["indexes"].pop("inverted"), ".indexes.inverted"),
        (lambda table: table["fieldConfigList"].pop(0), "fieldConfigList["),
        (
            lambda table: table["ingestionConfig"]["transformConfigs"].pop(),
            "ingestionConfig.transformConfigs[",
        ),
        (
            lambda table: table["ingestionConfig"].update(continueOnError=True),
            "ingestionConfig.continueOnError",
        ),
        (lambda table: table.update(quota={"storage": "1G"}), "quota"),
        (
            lambda table: table["tableIndexConfig"].update(noDictionarySizeRatioThreshold=0.5),
            "noDictionarySize",
        ),
        (lambda table: table.update(dedupConfig={}), "dedupConfig"),
        (lambda table: table.pop("routing"), "routing"),
    ],
)
def test_every_change_behind_our_back_is_drift_and_is_shown_both_ways(
    accepted: Callable[[str], dict[str, Any]], change: Callable[[dict[str, Any]], None], path: str
) -> None:
    desired = accepted("table-transaction_booked_rt")
    live = copy.deepcopy(desired)
    change(live)

    found = differences(live, desired, TABLE)

    assert [difference for difference in found if path in difference.path], readable(found)
    merged = drifted(live, desired, TABLE)
    assert differences(merged, live, TABLE) == ()
    assert len(differences(merged, desired, TABLE)) == len(found)


def test_defaults_written_or_not_are_alike(accepted: Callable[[str], dict[str, Any]]) -> None:
    desired = accepted("table-transaction_booked_rt")
    live = copy.deepcopy(desired)
    live["tableName"] += "_REALTIME"
    live["isDimTable"] = False
    live["tableIndexConfig"] |= {"rangeIndexVersion": 2, "nullHandlingEnabled": False, "sortedColumn": []}
    live["segmentsConfig"]["replication"] = 1
    live["ingestionConfig"]["segmentTimeValueCheck"] = "true"
    live["aKeyOfALaterPinot"] = {"enabled": True}
    for field in live["fieldConfigList"]:
        field |= {"indexTypes": [], "tierOverwrites": None}

    assert differences(live, desired, TABLE) == ()
    assert drifted(live, desired, TABLE) == desired


@pytest.mark.parametrize(
    ("shown", "written", "alike"),
    [
        ({"storage": "10G"}, {"storage": "10240M"}, True),
        ({"storage": "1.5T"}, {"storage": "1536 gb"}, True),
        ({"storage": "10G"}, {"storage": "10M"}, False),
        ({"maxQueriesPerSecond": "50.0"}, {"maxQueriesPerSecond": 50}, True),
        ({"maxQueriesPerSecond": "50.0"}, {"maxQueriesPerSecond": 50.5}, False),
        ({"storage": "plenty"}, {"storage": "much"}, False),
    ],
)
def test_quotas_are_compared_by_how_much_they_are(
    shown: dict[str, Any], written: dict[str, Any], *, alike: bool
) -> None:
    assert (differences({"quota": shown}, {"quota": written}, TABLE) == ()) is alike


def test_what_a_star_tree_leaves_out_is_shown_as_zero() -> None:
    tree: dict[str, Any] = {"dimensionsSplitOrder": ["country"], "functionColumnPairs": ["COUNT__*"]}
    shown, written = (
        {"tableIndexConfig": {"starTreeIndexConfigs": [each]}}
        for each in ({**tree, "maxLeafRecords": 0}, tree)
    )

    assert differences(shown, written, TABLE) == ()
    shown["tableIndexConfig"]["starTreeIndexConfigs"][0]["maxLeafRecords"] = 10
    assert len(differences(shown, written, TABLE)) == 1


def test_a_switch_that_is_on_by_itself_is_a_difference_when_it_is_off() -> None:
    """Leaving the key out and writing the opposite of its default are two things."""
    assert differences({"upsertConfig": {"mode": "FULL"}}, {}, TABLE)
    assert differences({"upsertConfig": {}}, {"upsertConfig": {"mode": "FULL"}}, TABLE) == ()
    (found,) = differences({"upsertConfig": {"mode": "PARTIAL"}}, {"upsertConfig": {}}, TABLE)
    assert str(found) == 'upsertConfig.mode: "PARTIAL" → (absent)'


@pytest.mark.parametrize(
    ("kind", "data_type", "default"),
    [
        ("dimensionFieldSpecs", "STRING", "null"),
        ("dimensionFieldSpecs", "INT", -2147483648),
        ("dimensionFieldSpecs", "BOOLEAN", "false"),
        ("metricFieldSpecs", "BIG_DECIMAL", "0.00"),
        ("metricFieldSpecs", "LONG", 0),
        ("dateTimeFieldSpecs", "TIMESTAMP", "1970-01-01 00:00:00.0"),
    ],
)
def test_null_values_that_a_column_implies(kind: str, data_type: str, default: object) -> None:
    plain = {"schemaName": "s", kind: [{"name": "c", "dataType": data_type}]}
    spelt = {"schemaName": "s", kind: [{"name": "c", "dataType": data_type, "defaultNullValue": default}]}
    other = {"schemaName": "s", kind: [{"name": "c", "dataType": data_type, "defaultNullValue": "1"}]}

    assert differences(spelt, plain, SCHEMA) == ()
    assert differences(other, plain, SCHEMA)


def test_a_timestamp_null_value_is_the_same_in_both_spellings() -> None:
    def schema(value: object) -> dict[str, Any]:
        return {"dateTimeFieldSpecs": [{"name": "t", "dataType": "TIMESTAMP", "defaultNullValue": value}]}

    assert differences(schema("1970-01-01 00:00:00.0"), schema(0), SCHEMA) == ()
    assert differences(schema("1970-01-01 00:00:05.0"), schema(0), SCHEMA)


def test_column_order_says_nothing_and_key_order_does() -> None:
    columns = [{"name": "a", "dataType": "STRING"}, {"name": "b", "dataType": "LONG"}]
    one = {"dimensionFieldSpecs": columns, "primaryKeyColumns": ["a", "b"]}
    other = {"dimensionFieldSpecs": columns[::-1], "primaryKeyColumns": ["b", "a"]}

    assert [str(found) for found in differences(one, other, SCHEMA)] == [
        'primaryKeyColumns: ["a", "b"] → ["b", "a"]'
    ]


def test_a_widened_schema_is_drift(accepted: Callable[[str], dict[str, Any]]) -> None:
    desired = accepted("schema-transaction_booked_rt")
    live = copy.deepcopy(desired)
    live["dimensionFieldSpecs"].append({"name": "surprise", "dataType": "STRING", "fieldType": "DIMENSION"})

    (found,) = differences(live, desired, SCHEMA)

    assert found.path == "dimensionFieldSpecs[surprise]"
    assert str(found).endswith("→ (absent)")


def test_members_of_a_logical_table(accepted: Callable[[str], dict[str, Any]]) -> None:
    desired = accepted("logical-transaction_booked")
    live = copy.deepcopy(desired)
    live["physicalTableConfigMap"] = {
        name: {"multiCluster": False} for name in live["physicalTableConfigMap"]
    }

    assert differences(live, desired, LOGICAL_TABLE) == ()
    live["physicalTableConfigMap"].popitem()
    assert len(differences(live, desired, LOGICAL_TABLE)) == 1


def test_secrets_are_compared_but_never_shown() -> None:
    def table(password: str) -> dict[str, Any]:
        stream = {"streamType": "kafka", "sasl.jaas.config": f'… password="{password}";'}
        return {"ingestionConfig": {"streamIngestionConfig": {"streamConfigMaps": [stream]}}}

    changed = differences(table("hunter2"), table("correct horse"), TABLE)
    added = differences({}, table("hunter2"), TABLE)

    assert len(changed) == 1
    assert "[secret] → [secret]" not in readable(added)
    for text in (readable(changed), readable(added)):
        assert "hunter2" not in text
        assert "horse" not in text
        assert "[secret]" in text
    assert secrets_in(table("hunter2")) == {'… password="hunter2";'}


def test_what_is_posted_holds_no_nulls_and_no_implied_values() -> None:
    schema = {
        "schemaName": "s",
        "dimensionFieldSpecs": [
            {
                "name": "a",
                "dataType": "STRING",
                "singleValueField": True,
                "notNull": False,
                "fieldType": "DIMENSION",
            },
            {"name": "b", "dataType": "STRING", "singleValueField": False, "notNull": True},
        ],
        "primaryKeyColumns": None,
    }

    assert without_defaults(schema, SCHEMA) == {
        "schemaName": "s",
        "dimensionFieldSpecs": [
            {"name": "a", "dataType": "STRING"},
            {"name": "b", "dataType": "STRING", "singleValueField": False, "notNull": True},
        ],
    }
    assert without_defaults({"tableName": "t", "quota": None, "query": {"timeoutMs": None}}, TABLE) == {
        "tableName": "t",
        "query": {},
    }


def test_a_kind_that_nobody_described_is_compared_as_plain_json() -> None:
    (found,) = differences({"a": {"b": 1}}, {"a": {"b": 2}}, Kind("json"))
    assert str(found) == "a.b: 1 → 2"
