"""Names of tables, schemas and columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUFFIX: Final = re.compile(r"_(OFFLINE|REALTIME)$")


def check_name(path: str, name: object) -> Iterator[Finding]:
    """Yield what is wrong with a table's, schema's or logical table's name (``TableNameBuilder``)."""
    if not isinstance(name, str) or not name:
        yield Finding(path, "is missing; it is the name that queries use")
        return
    if re.search(r"\s", name):
        yield Finding(path, f"is {name!r}; a name holds no white space")
    if name.count(".") > 1:
        yield Finding(path, f"is {name!r}; a name holds one dot at most (between database and table)")
    if "__" in name:
        yield Finding(
            path, f"is {name!r}; a name holds no double underscore (it separates parts of segments)"
        )
    if _SUFFIX.search(name):
        plain = _SUFFIX.sub("", name)
        yield Finding(path, f"is {name!r}; write {plain!r}, the type is added from tableType")
    if re.search(r"[/\\?%*:|\"<>,&#]", name):
        yield Finding(path, f"is {name!r}; it becomes a folder and a part of URLs: letters, digits, _ - only")
