"""What a change loses, found by comparing the configuration before with the one after. Pure functions.

`guards` says which word allows each loss, and why it is one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .validation.columns import Column, columns_of, objects, section, texts
from .validation.durations import retention_milliseconds
from .validation.logical_table_rules import members
from .validation.stream_rules import topics
from .validation.table_rules import replication
from .validation.upsert_rules import deduplicates, upsert_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .documents import Document, Json

_DAY: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored in a table, as far as it is known."""

    segments: int | None = None
    """How many segments hold rows; None: not known, which counts as some."""
    oldest_milliseconds: float | None = None
    """Age of the oldest row; None: not known, which counts as older than anything."""

    @property
    def empty(self) -> bool:
        """Whether it is known that there is no row."""
        return self.segments == 0


UNKNOWN: Final = Stored()


@dataclass(frozen=True, slots=True)
class Change:
    """A change from one configuration to another; None stands for "not there"."""

    kind: str
    """``schema``, ``table``, ``logical table``, ``tenant`` or ``user``."""
    name: str
    old: Document | None
    new: Document | None
    stored: Stored = UNKNOWN


# Schemas ---------------------------------------------------------------------------------------------


def _both(change: Change) -> tuple[Document, Document] | None:
    return None if change.old is None or change.new is None else (change.old, change.new)


def _columns(change: Change) -> Iterator[tuple[Column, Column | None]]:
    pair = _both(change)
    if pair is not None:
        later = columns_of(pair[1])
        for name, column in columns_of(pair[0]).items():
            yield column, later.get(name)


def removed_columns(change: Change) -> Iterator[str]:
    """Yield columns that are gone."""
    for column, later in _columns(change):
        if later is None:
            yield f"column {column.name} is removed"


def retyped_columns(change: Change) -> Iterator[str]:
    """Yield columns whose type, shape or time format changes."""
    for column, later in _columns(change):
        if later is None:
            continue
        if column.data_type != later.data_type:
            yield f"column {column.name} changes from {column.data_type} to {later.data_type}"
        if column.single_value != later.single_value:
            shape = {True: "one value", False: "several values"}
            one, other = shape[column.single_value], shape[later.single_value]
            yield f"column {column.name} changes from {one} a row to {other}"
        before, after = column.spec.get("format"), later.spec.get("format")
        if before != after and later.field_kind == column.field_kind:
            yield f"column {column.name} is read with the format {after} instead of {before}"


def changed_kinds(change: Change) -> Iterator[str]:
    """Yield columns that change between dimension, metric and time."""
    for column, later in _columns(change):
        if later is not None and column.field_kind != later.field_kind:
            yield f"column {column.name} changes from {column.field_kind} to {later.field_kind}"


def changed_key(change: Change) -> Iterator[str]:
    """Yield a changed primary key."""
    pair = _both(change)
    if pair is not None:
        before, after = (texts(schema.get("primaryKeyColumns")) for schema in pair)
        if before != after:
            yield f"the primary key changes from {before or 'none'} to {after or 'none'}"


# Tables ------------------------------------------------------------------------------------------


def deleted(change: Change) -> Iterator[str]:
    """Yield the rows of a table that goes."""
    if change.old is not None and change.new is None:
        count = change.stored.segments
        yield (
            f"its {count} segments are deleted" if count is not None else "its segments, if any, are deleted"
        )


def _kept(table: Document) -> float:
    """Return how long Pinot keeps rows, in milliseconds: for ever unless it enforces the retention."""
    batch = section(table, "ingestionConfig", "batchIngestionConfig")
    old = section(table, "segmentsConfig").get("segmentPushType")
    appends = str(batch.get("segmentIngestionType", old)).upper() == "APPEND"
    if table.get("tableType") == "OFFLINE" and not appends:
        return math.inf
    kept = retention_milliseconds(section(table, "segmentsConfig"))
    return math.inf if kept is None else kept


def lowered_retention(change: Change) -> Iterator[str]:
    """Yield a retention below what is stored."""
    pair = _both(change)
    if pair is None:
        return
    before, after = _kept(pair[0]), _kept(pair[1])
    oldest = change.stored.oldest_milliseconds
    if after < before and (oldest is None or oldest > after):
        age = "" if oldest is None else f", and rows as old as {oldest / _DAY:.0f} days are stored"
        yield f"rows are kept {_span(after)} instead of {_span(before)}{age}"


def _span(milliseconds: float) -> str:
    return "for ever" if math.isinf(milliseconds) else f"for {milliseconds / _DAY:g} days"


def lowered_replication(change: Change) -> Iterator[str]:
    """Yield fewer replicas."""
    pair = _both(change)
    before, after = (replication(table) for table in pair) if pair is not None else (None, None)
    if before is not None and after is not None and after < before:
        yield f"each segment is held by {after} servers instead of {before}"


