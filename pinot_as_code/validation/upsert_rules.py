"""Upsert and de-duplication."""

# ruff: noqa: TID252 - the package imports itself relatively, so that it works from any root

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .columns import Column, columns_of, flag, objects, section, texts
from .durations import period_milliseconds
from .finding import Finding, likely
from .schema_rules import null_handling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..documents import Document

_ROUTING: Final = ("strictReplicaGroup", "multiStageReplicaGroup")
_INCREMENTABLE: Final = frozenset({"INT", "LONG", "FLOAT", "DOUBLE"})


def upsert_mode(table: Document) -> str:
    """Return FULL, PARTIAL or NONE."""
    upsert = table.get("upsertConfig")
    return str(upsert.get("mode", "FULL")).upper() if isinstance(upsert, dict) else "NONE"


def deduplicates(table: Document) -> bool:
    """Say whether the table drops repeated primary keys."""
    dedup = table.get("dedupConfig")
    return isinstance(dedup, dict) and flag(dedup.get("dedupEnabled", True))


def check(table: Document, schema: Document) -> Iterator[Finding]:
    """Yield what is wrong with ``upsertConfig`` and ``dedupConfig``."""
    upserts, dedups = upsert_mode(table) != "NONE", deduplicates(table)
    if not upserts and not dedups:
        return
    what = "upsertConfig" if upserts else "dedupConfig"
    if upserts and dedups:
        yield Finding("dedupConfig", "is set beside upsertConfig; a table has one of them")
    yield from _key_and_routing(table, schema, what)
    columns = columns_of(schema)
    if upserts:
        yield from _upsert(table, schema, columns)
    else:
        yield from _dedup(table, columns)


def _key_and_routing(table: Document, schema: Document, what: str) -> Iterator[Finding]:
    if not texts(schema.get("primaryKeyColumns")):
        yield Finding(what, "needs primaryKeyColumns in the schema: they say which rows are the same")
    selector = section(table, "routing").get("instanceSelectorType")
    if selector not in _ROUTING:
        yield Finding(
            "routing.instanceSelectorType",
            f"is {selector!r}; with {what} it must be {' or '.join(_ROUTING)}, or replicas differ",
        )
    if table.get("tableType") == "OFFLINE":
        if what == "dedupConfig":
            yield Finding(what, "is for REALTIME tables only")
        elif not section(table, "tableIndexConfig", "segmentPartitionConfig", "columnPartitionMap"):
            yield Finding(what, "on an OFFLINE table needs tableIndexConfig.segmentPartitionConfig")
    if table.get("tableType") == "REALTIME" and section(table, "tenants", "tagOverrideConfig"):
        yield Finding(
            "tenants.tagOverrideConfig", f"cannot stand beside {what}: committed rows must not move"
        )
    if "COMPLETED" in section(table, "instanceAssignmentConfigMap"):
        yield Finding("instanceAssignmentConfigMap.COMPLETED", f"cannot stand beside {what}")
    aggregates = flag(section(table, "tableIndexConfig").get("aggregateMetrics"))
    if aggregates or objects(section(table, "ingestionConfig").get("aggregationConfigs")):
        yield Finding(what, "cannot stand beside aggregation at ingestion")


def _upsert(table: Document, schema: Document, columns: dict[str, Column]) -> Iterator[Finding]:
    upsert = section(table, "upsertConfig")
    if table.get("tierConfigs") is not None:
        yield Finding("tierConfigs", "cannot stand beside upsertConfig: committed segments must not move")
    streams = section(table, "ingestionConfig", "streamIngestionConfig").get("streamConfigMaps")
    if len(objects(streams)) > 1:
        yield Finding("upsertConfig", "works with one stream; the table has several")
    comparison = texts(upsert.get("comparisonColumns") or upsert.get("comparisonColumn"))
    for name in comparison:
        if name not in columns:
            yield Finding(
                "upsertConfig.comparisonColumns",
                f"names {name}, no column of the schema{likely(name, columns)}",
            )
    for key in ("deleteRecordColumn", "outOfOrderRecordColumn"):
        marker = upsert.get(key)
        if marker is not None and (marker not in columns or not columns[marker].single_value):
            yield Finding(f"upsertConfig.{key}", f"names {marker}, no single-value column of the schema")
    yield from _times_to_live(upsert, comparison)
    if upsert_mode(table) == "PARTIAL":
        yield from _partial(table, schema, columns, comparison)


