"""The questions that the product answers: SQL files with typed parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Parameter:
    """A place in a question's SQL that a value fills (`:name`)."""

    name: str
    kind: str
    default: str | None
    description: str


@dataclass(frozen=True)
class Question:
    """One question: its SQL answers as it stands when every parameter has a default."""

    number: int
    name: str
    title: str
    sql: str
    parameters: tuple[Parameter, ...]

    def render(self, **values: object) -> str:
        """SQL with the parameters' values, quoted by kind; ValueError names the parameter and what it may be."""
        raise NotImplementedError


def load_questions(directory: Path) -> tuple[Question, ...]:
    """Read the numbered .sql files of a directory, in the order of their numbers."""
    raise NotImplementedError
