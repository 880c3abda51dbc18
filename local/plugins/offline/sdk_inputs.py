"""What an SDK declares of a resource's inputs, and what is wrong with inputs measured by that.

The generated Python SDKs carry the provider's schema: for each resource type a class of its inputs, whose
properties have the names of the wire and their types, down to the innermost object. A dictionary given in
their place is not checked by the SDK: a misspelt key travels on as it is. Here it is found, at any depth.
"""

from __future__ import annotations

import difflib
import enum
import importlib
import inspect
import types
import typing
import warnings
from collections.abc import Awaitable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi import _types  # the one place that knows which Python name is which property
from pulumi.runtime import rpc

from local.plugins.wire import ASSET_SIGNATURE, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

SCALARS: Final[dict[type, tuple[str, tuple[type, ...]]]] = {
    str: ("a text", (str,)),
    bool: ("true or false", (bool,)),
    int: ("a whole number", (int,)),
    float: ("a number", (int, float)),
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One input that the SDK's types do not allow."""

    path: str
    reason: str

    def __str__(self) -> str:
        """Return the sentence."""
        return f"{self.path} {self.reason}"


class UnknownTypeError(LookupError):
    """The SDK has no such resource type."""


class Sdk:
    """One installed SDK, read type by type as they are asked for: the whole would take seconds to import."""

    def __init__(self, package: str) -> None:
        """Import the SDK's register of resource types.

        Args:
            package: the provider's name, such as kubernetes; the SDK is pulumi_<name>.

        Raises:
            ModuleNotFoundError: the SDK is not installed.

        """
        self.package = package
        self.version = version(f"pulumi-{package}")
        with _quiet():
            self._sdk = importlib.import_module(f"pulumi_{package}")
        self._classes = {
            token: (described["fqn"], name)
            for modules in rpc._RESOURCE_MODULES.values()  # noqa: SLF001 - the SDK's register has no other door
            for described in (getattr(module, "mod_info", {}) for module in modules)
            if described.get("pkg") == package
            for token, name in described["classes"].items()
        }

    def resource(self, token: str) -> type:
        """Return the class of a resource type.

        Raises:
            UnknownTypeError: the SDK has none; it names the nearest.

        """
        if token == f"pulumi:providers:{self.package}":
            provider: type = self._sdk.Provider
            return provider
        if token not in self._classes:
            near = difflib.get_close_matches(token, self._classes, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            message = f"pulumi-{self.package} {self.version} has no resource type {token}.{hint}"
            raise UnknownTypeError(message)
        module, name = self._classes[token]
        with _quiet():
            found: type = getattr(importlib.import_module(module), name)
        return found

    def arguments(self, token: str) -> type:
        """Return the class of a resource type's inputs."""
        resource = self.resource(token)
        module = inspect.getmodule(resource)
        for suffix in ("InitArgs", "Args"):
            found: type | None = getattr(module, f"{resource.__name__}{suffix}", None)
            if found is not None:
                return found
        message = f"pulumi-{self.package} {self.version} has no class of inputs for {token}"
        raise UnknownTypeError(message)

    def outputs(self, token: str) -> frozenset[str]:
        """Return the names of a resource type's outputs."""
        return frozenset(_types.resource_types(self.resource(token)))

    def mistakes(self, token: str, inputs: Mapping[str, Any]) -> Iterator[Mistake]:
        """Yield what the SDK's types do not allow among a resource's inputs."""
        yield from mistakes(self.arguments(token), inputs)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what the SDKs say of each of their own deprecated types when they are first used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an object: its type and whether it must be there."""

    annotation: Any
    required: bool


@cache
def properties(arguments: type) -> dict[str, Property]:
    """Return the properties of a class of inputs, by their names on the wire."""
    parameters = inspect.signature(arguments).parameters
    annotations = _types.input_type_types(arguments)
    return {
        name: Property(
            annotation=annotations[name],
            required=parameters[python_name].default is inspect.Parameter.empty,
        )
        for python_name, name in _types.input_type_py_to_pulumi_names(arguments).items()
    }


def mistakes(arguments: type, inputs: Mapping[str, Any], path: str = "") -> Iterator[Mistake]:
    """Yield unknown, missing and wrongly typed properties of an object, and of all objects in it."""
    declared = properties(arguments)
    for name, value in inputs.items():
        place = f"{path}.{name}" if path else name
        if name.startswith("__"):
            continue  # the engine's own, such as __defaults
        if name not in declared:
            near = difflib.get_close_matches(name, declared, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            yield Mistake(place, f"is unknown; known here are {', '.join(sorted(declared))}.{hint}")
        elif value is not None:
            yield from _mistakes_in(declared[name].annotation, value, place)
    for name, described in declared.items():
        if described.required and inputs.get(name) is None:
            yield Mistake(f"{path}.{name}" if path else name, "is missing.")


def _mistakes_in(annotation: object, value: object, place: str) -> Iterator[Mistake]:
    if value == UNKNOWN:
        return
    found = [list(_mistakes_by(alternative, value, place)) for alternative in _alternatives(annotation)]
    if found and all(found):
        # Of the alternatives the one that comes nearest: for an object, what is wrong inside of it.
        yield from min(
            found, key=lambda wrong: any(mistake.reason.startswith("must be") for mistake in wrong)
        )


def _mistakes_by(annotation: object, value: object, place: str) -> Iterator[Mistake]:
    """Yield the mistakes measured by one type."""
    origin = typing.get_origin(annotation)
    if annotation is Any:
        return
    if isinstance(annotation, type) and _types.is_input_type(annotation):
        if isinstance(value, dict):
            yield from mistakes(annotation, value, place)
        else:
            yield Mistake(place, "must be an object.")
    elif isinstance(origin, type):
        of = typing.get_args(annotation)[-1]
        kind, words = (dict, "an object") if issubclass(origin, Mapping) else (list, "a list")
        if not isinstance(value, kind):
            yield Mistake(place, f"must be {words}.")
            return
        for inner, item in _parts(value, place):
            yield from _mistakes_in(of, item, inner)
    elif wanted := _misfit(annotation, value, place):
        yield Mistake(place, f"must be {wanted}.")


def _parts(value: object, place: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from ((f"{place}.{key}", item) for key, item in value.items())
    elif isinstance(value, list):
        yield from ((f"{place}[{index}]", item) for index, item in enumerate(value))


def _misfit(annotation: object, value: object, place: str) -> str | None:
    """Return what a value without inner parts should be, or nothing when it is that."""
    if annotation in {pulumi.Asset, pulumi.Archive}:
        is_asset = isinstance(value, dict) and ASSET_SIGNATURE in value
        return None if is_asset else "an asset or an archive"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        annotation = str
    if not isinstance(annotation, type) or annotation not in SCALARS:
        message = f"{place}: the SDK declares {annotation!r}, a kind of input that the stand-in does not know"
        raise TypeError(message)
    words, kinds = SCALARS[annotation]
    fits = isinstance(value, kinds) and (annotation is bool or not isinstance(value, bool))
    return None if fits else words


def _alternatives(annotation: object) -> list[object]:
    """Return the types that a value may have when it is known, without the SDK's forms of not yet."""
    if typing.get_origin(annotation) not in {typing.Union, types.UnionType}:
        return [annotation]
    return [
        item
        for item in typing.get_args(annotation)
        if item is not types.NoneType
        and typing.get_origin(item) not in {Awaitable, pulumi.Output}
        and not typing.is_typeddict(item)
    ]
