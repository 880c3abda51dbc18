"""What the benchmark of Pinot as code declares: tables, by its provider or by one that does nothing."""

from __future__ import annotations

import os
from typing import Any, Final

import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

from pinot_as_code.documents import canonical
from pinot_as_code.schema import PinotSchema, PinotSchemaArgs
from pinot_as_code.table import PinotTable, PinotTableArgs

COUNT: Final = "BENCH_TABLES"
"""Environment variable: how many schemas, and as many tables."""
EMPTY: Final = "BENCH_EMPTY"
"""Environment variable: set, when the provider shall do nothing."""

_TEXTS: Final = ("transactionId", "merchantId", "country", "currency", "status", "channel")


def schema(number: int) -> dict[str, Any]:
    """Return a schema of ten columns."""
    time = {"dataType": "TIMESTAMP", "format": "TIMESTAMP", "granularity": "1:MILLISECONDS"}
    return {
        "schemaName": f"bench_{number}",
        "enableColumnBasedNullHandling": True,
        "dimensionFieldSpecs": [{"name": name, "dataType": "STRING"} for name in _TEXTS],
        "metricFieldSpecs": [
            {"name": "amount", "dataType": "BIG_DECIMAL"},
            {"name": "fee", "dataType": "DOUBLE"},
        ],
        "dateTimeFieldSpecs": [{"name": name, **time} for name in ("bookedAt", "registeredAt")],
    }


def table(number: int) -> dict[str, Any]:
    """Return an OFFLINE table with indexes and a star-tree."""
    return {
        "tableName": f"bench_{number}",
        "tableType": "OFFLINE",
        "segmentsConfig": {
            "timeColumnName": "bookedAt",
            "replication": "1",
            "retentionTimeUnit": "DAYS",
            "retentionTimeValue": "365",
        },
        "tenants": {"broker": "bench", "server": "bench"},
        "ingestionConfig": {
            "batchIngestionConfig": {"segmentIngestionType": "APPEND", "segmentIngestionFrequency": "DAILY"}
        },
        "tableIndexConfig": {
            "loadMode": "MMAP",
            "starTreeIndexConfigs": [
                {
                    "dimensionsSplitOrder": ["country", "currency", "status"],
                    "functionColumnPairs": ["COUNT__*", "SUM__amount", "SUM__fee"],
                    "maxLeafRecords": 10000,
                }
            ],
        },
        "fieldConfigList": [
            {"name": "merchantId", "encodingType": "DICTIONARY", "indexes": {"inverted": {}, "bloom": {}}},
            {"name": "status", "encodingType": "DICTIONARY", "indexes": {"inverted": {}}},
        ],
        "metadata": {},
    }


class NothingProvider(ResourceProvider):
    """Does nothing: what is left is what Pulumi itself takes for as many resources."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Say that it is made."""
        return CreateResult(str(props["identity"]), props)


class Nothing(Resource, module="bench", name="Nothing"):
    """A resource that is nowhere."""

    def __init__(
        self, resource_name: str, props: dict[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register it."""
        super().__init__(NothingProvider(), resource_name, {**props, "identity": resource_name}, opts)


def declare() -> None:
    """Declare what the environment asks for."""
    for number in range(int(os.environ.get(COUNT, "0"))):
        columns, settings = PinotSchemaArgs(schema_json=schema(number)), table(number)
        if os.environ.get(EMPTY):
            texts = {"schema_json": canonical(schema(number))}
            first = Nothing(f"schema-{number}", texts)
            rest = {**texts, "table_json": canonical(settings)}
            Nothing(f"table-{number}", rest, pulumi.ResourceOptions(depends_on=[first]))
            continue
        made = PinotSchema(f"schema-{number}", columns)
        PinotTable(
            f"table-{number}",
            PinotTableArgs(table_json=settings, schema_json=schema(number)),
            pulumi.ResourceOptions(depends_on=[made]),
        )
