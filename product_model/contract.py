"""The events' contract, read from asyncapi.yaml: fields of an event, which of them it must have, examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from product_model.errors import ProductError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from product_model.documents import Document

Schema = dict[str, Any]
_DEEPEST = 12


@dataclass(frozen=True)
class ContractField:
    """A field of an event, by its path from the envelope: `data.buyer.id`.

    `personal_data` is the contract's word for the kind of personal data it holds, `schema` its JSON Schema.
    """

    path: str
    required: bool
    personal_data: str | None
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    """One kind of event."""

    name: str
    type: str
    fields: Mapping[str, ContractField]
    examples: tuple[Mapping[str, Any], ...]
    schema: Mapping[str, Any]

    @property
    def complete_example(self) -> Mapping[str, Any]:
        """The example that tells most; the first one of those."""
        return max(self.examples, key=lambda example: len(list(_leaves(example))))


@dataclass(frozen=True)
class Contract:
    """All kinds of events of the topic."""

    file: str
    version: str
    topic: str
    partitions: int
    messages: Mapping[str, Message]

    def message(self, name: str) -> Message | None:
        """Return the message of that name."""
        return self.messages.get(name)


def read_contract(document: Document) -> Contract:
    """Read an AsyncAPI 3.0 document; ProductError where it lacks what the product needs."""
    content = document.content
    if not isinstance(content, dict) or content.get("asyncapi") != "3.0.0":
        found = content.get("asyncapi") if isinstance(content, dict) else None
        raise ProductError(document.file, "asyncapi", f"found {found!r}", "3.0.0")
    reader = _Reader(document)
    channels = reader.at("channels")
    if len(channels) != 1:
        raise ProductError(
            document.file, "channels", f"found {len(channels)} channels", "one: the events' topic"
        )
    ((channel_name, channel),) = channels.items()
    messages = {name: reader.message(name) for name in channel.get("messages", {})}
    kafka = channel.get("bindings", {}).get("kafka", {})
    if not isinstance(kafka.get("partitions"), int):
        raise ProductError(
            document.file,
            document.place(("channels", channel_name, "bindings", "kafka")),
            "it does not say how many partitions the topic has",
            "a whole number under `partitions`",
        )
    version = reader.at("info").get("version")
    return Contract(document.file, str(version), str(channel["address"]), kafka["partitions"], messages)


def json_schema(contract_document: Document, message: str) -> Schema:
    """Return a message's payload as one JSON Schema (draft-07) that needs nothing else."""
    return _Reader(contract_document).resolved(
        {"$ref": f"#/components/messages/{message}/payload"}, (message,)
    )


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document

    def at(self, *path: str) -> dict[str, Any]:
        content = self._document.content
        for number, part in enumerate(path):
            if not isinstance(content, dict) or not isinstance(content.get(part), dict):
                place = self._document.place(path[: number + 1])
                raise ProductError(self._document.file, place, "it is missing", "a mapping under this key")
            content = content[part]
        return dict(content)

    def resolved(self, schema: Schema, path: tuple[str, ...]) -> Schema:
        """Replace every reference by what it refers to."""
        if len(path) > _DEEPEST:
            raise ProductError(self._document.file, ".".join(path), "references go round", "a tree")
        if "$ref" in schema:
            return self.resolved(self._referred(str(schema["$ref"]), path), path)
        result: Schema = {}
        for key, value in schema.items():
            if key == "properties":
                result[key] = {name: self.resolved(inner, (*path, name)) for name, inner in value.items()}
            elif key in {"allOf", "oneOf", "anyOf"}:
                result[key] = [self.resolved(inner, path) for inner in value]
            else:
                result[key] = value
        return result

    def _referred(self, reference: str, path: tuple[str, ...]) -> Schema:
        parts = reference.removeprefix("#/").split("/")
        content = self._document.content
        for part in parts:
            if not isinstance(content, dict) or part not in content:
                raise ProductError(
                    self._document.file,
                    ".".join(path),
                    f"$ref {reference!r} leads nowhere",
                    "a place of this file",
                )
            content = content[part]
        return dict(content)

    def message(self, name: str) -> Message:
        found = self.at("components", "messages", name)
        schema = self.resolved(found.get("payload", {}), (name,))
        fields = {field.path: field for field in _fields(schema, "", required=True)}
        kind = fields.get("type")
        if kind is None or "const" not in kind.schema:
            raise ProductError(
                self._document.file,
                self._document.place(("components", "messages", name)),
                "its payload does not fix `type`",
                "a constant: the CloudEvents type",
            )
        examples = tuple(example["payload"] for example in found.get("examples", ()))
        if not examples:
            raise ProductError(
                self._document.file,
                self._document.place(("components", "messages", name)),
                "it has no example",
                "at least one, with every field: the checks run on it",
            )
        return Message(name, str(kind.schema["const"]), fields, examples, schema)


def merged_schema(schema: Mapping[str, Any]) -> Schema:
    """Put the members of an allOf into one object schema."""
    merged: Schema = {key: value for key, value in schema.items() if key != "allOf"}
    properties: dict[str, Schema] = dict(merged.get("properties", {}))
    required = list(merged.get("required", ()))
    for part in schema.get("allOf", ()):
        inner = merged_schema(part)
        for name, value in inner.get("properties", {}).items():
            properties[name] = {**properties.get(name, {}), **value}
        required += inner.get("required", ())
        merged = {**inner, **merged}
    if properties:
        merged["properties"] = properties
        merged["required"] = sorted(set(required))
    return merged


def _fields(schema: Schema, prefix: str, *, required: bool) -> Iterator[ContractField]:
    schema = merged_schema(schema)
    properties = schema.get("properties")
    if properties is None:
        yield ContractField(prefix, required, schema.get("x-personal-data"), schema)
        return
    for name, inner in properties.items():
        needed = required and name in schema.get("required", ())
        yield from _fields(inner, f"{prefix}.{name}" if prefix else name, required=needed)


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    else:
        yield value
