"""Indexes and encodings. Some that Pinot accepts stop a segment from ever committing; they are found here."""

# ruff: noqa: TID252 - the package imports itself relatively, so that it works from any root

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..vocabulary import vocabulary
from .columns import Column, columns_of, flag, objects, section, texts
from .finding import Finding, likely
from .known_keys import check_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..documents import Document

_COLUMN_LISTS: Final = (
    "invertedIndexColumns",
    "rangeIndexColumns",
    "bloomFilterColumns",
    "jsonIndexColumns",
    "noDictionaryColumns",
    "onHeapDictionaryColumns",
    "varLengthDictionaryColumns",
    "sortedColumn",
)
_COLUMN_MAPS: Final = ("bloomFilterConfigs", "jsonIndexConfigs", "noDictionaryConfig")
_OLD_KEYS: Final = {"indexType": "indexes", "indexTypes": "indexes"}
_TEXTUAL: Final = frozenset({"STRING", "JSON"})


def check(table: Document, schema: Document) -> Iterator[Finding]:
    """Yield what is wrong with ``fieldConfigList`` and ``tableIndexConfig``."""
    columns = columns_of(schema)
    yield from _listed_columns(table, columns)
    seen: set[str] = set()
    raw = raw_columns(table)
    for position, field in enumerate(objects(table.get("fieldConfigList"))):
        name = str(field.get("name") or "")
        path = f"fieldConfigList[{name or position}]"
        if name in seen:
            yield Finding(path, "stands twice; Pinot uses one of them without a word: merge them")
        seen.add(name)
        for old, new in _OLD_KEYS.items():
            if field.get(old):
                yield Finding(
                    f"{path}.{old}", f'is deprecated; name the index in {new}, e.g. {{"inverted": {{}}}}'
                )
        if name not in columns:
            yield Finding(
                f"{path}.name", f"is {name!r}, which is no column of the schema{likely(name, columns)}"
            )
        else:
            yield from _field(field, columns[name], path, raw=name in raw)


def raw_columns(table: Document) -> set[str]:
    """Return the columns that have no dictionary, by whichever of the four ways it was said."""
    indexing = section(table, "tableIndexConfig")
    raw = {*texts(indexing.get("noDictionaryColumns")), *section(indexing, "noDictionaryConfig")}
    for field in objects(table.get("fieldConfigList")):
        disabled = flag(section(field, "indexes", "dictionary").get("disabled"))
        if str(field.get("encodingType", "")).upper() == "RAW" or disabled:
            raw.add(str(field.get("name")))
    return raw


def _listed_columns(table: Document, columns: dict[str, Column]) -> Iterator[Finding]:
    indexing = section(table, "tableIndexConfig")
    named = {key: texts(indexing.get(key)) for key in _COLUMN_LISTS}
    named.update({key: list(section(indexing, key)) for key in _COLUMN_MAPS})
    for key, names in named.items():
        for name in names:
            if name and name not in columns:
                hint = likely(name, columns)
                yield Finding(f"tableIndexConfig.{key}", f"names {name}, no column of the schema{hint}")
    yield from _sorted_by(texts(indexing.get("sortedColumn")), columns)
    yield from _dictionaries(table)


def _dictionaries(table: Document) -> Iterator[Finding]:
    raw = raw_columns(table)
    for name in texts(section(table, "tableIndexConfig").get("invertedIndexColumns")):
        if name in raw:
            yield Finding("tableIndexConfig.invertedIndexColumns", f"names {name}: {_NEEDS_DICTIONARY}")
    dictionaries = {
        str(field.get("name"))
        for field in objects(table.get("fieldConfigList"))
        if str(field.get("encodingType", "")).upper() == "DICTIONARY"
    }
    for name in sorted(dictionaries & raw):
        yield Finding(
            f"fieldConfigList[{name}].encodingType",
            "is DICTIONARY while another setting takes the dictionary away: decide for one",
        )


def _sorted_by(names: list[str], columns: dict[str, Column]) -> Iterator[Finding]:
    if len(names) > 1:
        yield Finding("tableIndexConfig.sortedColumn", "names several columns; a segment is sorted by one")
    for name in names:
        if name in columns and not columns[name].single_value:
            yield Finding("tableIndexConfig.sortedColumn", f"names {name}, which holds several values a row")


_NEEDS_DICTIONARY: Final = (
    "an inverted index needs a dictionary, but the column is RAW. Pinot accepts it and the segment then "
    "never commits: use encodingType DICTIONARY, or drop the index"
)


def _field(field: Document, column: Column, path: str, *, raw: bool) -> Iterator[Finding]:
    indexes = field.get("indexes")
    if isinstance(indexes, dict):
        known = vocabulary().indexes
        for index, settings in indexes.items():
            place = f"{path}.indexes.{index}"
            if index not in known:
                yield Finding(
                    place,
                    f"is no index of Pinot's{likely(index, known)}; it would be ignored without a word. "
                    f"Allowed: {', '.join(sorted(known))}",
                )
                continue
            if not isinstance(settings, dict):
                yield Finding(place, f"must be an object, found {settings!r}")
                continue
            for finding in check_keys(settings, known[index]):
                yield Finding(f"{place}.{finding.path}", finding.message)
            if not flag(settings.get("disabled")):
                yield from _fits(index, column, place, raw=raw)
    granularities = section(field, "timestampConfig").get("granularities")
    if granularities and (column.data_type not in {"TIMESTAMP", "LONG"} or not column.single_value):
        yield Finding(
            f"{path}.timestampConfig",
            f"is for single-value TIMESTAMP or LONG columns, but {column.name} is {column.data_type}",
        )


def _fits(index: str, column: Column, place: str, *, raw: bool) -> Iterator[Finding]:
    """Yield when an index cannot be built on a column (``*IndexType.validate``, and as seen at commit)."""
    what, single = column.data_type, column.single_value
    if index == "inverted" and raw:
        yield Finding(place, _NEEDS_DICTIONARY)
    if index == "range" and raw and (what == "BIG_DECIMAL" or not column.numeric):
        yield Finding(
            place,
            f"a range index on a RAW {what} column cannot be built. Pinot accepts it and the segment then "
            "never commits: use encodingType DICTIONARY, or drop the index",
        )
    if index == "json" and (what not in _TEXTUAL | {"MAP"} or not single):
        yield Finding(place, f"a JSON index needs a single-value STRING, JSON or MAP column, found {what}")
    if index == "bloom" and what in {"BOOLEAN", "MAP"}:
        yield Finding(place, f"a bloom filter cannot be built on {what}")
    if index == "text" and what not in _TEXTUAL:
        yield Finding(place, f"a text index needs a STRING column, found {what}")
    if index in {"fst", "ifst"} and (what not in _TEXTUAL or raw or not single):
        yield Finding(place, "an FST index needs a single-value STRING column with a dictionary")
    if index == "h3" and (what != "BYTES" or not single):
        yield Finding(place, f"an H3 index needs a single-value BYTES column, found {what}")
    if index == "vector" and (what != "FLOAT" or single):
        yield Finding(place, f"a vector index needs a multi-value FLOAT column, found {what}")
    if index == "inverted" and what == "MAP":
        yield Finding(place, "an inverted index cannot be built on MAP")
