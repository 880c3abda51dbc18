"""Every step that data takes, column by column: event → topic → table → logical table → question.

What a table or the archive takes from an event is found in the table's functions; who does it, the descriptor
says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from product_model.lineage.columns import ColumnOrigin, column_origins, filtered_by
from product_model.questions import load_questions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from product_model.product import Product, TableFile
    from product_model.questions import Question

Kind = Literal["topic", "archive", "table", "logical table", "question"]
_TEXT = re.compile(r"'(?:[^']|'')*'")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, order=True)
class Place:
    """Something that holds data, or asks for it."""

    kind: Kind
    name: str


@dataclass(frozen=True, order=True)
class FieldUse:
    """A field of a place that a column is made of.

    Args:
        place: where the field stands
        field: the field; of an event with its name before it, `transactionBooked.data.amount`
        use: identity: as it is; transformation: changed; condition: it only decides
        functions: what is done with it, outermost first
        masked: whether only its hash is stored

    """

    place: Place
    field: str
    use: Literal["identity", "transformation", "condition"]
    functions: tuple[str, ...] = ()
    masked: bool = False


@dataclass(frozen=True)
class Hop:
    """One step. `fields` is by column of the output; `filters` are what drops a row."""

    job: str
    by: str
    description: str
    inputs: tuple[Place, ...]
    output: Place
    fields: Mapping[str, tuple[FieldUse, ...]]
    filters: tuple[FieldUse, ...] = ()
    readers: tuple[str, ...] = field(default=())


def lineage(product: Product) -> tuple[Hop, ...]:
    """Return every step, in the order in which data takes them."""
    return (
        *(_ingested(product, file) for file in product.tables if file.table.stream),
        *_archived(product),
        *(_loaded(product, file) for file in product.tables if not file.table.stream),
        *_joined(product),
        *_asked(product),
    )


def _step(product: Product, output: str) -> tuple[str, str, str]:
    step = next(step for step in product.descriptor.lineage if output in step.writes)
    return step.job, step.by, step.description


def _ingested(product: Product, file: TableFile) -> Hop:
    job, by, description = _step(product, file.fact.name)
    output = Place("table", file.fact.name)
    return _by_functions(product, file, Hop(f"{job}.{file.fact.name}", by, description, (), output, {}))


def _by_functions(product: Product, file: TableFile, hop: Hop) -> Hop:
    """Complete a step that makes rows of events by a table's functions."""
    schema = product.schema(file.fact.schema_)
    topic = Place("topic", product.descriptor.ports.input[0].topic)
    columns = schema.schema.column_names
    origins = column_origins(file.table.ingestion_config, columns)

    def uses(column: str, origin: ColumnOrigin) -> tuple[FieldUse, ...]:
        fact = schema.fact.column(column)
        events = schema.fact.events_of(fact) if fact else schema.fact.events
        how: Literal["identity", "transformation"] = "identity" if origin.identity else "transformation"
        found = [
            FieldUse(topic, f"{event}.{path}", how, origin.functions, origin.masked)
            for event in events
            for path in sorted(origin.sources)
            if _has(product, event, path)
        ]
        found += [
            FieldUse(topic, f"{event}.{path}", "condition")
            for event in events
            for path in sorted(origin.conditions)
            if _has(product, event, path)
        ]
        return tuple(found)

    read = sorted(
        {path for name in filtered_by(file.table.ingestion_config) for path in _back(name, origins)}
    )
    return replace(
        hop,
        inputs=(topic,),
        fields={name: uses(name, origins[name]) for name in columns},
        filters=tuple(
            FieldUse(topic, f"{event}.{path}", "condition")
            for event in schema.fact.events
            for path in read
            if _has(product, event, path)
        ),
    )


def _has(product: Product, event: str, path: str) -> bool:
    message = product.contract.message(event)
    fields = message.fields if message else {}
    # The metadata is one field to the contract, and an object to the functions.
    return any(name == path or name.startswith(f"{path}.") for name in fields)


def _back(name: str, origins: Mapping[str, ColumnOrigin]) -> frozenset[str]:
    return origins[name].sources if name in origins else frozenset({name})


def _archived(product: Product) -> Iterator[Hop]:
    """Yield the archiver's steps: it makes rows by the functions of the table that appends these events."""
    for port in product.descriptor.ports.output:
        if port.kind != "s3":
            continue
        job, by, description = _step(product, port.name)
        for name in port.schemas:
            file = next(f for f in product.tables if f.fact.schema_ == name and f.fact.kind == "append")
            hop = Hop(f"{job}.{name}", by, description, (), Place("archive", name), {})
            yield _by_functions(product, file, hop)


def _loaded(product: Product, file: TableFile) -> Hop:
    """Return a load from the archive, which has every column: a transform is skipped where there is one."""
    schema = product.schema(file.fact.schema_)
    archive = Place("archive", file.fact.schema_)
    config = file.table.ingestion_config
    enriched = {name for step in config.enrichment_configs for name in step.properties.field_to_function_map}
    fields = {}
    for name, origin in column_origins(config, schema.schema.column_names).items():
        made = sorted(origin.columns | origin.sources)
        fields[name] = (
            tuple(FieldUse(archive, source, "transformation", origin.functions) for source in made)
            if name in enriched and made
            else (FieldUse(archive, name, "identity"),)
        )
    read = sorted(filtered_by(config) & set(schema.schema.column_names))
    job, by, description = _step(product, file.fact.name)
    return Hop(
        job=f"{job}.{file.fact.name}",
        by=by,
        description=description,
        inputs=(archive,),
        output=Place("table", file.fact.name),
        fields=fields,
        filters=tuple(FieldUse(archive, name, "condition") for name in read),
    )


def _joined(product: Product) -> Iterator[Hop]:
    for file in product.logical_tables:
        members = tuple(Place("table", member) for member in file.fact.members)
        yield Hop(
            job=f"logical-table.{file.fact.name}",
            by="Pinot",
            description="Puts the members behind one name; the archive answers for what it has.",
            inputs=members,
            output=Place("logical table", file.fact.name),
            fields={
                name: tuple(FieldUse(member, name, "identity") for member in members)
                for name in product.schema(file.fact.schema_).schema.column_names
            },
        )


def _asked(product: Product) -> Iterator[Hop]:
    tables = {file.fact.name: ("table", file.fact.schema_) for file in product.tables}
    tables |= {file.fact.name: ("logical table", file.fact.schema_) for file in product.logical_tables}
    for question in load_questions(product.directory / "queries"):
        words = _words(question)
        for name, (kind, schema) in tables.items():
            if name in words:
                place = Place("table" if kind == "table" else "logical table", name)
                used = [c for c in product.schema(schema).schema.column_names if c in words]
                yield Hop(
                    job=f"question.{question.name}",
                    by="a reader",
                    description=question.title,
                    inputs=(place,),
                    output=Place("question", question.name),
                    fields={column: (FieldUse(place, column, "identity"),) for column in used},
                    readers=product.descriptor.questions.get(question.name, ()),
                )


def _words(question: Question) -> set[str]:
    return set(_WORD.findall(_TEXT.sub("", question.sql)))
