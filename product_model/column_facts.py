"""The columns of a schema file: where a value comes from, what it is, how sensitive it is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from product_model.fact_types import Classification, EventField, Part, Team, Text, Version
from product_model.pinot_schema import ColumnName  # noqa: TC001 - pydantic evaluates it


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class PersonalDataKind(Part):
    """A kind of personal data, and whether it is stored as a hash."""

    hashed: bool
    normalization: Literal["trimmed-lower-case", "digits"] | None = None
    why: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> PersonalDataKind:
        if self.hashed and self.normalization is None:
            message = "a hashed kind has no normalization; allowed: trimmed-lower-case, digits"
            raise ValueError(message)
        if not self.hashed and self.why is None:
            message = "a kind that is stored in clear says not why; allowed: a sentence under `why`"
            raise ValueError(message)
        return self


class ColumnFact(Part):
    """What a column holds.

    `from_` are fields of the event, `derived_from` columns of the same row; `kept_without` says why a row is
    kept although the contract asks for the field.
    """

    name: ColumnName
    from_: Annotated[
        tuple[EventField, ...],
        BeforeValidator(_several, json_schema_input_type=EventField | tuple[EventField, ...]),
    ] = Field(default=(), alias="from")
    derived_from: tuple[ColumnName, ...] = ()
    events: tuple[ColumnName, ...] = ()
    required: bool = False
    kept_without: Text | None = None
    money: bool = False
    free_text: bool = False
    classification: Classification
    personal_data: Team | None = None
    description: Text

    @model_validator(mode="after")
    def _from_somewhere(self) -> ColumnFact:
        if not self.from_ and not self.derived_from:
            message = f"column {self.name!r} comes from nowhere; allowed: `from`, `derivedFrom` or both"
            raise ValueError(message)
        return self


class SchemaFact(Part):
    """The columns of one schema file, and the events that fill them."""

    name: ColumnName
    file: Text
    version: Version
    events: tuple[ColumnName, ...] = Field(min_length=1)
    columns: tuple[ColumnFact, ...] = Field(min_length=1)

    def column(self, name: str) -> ColumnFact | None:
        """Return the column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def events_of(self, column: ColumnFact) -> tuple[str, ...]:
        """Return the events that fill a column."""
        return column.events or self.events
