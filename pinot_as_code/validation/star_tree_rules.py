"""Star-trees. A pair with a function that no star-tree can hold makes Pinot skip the whole tree silently."""

# ruff: noqa: TID252 - the package imports itself relatively, so that it works from any root

from __future__ import annotations

from typing import TYPE_CHECKING

from ..vocabulary import vocabulary
from .columns import Column, columns_of, flag, objects, section, texts
from .finding import Finding, likely
from .index_rules import raw_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..documents import Document


def check(table: Document, schema: Document) -> Iterator[Finding]:
    """Yield what is wrong with ``tableIndexConfig.starTreeIndexConfigs``."""
    indexing, columns = section(table, "tableIndexConfig"), columns_of(schema)
    trees = objects(indexing.get("starTreeIndexConfigs"))
    if (trees or flag(indexing.get("enableDefaultStarTree"))) and table.get("upsertConfig"):
        yield Finding(
            "tableIndexConfig.starTreeIndexConfigs",
            "an upsert table cannot have a star-tree: it would count rows that were replaced",
        )
    raw = raw_columns(table)
    for position, tree in enumerate(trees):
        path = f"tableIndexConfig.starTreeIndexConfigs[{position}]"
        yield from _dimensions(tree, columns, raw, path)
        yield from _aggregations(tree, columns, path)


def _dimensions(tree: Document, columns: dict[str, Column], raw: set[str], path: str) -> Iterator[Finding]:
    dimensions = texts(tree.get("dimensionsSplitOrder"))
    if not dimensions:
        yield Finding(
            f"{path}.dimensionsSplitOrder", "is missing; the dimensions that queries filter or group by"
        )
    place = f"{path}.dimensionsSplitOrder"
    for name in dimensions:
        if name not in columns:
            yield Finding(place, f"names {name}, no column of the schema{likely(name, columns)}")
        elif not columns[name].single_value:
            yield Finding(place, f"names {name}, which holds several values a row")
        elif name in raw or columns[name].data_type == "MAP":
            yield Finding(place, f"names {name}, which has no dictionary: a dimension needs one")
    for name in sorted(set(texts(tree.get("skipStarNodeCreationForDimensions"))) - set(dimensions)):
        yield Finding(
            f"{path}.skipStarNodeCreationForDimensions", f"names {name}, which is no dimension of the tree"
        )


def _aggregations(tree: Document, columns: dict[str, Column], path: str) -> Iterator[Finding]:
    pairs, configs = tree.get("functionColumnPairs"), tree.get("aggregationConfigs")
    if (pairs is None) == (configs is None):
        yield Finding(path, "needs either functionColumnPairs or aggregationConfigs, and not both")
    seen: set[tuple[str, str]] = set()
    for pair in texts(pairs):
        function, separator, name = pair.partition("__")
        place = f"{path}.functionColumnPairs"
        if not separator:
            yield Finding(place, f"holds {pair!r}; wanted: FUNCTION__column, e.g. SUM__amount or COUNT__*")
            continue
        yield from _aggregation(function, name, columns, place)
        key = (_canonical(function), name)
        if key in seen:
            yield Finding(place, f"holds {pair} twice")
        seen.add(key)
    for position, config in enumerate(objects(configs)):
        place = f"{path}.aggregationConfigs[{position}]"
        function, name = str(config.get("aggregationFunction")), str(config.get("columnName"))
        yield from _aggregation(function, name, columns, place)


def _aggregation(function: str, name: str, columns: dict[str, Column], place: str) -> Iterator[Finding]:
    words = vocabulary()
    canonical = _canonical(function)
    if canonical not in words.star_tree_functions:
        known = canonical in words.aggregation_functions or canonical.rstrip("0123456789") in {
            "PERCENTILE",
            "PERCENTILEEST",
            "PERCENTILETDIGEST",
        }
        why = (
            "which no star-tree can hold; Pinot would skip the whole tree without a word"
            if known
            else f"which is no aggregation{likely(canonical, words.star_tree_functions)}"
        )
        hint = " (PERCENTILETDIGEST and PERCENTILEEST can)" if canonical.startswith("PERCENTILE") else ""
        yield Finding(place, f"uses {function}, {why}{hint}")
    if name == "*":
        if canonical != "COUNT":
            yield Finding(place, f"uses {function}__*; only COUNT goes over rows: name a column")
    elif name not in columns:
        yield Finding(place, f"names {name}, no column of the schema{likely(name, columns)}")
    elif columns[name].data_type == "MAP":
        yield Finding(place, f"names {name}, a MAP column, which cannot be aggregated")


def _canonical(function: str) -> str:
    return function.replace("_", "").upper()
