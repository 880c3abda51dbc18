"""JSON documents: strict parsing and the one canonical text in which they travel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = Any
"""Any JSON value. A precise recursive type would need a cast at every step into it."""

Document = dict[str, Json]
"""A JSON object: a schema, a table, a logical table."""


class DocumentError(ValueError):
    """A text is not a JSON object. The message says where and why."""


def parse(text: str) -> Document:
    """Read a JSON object; a repeated key, NaN or anything that is not an object is an error.

    Pinot's own reader keeps the last of two equal keys without a word: half of what somebody wrote is lost.
    """
    try:
        value = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
    except DocumentError:
        raise
    except ValueError as error:
        message = f"is not JSON: {error}"
        raise DocumentError(message) from None
    except RecursionError:
        message = "is nested too deeply to be a Pinot configuration"
        raise DocumentError(message) from None
    if not isinstance(value, dict):
        message = f"must be a JSON object, found {_kind(value)}"
        raise DocumentError(message)
    return value


def canonical(value: str | Mapping[str, Any]) -> str:
    """Return the canonical text of a JSON object: sorted keys, no spaces.

    Text that `parse` refuses is returned as it is: the provider's check names the mistake and the resource,
    which an exception here, in the middle of a program, could not.
    """
    if isinstance(value, str):
        try:
            value = parse(value)
        except DocumentError:
            return str(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _without_repeats(pairs: list[tuple[str, Any]]) -> Document:
    document: Document = {}
    for key, value in pairs:
        if key in document:
            message = f"has the key {key!r} twice in one object: keep one of them"
            raise DocumentError(message)
        document[key] = value
    return document


def _refuse_constant(name: str) -> NoReturn:
    message = f"holds {name}, which is no JSON number"
    raise DocumentError(message)


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        return "a text"
    return "null" if value is None else f"{value!r}"
