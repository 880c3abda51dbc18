"""A table with its schema: name, time column, retention, replication, tenants, tiers; and all other rules."""

# ruff: noqa: TID252 - the package imports itself relatively, so that it works from any root

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..vocabulary import TABLE
from . import index_rules, ingestion_rules, star_tree_rules, stream_rules, upsert_rules
from .columns import columns_of, flag, objects, section
from .durations import UNIT_MILLISECONDS, period_milliseconds
from .finding import Finding, likely
from .known_keys import check_keys
from .names import check_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..documents import Document

TYPES: Final = ("REALTIME", "OFFLINE")


def check_table(table: Document, schema: Document) -> Iterator[Finding]:
    """Yield everything that is wrong with a table, given its schema."""
    yield from check_keys(table, TABLE)
    yield from check_name("tableName", table.get("tableName"))
    yield from _type_and_schema(table, schema)
    yield from _segments(table, schema)
    yield from _tenants(table)
    yield from _tiers(table)
    for rules in (index_rules, star_tree_rules, ingestion_rules, stream_rules, upsert_rules):
        yield from rules.check(table, schema)


def _type_and_schema(table: Document, schema: Document) -> Iterator[Finding]:
    table_type, name, schema_name = table.get("tableType"), table.get("tableName"), schema.get("schemaName")
    if table_type not in TYPES:
        yield Finding("tableType", f"is {table_type!r}; allowed: {', '.join(TYPES)}")
    if name and schema_name and name != schema_name:
        yield Finding(
            "tableName",
            f"is {name!r}, but the schema's schemaName is {schema_name!r}: Pinot looks the schema up by "
            "the table's own name, so they must be equal",
        )


def _segments(table: Document, schema: Document) -> Iterator[Finding]:
    segments = section(table, "segmentsConfig")
    if not segments:
        yield Finding("segmentsConfig", "is missing; it holds timeColumnName, replication and retention")
        return
    columns = columns_of(schema)
    time = segments.get("timeColumnName")
    if time is None:
        if table.get("tableType") == "REALTIME":
            yield Finding("segmentsConfig.timeColumnName", "is missing; a REALTIME table needs a time column")
    elif time not in columns:
        yield Finding(
            "segmentsConfig.timeColumnName",
            f"is {time!r}, which is no column of the schema{likely(time, columns)}",
        )
    elif columns[time].field_kind != "DATE_TIME":
        yield Finding(
            "segmentsConfig.timeColumnName",
            f"is {time!r}, a {columns[time].field_kind} column; it must stand in dateTimeFieldSpecs",
        )
    yield from _retention(segments)
    yield from _replication(segments)


def _retention(segments: Document) -> Iterator[Finding]:
    unit, value = segments.get("retentionTimeUnit"), segments.get("retentionTimeValue")
    if (unit is None) != (value is None):
        missing = "retentionTimeUnit" if unit is None else "retentionTimeValue"
        yield Finding(
            f"segmentsConfig.{missing}", "is missing while its partner is set: set both, or neither"
        )
    if unit is not None and str(unit).upper() not in UNIT_MILLISECONDS:
        yield Finding(
            "segmentsConfig.retentionTimeUnit",
            f"is {unit!r}; allowed: {', '.join(UNIT_MILLISECONDS)} (seven years are 2557 DAYS)",
        )
    if value is not None and not (str(value).isdigit() and int(str(value)) > 0):
        yield Finding("segmentsConfig.retentionTimeValue", f"is {value!r}; a whole number above 0 is wanted")
    kept = segments.get("deletedSegmentsRetentionPeriod")
    if kept is not None and period_milliseconds(str(kept).lstrip("-")) is None:
        yield Finding("segmentsConfig.deletedSegmentsRetentionPeriod", f"is {kept!r}; wanted: e.g. 1d or 12h")


def _replication(segments: Document) -> Iterator[Finding]:
    given = segments.get("replication", segments.get("replicasPerPartition"))
    if given is None:
        yield Finding(
            "segmentsConfig.replication", "is missing; the number of servers that hold each segment"
        )
        return
    if not (str(given).isdigit() and int(str(given)) > 0):
        yield Finding("segmentsConfig.replication", f"is {given!r}; a whole number above 0 is wanted")
        return
    scheme = segments.get("peerSegmentDownloadScheme")
    if scheme is None:
        return
    if str(scheme).lower() not in {"http", "https"}:
        yield Finding("segmentsConfig.peerSegmentDownloadScheme", f"is {scheme!r}; allowed: http, https")
    elif int(str(given)) < 2:  # noqa: PLR2004 - a peer is a second one
        yield Finding(
            "segmentsConfig.peerSegmentDownloadScheme",
            f"is set while replication is {given}: there is no peer to download from; remove it or replicate",
        )


def _tenants(table: Document) -> Iterator[Finding]:
    tenants = section(table, "tenants")
    for role in ("broker", "server"):
        name = tenants.get(role)
        if name is None:
            yield Finding(
                f"tenants.{role}",
                "is missing; the table would go to DefaultTenant, which a cluster with tenants does not have",
            )
        elif str(name).endswith(("_OFFLINE", "_REALTIME", "_BROKER")):
            yield Finding(f"tenants.{role}", f"is {name!r}; the tenant's name alone, Pinot adds the role")


def _tiers(table: Document) -> Iterator[Finding]:
    seen: set[str] = set()
    for position, tier in enumerate(objects(table.get("tierConfigs"))):
        name = str(tier.get("name") or "")
        path = f"tierConfigs[{name or position}]"
        if not name:
            yield Finding(f"{path}.name", "is missing")
        elif name in seen:
            yield Finding(f"{path}.name", "stands twice; a tier has one name")
        seen.add(name)
        yield from _tier(tier, path)


def _tier(tier: Document, path: str) -> Iterator[Finding]:
    selector, age = str(tier.get("segmentSelectorType") or ""), tier.get("segmentAge")
    if selector.lower() not in {"time", "fixed"}:
        yield Finding(f"{path}.segmentSelectorType", f"is {selector!r}; allowed: time, fixed")
    elif selector.lower() == "time" and period_milliseconds(age) is None:
        yield Finding(
            f"{path}.segmentAge", f"is {age!r}; wanted: days and below, e.g. 30d, 24h, 365d for a year"
        )
    if str(tier.get("storageType") or "").lower() != "pinot_server":
        yield Finding(f"{path}.storageType", f"is {tier.get('storageType')!r}; allowed: pinot_server")
    tag = tier.get("serverTag")
    if tag is None:
        yield Finding(f"{path}.serverTag", "is missing; it names the servers of the tier, e.g. warm_OFFLINE")
    elif not str(tag).endswith(("_OFFLINE", "_REALTIME")):
        yield Finding(f"{path}.serverTag", f"is {tag!r}; wanted: <tenant>_OFFLINE or <tenant>_REALTIME")


def replication(table: Document) -> int | None:
    """Return the number of replicas, None when it is no number."""
    segments = section(table, "segmentsConfig")
    given = str(segments.get("replication", segments.get("replicasPerPartition")))
    return int(given) if given.isdigit() else None


def pauseless(table: Document) -> bool:
    """Say whether consumption goes on while segments commit."""
    return flag(section(table, "ingestionConfig", "streamIngestionConfig").get("pauselessConsumptionEnabled"))
