"""What the provider asks of a resource type, and how its properties are compared."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from local.plugins.wire import Json, is_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.plugins.aws.s3_server import S3Server

Properties = dict[str, Any]
"""A resource's inputs or outputs, by the aws provider's names."""


class ResourceType(ABC):
    """The life cycle of one resource type, on properties named as the aws provider names them."""

    pulumi_type: ClassVar[str]
    """The type as it stands in a URN."""
    supported: ClassVar[frozenset[str]]
    """Inputs that the stand-in acts on; nested ones as `rules.filter.prefix`."""
    required: ClassVar[frozenset[str]] = frozenset()
    """Inputs that the stand-in needs beyond those that the SDK requires."""
    replaces: ClassVar[frozenset[str]] = frozenset({"bucket"})
    """Inputs whose change makes another resource."""
    unseen: ClassVar[frozenset[str]] = frozenset()
    """Inputs that no server knows of: they live in the stack's state alone."""
    json_texts: ClassVar[frozenset[str]] = frozenset()
    """Inputs that are JSON as text, compared by what they say."""

    @abstractmethod
    def create(self, s3: S3Server, inputs: Properties) -> str:
        """Make it and return its id; one that a broken-off run made already is taken over."""

    @abstractmethod
    def read(self, s3: S3Server, identity: str) -> Properties | None:
        """Return what the server has, as inputs, or None when it is gone."""

    @abstractmethod
    def update(self, s3: S3Server, identity: str, old: Properties, new: Properties) -> None:
        """Change it in place."""

    @abstractmethod
    def delete(self, s3: S3Server, identity: str, state: Properties) -> None:
        """Remove it; one that is gone already is no error."""

    def computed(self, inputs: Properties, region: str) -> Properties:  # noqa: ARG002 - for types that compute more
        """Return the outputs beside the inputs."""
        return {"region": region}

    def normal(self, properties: Mapping[str, Any]) -> Properties:
        """Return properties so that two ways to say the same are equal."""
        plain = {name: value for name, value in properties.items() if not name.startswith("__")}
        for name in self.json_texts & plain.keys():
            if not is_unknown(plain[name]):
                plain[name] = json.loads(plain[name])
        return {name: value for name, value in ((n, _without_nothing(v)) for n, v in plain.items()) if value}

    def seen(self, old_inputs: Properties, live: Properties) -> Properties:
        """Return the inputs after a look at the server: as they were, or with what drifted."""
        kept = {
            name: value for name, value in old_inputs.items() if name in self.unseen or name.startswith("__")
        }
        known = {name: value for name, value in old_inputs.items() if name not in self.unseen}
        return old_inputs if self.normal(known) == self.normal(live) else {**live, **kept}


def _without_nothing(value: Json) -> Json:
    """Drop false, 0, empty and null inside: S3 and the SDK leave them out as they like."""
    if isinstance(value, dict):
        return {key: kept for key, kept in ((k, _without_nothing(v)) for k, v in value.items()) if kept}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Change:
    """One property that differs."""

    path: str
    kind: Literal["ADD", "DELETE", "UPDATE"]
    replaces: bool


def changes(resource_type: ResourceType, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return what differs between two sets of inputs, by property path."""
    before, after = resource_type.normal(old), resource_type.normal(new)
    found = []
    for name in sorted(before.keys() | after.keys()):
        for path, kind in _differences(before.get(name), after.get(name), name):
            found.append(Change(path, kind, name in resource_type.replaces))
    return found


def _differences(old: Json, new: Json, path: str) -> Iterator[tuple[str, Literal["ADD", "DELETE", "UPDATE"]]]:
    if old == new:
        return
    if old is None:
        yield path, "ADD"
    elif new is None:
        yield path, "DELETE"
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences(old.get(key), new.get(key), f"{path}.{key}")
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _differences(
                old[index] if index < len(old) else None,
                new[index] if index < len(new) else None,
                f"{path}[{index}]",
            )
    else:
        yield path, "UPDATE"
