"""Each rule for tables: it finds its mistake, says where and what to do, and lets the correct table pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pinot_as_code.validation.table_rules import check_table

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.unit

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
    # indexes
    ("index typo", lambda t: field(t, "currency").update(indexes={"invertd": {}}), "did you mean inverted?"),
    (
        "index value",
        lambda t: field(t, "currency").update(indexes={"inverted": True}),
        "must be an object, found True",
    ),
    (
        "index key",
        lambda t: field(t, "eventId").update(indexes={"bloom": {"fp": 0.1}}),
        "bloom.fp: is no key",
    ),
    (
        "old index",
        lambda t: field(t, "currency").update(indexTypes=["INVERTED"]),
        "is deprecated; name the index in",
    ),
    ("no column", lambda t: field(t, "nope").update(encodingType="RAW"), "is 'nope', which is no column"),
    (
        "twice",
        lambda t: t["fieldConfigList"].append({"name": "currency"}),
        "fieldConfigList[currency]: stands twice",
    ),
    (
        "inverted on raw",
        lambda t: field(t, "currency").update(encodingType="RAW", indexes={"inverted": {}}),
        "the segment then never commits",
    ),
    (
        "inverted on raw by list",
        lambda t: t["tableIndexConfig"].update(
            noDictionaryColumns=["buyerEmail"], invertedIndexColumns=["buyerEmail"]
        ),
        "invertedIndexColumns: names buyerEmail",
    ),
    (
        "range on raw money",
        lambda t: field(t, "amount").update(encodingType="RAW", indexes={"range": {}}),
        "a range index on a RAW BIG_DECIMAL column cannot be built",
    ),
    (
        "range on raw text",
        lambda t: field(t, "eventId").update(indexes={"range": {}}),
        "a range index on a RAW STRING column cannot be built",
    ),
    (
        "json on number",
        lambda t: field(t, "amount").update(indexes={"json": {}}),
        "needs a single-value STRING, JSON",
    ),
    (
        "text on number",
        lambda t: field(t, "amount").update(indexes={"text": {}}),
        "a text index needs a STRING",
    ),
    ("fst on raw", lambda t: field(t, "eventId").update(indexes={"fst": {}}), "an FST index needs"),
    ("h3", lambda t: field(t, "currency").update(indexes={"h3": {}}), "an H3 index needs"),
    ("vector", lambda t: field(t, "currency").update(indexes={"vector": {}}), "a vector index needs"),
    (
        "timestamp",
        lambda t: field(t, "currency").update(timestampConfig={"granularities": ["DAY"]}),
        "is for single-value TIMESTAMP or LONG columns",
    ),
    (
        "granularity",
        lambda t: field(t, "bookedAt").update(timestampConfig={"granularities": ["DAYS"]}),
        "mean DAY?",
    ),
    (
        "listed",
        lambda t: t["tableIndexConfig"].update(bloomFilterColumns=["evntId"]),
        "did you mean eventId?",
    ),
    (
        "listed map",
        lambda t: t["tableIndexConfig"].update(jsonIndexConfigs={"nope": {}}),
        "jsonIndexConfigs: names nope",
    ),
    (
        "two sorted",
        lambda t: t["tableIndexConfig"].update(sortedColumn=["currency", "eventId"]),
        "is sorted by one",
    ),
    (
        "encodings disagree",
        lambda t: t["tableIndexConfig"].update(noDictionaryColumns=["currency"]),
        "fieldConfigList[currency].encodingType: is DICTIONARY while",
    ),
    # star-trees
    (
        "percentile",
        lambda t: star_tree(t, functionColumnPairs=["PERCENTILE95__amount"]),
        "skip the whole tree",
    ),
    (
        "distinct",
        lambda t: star_tree(t, functionColumnPairs=["DISTINCTCOUNT__currency"]),
        "which no star-tree can hold",
    ),
    ("no function", lambda t: star_tree(t, functionColumnPairs=["SUMM__amount"]), "which is no aggregation"),
    ("pair", lambda t: star_tree(t, functionColumnPairs=["SUM(amount)"]), "wanted: FUNCTION__column"),
    ("pair twice", lambda t: star_tree(t, functionColumnPairs=["SUM__amount", "sum__amount"]), "twice"),
    ("sum of rows", lambda t: star_tree(t, functionColumnPairs=["SUM__*"]), "only COUNT goes over rows"),
    ("pair column", lambda t: star_tree(t, functionColumnPairs=["SUM__amont"]), "did you mean amount?"),
    ("dimension", lambda t: star_tree(t, dimensionsSplitOrder=["currncy"]), "did you mean currency?"),
    ("raw dimension", lambda t: star_tree(t, dimensionsSplitOrder=["eventId"]), "which has no dictionary"),
    ("no dimension", lambda t: star_tree(t, dimensionsSplitOrder=None), "dimensionsSplitOrder: is missing"),
    (
        "skip",
        lambda t: star_tree(t, skipStarNodeCreationForDimensions=["eventId"]),
        "no dimension of the tree",
    ),
    (
        "both",
        lambda t: star_tree(t, aggregationConfigs=[]),
        "either functionColumnPairs or aggregationConfigs",
    ),
    (
        "config",
        lambda t: star_tree(
            t,
            functionColumnPairs=None,
            aggregationConfigs=[{"columnName": "amount", "aggregationFunction": "PERCENTILE"}],
        ),
        "aggregationConfigs[0]: uses PERCENTILE",
    ),
    # ingestion
    ("unknown column", lambda t: transform(t, "nope", "a"), "transformConfigs[nope].columnName: is 'nope'"),
    ("transform twice", lambda t: transform(t, "currency", "a"), "transformConfigs[currency]: stands twice"),
    ("half transform", lambda t: transform(t, "metadata2", ""), "needs columnName and transformFunction"),
    (
        "itself",
        lambda t: transform(t, "bookedHour", "dateTrunc('DAY',bookedHour)"),
        "reads bookedHour, the column that it",
    ),
    ("function", lambda t: transform(t, "bookedHour", "datTrunc('DAY',x)"), "did you mean datetrunc?"),
    ("arguments", lambda t: transform(t, "bookedHour", "lower(a,b)"), "with 2 arguments; it takes 1"),
    ("minus", lambda t: transform(t, "bookedHour", "minus(a,b)"), "use sub(a, b) or a - b"),
    (
        "open quote",
        lambda t: transform(t, "bookedHour", "lower('a)"),
        "opens a quote (') that it never closes",
    ),
    (
        "open call",
        lambda t: transform(t, "bookedHour", "lower(a"),
        "opens a parenthesis that it never closes",
    ),
    ("close", lambda t: transform(t, "bookedHour", "a)"), "closes a parenthesis that it never opened"),
    ("groovy", lambda t: transform(t, "bookedHour", "Groovy({a}, a)"), "is Groovy, which Pinot refuses"),
    (
        "groovy filter",
        lambda t: ingestion(t).update(filterConfig={"filterFunction": "groovy({x},x)"}),
        "is Groovy",
    ),
    (
        "text comparison",
        lambda t: ingestion(t).update(filterConfig={"filterFunction": "\"type\" != 'x'"}),
        "Use isDistinctFrom(a, b)",
    ),
    (
        "column comparison",
        lambda t: ingestion(t).update(filterConfig={"filterFunction": "currency = merchantId"}),
        "Use isNotDistinctFrom(a, b)",
    ),
    (
        "call comparison",
        lambda t: ingestion(t).update(filterConfig={"filterFunction": "lower(x) > upper(y)"}),
        "Use strcmp(a, b)",
    ),
    (
        "enrichment function",
        lambda t: ingestion(t).update(
            enrichmentConfigs=[
                {
                    "enricherType": "generateColumn",
                    "properties": {"fieldToFunctionMap": {"buyerEmail": "sha265(toUtf8(x))"}},
                }
            ]
        ),
        "[buyerEmail]: calls sha265, which is no function of Pinot's (did you mean sha256?)",
    ),
    (
        "enricher",
        lambda t: ingestion(t).update(
            enrichmentConfigs=[{"enricherType": "generateColumns", "properties": {}}]
        ),
        "did you mean generateColumn?",
    ),
    (
        "empty enricher",
        lambda t: ingestion(t).update(
            enrichmentConfigs=[{"enricherType": "generateColumn", "properties": {}}]
        ),
        "fieldToFunctionMap: is missing",
    ),
    (
        "prefix",
        lambda t: ingestion(t).update(complexTypeConfig={"prefixesToRename": {"curr": ""}}),
        "is how the column currency begins",
    ),
    # streams
    ("no stream", lambda t: ingestion(t).pop("streamIngestionConfig"), "a REALTIME table needs a stream"),
    ("no stream type", lambda t: stream(t).pop("streamType"), '["streamType"]: is missing'),
    (
        "no topic",
        lambda t: stream(t).pop("stream.kafka.topic.name"),
        '["stream.kafka.topic.name"]: is missing',
    ),
    (
        "flush typo",
        lambda t: stream(t).update({"realtime.segment.flush.treshold.rows": "5"}),
        "did you mean realtime.segment.flush.threshold.rows?",
    ),
    (
        "factory",
        lambda t: stream(t).update(
            {f"{KAFKA}.consumer.factory.class.name": f"{PLUGINS}.stream.kafka30.KafkaConsumerFactroy"}
        ),
        "which is no class of Pinot's",
    ),
    (
        "two limits",
        lambda t: stream(t).update({"realtime.segment.flush.threshold.rows": "1000"}),
        "one limit at most may be above 0",
    ),
    (
        "flush time",
        lambda t: stream(t).update({"realtime.segment.flush.threshold.time": "soon"}),
        "e.g. 6h or 30m",
    ),
    (
        "flush size",
        lambda t: stream(t).update({"realtime.segment.flush.threshold.segment.size": "big"}),
        "e.g. 300M",
    ),
    (
        "both places",
        lambda t: t["tableIndexConfig"].update(streamConfigs={"streamType": "kafka"}),
        "tableIndexConfig.streamConfigs: is deprecated",
    ),
    (
        "pauseless",
        lambda t: (
            ingestion(t)["streamIngestionConfig"].update(pauselessConsumptionEnabled=True),
            t["segmentsConfig"].update(replication=3),
        ),
        "needs segmentsConfig.peerSegmentDownloadScheme",
    ),
    ("offline stream", lambda t: t.update(tableType="OFFLINE"), "is set on an OFFLINE table"),
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
    table, schema = accepted("table-transaction_booked_rt"), accepted("schema-transaction_booked_rt")
    schema.pop("primaryKeyColumns", None)
    table.pop("dedupConfig", None)
    table["routing"] = {"segmentPrunerTypes": ["time"]}
    assert [str(finding) for finding in check_table(table, schema)] == []

    spoil(table)

    found = [str(finding) for finding in check_table(table, schema)]
    assert any(message in text for text in found), found


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


def strategies(table: Table, **changes: str) -> None:
    """Merge columns."""
    table["upsertConfig"].setdefault("partialUpsertStrategies", {}).update(changes)


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
