"""Which metrics an expression of PromQL asks for.

No full parser: promtool checks the grammar (`tests/engine/test_promtool.py`). This one finds names, offline,
so that a name that nothing exports is an error when the rule is made and not a rule that never fires.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN: Final = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)"""
    r"""|(?P<duration>[0-9]+(?:ms|[smhdwy])[0-9a-z]*)"""
    r"""|(?P<number>[0-9][0-9.eE]*(?:(?<=[eE])[+-]?[0-9]+)?)"""
    r"""|(?P<name>[a-zA-Z_][a-zA-Z0-9_:]*)"""
    r"""|(?P<sign>\S)"""
)
# Prometheus documentation, "Querying": operators and modifiers. What takes a list of labels comes first.
_TAKES_LABELS: Final = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS: Final = frozenset({"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"})


def metric_names(expression: str) -> frozenset[str]:
    """Return the names of the metrics and recorded series that an expression asks for."""
    return frozenset(_names(expression))


def _names(expression: str) -> Iterator[str]:
    tokens = [(found.lastgroup, found.group()) for found in _TOKEN.finditer(expression)]
    in_braces = False
    labels_until = -1
    for number, (kind, text) in enumerate(tokens):
        following = tokens[number + 1][1] if number + 1 < len(tokens) else ""
        if text in {"{", "}"} and kind == "sign":
            in_braces = text == "{"
        if kind != "name" or in_braces or number < labels_until:
            continue
        if text.lower() in _TAKES_LABELS:
            labels_until = _closing(tokens, number) if following == "(" else number
        elif text.lower() not in _WORDS and following != "(" and not _aggregates(tokens, number):
            yield text


def _closing(tokens: list[tuple[str | None, str]], start: int) -> int:
    return next((n for n in range(start, len(tokens)) if tokens[n][1] == ")"), len(tokens))


def _aggregates(tokens: list[tuple[str | None, str]], number: int) -> bool:
    """Tell whether a name is an aggregation such as `sum by (table) (…)`."""
    return tokens[number + 1][1].lower() in {"by", "without"} if number + 1 < len(tokens) else False
