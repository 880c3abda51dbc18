"""A rule of the checks, and how it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from product_model.errors import Disagreement

if TYPE_CHECKING:
    from product_model.documents import Document
    from product_model.product import Product

Path = tuple[str | int, ...]
Findings = Iterator["Finding"]


@dataclass(frozen=True)
class Finding:
    """Where a rule is broken, before the rule's name is put to it."""

    document: Document
    path: Path
    what: str
    allowed: str


@dataclass(frozen=True)
class Rule:
    """One thing that is held together. `why` completes "otherwise …"."""

    name: str
    why: str
    check: Callable[[Product], Findings]

    @property
    def holds(self) -> str:
        """What is held together, in a sentence: the first line of the check's docstring."""
        first = str(self.check.__doc__).partition("\n")[0]
        for start in ("See that ", "Look for "):
            if first.startswith(start):
                first = first.removeprefix(start)
                first = f"No {first}" if start == "Look for " else first[0].upper() + first[1:]
        return first

    def broken(self, product: Product) -> Iterator[Disagreement]:
        """Yield what breaks the rule."""
        for finding in self.check(product):
            yield Disagreement(
                file=finding.document.file,
                key=finding.document.place(finding.path),
                rule=self.name,
                what=finding.what,
                allowed=finding.allowed,
            )


def listed(names: object) -> str:
    """Write names as a sorted list."""
    return ", ".join(sorted(map(str, names))) or "none"  # type: ignore[call-overload]
