"""One mistake in a configuration."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What is wrong at one place, what is allowed there and what to do."""

    path: str
    """Where: ``fieldConfigList[currency].indexes.invertd``."""
    message: str
    unknown_key: bool = False
    """Whether it is a key that this package does not know (a newer Pinot may)."""

    def __str__(self) -> str:
        """Return ``path: message``."""
        return f"{self.path}: {self.message}" if self.path else self.message


def likely(found: str, known: Iterable[str]) -> str:
    """Return `` (did you mean X?)`` for the known spelling that is nearest, or nothing."""
    candidates = {name.lower(): name for name in known}
    near = difflib.get_close_matches(found.lower(), candidates, n=1, cutoff=0.7)
    return f" (did you mean {candidates[near[0]]}?)" if near else ""
