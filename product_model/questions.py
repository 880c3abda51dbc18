"""The questions that the product answers: SQL files with typed parameters.

A file's head is comments: the first line is the title; a line `-- {name} kind = default: description` is a
parameter. Parameters stand in the SQL as `{name}`. Their kinds have alphabets without quotes, so that a value
can stand inside a quoted text without changing it; a value of another form is refused, never escaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from product_model.errors import ProductError

if TYPE_CHECKING:
    from pathlib import Path

_FILE = re.compile(r"([1-9][0-9]?)-([a-z][a-z0-9-]*)\.sql")
_PARAMETER = re.compile(
    r"\{(?P<name>[a-z][a-z_]*)\} (?P<kind>\w+)(?: = (?P<default>\S+))?: (?P<description>.+)"
)
_PLACE = re.compile(r"\{([a-z][a-z_]*)\}")
# Kind → what a value looks like, and how that is said.
KINDS = {
    "integer": (re.compile(r"[1-9][0-9]{0,8}"), "a whole number from 1 to 999999999"),
    "id": (re.compile(r"[A-Za-z0-9._:-]{1,64}"), "1 to 64 letters, digits or . _ : -"),
    "word": (re.compile(r"[A-Za-z0-9_-]{1,64}"), "1 to 64 letters, digits, _ or -"),
}


@dataclass(frozen=True)
class Parameter:
    """A place in a question's SQL that a value fills. Without a default, a value must be given."""

    name: str
    kind: str
    default: str | None
    description: str


@dataclass(frozen=True)
class Question:
    """One question. `sql` is the file's text without its comments, with `{name}` where parameters go."""

    number: int
    name: str
    title: str
    sql: str
    parameters: tuple[Parameter, ...]

    def render(self, **values: object) -> str:
        """Put values, or the defaults, into the SQL.

        Raises:
            ValueError: a value is missing, unknown, or not of its parameter's kind; the value is not told

        """
        known = {parameter.name: parameter for parameter in self.parameters}
        unknown = sorted(values.keys() - known.keys())
        if unknown:
            message = (
                f"question {self.number} has no parameter {unknown[0]!r}; it has {', '.join(known) or 'none'}"
            )
            raise ValueError(message)
        texts = {name: self._text(parameter, values.get(name)) for name, parameter in known.items()}
        return _PLACE.sub(lambda place: texts[place[1]], self.sql)

    def _text(self, parameter: Parameter, value: object) -> str:
        text = parameter.default if value is None else str(value)
        pattern, allowed = KINDS[parameter.kind]
        if text is None or isinstance(value, bool) or not pattern.fullmatch(text):
            given = "no value was given" if text is None else f"the value given is no {parameter.kind}"
            message = f"question {self.number}, parameter {parameter.name!r}: {given}; allowed: {allowed}"
            raise ValueError(message)
        return text


def load_questions(directory: Path) -> tuple[Question, ...]:
    """Read the numbered .sql files of a directory, in the order of their numbers.

    Raises:
        ProductError: a name, a head or a parameter that is not as described above, or a number twice

    """
    questions = [_question(file) for file in sorted(directory.glob("*.sql"))]
    if not questions:
        raise ProductError(
            str(directory), "(whole directory)", "there is no .sql file", "1-volume-by-type.sql, …"
        )
    questions.sort(key=lambda question: question.number)
    for before, after in pairwise(questions):
        if before.number == after.number:
            allowed = "each number once"
            raise ProductError(
                directory.name, f"{after.number}-{after.name}.sql", "the number stands twice", allowed
            )
    return tuple(questions)


def _question(file: Path) -> Question:
    place = f"{file.parent.name}/{file.name}"
    named = _FILE.fullmatch(file.name)
    if named is None:
        raise ProductError(place, "(name)", "it is no question's name", "number-words-in-lower-case.sql")
    lines = file.read_text(encoding="utf-8").splitlines()
    head = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    sql = "\n".join(line for line in lines if not line.startswith("--")).strip()
    if not head or not sql:
        raise ProductError(
            place, "(whole file)", "it has no title or no SQL", "-- a title, then one statement"
        )
    parameters = tuple(_parameter(place, line) for line in head[1:] if line.startswith("{"))
    used, described = set(_PLACE.findall(sql)), {parameter.name for parameter in parameters}
    if used != described:
        what = f"the SQL uses {sorted(used)}, the head describes {sorted(described)}"
        raise ProductError(place, "(parameters)", what, "the same names in both")
    return Question(int(named[1]), named[2], head[0], sql, parameters)


def _parameter(place: str, line: str) -> Parameter:
    found = _PARAMETER.fullmatch(line)
    if found is None or found["kind"] not in KINDS:
        allowed = f"-- {{name}} kind = default: description, kind one of {', '.join(KINDS)}"
        raise ProductError(place, line, "it is no parameter", allowed)
    parameter = Parameter(found["name"], found["kind"], found["default"], found["description"])
    if parameter.default is not None and not KINDS[parameter.kind][0].fullmatch(parameter.default):
        raise ProductError(place, line, "its default is not of its kind", KINDS[parameter.kind][1])
    return parameter
