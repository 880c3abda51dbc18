"""Published contracts: what is deployed keeps what readers hold in their hands.

A contract changes by `make contracts`, and `make contract-diff` asks a breaking change of it for a major
version: so a table cannot break its contract unnoticed, whichever way the change went around those two.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from product_model.evolution.surface import PRODUCT, Surface, read_surface

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from policy.resources import Context, Resource
    from product_model.evolution.surface import ContractSurface

TABLE: Final = "pulumi-python:dynamic/pinot:Table"
INSTEAD: Final = "keep it, or change the descriptor, run `make contracts` and `make contract-diff`."
_SPECS: Final = ("dimensionFieldSpecs", "metricFieldSpecs", "dateTimeFieldSpecs")


def broken_contract(resource: Resource, context: Context) -> Iterator[str]:
    """See that a table has what its published contract promises.

    Its columns, with their types and nulls; and in prod, its rows for as long as it says. Other environments
    may keep less.
    """
    if resource.type != TABLE or not {"table_json", "schema_json"} <= resource.props.keys():
        return  # not known yet in this preview; the update judges it again
    table = json.loads(resource.props["table_json"])
    name = str(table.get("tableName"))
    contracts = [
        contract
        for contract in _published(context.product.directory).contracts.values()
        if name in contract.tables and "partitions" not in contract.terms
    ]
    if not contracts:
        yield f"{name} has no published contract; describe it, and run `make contracts`."
    for contract in contracts:
        yield from _columns(name, json.loads(resource.props["schema_json"]), contract)
        if context.prod:
            yield from _kept(name, table, contract)


@cache
def _published(directory: Path) -> Surface:
    files = (directory / "contracts").glob("*.odcs.yaml")
    return read_surface(
        {f"{PRODUCT}{file.relative_to(directory).as_posix()}": file.read_text("utf-8") for file in files}
    )


def _columns(name: str, schema: Mapping[str, Any], contract: ContractSurface) -> Iterator[str]:
    found = {spec["name"]: spec for kind in _SPECS for spec in schema.get(kind, ())}
    says = f"the contract {contract.name} {contract.version}"
    for column in contract.tables[name].values():
        spec = found.get(column.name)
        if spec is None:
            yield f"has no column {name}.{column.name}, which {says} promises; {INSTEAD}"
            continue
        if spec.get("dataType") != column.type:
            yield f"has {name}.{column.name} as {spec.get('dataType')}, {says} as {column.type}; {INSTEAD}"
        if column.required and spec.get("notNull") is not True:
            yield f"lets {name}.{column.name} be null, which {says} does not; {INSTEAD}"


def _kept(name: str, table: Mapping[str, Any], contract: ContractSurface) -> Iterator[str]:
    promised = contract.kept.get(name)
    segments = table.get("segmentsConfig") or {}
    unit, found = segments.get("retentionTimeUnit"), str(segments.get("retentionTimeValue"))
    if promised is not None and (unit != "DAYS" or found != str(promised)):
        says = f"the contract {contract.name} {contract.version}"
        yield f"keeps {name} {found} {unit}, {says} promises {promised} DAYS; {INSTEAD}"
