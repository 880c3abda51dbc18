"""Dataclasses to plain JSON values and back, with an error that names the place.

Keys are camelCase, as everywhere in Pulumi. Reading ignores keys that it does not know: a newer stack of the
same output version may have more.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin

T = TypeVar("T")


class OutputsError(ValueError):
    """A stack's outputs are not what this version of the package reads."""


def camel(name: str) -> str:
    """Return a Python name as a key: `schema_version` → `schemaVersion`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


@cache
def field_types(record: Hashable) -> dict[str, Any]:
    """Return the types of a dataclass's fields, by name."""
    hints = typing.get_type_hints(cast("type", record))
    return {field.name: hints[field.name] for field in dataclasses.fields(cast("Any", record))}


def to_plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return dataclasses, mappings and sequences as JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {camel(name): to_plain(getattr(value, name)) for name in field_types(type(value))}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], value: Any, place: str) -> T:  # noqa: ANN401 - JSON
    """Return JSON values as a dataclass.

    Raises:
        OutputsError: a value is missing or of another kind; it names the place.

    """
    if not isinstance(value, Mapping):
        message = f"{place}: found {_kind(value)}; expected an object"
        raise OutputsError(message)
    found = {}
    for name, wanted in field_types(cast("Hashable", kind)).items():
        here = f"{place}.{camel(name)}"
        if camel(name) not in value and not _optional(wanted):
            known = ", ".join(sorted(map(str, value))) or "none"
            message = f"{here} is missing; known keys are {known}"
            raise OutputsError(message)
        found[name] = _from(wanted, value.get(camel(name)), here)
    return kind(**found)


def _optional(kind: Any) -> bool:  # noqa: ANN401 - a type expression
    return get_origin(kind) in {Union, types.UnionType} and types.NoneType in get_args(kind)


def _from(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401 - a type expression, JSON
    origin, arguments = get_origin(kind), get_args(kind)
    if _optional(kind):
        inner = next(item for item in arguments if item is not types.NoneType)
        return None if value is None else _from(inner, value, place)
    if dataclasses.is_dataclass(kind):
        return from_plain(cast("type[Any]", kind), value, place)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_from(arguments[0], item, f"{place}[{index}]") for index, item in enumerate(value))
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {key: _from(arguments[1], item, f"{place}.{key}") for key, item in value.items()}
    return _scalar(kind, value, place)


def _scalar(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401 - a type expression, JSON
    truth = isinstance(value, bool)
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    # A stack's outputs are JSON: every number may come back as a float.
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind is float and isinstance(value, int) and not truth:
        return float(value)
    if isinstance(kind, type) and isinstance(value, kind) and (not truth or kind is bool):
        return value
    message = f"{place}: found {_kind(value)}; expected {words(kind)}"
    raise OutputsError(message)


def words(kind: Any) -> str:  # noqa: ANN401 - a type expression
    """Return a type in words."""
    origin, arguments = get_origin(kind), get_args(kind)
    if _optional(kind):
        return f"{words(next(item for item in arguments if item is not types.NoneType))} or nothing"
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin is tuple:
        return "a list"
    if origin is not None or dataclasses.is_dataclass(kind):
        return "an object"
    return {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}[kind]


def _kind(value: Any) -> str:  # noqa: ANN401 - JSON
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return {str: "another text", bool: "true or false", int: "a whole number", float: "a number"}.get(
        type(value), type(value).__name__
    )
