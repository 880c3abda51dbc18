"""Pinot's ingestion functions as trees: which fields and JSON paths they read, and which functions they call.

Covers what Pinot's parser takes in transforms, enrichments and filters as far as this product writes it:
calls, quoted identifiers, literals, AND/OR/NOT, comparisons, + and -.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign><>|!=|<=|>=|[=<>(),+*/-])
    )""",
    re.VERBOSE,
)
_COMPARISONS = {
    "=": "equals",
    "!=": "notequals",
    "<>": "notequals",
    "<": "lessthan",
    "<=": "lessthanorequal",
    ">": "greaterthan",
    ">=": "greaterthanorequal",
}
_END, _VALUE = "the end", "a value"
_SUMS = {"+": "plus", "-": "minus"}


class ExpressionError(ValueError):
    """A text that is no expression; the message says where it stops to be one."""


@dataclass(frozen=True)
class Literal:
    """A text, a number, true, false or null."""

    value: str | float | bool | None


@dataclass(frozen=True)
class Identifier:
    """A field of the record, or a column."""

    name: str


@dataclass(frozen=True)
class Call:
    """A function, or an operator under its function's name. `name` is canonical, as Pinot looks it up."""

    name: str
    arguments: tuple[Expression, ...]
    written: str


Expression = Literal | Identifier | Call


def parse(text: str) -> Expression:
    """Parse; ExpressionError names what cannot be read."""
    return _Parser(text).whole()


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield the expression and everything in it."""
    yield expression
    if isinstance(expression, Call):
        for argument in expression.arguments:
            yield from walk(argument)


def identifiers(expression: Expression) -> frozenset[str]:
    """Return the fields and columns that are read."""
    return frozenset(part.name for part in walk(expression) if isinstance(part, Identifier))


def calls(expression: Expression) -> tuple[Call, ...]:
    """Return all calls, outermost first."""
    return tuple(part for part in walk(expression) if isinstance(part, Call))


def json_paths(expression: Expression) -> frozenset[str]:
    """Return paths below `data` that JSON functions read, written `data.buyer.id`; `data` for the whole."""
    found = set()
    for call in calls(expression):
        if not call.name.startswith("jsonpath") or len(call.arguments) < 2:  # noqa: PLR2004 - document and path
            continue
        document, path = call.arguments[:2]
        if isinstance(document, Identifier) and isinstance(path, Literal) and isinstance(path.value, str):
            found.add(f"{document.name}{path.value.removeprefix('$')}")
    return frozenset(found)


def alternatives(expression: Expression, operator: str) -> tuple[Expression, ...]:
    """Split at the outermost ANDs or ORs."""
    if isinstance(expression, Call) and expression.name == operator:
        return tuple(part for argument in expression.arguments for part in alternatives(argument, operator))
    return (expression,)


@cache
def pinot_functions() -> dict[str, tuple[int, ...] | None]:
    """Return Pinot's scalar functions and the numbers of arguments that each takes (None: any)."""
    content = json.loads(Path(__file__).with_name("pinot_functions.json").read_text(encoding="utf-8"))
    return {name: None if counts == "any" else tuple(counts) for name, counts in content["functions"].items()}


def canonical_name(name: str) -> str:
    """Return a function's name as Pinot's registry has it: lower case, without underscores."""
    return name.replace("_", "").lower()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._read())
        self._at = 0

    def whole(self) -> Expression:
        expression = self._any_of()
        if self._at < len(self._tokens):
            raise self._unexpected()
        return expression

    def _read(self) -> Iterator[tuple[str, str, int]]:
        position = 0
        while self._text[position:].strip():
            match = _TOKEN.match(self._text, position)
            if match is None or match.lastgroup is None:
                message = f"character {position + 1}: {self._text[position : position + 20]!r} cannot be read"
                raise ExpressionError(message)
            yield match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)
            position = match.end()

    def _peek(self, *wanted: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at][1].upper() in wanted

    def _take(self, wanted: str) -> None:
        if not self._peek(wanted):
            raise self._unexpected(wanted)
        self._at += 1

    def _unexpected(self, wanted: str = _END) -> ExpressionError:
        if self._at >= len(self._tokens):
            message = f"it ends where {wanted} is expected"
            return ExpressionError(message)
        _, found, position = self._tokens[self._at]
        message = f"character {position + 1}: found {found!r} where {wanted} is expected"
        return ExpressionError(message)

    def _any_of(self) -> Expression:
        return self._chain("OR", self._all_of)

    def _all_of(self) -> Expression:
        return self._chain("AND", self._negation)

    def _chain(self, operator: str, operand: Operand) -> Expression:
        parts = [operand()]
        while self._peek(operator):
            self._at += 1
            parts.append(operand())
        return parts[0] if len(parts) == 1 else Call(operator.lower(), tuple(parts), operator)

    def _negation(self) -> Expression:
        if self._peek("NOT"):
            self._at += 1
            return Call("not", (self._negation(),), "NOT")
        return self._comparison()

    def _comparison(self) -> Expression:
        left = self._sum()
        if self._peek(*_COMPARISONS):
            operator = self._tokens[self._at][1]
            self._at += 1
            return Call(_COMPARISONS[operator], (left, self._sum()), operator)
        return left

    def _sum(self) -> Expression:
        left = self._operand()
        while self._peek(*_SUMS):
            operator = self._tokens[self._at][1]
            self._at += 1
            left = Call(_SUMS[operator], (left, self._operand()), operator)
        return left

    def _operand(self) -> Expression:
        if self._at >= len(self._tokens):
            raise self._unexpected(_VALUE)
        kind, found, _ = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return Literal(found[1:-1].replace("''", "'"))
        if kind == "number":
            return Literal(float(found) if "." in found else int(found))
        if kind == "quoted":
            return Identifier(found[1:-1].replace('""', '"'))
        if kind == "name":
            return self._named(found)
        if found == "(":
            inner = self._any_of()
            self._take(")")
            return inner
        self._at -= 1
        raise self._unexpected(_VALUE)

    def _named(self, name: str) -> Expression:
        constants = {"true": True, "false": False, "null": None}
        if not self._peek("("):
            lowered = name.lower()
            return Literal(constants[lowered]) if lowered in constants else Identifier(name)
        self._at += 1
        arguments: list[Expression] = []
        while not self._peek(")"):
            arguments.append(self._any_of())
            if not self._peek(")"):
                self._take(",")
        self._at += 1
        return Call(canonical_name(name), tuple(arguments), name)


if TYPE_CHECKING:
    from collections.abc import Callable

    Operand = Callable[[], Expression]
