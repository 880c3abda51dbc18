"""A Pinot schema as the product uses it.

Everything that Pinot would drop without a word, or take only for old times' sake, is refused here.
Source of the names: https://docs.pinot.apache.org/configuration-reference/schema
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

ColumnName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,127}$")]


class PinotModel(BaseModel):
    """A part of a Pinot configuration: Pinot's own key names, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)
    # What people write here by mistake, and what to do instead.
    MISTAKES: ClassVar[dict[str, str]] = {}


_NO_TRANSFORM_HERE = "Pinot ignores it here: hashing and other functions stand in the table's ingestionConfig"
_COLUMN_MISTAKES = {
    "transformFunction": _NO_TRANSFORM_HERE,
    "transform": _NO_TRANSFORM_HERE,
    "hash": _NO_TRANSFORM_HERE,
    "singleValueField": "leave it out: it is the default, and Pinot lists defaults as unrecognised",
    "type": "the key is dataType",
}


class DimensionField(PinotModel):
    """A column that is filtered and grouped by."""

    MISTAKES: ClassVar[dict[str, str]] = _COLUMN_MISTAKES
    name: ColumnName
    data_type: Literal["STRING", "JSON", "BOOLEAN", "INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL", "BYTES"]
    not_null: Literal[True] | None = None
    max_length: Annotated[int, Field(gt=0)] | None = None


class MetricField(PinotModel):
    """A column that is summed up."""

    MISTAKES: ClassVar[dict[str, str]] = _COLUMN_MISTAKES
    name: ColumnName
    data_type: Literal["INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL"]
    not_null: Literal[True] | None = None


class DateTimeField(PinotModel):
    """A column of time, in milliseconds."""

    MISTAKES: ClassVar[dict[str, str]] = _COLUMN_MISTAKES
    name: ColumnName
    data_type: Literal["TIMESTAMP"]
    format: Literal["TIMESTAMP"]
    granularity: Literal["1:MILLISECONDS", "1:HOURS"]
    not_null: Literal[True] | None = None


Column = DimensionField | MetricField | DateTimeField


class PinotSchema(PinotModel):
    """The columns of the tables of one kind."""

    MISTAKES: ClassVar[dict[str, str]] = {
        "timeFieldSpec": "it is deprecated and broken in null handling; times stand in dateTimeFieldSpecs",
        "name": "the key is schemaName",
    }
    schema_name: ColumnName
    enable_column_based_null_handling: Literal[True]
    primary_key_columns: tuple[ColumnName, ...] = ()
    dimension_field_specs: tuple[DimensionField, ...]
    metric_field_specs: tuple[MetricField, ...] = ()
    date_time_field_specs: tuple[DateTimeField, ...]

    @model_validator(mode="after")
    def _columns_once(self) -> PinotSchema:
        seen: dict[str, str] = {}
        for column in self.columns:
            # Pinot's queries do not tell upper from lower case.
            other = seen.setdefault(column.name.lower(), column.name)
            if other is not column.name:
                message = (
                    f"two columns {other!r} and {column.name!r}; allowed: names that differ by more than case"
                )
                raise ValueError(message)
        missing = [name for name in self.primary_key_columns if name not in self.column_names]
        if missing:
            message = f"primaryKeyColumns name {missing[0]!r}; allowed: columns of this schema"
            raise ValueError(message)
        return self

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of the file."""
        return (*self.dimension_field_specs, *self.metric_field_specs, *self.date_time_field_specs)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column | None:
        """Return the column of that name."""
        return next((column for column in self.columns if column.name == name), None)
