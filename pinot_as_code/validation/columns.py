"""The columns of a schema, as the rules of tables need them."""

# ruff: noqa: TID252 - the package imports itself relatively, so that it works from any root

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..documents import Document, Json

FIELD_KINDS: Final = {
    "dimensionFieldSpecs": "DIMENSION",
    "metricFieldSpecs": "METRIC",
    "dateTimeFieldSpecs": "DATE_TIME",
    "complexFieldSpecs": "COMPLEX",
}
"""Key of a schema that lists columns, to the field type of each."""
NUMERIC: Final = frozenset({"INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL"})
_STORED_AS_NUMBER: Final = NUMERIC | {"BOOLEAN", "TIMESTAMP"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    data_type: str
    """STRING, LONG, TIMESTAMP …, upper case."""
    field_kind: str
    """DIMENSION, METRIC, DATE_TIME or COMPLEX."""
    single_value: bool
    spec: Document
    path: str
    """Where it stands in the schema."""

    @property
    def numeric(self) -> bool:
        """Whether its values are stored as numbers (TIMESTAMP and BOOLEAN are)."""
        return self.data_type in _STORED_AS_NUMBER


def columns_of(schema: Document) -> dict[str, Column]:
    """Return the columns by name; of two equal names the first."""
    found: dict[str, Column] = {}
    for column in listed(schema):
        found.setdefault(column.name, column)
    return found


def listed(schema: Document) -> Iterator[Column]:
    """Yield every column as it is written, repeats included."""
    for key, kind in FIELD_KINDS.items():
        for position, spec in enumerate(objects(schema.get(key))):
            name = str(spec.get("name") or "")
            yield Column(
                name=name,
                data_type=str(spec.get("dataType") or "").upper(),
                field_kind=kind,
                single_value=str(spec.get("singleValueField", True)).lower() != "false",
                spec=spec,
                path=f"{key}[{name or position}]",
            )


def objects(value: Json) -> list[Document]:
    """Return the objects of a list; what has another shape is another rule's finding."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: Json) -> list[str]:
    """Return the texts of a list, or the one text that stands for a list of one."""
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value] if isinstance(value, list) else []


def section(document: Document, *keys: str) -> Document:
    """Return a nested object, empty when it is not there."""
    value: Json = document
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def flag(value: Json) -> bool:
    """Return a switch as Pinot reads it: true and "true" are on."""
    return str(value).lower() == "true"
