"""Transforms, filters and enrichments: functions, columns, and comparisons that fail at ingestion."""

# ruff: noqa: TID252 - the package imports itself relatively, so that it works from any root

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..vocabulary import vocabulary
from .columns import Column, columns_of, objects, section
from .expressions import Comparison, Expression, ExpressionError, Operand, canonical, is_groovy, read
from .finding import Finding, likely

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..documents import Document

_ENRICHERS: Final = ("generateColumn", "clpEnricher")
_STRING_TYPES: Final = frozenset({"STRING", "JSON"})
_STRING_FUNCTIONS: Final = frozenset(
    {"jsonpathstring", "lower", "upper", "trim", "ltrim", "rtrim", "concat", "substr", "substring", "replace"}
) | {"regexpreplace", "regexpextract", "jsonformat", "sha256", "sha512", "md5", "toiso8601"}
_SYNTAX: Final = frozenset({"cast", "extract", "timestampadd"})
"""Written with words between their arguments, which are not counted here."""
_UNREADABLE: Final = {
    "minus": "MINUS is a word of SQL's and does not parse; use sub(a, b) or a - b",
    "timestampdiff": "it does not parse in Pinot 1.5; use sub(a, b) of two times in milliseconds",
}


def check(table: Document, schema: Document) -> Iterator[Finding]:
    """Yield what is wrong with ``ingestionConfig``."""
    ingestion, columns = section(table, "ingestionConfig"), columns_of(schema)
    sources = {
        str(config.get("aggregationFunction")).partition("(")[2].rstrip(") ")
        for config in objects(ingestion.get("aggregationConfigs"))
    }
    yield from _transforms(ingestion, columns, sources)
    yield from _filter(ingestion, columns)
    yield from _enrichments(ingestion, columns)
    for prefix in section(ingestion, "complexTypeConfig", "prefixesToRename"):
        for name in columns:
            if name.startswith(prefix):
                yield Finding(
                    f"ingestionConfig.complexTypeConfig.prefixesToRename[{prefix}]",
                    f"is how the column {name} begins: no column may begin with a renamed prefix",
                )


def _transforms(ingestion: Document, columns: dict[str, Column], sources: set[str]) -> Iterator[Finding]:
    seen: set[str] = set()
    for position, transform in enumerate(objects(ingestion.get("transformConfigs"))):
        name, function = transform.get("columnName"), transform.get("transformFunction")
        path = f"ingestionConfig.transformConfigs[{name or position}]"
        if not name or not function:
            yield Finding(path, "needs columnName and transformFunction")
            continue
        if name in seen:
            yield Finding(path, "stands twice; a column has one transform")
        seen.add(name)
        if name not in columns and name not in sources:
            yield Finding(
                f"{path}.columnName",
                f"is {name!r}, which is no column of the schema{likely(name, columns)}: add it, or make a "
                "temporary one in enrichmentConfigs",
            )
        yield from _expression(str(function), columns, f"{path}.transformFunction", target=str(name))


def _filter(ingestion: Document, columns: dict[str, Column]) -> Iterator[Finding]:
    function = section(ingestion, "filterConfig").get("filterFunction")
    if function is not None:
        yield from _expression(str(function), columns, "ingestionConfig.filterConfig.filterFunction")


def _enrichments(ingestion: Document, columns: dict[str, Column]) -> Iterator[Finding]:
    for position, enrichment in enumerate(objects(ingestion.get("enrichmentConfigs"))):
        path = f"ingestionConfig.enrichmentConfigs[{position}]"
        kind = str(enrichment.get("enricherType"))
        if kind not in _ENRICHERS:
            hint = likely(kind, _ENRICHERS)
            yield Finding(f"{path}.enricherType", f"is {kind!r}{hint}; allowed: {', '.join(_ENRICHERS)}")
        if kind != "generateColumn":
            continue
        functions = section(enrichment, "properties", "fieldToFunctionMap")
        if not functions:
            yield Finding(
                f"{path}.properties.fieldToFunctionMap", "is missing; it maps each column to its function"
            )
        for name, function in functions.items():
            # Pinot checks none of these: a wrong one puts every segment of the table into ERROR.
            yield from _expression(str(function), columns, f"{path}.properties.fieldToFunctionMap[{name}]")


def _expression(
    text: str, columns: dict[str, Column], path: str, target: str | None = None
) -> Iterator[Finding]:
    if is_groovy(text):
        yield Finding(
            path, "is Groovy, which Pinot refuses (and which is code on the servers): use its functions"
        )
        return
    try:
        expression = read(text)
    except ExpressionError as error:
        yield Finding(path, f"{error}: {_short(text)}")
        return
    if target is not None and target in expression.columns:
        yield Finding(
            path, f"reads {target}, the column that it writes: read the event's field by another way"
        )
    yield from _calls(expression, path)
    for comparison in expression.comparisons:
        if _is_text(comparison.left, columns) or _is_text(comparison.right, columns):
            yield Finding(path, _text_comparison(comparison))


def _calls(expression: Expression, path: str) -> Iterator[Finding]:
    known = vocabulary().scalar_functions
    for call in expression.calls:
        name = canonical(call.name)
        if name in _UNREADABLE:
            yield Finding(path, f"calls {call.name}: {_UNREADABLE[name]}")
        elif name in _SYNTAX:
            continue
        elif name not in known:
            yield Finding(path, f"calls {call.name}, which is no function of Pinot's{likely(name, known)}")
        elif call.arguments not in known[name] and -1 not in known[name] and name not in {"and", "or"}:
            wanted = " or ".join(str(count) for count in sorted(known[name]))
            yield Finding(path, f"calls {call.name} with {call.arguments} arguments; it takes {wanted}")


def _is_text(operand: Operand, columns: dict[str, Column]) -> bool:
    if operand.kind == "text":
        return not operand.name.replace(".", "", 1).lstrip("-").isdigit()
    if operand.kind == "column":
        return operand.name in columns and columns[operand.name].data_type in _STRING_TYPES
    return operand.kind == "call" and canonical(operand.name) in _STRING_FUNCTIONS


def _text_comparison(comparison: Comparison) -> str:
    instead = {
        "=": "isNotDistinctFrom(a, b)",
        "<>": "isDistinctFrom(a, b)",
        "!=": "isDistinctFrom(a, b)",
    }.get(comparison.operator, "strcmp(a, b)")
    return (
        f"compares texts with {comparison.operator}, which Pinot does as numbers: it accepts the expression "
        f"and fails on every event. Use {instead}"
    )


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}…"  # noqa: PLR2004 - as much as a line shows
