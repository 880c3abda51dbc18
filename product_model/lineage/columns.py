"""Column lineage: from an event's fields through a table's enrichments and transforms to a column.

A field is a *source* when its value gets into the column, a *condition* when it only decides whether one does
(the tests of `caseWhen`, `nullIf`'s second argument, and the filter).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from product_model.expressions import Call, Expression, Identifier, Literal, json_paths, parse
from product_model.ingestion import STREAM_MARKER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from product_model.pinot_table import IngestionConfig

_HASHES = frozenset({"sha256", "sha", "sha224", "sha512", "md5"})
# What stands before an expression's result in the record; the whole of it is no source of a column.
_WHOLE = frozenset({"data", STREAM_MARKER})


@dataclass(frozen=True)
class ColumnOrigin:
    """What a column is made of.

    Args:
        sources: fields of the event whose value gets into it, written `data.buyer.email`
        conditions: fields that only decide whether it does
        functions: functions on the way, outermost first
        columns: columns of the same row that it is made of

    """

    sources: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    functions: tuple[str, ...] = ()
    columns: frozenset[str] = frozenset()

    @property
    def masked(self) -> bool:
        """Whether only a hash of the value gets into it."""
        return bool(_HASHES & set(self.functions))

    @property
    def identity(self) -> bool:
        """Whether it is the value itself."""
        return bool(self.sources) and not set(self.functions) - {"jsonpathstring"}


@dataclass
class _Found:
    sources: set[str] = field(default_factory=set)
    conditions: set[str] = field(default_factory=set)
    functions: dict[str, None] = field(default_factory=dict)


def column_origins(config: IngestionConfig, columns: tuple[str, ...]) -> dict[str, ColumnOrigin]:
    """Return what each column of a table is made of.

    Raises:
        ExpressionError: a function is no expression

    """
    found: dict[str, _Found] = {}
    for name, expression in _functions(config):
        _read(expression, found.setdefault(name, _Found()), condition=False)
    return {name: _resolved(name, found, set(columns)) for name in columns}


def filtered_by(config: IngestionConfig) -> frozenset[str]:
    """Return the fields and columns by which the filter drops a row."""
    found = _Found()
    _read(parse(config.filter_config.filter_function), found, condition=True)
    return frozenset(found.conditions)


def _functions(config: IngestionConfig) -> Iterator[tuple[str, Expression]]:
    for step in config.enrichment_configs:
        for name, text in step.properties.field_to_function_map.items():
            yield name, parse(text)
    for transform in config.transform_configs:
        yield transform.column_name, parse(transform.transform_function)


def _read(expression: Expression, found: _Found, *, condition: bool) -> None:
    """Sort what an expression reads into sources and conditions."""
    if isinstance(expression, Literal):
        return
    if isinstance(expression, Identifier):
        if expression.name not in _WHOLE:
            (found.conditions if condition else found.sources).add(expression.name)
        return
    if not condition:
        found.functions.setdefault(expression.name)
    paths = json_paths(Call(expression.name, expression.arguments, expression.written))
    if expression.name.startswith("jsonpath"):
        (found.conditions if condition else found.sources).update(paths - _WHOLE)
        return
    for number, argument in enumerate(expression.arguments):
        _read(argument, found, condition=condition or _decides(expression, number))


def _decides(call: Call, number: int) -> bool:
    """Whether an argument only decides: every second of caseWhen's, but for a last one alone."""
    if call.name == "casewhen":
        return number % 2 == 0 and number < len(call.arguments) - 1
    return call.name == "nullif" and number == 1


def _resolved(name: str, found: Mapping[str, _Found], columns: set[str]) -> ColumnOrigin:
    """Follow columns of the same row back to the event; a column that reads itself is a stored row's."""
    mine = found.get(name, _Found())
    sources, conditions, used = set[str](), set[str](), set[str]()
    functions = dict(mine.functions)
    for source in mine.sources - {name}:
        if source in columns:
            used.add(source)
            inner = _resolved(source, found, columns - {name})
            sources |= inner.sources
            conditions |= inner.conditions
            functions |= dict.fromkeys(inner.functions)
        else:
            sources.add(source)
    for condition in mine.conditions - {name} - _WHOLE:
        if condition in columns:
            conditions |= _resolved(condition, found, columns - {name}).sources
        else:
            conditions.add(condition)
    return ColumnOrigin(
        sources=frozenset(sources),
        conditions=frozenset(conditions - sources),
        functions=tuple(name for name in functions if name != "casewhen"),
        columns=frozenset(used),
    )
