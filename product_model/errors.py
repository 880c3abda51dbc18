"""What goes wrong with the product's files, said so that the reader can mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Disagreement:
    """Two files (or two places of one file) that contradict each other, or a file that contradicts a rule.

    `file` is relative to the product's directory; `key` the path inside it (`fieldConfigList[3].name`) or a line;
    `what` says what was found, `allowed` what would be right.
    """

    file: str
    key: str
    rule: str
    what: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.what}; allowed: {self.allowed} [{self.rule}]"


class ProductError(Exception):
    """A file of the product that cannot be read at all: names the file, the place, what was found and what is allowed."""

    def __init__(self, file: str, key: str, what: str, allowed: str) -> None:
        """Take the four parts of the message; none may hold a secret or personal data."""
        self.file = file
        self.key = key
        self.what = what
        self.allowed = allowed
        super().__init__(f"{file}: {key}: {what}; allowed: {allowed}")
