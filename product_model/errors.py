"""What goes wrong with the product's files, said so that the reader can mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Disagreement:
    """Two places that contradict each other, or a place that contradicts a rule.

    Args:
        file: path relative to the product's directory
        key: path inside the file, such as `fieldConfigList[3].name`
        rule: the rule's name, as `python -m product_model --rules` lists it
        what: what was found
        allowed: what would be right

    """

    file: str
    key: str
    rule: str
    what: str
    allowed: str

    def __str__(self) -> str:
        """One readable line."""
        return f"{self.file}: {self.key}: {self.what}; allowed: {self.allowed} [{self.rule}]"


class ProductError(Exception):
    """A file of the product, or an environment, that cannot be used at all.

    The message names the file, the place, what was found and what is allowed.
    """

    def __init__(self, file: str, key: str, what: str, allowed: str) -> None:
        """Take the parts of the message; none may hold a secret or personal data."""
        self.file = file
        self.key = key
        self.what = what
        self.allowed = allowed
        super().__init__(f"{file}: {key}: {what}; allowed: {allowed}")
