"""Tables of every kind that Pinot has, each with what a team would set on it: what could drift by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Document = dict[str, Any]

_PLUGINS: Final = "org.apache.pinot.plugin"
_MOMENT: Final = {"dataType": "TIMESTAMP", "format": "TIMESTAMP", "granularity": "1:MILLISECONDS"}

PROGRAM: Final = '''
"""Every table in kinds.json, over tenants of its own, and a logical table over two of them."""

import json
from pathlib import Path

import pulumi

from pinot_as_code.logical_table import PinotLogicalTable, PinotLogicalTableArgs
from pinot_as_code.schema import PinotSchema, PinotSchemaArgs
from pinot_as_code.table import PinotTable, PinotTableArgs
from pinot_as_code.tenant import PinotTenant, PinotTenantArgs

kinds = json.loads((Path(__file__).parent / "kinds.json").read_text("utf-8"))
made = []
tenants = [PinotTenant(role, PinotTenantArgs(name="web", role=role)) for role in ("SERVER", "BROKER")]
for name, (schema, table) in kinds["tables"].items():
    columns = PinotSchema(f"{name} schema", PinotSchemaArgs(schema_json=schema))
    options = pulumi.ResourceOptions(depends_on=[*tenants, columns])
    made.append(PinotTable(name, PinotTableArgs(table_json=table, schema_json=schema), options))
for name, (schema, table) in kinds["logical"].items():
    columns = PinotSchema(f"{name} schema", PinotSchemaArgs(schema_json=schema))
    options = pulumi.ResourceOptions(depends_on=[*made, columns])
    PinotLogicalTable(name, PinotLogicalTableArgs(logical_table_json=table), options)
'''


def write(directory: Path, count: int, bootstrap: str, topic: str) -> int:
    """Write a program of `count` tables or some more, as many of each kind; return how many resources."""
    rounds = -(-count // len(KINDS))
    tables, logical = {}, {}
    for number in range(rounds):
        for kind, make in KINDS.items():
            name = f"{kind}_{number}"
            schema, table = make(name)
            if table["tableType"] == "REALTIME":
                table["ingestionConfig"]["streamIngestionConfig"] = _stream(bootstrap, topic)
            tables[name] = (schema, table)
        logical[f"all_{number}"] = (_schema(f"all_{number}"), _logical(number))
    kinds = {"tables": tables, "logical": logical}
    (directory / "kinds.json").write_text(json.dumps(kinds), "utf-8")
    (directory / "__main__.py").write_text(PROGRAM, "utf-8")
    return 2 * (len(tables) + len(logical)) + 3  # two tenants and the stack itself


def _schema(name: str, *keys: str) -> Document:
    """Return columns of every type; some say what Pinot would imply, which it then does not show."""
    texts = ["path", "country", "session", "agent"]
    return {
        "schemaName": name,
        "enableColumnBasedNullHandling": True,
        "dimensionFieldSpecs": [
            *({"name": text, "dataType": "STRING"} for text in texts),
            {"name": "tags", "dataType": "STRING", "singleValueField": False},
            {"name": "embedding", "dataType": "FLOAT", "singleValueField": False},
            {"name": "location", "dataType": "BYTES"},
            {"name": "payload", "dataType": "JSON", "defaultNullValue": "{}"},
            {"name": "status", "dataType": "INT", "defaultNullValue": 200, "notNull": False},
            {"name": "isBot", "dataType": "BOOLEAN", "defaultNullValue": "false", "singleValueField": True},
            {"name": "deleted", "dataType": "BOOLEAN"},
        ],
        "metricFieldSpecs": [
            {"name": "milliseconds", "dataType": "LONG"},
            {"name": "share", "dataType": "DOUBLE", "defaultNullValue": 0.0},
            {"name": "ratio", "dataType": "FLOAT", "defaultNullValue": -1},
            {"name": "price", "dataType": "BIG_DECIMAL"},
        ],
        "dateTimeFieldSpecs": [
            {"name": "viewedAt", **_MOMENT},
            {"name": "changedAt", **_MOMENT, "defaultNullValue": 0},
            {"name": "day", "dataType": "INT", "format": "1:DAYS:EPOCH", "granularity": "1:DAYS"},
            {
                "name": "date",
                "dataType": "STRING",
                "format": "1:DAYS:SIMPLE_DATE_FORMAT:yyyy-MM-dd",
                "granularity": "1:DAYS",
            },
        ],
        **({"primaryKeyColumns": list(keys)} if keys else {}),
    }


def _table(name: str, table_type: str, **parts: object) -> Document:
    plain: Document = {
        "tableName": name,
        "tableType": table_type,
        "segmentsConfig": {
            "timeColumnName": "viewedAt",
            "replication": 1,
            "retentionTimeUnit": "DAYS",
            "retentionTimeValue": "90",
        },
        "tenants": {"broker": "web", "server": "web"},
        "tableIndexConfig": {"loadMode": "MMAP"},
        "ingestionConfig": {"continueOnError": False},
        "metadata": {},
    }
    return {**plain, **parts}


def _batch(kind: str) -> Document:
    return {"batchIngestionConfig": {"segmentIngestionType": kind, "segmentIngestionFrequency": "DAILY"}}


def _append(name: str) -> tuple[Document, Document]:
    return _schema(name), _table(name, "OFFLINE", ingestionConfig=_batch("APPEND"))


def _refresh(name: str) -> tuple[Document, Document]:
    table = _table(name, "OFFLINE", ingestionConfig=_batch("REFRESH"))
    del table["segmentsConfig"]["timeColumnName"]
    return _schema(name), table


def _dimension(name: str) -> tuple[Document, Document]:
    table = _table(name, "OFFLINE", ingestionConfig=_batch("REFRESH"), isDimTable=True)
    table["segmentsConfig"] = {"replication": "1"}
    table["dimensionTableConfig"] = {"disablePreload": False, "errorOnDuplicatePrimaryKey": True}
    table["quota"] = {"storage": "20M"}
    return _schema(name, "path"), table


def _indexes(name: str) -> tuple[Document, Document]:
    fields: list[Document] = [
        {"name": "country", "encodingType": "DICTIONARY", "indexes": {"inverted": {}, "fst": {}}},
        {"name": "status", "encodingType": "DICTIONARY", "indexes": {"range": {"version": 2}, "bloom": {}}},
        {
            "name": "path",
            "encodingType": "RAW",
            "indexes": {"text": {"stopWordsExclude": ["the"]}, "bloom": {"fpp": 0.01}},
            "compressionCodec": "ZSTANDARD",
        },
        {"name": "agent", "encodingType": "DICTIONARY", "indexes": {"dictionary": {"onHeap": True}}},
        {
            "name": "payload",
            "encodingType": "RAW",
            "indexes": {"json": {"maxLevels": 2, "excludeArray": True}},
        },
        {"name": "location", "encodingType": "RAW", "indexes": {"h3": {"resolution": [5, 7]}}},
        {
            "name": "embedding",
            "encodingType": "RAW",
            "indexes": {
                "vector": {
                    "vectorIndexType": "HNSW",
                    "vectorDimension": 4,
                    "vectorDistanceFunction": "COSINE",
                    "version": 1,
                }
            },
        },
        {"name": "changedAt", "timestampConfig": {"granularities": ["DAY", "MONTH"]}},
    ]
    indexing = {
        "loadMode": "MMAP",
        "sortedColumn": ["session"],
        "noDictionaryColumns": ["price"],
        "varLengthDictionaryColumns": ["session"],
        "nullHandlingEnabled": True,
        "segmentPartitionConfig": {
            "columnPartitionMap": {"session": {"functionName": "Murmur", "numPartitions": 4}}
        },
    }
    table = _table(
        name,
        "OFFLINE",
        ingestionConfig=_batch("APPEND"),
        fieldConfigList=fields,
        tableIndexConfig=indexing,
        routing={"segmentPrunerTypes": ["time", "partition"]},
    )
    return _schema(name), table


def _star_tree(name: str) -> tuple[Document, Document]:
    trees = [
        {
            "dimensionsSplitOrder": ["country", "status"],
            "skipStarNodeCreationForDimensions": ["status"],
            "functionColumnPairs": ["COUNT__*", "SUM__milliseconds", "DISTINCTCOUNTHLL__session"],
            "maxLeafRecords": 1000,
        },
        {
            "dimensionsSplitOrder": ["country"],
            "aggregationConfigs": [{"columnName": "price", "aggregationFunction": "SUMPRECISION"}],
        },
    ]
    indexing = {"loadMode": "MMAP", "starTreeIndexConfigs": trees, "enableDynamicStarTreeCreation": True}
    return _schema(name), _table(name, "OFFLINE", ingestionConfig=_batch("APPEND"), tableIndexConfig=indexing)


def _tiers(name: str) -> tuple[Document, Document]:
    tiers = [
        {
            "name": tier,
            "segmentSelectorType": "time",
            "segmentAge": age,
            "storageType": "pinot_server",
            "serverTag": "web_OFFLINE",
        }
        for tier, age in (("warm", "30d"), ("cold", "60d"))
    ]
    table = _table(
        name,
        "OFFLINE",
        ingestionConfig=_batch("APPEND"),
        tierConfigs=tiers,
        quota={"storage": "10240M", "maxQueriesPerSecond": 50},
        query={"timeoutMs": 5000, "disableGroovy": True},
    )
    table["metadata"] = {"customConfigs": {"owner": "web"}}
    return _schema(name), table


def _stream(bootstrap: str, topic: str) -> Document:
    settings = {
        "streamType": "kafka",
        "stream.kafka.topic.name": topic,
        "stream.kafka.broker.list": bootstrap,
        "stream.kafka.consumer.factory.class.name": f"{_PLUGINS}.stream.kafka30.KafkaConsumerFactory",
        "stream.kafka.decoder.class.name": f"{_PLUGINS}.inputformat.json.JSONMessageDecoder",
        "stream.kafka.consumer.prop.auto.offset.reset": "smallest",
        "realtime.segment.flush.threshold.rows": "1000",
        "realtime.segment.flush.threshold.time": "6h",
    }
    return {"streamConfigMaps": [settings]}


def _realtime(name: str) -> tuple[Document, Document]:
    hashed = {"session": "sha256(toUtf8(jsonPathString(data,'$.session')))"}
    ingestion = {
        "filterConfig": {"filterFunction": "isNull(path) OR regexpLike(path,'^/health')"},
        "transformConfigs": [
            {"columnName": "path", "transformFunction": "jsonPathString(data,'$.path')"},
            {"columnName": "viewedAt", "transformFunction": 'fromIso8601("time")'},
        ],
        "enrichmentConfigs": [
            {
                "enricherType": "generateColumn",
                "properties": {"fieldToFunctionMap": hashed},
                "preComplexTypeTransform": False,
            }
        ],
        "continueOnError": True,
        "rowTimeValueCheck": True,
    }
    trees = [{"dimensionsSplitOrder": ["country"], "functionColumnPairs": ["COUNT__*"]}]
    indexing = {"loadMode": "MMAP", "starTreeIndexConfigs": trees}
    fields = [{"name": "country", "encodingType": "DICTIONARY", "indexes": {"inverted": {}}}]
    return _schema(name), _table(
        name, "REALTIME", ingestionConfig=ingestion, tableIndexConfig=indexing, fieldConfigList=fields
    )


def _dedup(name: str) -> tuple[Document, Document]:
    dedup = {
        "dedupEnabled": True,
        "hashFunction": "MURMUR3",
        "metadataTTL": 86400000,
        "dedupTimeColumn": "viewedAt",
    }
    routing = {"instanceSelectorType": "strictReplicaGroup"}
    return _schema(name, "session", "path"), _table(name, "REALTIME", dedupConfig=dedup, routing=routing)


def _upsert(name: str, **upsert: object) -> tuple[Document, Document]:
    routing = {"instanceSelectorType": "strictReplicaGroup"}
    return _schema(name, "session"), _table(name, "REALTIME", upsertConfig=dict(upsert), routing=routing)


def _full_upsert(name: str) -> tuple[Document, Document]:
    return _upsert(
        name,
        mode="FULL",
        comparisonColumns=["changedAt"],
        deleteRecordColumn="deleted",
        hashFunction="MURMUR3",
        snapshot="ENABLE",
    )


def _partial_upsert(name: str) -> tuple[Document, Document]:
    strategies = {"milliseconds": "INCREMENT", "tags": "UNION", "country": "IGNORE"}
    return _upsert(
        name,
        mode="PARTIAL",
        comparisonColumns=["viewedAt", "changedAt"],
        partialUpsertStrategies=strategies,
        defaultPartialUpsertStrategy="OVERWRITE",
    )


def _logical(number: int) -> Document:
    return {
        "tableName": f"all_{number}",
        "brokerTenant": "web",
        "physicalTableConfigMap": {f"append_{number}_OFFLINE": {}, f"stream_{number}_REALTIME": {}},
        "refOfflineTableName": f"append_{number}_OFFLINE",
        "refRealtimeTableName": f"stream_{number}_REALTIME",
        "timeBoundaryConfig": {
            "boundaryStrategy": "min",
            "parameters": {"includedTables": [f"append_{number}_OFFLINE"]},
        },
        "query": {"timeoutMs": 5000},
    }


KINDS: Final[dict[str, Callable[[str], tuple[Document, Document]]]] = {
    "append": _append,
    "refresh": _refresh,
    "dimension": _dimension,
    "indexes": _indexes,
    "star_tree": _star_tree,
    "tiers": _tiers,
    "stream": _realtime,
    "dedup": _dedup,
    "full_upsert": _full_upsert,
    "partial_upsert": _partial_upsert,
}
