"""What Pinot is given in one environment: schemas, tables, logical tables, each as canonical JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class SchemaAsset:
    """A schema object; its name equals the table's that uses it (Pinot pairs them by name)."""

    name: str
    schema_json: str


@dataclass(frozen=True)
class TableAsset:
    """A physical table, with the schema it is valid against. `name` is without the type suffix."""

    name: str
    table_type: Literal["REALTIME", "OFFLINE"]
    table_json: str
    schema_json: str


@dataclass(frozen=True)
class LogicalTableAsset:
    """A logical table over physical ones, with the schema of its own name."""

    name: str
    logical_table_json: str
    schema_json: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Assets:
    """Everything in the order in which Pinot accepts it: schemas, then tables, then logical tables."""

    schemas: tuple[SchemaAsset, ...]
    tables: tuple[TableAsset, ...]
    logical_tables: tuple[LogicalTableAsset, ...]
