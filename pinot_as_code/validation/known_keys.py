"""Keys and words that Pinot does not know: it drops them with status 200, and the setting is silently off."""

# ruff: noqa: TID252 - the package imports itself relatively, so that it works from any root

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .finding import Finding, likely

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..documents import Document, Json
    from ..vocabulary import Kind

_IGNORED: Final = {"fieldType"}
"""The server writes it into every column, so that a schema copied from it holds it; it says nothing."""
_WHOLE_NUMBERS: Final = {"int", "integer", "long"}
_NUMBERS: Final = _WHOLE_NUMBERS | {"double", "float"}
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


def check_keys(document: Document, kind: Kind) -> Iterator[Finding]:
    """Yield every key that is none of Pinot's, every word outside an enumeration, every wrong shape."""
    yield from _value(document, kind, "")


def _value(value: Json, kind: Kind, path: str) -> Iterator[Finding]:
    if value is None:
        return
    keys, element, inner = kind.keys, kind.element, kind.value
    if keys is not None:
        yield from _described(value, kind, path)
    elif element is not None:
        if not isinstance(value, list):
            yield Finding(path, f"must be a list, found {_shape(value)}")
            return
        for position, item in enumerate(value):
            yield from _value(item, element, f"{path}[{_name(item, element, position)}]")
    elif inner is not None:
        if not isinstance(value, dict):
            yield Finding(path, f"must be an object, found {_shape(value)}")
            return
        for key, item in value.items():
            yield from _value(item, inner, f"{path}[{key}]")
    else:
        yield from _scalar(value, kind, path)


def _described(value: Json, kind: Kind, path: str) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield Finding(path, f"must be an object, found {_shape(value)}")
        return
    keys = kind.keys or {}
    for key, item in value.items():
        place = f"{path}.{key}" if path else key
        known = keys.get(key)
        if known is not None:
            yield from _value(item, known.kind, place)
        elif key not in _IGNORED:
            what = (
                f"is no key of Pinot's{likely(key, keys)}; it would be dropped without an error: correct it"
            )
            yield Finding(place, what, unknown_key=True)


def _scalar(value: Json, kind: Kind, path: str) -> Iterator[Finding]:
    if kind.text in {"json", "object"}:
        return
    if isinstance(value, dict | list):
        yield Finding(path, f"must be a single value, found {_shape(value)}")
    elif kind.choices and str(value).upper() not in kind.choices:
        yield Finding(
            path, f"is {value!r}{likely(str(value), kind.choices)}; allowed: {', '.join(kind.choices)}"
        )
    elif kind.text == "boolean" and str(value).lower() not in {"true", "false"}:
        yield Finding(path, f"is {value!r}; allowed: true, false")
    elif kind.text in _NUMBERS and (isinstance(value, bool) or not _NUMBER.fullmatch(str(value))):
        yield Finding(path, f"is {value!r}; a number is wanted")
    elif kind.text in _WHOLE_NUMBERS and float(value) != int(float(value)):
        yield Finding(path, f"is {value!r}; a whole number is wanted")


def _name(item: Json, kind: Kind, position: int) -> str:
    identity = kind.identity
    return str(item[identity]) if identity and isinstance(item, dict) and identity in item else str(position)


def _shape(value: Json) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else repr(value)
