"""Pinot's tables: no personal data in clear, by what the table's own functions make of an event."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from product_model.ingestion import Ingestion
from product_model.pinot_schema import PinotSchema
from product_model.pinot_table import IngestionConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy.resources import Context, Resource
    from product_model import Product
    from product_model.column_facts import SchemaFact

TABLE: Final = "pulumi-python:dynamic/pinot:Table"
PLANTED: Final = "Planted.Person@example.com"
HASH: Final = "0123456789abcdef" * 4
KEYED_HASH: Final = f"v1:{HASH}"
NO_HASHES: Final = (PLANTED, HASH[:-1], HASH.upper(), f"{HASH} {PLANTED}")
LATER_MS: Final = 4_000_000_000_000
"""A time of the clock after every example: an event from the future is dropped for that alone."""


@dataclass(frozen=True)
class _Table:
    """A table as the policy runs it."""

    name: str
    stream: bool
    columns: tuple[str, ...]
    ingestion: Ingestion


def clear_personal_data(resource: Resource, context: Context) -> Iterator[str]:
    """See that nothing that names a person gets into a row.

    A value planted in an event is in no cell of the row that the table would store; and the second lock
    holds: the filter drops a row whose hash column holds no hash.
    """
    if resource.type != TABLE or not {"table_json", "schema_json"} <= resource.props.keys():
        return  # not known yet in this preview; the update judges it again
    try:
        table = _read(resource)
        for schema in _schemas_of(table, context.product):
            yield from _stored_in_clear(table, schema, context.product)
            yield from _unfiltered(table, schema, context.product)
    except (ValueError, LookupError) as error:
        yield (
            "cannot be judged, so that nobody knows what it stores of a person:"
            f" {_first_line(error)} Mend its ingestionConfig."
        )


def _read(resource: Resource) -> _Table:
    table, schema = (json.loads(resource.props[key]) for key in ("table_json", "schema_json"))
    config = IngestionConfig.model_validate(table.get("ingestionConfig") or {})
    columns = PinotSchema.model_validate(schema).column_names
    return _Table(
        name=str(table.get("tableName")),
        stream=config.stream_ingestion_config is not None,
        columns=columns,
        ingestion=Ingestion(config, columns),
    )


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        details = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, details['loc']))}: {details['msg']}."
    return f"{str(error).splitlines()[0]}."


def _schemas_of(table: _Table, product: Product) -> list[SchemaFact]:
    """Return the schema of a table of the descriptor; of any other, all: whatever it reads, it hashes."""
    facts = product.descriptor
    named = [facts.schema_of(fact.schema_) for fact in facts.tables if fact.name == table.name]
    return named or list(facts.schemas)


def _examples(schema: SchemaFact, product: Product) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the most complete example of each kind of event that states business facts."""
    stating = {event.message for event in product.descriptor.events if event.time_field}
    for event in schema.events:
        message = product.contract.message(event)
        if message is not None and event in stating:
            yield event, copy.deepcopy(dict(message.complete_example))


def _personal_paths(schema: SchemaFact, event: str, product: Product) -> list[str]:
    return [
        path
        for column in schema.columns
        if product.descriptor.hashed(column) is not None and event in schema.events_of(column)
        for path in column.from_
    ]


def _put(event: dict[str, Any], path: str, value: str) -> dict[str, Any]:
    inside = event
    *parents, last = path.split(".")
    for name in parents:
        inside = inside.setdefault(name, {})
    inside[last] = value
    return event


def _stored_in_clear(table: _Table, schema: SchemaFact, product: Product) -> Iterator[str]:
    """Yield the columns in which a planted value stands as it was sent."""
    if not table.stream:
        return
    found: dict[str, str] = {}
    for event, example in _examples(schema, product):
        for path in _personal_paths(schema, event, product):
            planted = _put(copy.deepcopy(example), path, PLANTED)
            row = table.ingestion.of_event(planted, LATER_MS).row
            for column, cell in (row or {}).items():
                if PLANTED.lower() in str(cell).lower():
                    found.setdefault(column, path)
    for column, path in found.items():
        yield (
            f"stores {path} in clear in {table.name}.{column}; hash it, in ingestionConfig.enrichmentConfigs"
            " (a transform is skipped when the event brings a field of that name):"
            " sha256(toUtf8(nullIf(lower(trim(…)),'')))."
        )


def _unfiltered(table: _Table, schema: SchemaFact, product: Product) -> Iterator[str]:
    """Yield the hash columns whose rows are kept although they hold no hash."""
    hash_columns = [
        column.name
        for column in schema.columns
        if product.descriptor.hashed(column) is not None and column.name in table.columns
    ]
    rows = list(_honest_rows(table, schema, hash_columns, product))
    if not rows:
        yield (
            f"keeps no event of the contract in {table.name}, so that nothing can be judged. The filter drops"
            " what is true: is there a NOT too much or too few?"
        )
    for column in hash_columns:
        if any(
            table.ingestion.of_row({**row, column: clear}, LATER_MS).row is not None
            for row in rows
            for clear in NO_HASHES
        ):
            yield (
                f"keeps a row whose {table.name}.{column} holds no hash; add to the filter, which drops what"
                f" is true: OR (isNotNull({column}) AND NOT(regexpLike({column},'^[0-9a-f]{{64}}\\z')))."
            )


def _honest_rows(
    table: _Table, schema: SchemaFact, hash_columns: list[str], product: Product
) -> Iterator[Mapping[str, Any]]:
    """Yield rows that the table keeps: of the contract's examples, with hashes of one form or the other."""
    for row in _rows_of_examples(table, schema, product):
        for value in (HASH, KEYED_HASH):
            stored = {**row, **dict.fromkeys(hash_columns, value)}
            if table.ingestion.of_row(stored, LATER_MS).row is not None:
                yield stored
                break


def _rows_of_examples(table: _Table, schema: SchemaFact, product: Product) -> Iterator[Mapping[str, Any]]:
    """Yield the rows that the examples make: in the table, or in the stream's table of an archive."""
    ingestions = (
        [table.ingestion]
        if table.stream
        else [
            Ingestion(file.table.ingestion_config, table.columns)
            for file in product.tables
            if file.fact.schema_ == schema.name and file.fact.kind != "archive"
        ]
    )
    for event, example in _examples(schema, product):
        keyed = copy.deepcopy(example)
        for path in _personal_paths(schema, event, product):
            _put(keyed, path, KEYED_HASH)
        for ingestion in ingestions:
            for sent in (example, keyed):
                row = ingestion.of_event(sent, LATER_MS).row
                if row is not None:
                    yield row
                    break
