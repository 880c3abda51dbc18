"""Ways to spoil a table, for the tests of its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pinot_as_code.validation.table_rules import check_table

if TYPE_CHECKING:
    from collections.abc import Callable

Table = dict[str, Any]
KAFKA = "stream.kafka"
PLUGINS = "org.apache.pinot.plugin"


def field(table: Table, name: str) -> Table:
    """Return a column's entry of fieldConfigList, made when it is not there."""
    for entry in table["fieldConfigList"]:
        if entry["name"] == name:
            return entry  # type: ignore[no-any-return] # JSON
    table["fieldConfigList"].append({"name": name})
    return table["fieldConfigList"][-1]  # type: ignore[no-any-return] # JSON


def stream(table: Table) -> dict[str, str]:
    """Return the table's stream."""
    return table["ingestionConfig"]["streamIngestionConfig"]["streamConfigMaps"][0]  # type: ignore[no-any-return] # JSON


def ingestion(table: Table) -> Table:
    """Return the table's ingestion."""
    return table["ingestionConfig"]  # type: ignore[no-any-return] # JSON


def star_tree(table: Table, **changes: object) -> None:
    """Give the table one star-tree."""
    tree = {"dimensionsSplitOrder": ["currency"], "functionColumnPairs": ["COUNT__*"], **changes}
    table["tableIndexConfig"]["starTreeIndexConfigs"] = [{k: v for k, v in tree.items() if v is not None}]


def tier(table: Table, **changes: object) -> Table:
    """Give the table one tier."""
    plain = {
        "name": "warm",
        "segmentSelectorType": "time",
        "segmentAge": "30d",
        "storageType": "pinot_server",
        "serverTag": "warm_OFFLINE",
    }
    table["tierConfigs"] = [{key: value for key, value in {**plain, **changes}.items() if value is not None}]
    return table


def transform(table: Table, column: str, function: str) -> None:
    """Add a transform."""
    ingestion(table)["transformConfigs"].append({"columnName": column, "transformFunction": function})


def strategies(table: Table, **changes: str) -> None:
    """Merge columns."""
    table["upsertConfig"].setdefault("partialUpsertStrategies", {}).update(changes)


def assert_told(accepted: Callable[[str], Table], spoil: Callable[[Table], object], message: str) -> None:
    """Spoil a plain append table that has no finding; what is found then holds the message."""
    table, schema = accepted("table-transaction_booked_rt"), accepted("schema-transaction_booked_rt")
    schema.pop("primaryKeyColumns", None)
    table.pop("dedupConfig", None)
    table["routing"] = {"segmentPrunerTypes": ["time"]}
    before = [str(finding) for finding in check_table(table, schema)]
    assert before == [], before

    spoil(table)

    found = [str(finding) for finding in check_table(table, schema)]
    assert any(message in text for text in found), found
