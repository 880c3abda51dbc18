"""A schema by itself."""

# ruff: noqa: TID252 - the package imports itself relatively, so that it works from any root

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..vocabulary import SCHEMA
from .columns import Column, columns_of, flag, listed, texts
from .finding import Finding, likely
from .known_keys import check_keys
from .names import check_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..documents import Document

_PLAIN: Final = (
    "INT",
    "LONG",
    "FLOAT",
    "DOUBLE",
    "BIG_DECIMAL",
    "BOOLEAN",
    "TIMESTAMP",
    "STRING",
    "JSON",
    "BYTES",
)
_ALLOWED: Final = {
    "DIMENSION": _PLAIN,
    "METRIC": ("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL", "BYTES"),
    "DATE_TIME": _PLAIN,
    "COMPLEX": ("MAP", "STRUCT", "LIST"),
}
"""Data types by field type (``Schema.validate``; a BYTES metric holds a sketch)."""
_NO_LISTS: Final = frozenset({"BIG_DECIMAL", "JSON", "MAP"})
_UNITS: Final = "NANOSECONDS|MICROSECONDS|MILLISECONDS|SECONDS|MINUTES|HOURS|DAYS"
_GRANULARITY: Final = re.compile(rf"[1-9]\d*:({_UNITS})|({_UNITS})(\|[1-9]\d*)?")


def check_schema(schema: Document) -> Iterator[Finding]:
    """Yield everything that is wrong with a schema."""
    yield from check_keys(schema, SCHEMA)
    yield from check_name("schemaName", schema.get("schemaName"))
    yield from _no_old_time(schema)
    yield from _no_repeats(schema)
    for column in listed(schema):
        yield from _column(column)
    yield from _primary_key(schema)
    if not any(True for _ in listed(schema)):
        yield Finding("", "has no columns; a table needs at least one")


def _no_old_time(schema: Document) -> Iterator[Finding]:
    if schema.get("timeFieldSpec") is not None:
        yield Finding(
            "timeFieldSpec",
            "is deprecated; write the column into dateTimeFieldSpecs with format and granularity",
        )


def _no_repeats(schema: Document) -> Iterator[Finding]:
    seen: dict[str, Column] = {}
    for column in listed(schema):
        other = seen.setdefault(column.name.lower(), column)
        if other is not column:
            yield Finding(
                column.path,
                f"has the name of {other.path}; queries do not tell upper from lower case: rename one",
            )


def _column(column: Column) -> Iterator[Finding]:
    if not column.name:
        yield Finding(f"{column.path}.name", "is missing; every column needs a name")
    elif re.search(r"\s", column.name) or column.name.startswith("$"):
        yield Finding(
            f"{column.path}.name", f"is {column.name!r}; no white space, and $ begins Pinot's own columns"
        )
    allowed = _ALLOWED[column.field_kind]
    if column.data_type not in allowed:
        found = f"is {column.data_type}" if column.data_type else "is missing"
        hint = likely(column.data_type, allowed)
        yield Finding(
            f"{column.path}.dataType", f"{found}{hint}; allowed for {column.field_kind}: {', '.join(allowed)}"
        )
    if not column.single_value and (column.data_type in _NO_LISTS or column.field_kind == "METRIC"):
        what = "METRIC" if column.field_kind == "METRIC" else column.data_type
        yield Finding(f"{column.path}.singleValueField", f"is false, but {what} columns hold one value a row")
    if column.field_kind == "DATE_TIME":
        yield from _time(column)


def _time(column: Column) -> Iterator[Finding]:
    form, granularity = column.spec.get("format"), column.spec.get("granularity")
    if not form:
        yield Finding(
            f"{column.path}.format", "is missing; e.g. TIMESTAMP, or 1:MILLISECONDS:EPOCH for a LONG"
        )
    elif str(form).split("|")[0].upper() == "TIMESTAMP" and column.data_type != "TIMESTAMP":
        yield Finding(
            f"{column.path}.format", f"is TIMESTAMP, but the column is {column.data_type}: make them agree"
        )
    elif column.data_type == "TIMESTAMP" and not re.match(r"TIMESTAMP|1:MILLISECONDS:TIMESTAMP", str(form)):
        yield Finding(f"{column.path}.format", f"is {form!r}; a TIMESTAMP column has the format TIMESTAMP")
    if not granularity:
        yield Finding(f"{column.path}.granularity", "is missing; e.g. 1:MILLISECONDS")
    elif not _GRANULARITY.fullmatch(str(granularity)):
        yield Finding(
            f"{column.path}.granularity", f"is {granularity!r}; wanted: size:UNIT, e.g. 1:MILLISECONDS"
        )


def _primary_key(schema: Document) -> Iterator[Finding]:
    columns = columns_of(schema)
    for name in texts(schema.get("primaryKeyColumns")):
        if name not in columns:
            yield Finding(
                "primaryKeyColumns",
                f"names {name}, which is no column{likely(name, columns)}: add or correct it",
            )
        elif not columns[name].single_value:
            yield Finding(
                "primaryKeyColumns", f"names {name}, which holds several values a row: a key holds one"
            )


def null_handling(schema: Document) -> bool:
    """Say whether the schema turns column-based null handling on."""
    return flag(schema.get("enableColumnBasedNullHandling"))
