"""Data contracts of what readers get: tables over SQL, and the archive's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from product_model.contracts.odcs_parts import (
    Json,
    contract_head,
    custom,
    kept,
    qualities,
    roles,
    service_levels,
    value_rules,
)
from product_model.render import SHA256_FORM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from product_model.column_facts import ColumnFact
    from product_model.descriptor import OutputPort
    from product_model.pinot_schema import Column
    from product_model.product import Product, SchemaFile

_LOGICAL = {
    "STRING": "string",
    "JSON": "object",
    "BOOLEAN": "boolean",
    "INT": "integer",
    "LONG": "integer",
    "BIG_DECIMAL": "number",
    "TIMESTAMP": "timestamp",
}
# What Java writes as \z is the end in JavaScript's expressions, which the standard asks for.
_HASH_FORM = SHA256_FORM.replace(r"\z", "$")


def table_contract(product: Product, port: OutputPort) -> Json:
    """Return the contract of a port of tables: one schema, in all tables that have it."""
    schema = product.schema(port.schemas[0])
    objects = [_object(product, schema, table) for table in _tables(product, schema.fact.name)]
    retentions = [
        kept(
            table.name, table.retention_days, driver="regulatory" if table.kind == "archive" else "analytics"
        )
        for table in product.descriptor.tables
        if table.schema_ == schema.fact.name
    ]
    return {
        **contract_head(product.descriptor, port.name, schema.fact.version, port.description),
        "servers": [
            {
                "server": "pinot",
                "type": "custom",
                "description": "The broker's address is the output endpoints.pinotBroker of each stack.",
            }
        ],
        "schema": objects,
        "roles": roles(product.descriptor, product.descriptor.access.readers, "read"),
        "slaProperties": [*service_levels(product.descriptor), *retentions],
        "customProperties": custom(classification=product.descriptor.product.classification),
    }


def archive_contract(product: Product, port: OutputPort) -> Json:
    """Return the contract of the archive: one kind of file a schema, with the columns of its tables."""
    days = product.descriptor.archive.kept_days
    objects: list[Json] = []
    for name in port.schemas:
        schema = product.schema(name)
        objects.append(
            {
                "name": name,
                "physicalType": "parquet",
                "logicalType": "object",
                "description": f"{product.descriptor.event(schema.fact.events[0]).description} Files by kind"
                " and hour of event time.",
                "properties": [_property(product, schema, *pair) for pair in _pairs(schema)],
                "quality": qualities(product.descriptor, unique=None),
            }
        )
    return {
        **contract_head(product.descriptor, port.name, str(port.version), port.description),
        "servers": [
            {
                "server": "archive",
                "type": "custom",
                "format": "parquet",
                "description": "The bucket is the output buckets.archive of each stack.",
            }
        ],
        "schema": objects,
        "roles": roles(product.descriptor, product.descriptor.access.readers, "read"),
        "slaProperties": [kept(name, days, driver="regulatory") for name in port.schemas],
        "customProperties": custom(classification=product.descriptor.product.classification),
    }


def _tables(product: Product, schema: str) -> list[tuple[str, str, str]]:
    """Return name, kind and what a row is of every table with a schema; logical ones first."""
    physical = [table for table in product.descriptor.tables if table.schema_ == schema]
    logical = [table for table in product.descriptor.logical_tables if table.schema_ == schema]
    return [
        *(
            (table.name, "logical table", f"{physical[0].row}: {' and '.join(table.members)}")
            for table in logical
        ),
        *((table.name, f"{table.table_type.lower()} table", table.row) for table in physical),
    ]


def _object(product: Product, schema: SchemaFile, table: tuple[str, str, str]) -> Json:
    name, kind, row = table
    fact = next((fact for fact in product.descriptor.tables if fact.name == name), None)
    merged = fact is not None and fact.kind == "merged"
    key = schema.schema.primary_key_columns if merged else ()
    memory = product.descriptor.deduplication.memory_days
    unique = None
    if merged:
        unique = f"One row for each {', '.join(key)}."
    elif fact is not None and fact.kind == "append":
        of = ", ".join(schema.schema.primary_key_columns)
        unique = f"One row for each {of} that is repeated within {memory} days."
    return {
        "name": name,
        "physicalName": name,
        "physicalType": kind,
        "logicalType": "object",
        "description": f"A row is {row}.",
        "dataGranularityDescription": row,
        "properties": [
            {**_property(product, schema, column, spec), **_key(column.name, key)}
            for column, spec in _pairs(schema)
        ],
        "quality": qualities(product.descriptor, unique=unique),
    }


def _key(column: str, key: tuple[str, ...]) -> Json:
    if column not in key:
        return {}
    return {"primaryKey": True, "primaryKeyPosition": key.index(column) + 1}


def _pairs(schema: SchemaFile) -> list[tuple[ColumnFact, Column]]:
    """Return the columns that stand on both sides, in the descriptor's order."""
    pairs = ((column, schema.schema.column(column.name)) for column in schema.fact.columns)
    return [(column, spec) for column, spec in pairs if spec is not None]


def _property(product: Product, schema: SchemaFile, column: ColumnFact, spec: Column) -> Json:
    kind = product.descriptor.hashed(column)
    sources = [
        f"{product.contract.topic}.{event}.{path}"
        for event in schema.fact.events_of(column)
        for path in column.from_
    ]
    found: Json = {
        "name": column.name,
        "logicalType": _LOGICAL[spec.data_type],
        "physicalType": spec.data_type,
        "required": spec.not_null is True,
        "classification": column.classification,
        "description": column.description,
    }
    if kind is not None:
        found["logicalTypeOptions"] = {"pattern": _HASH_FORM}
        found["transformDescription"] = f"SHA-256 in lower-case hex of the value, {kind.normalization}."
    elif spec.data_type == "STRING":
        found |= value_rules(_declared(product, schema, column))
    if sources:
        found["transformSourceObjects"] = sources
    properties = custom(
        personalData=column.personal_data,
        derivedFrom=list(column.derived_from) or None,
        freeText=True if column.free_text else None,
    )
    if properties:
        found["customProperties"] = properties
    return found


def _declared(product: Product, schema: SchemaFile, column: ColumnFact) -> Mapping[str, Any]:
    """Return the form that the events' contract asks of the field, where the column holds it as it is."""
    if len(column.from_) != 1:
        return {}
    for event in schema.fact.events_of(column):
        message = product.contract.message(event)
        field = message.fields.get(column.from_[0]) if message else None
        if field is not None:
            return {name: value for name, value in field.schema.items() if name in {"enum", "pattern"}}
    return {}
