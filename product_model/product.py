"""The product as read from its directory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from product_model.assets import Assets, LogicalTableAsset, SchemaAsset, TableAsset
from product_model.contract import Contract, json_schema, read_contract
from product_model.descriptor import Descriptor, LogicalTableFact, TableFact
from product_model.documents import Document, parse, read_document
from product_model.errors import ProductError
from product_model.pinot_schema import Column, PinotSchema
from product_model.pinot_table import PinotLogicalTable, PinotTable
from product_model.render import check_environment, render_logical_table, render_schema, render_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from product_model.column_facts import SchemaFact
    from product_model.environment import Environment
    from product_model.fact_types import Classification

DESCRIPTOR = "payment-service-data-product.yaml"


@dataclass(frozen=True)
class ColumnView:
    """One column as a reader sees it: what it means from the descriptor, its type from the schema."""

    name: str
    data_type: str
    nullable: bool
    classification: Classification
    personal_data: str | None
    description: str


@dataclass(frozen=True)
class SchemaFile:
    """A schema file beside what the descriptor says of it."""

    fact: SchemaFact
    document: Document
    schema: PinotSchema

    def column_view(self, name: str) -> ColumnView:
        """Put both sides of a column together; KeyError when one of them lacks it."""
        column, fact = self.schema.column(name), self.fact.column(name)
        if column is None or fact is None:
            raise KeyError(name)
        return ColumnView(
            name=name,
            data_type=column.data_type,
            nullable=not column.not_null,
            classification=fact.classification,
            personal_data=fact.personal_data,
            description=fact.description,
        )

    @property
    def columns(self) -> tuple[ColumnView, ...]:
        """All columns that stand on both sides, in the descriptor's order."""
        return tuple(self.column_view(fact.name) for fact in self.fact.columns if self._column(fact.name))

    def _column(self, name: str) -> Column | None:
        return self.schema.column(name)


@dataclass(frozen=True)
class TableFile:
    """A table file beside what the descriptor says of it."""

    fact: TableFact
    document: Document
    table: PinotTable


@dataclass(frozen=True)
class LogicalTableFile:
    """A logical table's file beside what the descriptor says of it."""

    fact: LogicalTableFact
    document: Document
    table: PinotLogicalTable


@dataclass(frozen=True)
class Product:
    """All files of the product, each parsed into its model."""

    directory: Path
    descriptor_document: Document
    descriptor: Descriptor
    contract_document: Document
    contract: Contract
    schemas: tuple[SchemaFile, ...]
    tables: tuple[TableFile, ...]
    logical_tables: tuple[LogicalTableFile, ...]

    def schema(self, name: str) -> SchemaFile:
        """Return the schema file of that name; KeyError lists the known ones."""
        for schema in self.schemas:
            if schema.fact.name == name:
                return schema
        message = f"no schema {name!r}; there are {', '.join(schema.fact.name for schema in self.schemas)}"
        raise KeyError(message)

    def event_schema(self, message: str) -> dict[str, Any]:
        """Return the JSON Schema (draft-07) of one kind of event, complete in itself."""
        return json_schema(self.contract_document, message)

    def render(self, environment: Environment) -> Assets:
        """Overlay what the environment changes.

        Raises:
            ProductError: the environment names what the product has not, or would lose rows

        """
        check_environment(environment, self.descriptor)
        by_name: dict[str, str] = {}
        for file in self.tables:
            keyed = file.table.dedup_config is not None or file.table.upsert_config is not None
            by_name[file.fact.name] = self._schema_json(file.fact.schema_, file.fact.name, keyed=keyed)
        for logical in self.logical_tables:
            by_name[logical.fact.name] = self._schema_json(
                logical.fact.schema_, logical.fact.name, keyed=False
            )
        return Assets(
            schemas=tuple(SchemaAsset(name, schema_json) for name, schema_json in by_name.items()),
            tables=tuple(
                TableAsset(
                    name=file.fact.name,
                    table_type=file.table.table_type,
                    table_json=render_table(
                        file.document.content,
                        environment,
                        self.schema(file.fact.schema_).fact,
                        self.descriptor,
                    ),
                    schema_json=by_name[file.fact.name],
                )
                for file in self.tables
            ),
            logical_tables=tuple(
                LogicalTableAsset(
                    name=file.fact.name,
                    logical_table_json=render_logical_table(file.document.content, environment),
                    schema_json=by_name[file.fact.name],
                    members=file.fact.members,
                )
                for file in self.logical_tables
            ),
        )

    def _schema_json(self, schema: str, table: str, *, keyed: bool) -> str:
        return render_schema(self.schema(schema).document.content, table, keyed=keyed)


def load_product(directory: Path) -> Product:
    """Read the product.

    Raises:
        ProductError: a file is missing or wrong; names file, key with line, what was found, what is allowed

    """
    if not directory.is_dir():
        raise ProductError(str(directory), "(whole directory)", "there is no such directory", "data-product")
    descriptor_document = read_document(directory, DESCRIPTOR)
    descriptor = parse(descriptor_document, Descriptor)
    contract_document = read_document(directory, descriptor.ports.input[0].contract)
    files = [fact.file for fact in descriptor.schemas]
    files += [fact.file for fact in descriptor.tables]
    files += [fact.file for fact in descriptor.logical_tables]
    documents: Mapping[str, Document] = {file: read_document(directory, file) for file in files}
    return Product(
        directory=directory,
        descriptor_document=descriptor_document,
        descriptor=descriptor,
        contract_document=contract_document,
        contract=read_contract(contract_document),
        schemas=tuple(
            SchemaFile(fact, documents[fact.file], parse(documents[fact.file], PinotSchema))
            for fact in descriptor.schemas
        ),
        tables=tuple(
            TableFile(fact, documents[fact.file], parse(documents[fact.file], PinotTable))
            for fact in descriptor.tables
        ),
        logical_tables=tuple(
            LogicalTableFile(fact, documents[fact.file], parse(documents[fact.file], PinotLogicalTable))
            for fact in descriptor.logical_tables
        ),
    )