def changed(*path: str) -> Callable[[Change], Iterator[str]]:
    """Return a function that yields the change of one value."""

    def finds(change: Change) -> Iterator[str]:
        pair = _both(change)
        if pair is not None:
            before, after = (section(table, *path[:-1]).get(path[-1]) for table in pair)
            if before != after:
                yield f"{path[-1]} changes from {before} to {after}"

    return finds


def changed_topics(change: Change) -> Iterator[str]:
    """Yield another topic."""
    pair = _both(change)
    if pair is not None and topics(pair[0]) != topics(pair[1]):
        yield f"the topic changes from {', '.join(topics(pair[0]))} to {', '.join(topics(pair[1]))}"


_UPSERT_IDENTITY: Final = (
    "hashFunction",
    "comparisonColumn",
    "comparisonColumns",
    "dropOutOfOrderRecord",
    "outOfOrderRecordColumn",
    "deleteRecordColumn",
    "partialUpsertStrategies",
    "defaultPartialUpsertStrategy",
)
_UPSERT_DEFAULTS: Final = {
    "hashFunction": "NONE",
    "dropOutOfOrderRecord": False,
    "defaultPartialUpsertStrategy": "OVERWRITE",
}


def changed_upsert(change: Change) -> Iterator[str]:
    """Yield another upsert identity."""
    pair = _both(change)
    if pair is None:
        return
    before, after = upsert_mode(pair[0]), upsert_mode(pair[1])
    if before != after:
        yield f"the upsert mode changes from {before} to {after}"
    elif before != "NONE":
        for key in _UPSERT_IDENTITY:
            default = _UPSERT_DEFAULTS.get(key)
            old, new = (_set(section(table, "upsertConfig").get(key), default) for table in pair)
            if old != new:
                yield f"upsertConfig.{key} changes from {old} to {new}"


def changed_dedup(change: Change) -> Iterator[str]:
    """Yield another de-duplication identity."""
    pair = _both(change)
    if pair is None:
        return
    before, after = deduplicates(pair[0]), deduplicates(pair[1])
    if before != after:
        yield "repeated events are no longer dropped" if before else "repeated events begin to be dropped"
    elif before:
        for key, default in (("hashFunction", "NONE"), ("dedupTimeColumn", None)):
            old, new = (_set(section(table, "dedupConfig").get(key), default) for table in pair)
            if old != new:
                yield f"dedupConfig.{key} changes from {old} to {new}"


def _set(value: Json, default: Json) -> Json:
    return default if value in (None, [], {}) else value


def _partitioning(table: Document) -> dict[str, Json]:
    columns = section(table, "tableIndexConfig", "segmentPartitionConfig", "columnPartitionMap")
    groups = {
        f"{kind} replica group": section(assignment, "replicaGroupPartitionConfig").get("partitionColumn")
        for kind, assignment in section(table, "instanceAssignmentConfigMap").items()
        if isinstance(assignment, dict)
    }
    return {**columns, **{kind: column for kind, column in groups.items() if column is not None}}


def changed_partitioning(change: Change) -> Iterator[str]:
    """Yield columns partitioned otherwise."""
    pair = _both(change)
    if pair is not None:
        before, after = _partitioning(pair[0]), _partitioning(pair[1])
        for name in sorted({*before, *after}):
            # Beginning to partition harms nothing: segments say themselves whether they are partitioned.
            if name in before and before[name] != after.get(name):
                yield f"the partitioning by {name} changes from {before[name]} to {after.get(name, 'none')}"


def replaced(change: Change) -> Iterator[str]:
    """Yield a changed name or type."""
    pair = _both(change)
    if pair is None:
        return
    for key in ("schemaName", "tableName", "tableType"):
        before, after = pair[0].get(key), pair[1].get(key)
        if before != after:
            yield f"{key} changes from {before} to {after}, which makes another object and deletes this one"


# Others ------------------------------------------------------------------------------------------


def lost_members(change: Change) -> Iterator[str]:
    """Yield members that leave a logical table."""
    pair = _both(change)
    if pair is not None:
        for name in sorted(set(members(pair[0])) - set(members(pair[1]))):
            yield f"the member {name} is removed"


def shrunk(change: Change) -> Iterator[str]:
    """Yield for each instance that gives up the tenant (``used`` names what each one holds of it)."""
    old, new = change.old or {}, change.new or {}
    for name in sorted(set(texts(old.get("instances"))) - set(texts(new.get("instances")))):
        held = section(old, "used").get(name)
        if held:
            yield f"{name} leaves it while it holds {held}"


def last_admin(change: Change) -> Iterator[str]:
    """Yield the loss of the last administrator."""
    old, new = change.old or {}, change.new or {}
    admins = objects(old.get("otherAdmins"))
    if old.get("role") == "ADMIN" and new.get("role") != "ADMIN" and not admins:
        yield f"it is the last ADMIN of the component {old.get('component')}"
