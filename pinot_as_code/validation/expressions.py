"""Reads the expressions of transforms, filters and enrichments, as far as a check needs them.

Pinot parses them as SQL. This reader knows calls, columns, literals and operators; what it does not know it
leaves to the controller. Only what is wrong in any dialect (an open quote or parenthesis) is an error here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN: Final = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*")
  | (?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
  | (?P<word>[A-Za-z_$][A-Za-z0-9_$.]*)
  | (?P<operator><>|!=|<=|>=|\|\||[-+*/%=<>])
  | (?P<open>\()
  | (?P<close>\))
  | (?P<comma>,)
  | (?P<other>\S)
    )""",
    re.VERBOSE,
)
_COMPARISONS: Final = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
_BREAKS: Final = frozenset({"AND", "OR", "NOT", "CASE", "WHEN", "THEN", "ELSE", "END", "IS"})
_KEYWORDS: Final = _BREAKS | {"NULL", "TRUE", "FALSE", "IN", "LIKE", "BETWEEN", "AS", "ARRAY", "INTERVAL"}


class ExpressionError(ValueError):
    """An expression that no reader could read."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function."""

    name: str
    arguments: int


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison."""

    kind: str
    """``text``, ``number``, ``column``, ``call`` or ``other``."""
    name: str
    """The literal, the column's or the function's name."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator right``."""

    left: Operand
    operator: str
    right: Operand


@dataclass(slots=True)
class Expression:
    """What an expression uses."""

    calls: list[Call] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def canonical(function: str) -> str:
    """Return a function's name as Pinot looks it up: lower case, without underscores."""
    return function.replace("_", "").lower()


def read(text: str) -> Expression:
    """Return the calls, columns and comparisons of an expression.

    :raises ExpressionError: A quote or a parenthesis is open, or the expression is empty.
    """
    tokens = list(_tokens(text))
    if not tokens:
        message = "is empty"
        raise ExpressionError(message)
    expression = Expression()
    end = _level(tokens, 0, expression, [])
    if end < len(tokens):
        message = "closes a parenthesis that it never opened"
        raise ExpressionError(message)
    return expression


def is_groovy(text: str) -> bool:
    """Say whether an expression is a Groovy script (``Groovy({script}, arguments)``)."""
    return re.match(r"\s*groovy\s*\(", text, re.IGNORECASE) is not None


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            return
        found = match.group(match.lastgroup)
        if match.lastgroup == "other" and found in "'\"":
            message = f"opens a quote ({found}) that it never closes"
            raise ExpressionError(message)
        yield _Token(match.lastgroup, found)
        position = match.end()


def _level(tokens: list[_Token], start: int, expression: Expression, operands: list[Operand]) -> int:
    """Read one parenthesised level; return the position of its closing parenthesis or the end."""
    position = start
    pending: tuple[Operand, str] | None = None
    while position < len(tokens):
        token = tokens[position]
        if token.kind == "close":
            return position
        if token.kind == "operator" and token.text in _COMPARISONS:
            pending = (operands[-1] if operands else Operand("other", ""), token.text)
            position += 1
            continue
        if token.kind == "comma" or (token.kind == "word" and token.text.upper() in _BREAKS):
            pending = None
        operand, position = _operand(tokens, position, expression)
        if operand is not None:
            operands.append(operand)
            if pending is not None:
                expression.comparisons.append(Comparison(pending[0], pending[1], operand))
                pending = None
    return position


def _operand(tokens: list[_Token], position: int, expression: Expression) -> tuple[Operand | None, int]:
    token = tokens[position]
    following = tokens[position + 1].kind if position + 1 < len(tokens) else ""
    if (
        token.kind == "word"
        and following == "open"
        and token.text.upper() not in _KEYWORDS - {"NOT", "ARRAY"}
    ):
        count, after = _arguments(tokens, position + 2, expression)
        expression.calls.append(Call(token.text, count))
        return Operand("call", token.text), after
    if token.kind == "open":
        inner: list[Operand] = []
        after = _close(tokens, _level(tokens, position + 1, expression, inner))
        return (inner[0] if len(inner) == 1 else Operand("other", "")), after
    if token.kind in {"text", "number"}:
        return Operand(token.kind, token.text.strip("'")), position + 1
    if token.kind == "quoted" or (token.kind == "word" and token.text.upper() not in _KEYWORDS):
        name = token.text[1:-1].replace('""', '"') if token.kind == "quoted" else token.text
        expression.columns.append(name)
        return Operand("column", name), position + 1
    return None, position + 1


def _arguments(tokens: list[_Token], start: int, expression: Expression) -> tuple[int, int]:
    """Return the number of arguments of a call and the position behind its closing parenthesis."""
    if start < len(tokens) and tokens[start].kind == "close":
        return 0, start + 1
    depth, count, position = 0, 1, start
    while position < len(tokens):
        kind = tokens[position].kind
        if kind == "open":
            depth += 1
        elif kind == "close":
            if depth == 0:
                break
            depth -= 1
        elif kind == "comma" and depth == 0:
            count += 1
        position += 1
    return count, _close(tokens, _level(tokens, start, expression, []))


def _close(tokens: list[_Token], position: int) -> int:
    if position >= len(tokens):
        message = "opens a parenthesis that it never closes"
        raise ExpressionError(message)
    return position + 1
