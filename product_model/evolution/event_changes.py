"""Differences between two event schemas, for those who write events and those who read what comes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from product_model.contract import merged_schema
from product_model.evolution.rulebook import Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Schema = dict[str, Any]
_LOWEST = ("minLength", "minimum", "minItems", "minProperties")
_HIGHEST = ("maxLength", "maximum", "maxItems", "maxProperties")
_TOGETHER = ("oneOf", "anyOf", "not", "if", "then", "else", "additionalProperties", "dependentRequired")


def event_changes(
    contract: str, before: Mapping[str, Schema], after: Mapping[str, Schema]
) -> Iterator[Change]:
    """Yield what changed from the events of one release to those of the next."""
    for name in sorted(before.keys() - after.keys()):
        yield Change("event-removed", contract, f"event {name} removed")
    for name in sorted(after.keys() - before.keys()):
        yield Change("event-added", contract, f"event {name} added")
    for name in sorted(before.keys() & after.keys()):
        for kind, what in _object(merged_schema(before[name]), merged_schema(after[name]), ""):
            yield Change(kind, contract, f"{name}: {what}")


def _object(before: Schema, after: Schema, prefix: str) -> Iterator[tuple[str, str]]:
    old, new = before.get("properties", {}), after.get("properties", {})
    needed, needed_now = set(before.get("required", ())), set(after.get("required", ()))
    removed = [name for name in old if name not in new]
    added = [name for name in new if name not in old]
    for name in removed:
        twin = next((other for other in added if new[other] == old[name]), None)
        if twin is not None:
            added.remove(twin)
            yield "field-renamed", f"field {prefix}{name} renamed to {prefix}{twin}"
        else:
            yield "field-removed", f"field {prefix}{name} removed"
    for name in added:
        required = name in needed_now
        kind = "field-added-required" if required else "field-added"
        yield kind, f"{'required' if required else 'optional'} field {prefix}{name} added"
    for name in old:
        if name in new:
            if name in needed_now - needed:
                yield "field-became-required", f"field {prefix}{name} is required now"
            if name in needed - needed_now:
                yield "field-became-optional", f"field {prefix}{name} is optional now"
            yield from _field(merged_schema(old[name]), merged_schema(new[name]), f"{prefix}{name}")
    for word in _TOGETHER:
        if before.get(word) != after.get(word):
            yield "combination-changed", f"{word} of {prefix.rstrip('.') or 'the event'} changed"


def _field(before: Schema, after: Schema, path: str) -> Iterator[tuple[str, str]]:
    types, types_now = _types(before), _types(after)
    if types != types_now:
        kind = (
            "field-widened"
            if types < types_now
            else "field-narrowed"
            if types > types_now
            else "field-retyped"
        )
        said = f"from {'|'.join(sorted(types))} to {'|'.join(sorted(types_now))}"
        yield kind, f"field {path} retyped {said}"
    if before.get("const") != after.get("const"):
        kind = "event-type-changed" if path == "type" else "field-retyped"
        yield kind, f"field {path} must be {after.get('const')} instead of {before.get('const')}"
    yield from _values(before, after, path)
    for word in ("pattern", "format"):
        if before.get(word) != after.get(word):
            kind = "field-form-changed" if word in after else "field-form-dropped"
            yield kind, f"{word} of {path} changed from {before.get(word)} to {after.get(word)}"
    for word in (*_LOWEST, *_HIGHEST):
        if before.get(word) != after.get(word):
            yield (
                _limit(word, before.get(word), after.get(word)),
                (f"{word} of {path} changed from {before.get(word)} to {after.get(word)}"),
            )
    mark, mark_now = before.get("x-personal-data"), after.get("x-personal-data")
    if mark != mark_now:
        yield (
            "mark-added" if mark is None else "mark-dropped",
            (f"personal data of {path} is {mark_now} instead of {mark}"),
        )
    if "properties" in before or "properties" in after:
        yield from _object(before, after, f"{path}.")


def _values(before: Schema, after: Schema, path: str) -> Iterator[tuple[str, str]]:
    if "enum" not in before and "enum" not in after:
        return
    if "enum" not in after:
        yield "field-form-dropped", f"field {path} may be anything"
        return
    old, new = set(map(str, before.get("enum", ()))), set(map(str, after["enum"]))
    if "enum" not in before or old - new:
        lost = ", ".join(sorted(old - new)) or f"anything but {', '.join(sorted(new))}"
        yield "field-values-removed", f"field {path} may no longer be {lost}"
    if "enum" in before and new - old:
        yield "field-values-added", f"field {path} may be {', '.join(sorted(new - old))}"


def _limit(word: str, before: float | None, after: float | None) -> str:
    """Whether a limit lets more through, or less; none lets all through."""
    if after is None:
        return "field-form-dropped"
    if before is None:
        return "field-narrowed"
    wider = after > before if word in _HIGHEST else after < before
    return "field-form-dropped" if wider else "field-narrowed"


def _types(schema: Schema) -> frozenset[str]:
    found = schema.get("type", ())
    return frozenset([found] if isinstance(found, str) else found)
