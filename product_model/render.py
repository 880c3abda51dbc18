"""Overlays an environment on the product's files: plain JSON in and out, so that nothing else changes."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from product_model.canonical import canonical_json
from product_model.errors import ProductError

if TYPE_CHECKING:
    from product_model.column_facts import SchemaFact
    from product_model.descriptor import Descriptor
    from product_model.environment import Environment

Json = dict[str, Any]

# Hexadecimal digits one by one: Java tests such a class twice as fast as one of ranges.
SHA256_FORM = r"^[0123456789abcdef]{64}\z"
KEYED_FORM = r"^v[0-9]{1,9}:[0123456789abcdef]{64}\z"
_ENVIRONMENT = "environment"
_STREAM = "stream.kafka."
_LOGIN = ("security.", "sasl.", "ssl.")
_COMMITTED_AT = "realtime.segment.flush.threshold."


def render_schema(schema: Json, table_name: str, *, keyed: bool) -> str:
    """Name a schema after its table, as Pinot asks; only tables that dedup or merge have a primary key."""
    rendered = copy.deepcopy(schema)
    rendered["schemaName"] = table_name
    if not keyed:
        rendered.pop("primaryKeyColumns", None)
    return canonical_json(rendered)


def render_table(table: Json, environment: Environment, schema: SchemaFact, descriptor: Descriptor) -> str:
    """Overlay one physical table."""
    rendered = copy.deepcopy(table)
    segments = rendered["segmentsConfig"]
    segments["replication"] = str(environment.replication)
    days = environment.retention_days.get(rendered["tableName"])
    if days is not None:
        segments["retentionTimeValue"] = str(days)
    if environment.peer_download_scheme is None:
        segments.pop("peerSegmentDownloadScheme", None)
    elif "peerSegmentDownloadScheme" in segments:
        segments["peerSegmentDownloadScheme"] = environment.peer_download_scheme
    rendered["tenants"] = {"broker": environment.broker_tenant, "server": environment.server_tenant}
    if not environment.minions:
        rendered.pop("task", None)
    if "tierConfigs" in rendered:
        _overlay_tiers(rendered, environment)
    stream = rendered["ingestionConfig"].get("streamIngestionConfig")
    if stream is not None:
        stream["streamConfigMaps"] = [_stream(stream["streamConfigMaps"][0], environment)]
    if environment.pii_mode == "keyed":
        _store_keyed_values(rendered["ingestionConfig"], schema, descriptor)
    return canonical_json(rendered)


def render_logical_table(table: Json, environment: Environment) -> str:
    """Overlay one logical table."""
    return canonical_json(copy.deepcopy(table) | {"brokerTenant": environment.broker_tenant})


def check_environment(environment: Environment, descriptor: Descriptor) -> None:
    """Raise ProductError for what does not fit the product: unknown tables, retentions that lose rows."""
    days = {table.name: table.retention_days for table in descriptor.tables}
    shortest = 2 * descriptor.offline_loads.worst_lag_days
    for name, kept in environment.retention_days.items():
        key = f"retention_days.{name}"
        if name not in days:
            raise ProductError(_ENVIRONMENT, key, "there is no such table", ", ".join(days))
        if kept > days[name]:
            allowed = f"at most {days[name]}, which the descriptor promises to keep and not to exceed"
            raise ProductError(_ENVIRONMENT, key, f"found {kept} days", allowed)
        kind = next(table.kind for table in descriptor.tables if table.name == name)
        if kind == "append" and kept <= shortest:
            allowed = f"more than {shortest}: twice the worst lag of the archive loads, or rows are missing"
            raise ProductError(_ENVIRONMENT, key, f"found {kept} days", allowed)


def _overlay_tiers(rendered: Json, environment: Environment) -> None:
    """Pinot refuses a table whose tier names a tag that no server has."""
    known = {tier["name"]: tier for tier in rendered.pop("tierConfigs")}
    tiers = []
    for pool in environment.pools:
        if pool.name not in known:
            raise ProductError(
                _ENVIRONMENT, f"pools.{pool.name}", "the archive tables have no such tier", ", ".join(known)
            )
        tag = f"{pool.server_tenant}_OFFLINE"
        tiers.append(known[pool.name] | {"segmentAge": pool.after, "serverTag": tag})
    if tiers:
        rendered["tierConfigs"] = tiers


def _stream(stream: dict[str, str], environment: Environment) -> dict[str, str]:
    rendered = {name: value for name, value in stream.items() if not name.startswith(_LOGIN)}
    rendered |= environment.kafka_properties
    rendered[f"{_STREAM}topic.name"] = environment.topic
    rendered[f"{_STREAM}broker.list"] = environment.bootstrap_servers
    if environment.peer_download_scheme is None:
        rendered.pop("realtime.segment.serverUploadToDeepStore", None)
    if environment.segment_rows is not None:
        # Pinot takes at most one threshold above 0 of rows and size.
        rendered.pop(f"{_COMMITTED_AT}segment.size", None)
        rendered[f"{_COMMITTED_AT}rows"] = str(environment.segment_rows)
    if environment.segment_time is not None:
        rendered[f"{_COMMITTED_AT}time"] = environment.segment_time
    return rendered


def _store_keyed_values(ingestion: Json, schema: SchemaFact, descriptor: Descriptor) -> None:
    """Values arrive as v<key version>:<64 hex>: store them as they are, and filter by that form."""
    hashed = {column.name: column.from_[0] for column in schema.columns if descriptor.hashed(column)}
    for enrichment in ingestion.get("enrichmentConfigs", ()):
        functions = enrichment["properties"]["fieldToFunctionMap"]
        for name in hashed.keys() & functions.keys():
            stored = f"nullIf(jsonPathString(data,'${hashed[name].removeprefix('data')}'),'')"
            functions[name] = f'caseWhen(isNull("__metadata$recordSerializedValueSize"),{name},{stored})'
    found = ingestion["filterConfig"]["filterFunction"]
    ingestion["filterConfig"]["filterFunction"] = found.replace(SHA256_FORM, KEYED_FORM)
