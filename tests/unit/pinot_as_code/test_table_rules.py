"""Rules for a table's keys, names, segments, tenants and tiers: each mistake is found and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.pinot_as_code.table_changes import assert_told, field, ingestion, tier

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.pinot_as_code.table_changes import Table

pytestmark = pytest.mark.unit

MISTAKES: list[tuple[str, Callable[[Table], object], str]] = [
    # keys and words
    ("typo", lambda t: t.update(tableIndexConfigs={}), "did you mean tableIndexConfig?"),
    ("wrong shape", lambda t: t.update(fieldConfigList={}), "fieldConfigList: must be a list"),
    (
        "object for a list",
        lambda t: t.update(segmentsConfig=[]),
        "segmentsConfig: must be an object, found a list",
    ),
    ("list for a value", lambda t: t.update(isDimTable=[True]), "isDimTable: must be a single value"),
    ("no boolean", lambda t: ingestion(t).update(continueOnError="yes"), "'yes'; allowed: true, false"),
    (
        "no number",
        lambda t: t.update(query={"timeoutMs": "10s"}),
        "query.timeoutMs: is '10s'; a number is wanted",
    ),
    ("no whole number", lambda t: t.update(query={"timeoutMs": 1.5}), "a whole number is wanted"),
    ("encoding", lambda t: field(t, "currency").update(encodingType="DICT"), "allowed: RAW, DICTIONARY"),
    # names
    ("no name", lambda t: t.pop("tableName"), "tableName: is missing"),
    ("space", lambda t: t.update(tableName="a b"), "a name holds no white space"),
    ("dots", lambda t: t.update(tableName="a.b.c"), "one dot at most"),
    ("underscores", lambda t: t.update(tableName="a__b"), "no double underscore"),
    ("suffix", lambda t: t.update(tableName="a_REALTIME"), "write 'a', the type is added"),
    ("slash", lambda t: t.update(tableName="a/b"), "letters, digits, _ - only"),
    (
        "other schema",
        lambda t: t.update(tableName="other"),
        "but the schema's schemaName is 'transaction_booked_rt'",
    ),
    ("type", lambda t: t.update(tableType="HYBRID"), "tableType: is 'HYBRID'; allowed: REALTIME, OFFLINE"),
    # segments
    ("no segmentsConfig", lambda t: t.pop("segmentsConfig"), "segmentsConfig: is missing"),
    ("no time", lambda t: t["segmentsConfig"].pop("timeColumnName"), "a REALTIME table needs a time column"),
    (
        "unknown time",
        lambda t: t["segmentsConfig"].update(timeColumnName="bookdAt"),
        "is 'bookdAt', which is no column of the schema (did you mean bookedAt?)",
    ),
    ("no time column", lambda t: t["segmentsConfig"].update(timeColumnName="currency"), "a DIMENSION column"),
    ("years", lambda t: t["segmentsConfig"].update(retentionTimeUnit="YEARS"), "seven years are 2557 DAYS"),
    (
        "no unit",
        lambda t: t["segmentsConfig"].pop("retentionTimeUnit"),
        "retentionTimeUnit: is missing while",
    ),
    (
        "no value",
        lambda t: t["segmentsConfig"].pop("retentionTimeValue"),
        "retentionTimeValue: is missing while",
    ),
    (
        "zero",
        lambda t: t["segmentsConfig"].update(retentionTimeValue="0"),
        "a whole number above 0 is wanted",
    ),
    (
        "deleted kept",
        lambda t: t["segmentsConfig"].update(deletedSegmentsRetentionPeriod="1 week"),
        "deletedSegmentsRetentionPeriod: is '1 week'",
    ),
    ("no replication", lambda t: t["segmentsConfig"].pop("replication"), "replication: is missing"),
    ("bad replication", lambda t: t["segmentsConfig"].update(replication="three"), "replication: is 'three'"),
    (
        "lonely peer",
        lambda t: t["segmentsConfig"].update(peerSegmentDownloadScheme="http"),
        "there is no peer",
    ),
    (
        "odd peer",
        lambda t: t["segmentsConfig"].update(peerSegmentDownloadScheme="ftp", replication=2),
        "is 'ftp'; allowed: http, https",
    ),
    # tenants and tiers
    ("no broker", lambda t: t["tenants"].pop("broker"), "tenants.broker: is missing"),
    (
        "role twice",
        lambda t: t["tenants"].update(server="x_OFFLINE"),
        "the tenant's name alone, Pinot adds the role",
    ),
    ("tier age", lambda t: tier(t, segmentAge="1y"), "segmentAge: is '1y'; wanted: days and below"),
    ("tier tag", lambda t: tier(t, serverTag="warm"), "wanted: <tenant>_OFFLINE or <tenant>_REALTIME"),
    ("no tier tag", lambda t: tier(t, serverTag=None), "serverTag: is missing"),
    ("tier kind", lambda t: tier(t, segmentSelectorType="age"), "allowed: time, fixed"),
    ("tier store", lambda t: tier(t, storageType="s3"), "is 's3'; allowed: pinot_server"),
    ("tier twice", lambda t: (tier(t), t["tierConfigs"].append(dict(t["tierConfigs"][0]))), "stands twice"),
    ("nameless tier", lambda t: tier(t, name=None), "tierConfigs[0].name: is missing"),
]


@pytest.mark.parametrize(
    ("spoil", "message"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_mistake_is_found_and_told(
    accepted: Callable[[str], Table], spoil: Callable[[Table], object], message: str
) -> None:
    assert_told(accepted, spoil, message)
