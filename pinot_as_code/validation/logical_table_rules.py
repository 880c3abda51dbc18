"""Logical tables (``LogicalTableConfigUtils``)."""

# ruff: noqa: TID252 - the package imports itself relatively, so that it works from any root

from __future__ import annotations

from typing import TYPE_CHECKING

from ..vocabulary import LOGICAL_TABLE
from .columns import section, texts
from .finding import Finding, likely
from .known_keys import check_keys
from .names import check_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..documents import Document


def check_logical_table(table: Document) -> Iterator[Finding]:
    """Yield everything that is wrong with a logical table."""
    yield from check_keys(table, LOGICAL_TABLE)
    yield from check_name("tableName", table.get("tableName"))
    if not table.get("brokerTenant"):
        yield Finding("brokerTenant", "is missing; the brokers that answer")
    names = members(table)
    if not names:
        yield Finding("physicalTableConfigMap", "is missing; it names the tables behind the logical one")
    for name in names:
        if not name.endswith(("_OFFLINE", "_REALTIME")):
            yield Finding(
                f"physicalTableConfigMap[{name}]", "must end in _OFFLINE or _REALTIME: name with type"
            )
    yield from _references(table, names)
    if section(table, "quota").get("storage") is not None:
        yield Finding("quota.storage", "is set, but a logical table stores nothing: set it on the members")


def members(table: Document) -> tuple[str, ...]:
    """Return the members' names with type."""
    return tuple(sorted(section(table, "physicalTableConfigMap")))


def _references(table: Document, names: tuple[str, ...]) -> Iterator[Finding]:
    kinds = {
        "refOfflineTableName": [name for name in names if name.endswith("_OFFLINE")],
        "refRealtimeTableName": [name for name in names if name.endswith("_REALTIME")],
    }
    for key, candidates in kinds.items():
        reference = table.get(key)
        if candidates and not reference:
            yield Finding(
                key, f"is missing; name the member whose settings stand for its kind: {candidates[0]}"
            )
        elif reference and reference not in candidates:
            yield Finding(
                key, f"is {reference!r}, which is no member of that kind{likely(str(reference), candidates)}"
            )
    if not all(kinds.values()):
        return
    boundary = section(table, "timeBoundaryConfig")
    if not boundary:
        yield Finding(
            "timeBoundaryConfig",
            "is missing; with members of both types it says where OFFLINE ends and REALTIME begins",
        )
        return
    if str(boundary.get("boundaryStrategy")) != "min":
        yield Finding(
            "timeBoundaryConfig.boundaryStrategy", f"is {boundary.get('boundaryStrategy')!r}; allowed: min"
        )
    included = texts(section(boundary, "parameters").get("includedTables"))
    if not included:
        yield Finding("timeBoundaryConfig.parameters.includedTables", "is missing; name the OFFLINE members")
    for name in included:
        if name not in kinds["refOfflineTableName"]:
            yield Finding(
                "timeBoundaryConfig.parameters.includedTables", f"names {name}, which is no OFFLINE member"
            )