def _times_to_live(upsert: Document, comparison: list[str]) -> Iterator[Finding]:
    for key in ("metadataTTL", "deletedKeysTTL"):
        if float(upsert.get(key) or 0) > 0 and len(comparison) > 1:
            yield Finding(f"upsertConfig.{key}", "does not work with several comparisonColumns")
    if float(upsert.get("deletedKeysTTL") or 0) > 0 and not upsert.get("deleteRecordColumn"):
        yield Finding("upsertConfig.deletedKeysTTL", "needs deleteRecordColumn")


def _partial(
    table: Document, schema: Document, columns: dict[str, Column], comparison: list[str]
) -> Iterator[Finding]:
    if not null_handling(schema) and not flag(section(table, "tableIndexConfig").get("nullHandlingEnabled")):
        yield Finding(
            "upsertConfig.mode",
            "is PARTIAL, which needs null handling: set enableColumnBasedNullHandling in the schema",
        )
    ordering = comparison or texts(section(table, "segmentsConfig").get("timeColumnName"))
    keys = texts(schema.get("primaryKeyColumns"))
    for name, strategy in section(table, "upsertConfig", "partialUpsertStrategies").items():
        path = f"upsertConfig.partialUpsertStrategies[{name}]"
        column = columns.get(name)
        if column is None:
            yield Finding(path, f"is no column of the schema{likely(name, columns)}")
        elif name in keys:
            yield Finding(path, "is a primary key column, which never changes")
        elif name in ordering:
            yield Finding(path, "orders the events of a key and cannot be merged")
        elif strategy in {"APPEND", "UNION"} and column.single_value:
            yield Finding(path, f"is {strategy}, which needs a multi-value column")
        elif strategy == "INCREMENT":
            yield from _increment(column, path)


def _increment(column: Column, path: str) -> Iterator[Finding]:
    if column.data_type == "BIG_DECIMAL":
        yield Finding(path, "is INCREMENT on BIG_DECIMAL: Pinot accepts it and fails on every merge")
    elif column.data_type not in _INCREMENTABLE or column.field_kind == "DATE_TIME":
        yield Finding(path, f"is INCREMENT, which needs a number, found {column.data_type}")


def _dedup(table: Document, columns: dict[str, Column]) -> Iterator[Finding]:
    dedup = section(table, "dedupConfig")
    time = dedup.get("dedupTimeColumn")
    if time is not None and time not in columns:
        yield Finding(
            "dedupConfig.dedupTimeColumn", f"is {time!r}, no column of the schema{likely(time, columns)}"
        )
    elif time is not None and not columns[time].numeric:
        yield Finding(
            "dedupConfig.dedupTimeColumn", f"is {time!r}, a {columns[time].data_type}: a time is needed"
        )
    ttl = float(dedup.get("metadataTTL") or 0)
    for tier in objects(table.get("tierConfigs")) if ttl > 0 else ():
        # Only segments whose keys are forgotten anyway may leave the servers that remember them.
        age = period_milliseconds(tier.get("segmentAge"))
        path = f"tierConfigs[{tier.get('name')}].segmentAge"
        if str(tier.get("segmentSelectorType")).lower() != "time" or age is None:
            yield Finding(
                path, "is missing; beside dedupConfig.metadataTTL a tier takes segments by their age"
            )
        elif age < ttl:
            yield Finding(
                path, f"is {tier.get('segmentAge')}, younger than dedupConfig.metadataTTL {ttl:g} ms"
            )
