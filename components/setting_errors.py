"""Reading the stack's configuration, and saying in one paragraph a mistake what is wrong with it.

A message names the key as `pulumi config` takes it, the kind of what was found and what is allowed, never a
value: a password in the wrong place would end in a build's log.
"""

import difflib
import json
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pulumi.runtime.config import CONFIG, get_config_env, get_config_secret_keys_env, is_config_secret
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from components.setting_kinds import Kind

NAMESPACES: Final = {"payments": None, "pinot": "controller"}
"""Namespaces of the program, and the part of the tree with a namespace's keys (None: the tree itself)."""
ELSEWHERE: Final = {
    "aws": "payments:aws",
    "kafka": "payments:kafka",
    "kubernetes": "payments:pinot",
}
"""Namespaces of default providers, which this program does not use, and where it wants to be told instead."""


class SettingsError(ValueError):
    """The stack's configuration is wrong: one paragraph a mistake."""

    def __init__(self, paragraphs: list[str]) -> None:
        """Join the paragraphs and say where to mend them."""
        cure = "`pulumi config set --path '<key>' <value>` (a secret with --secret)"
        mistakes = "one mistake" if len(paragraphs) == 1 else f"{len(paragraphs)} mistakes"
        super().__init__(
            "\n".join(
                [
                    f"The stack's configuration has {mistakes}. Mend it in Pulumi.<stack>.yaml or by {cure}.",
                    *(f"- {paragraph}" for paragraph in paragraphs),
                ]
            )
        )


class BrokenRuleError(ValueError):
    """A rule between settings is broken; `key` is relative to the part whose rule it is."""

    def __init__(self, *, key: str, found: str, allowed: str) -> None:
        """Keep the parts of the sentence."""
        super().__init__(f"{key}: found {found}; allowed is {allowed}.")
        self.key = key
        self.found = found
        self.allowed = allowed


def read_keys(configuration: Mapping[str, str]) -> dict[str, Any]:
    """Return the tree as plain values, from `namespace:key` → text as the engine gives it.

    A structured value arrives as JSON text; a text that is no JSON object or list stays a text.

    Raises:
        SettingsError: a key belongs to a default provider, which this program never uses.

    """
    tree: dict[str, Any] = {part: {} for part in NAMESPACES.values() if part is not None}
    refused = []
    for key, text in configuration.items():
        namespace, _, name = key.partition(":")
        if namespace in ELSEWHERE:
            refused.append(
                f"{key}: found a key of {namespace}'s default provider, which this program never uses, so"
                f" that it would be ignored; allowed is {ELSEWHERE[namespace]}. Remove the key."
            )
        if namespace not in NAMESPACES:
            continue
        part = NAMESPACES[namespace]
        if part is None and name in NAMESPACES.values():
            own = next(other for other, held in NAMESPACES.items() if held == name)
            refused.append(f"{key}: found an unknown key; its settings are keys of their own, {own}:<key>.")
        target = tree if part is None else tree[part]
        target[name] = _structured(text)
    if refused:
        raise SettingsError(refused)
    return tree


def stack_configuration() -> tuple[dict[str, str], frozenset[str]]:
    """Return the stack's configuration as the engine handed it over, and the keys that are encrypted."""
    configuration = {**get_config_env(), **CONFIG.get()}
    secret = {key for key in configuration if is_config_secret(key)}
    return configuration, frozenset(secret.union(get_config_secret_keys_env()))


def _structured(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def explain(model: type[BaseModel], error: ValidationError) -> SettingsError:
    """Turn pydantic's findings into sentences with the configuration's own keys."""
    findings: list[dict[str, Any]] = [dict(details) for details in error.errors(include_url=False)]
    places: list[tuple[str | int, ...]] = [details["loc"] for details in findings]
    # A list that is too short because its entries are wrong is no second mistake.
    apart = [
        details
        for details in findings
        if not any(
            len(place) > len(details["loc"]) and place[: len(details["loc"])] == details["loc"]
            for place in places
        )
    ]
    return SettingsError(list(dict.fromkeys(_paragraph(model, details) for details in apart)))


def secrets_in_clear(settings: BaseModel, secret_keys: Collection[str]) -> list[str]:
    """Return a paragraph for each secret setting whose configuration key is not encrypted."""
    return [
        f"{key_of(path)}: found a secret in clear; allowed is an encrypted value only. Give it again with"
        f" `pulumi config set --secret --path '{key_of(path)}'`."
        for path in _secret_paths(settings)
        if _top_key(path) not in secret_keys
    ]


def _secret_paths(part: BaseModel, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, info in type(part).model_fields.items():
        value = getattr(part, name)
        here = (*path, info.alias or name)
        if isinstance(value, SecretStr):
            yield here
        elif isinstance(value, BaseModel):
            yield from _secret_paths(value, here)


def key_of(path: tuple[str | int, ...]) -> str:
    """Return the configuration key of a place in the tree, as `pulumi config --path` takes it."""
    namespace, rest = _namespaced(path)
    text = f"{namespace}:"
    for index, part in enumerate(rest):
        if isinstance(part, int):
            text += f"[{part}]"
        elif "." in part:
            text += f'["{part}"]'
        else:
            text += part if index == 0 else f".{part}"
    return text


def _top_key(path: tuple[str | int, ...]) -> str:
    namespace, rest = _namespaced(path)
    return f"{namespace}:{rest[0]}" if rest else f"{namespace}:"


def _namespaced(path: tuple[str | int, ...]) -> tuple[str, tuple[str | int, ...]]:
    for namespace, part in NAMESPACES.items():
        if part is not None and path[:1] == (part,):
            return namespace, path[1:]
    return "payments", path


def _paragraph(model: type[BaseModel], details: dict[str, Any]) -> str:
    path = tuple(part for part in details["loc"] if part != "[key]")
    broken = details.get("ctx", {}).get("error")
    if isinstance(broken, BrokenRuleError):
        key = key_of((*path, *broken.key.split(".")))
        return f"{key}: found {broken.found}; allowed is {broken.allowed}."
    if details["type"] == "extra_forbidden":
        return _unknown(model, path)
    is_key = details["loc"][-1:] == ("[key]",)
    info, annotation = _locate(model, path, key=is_key)
    wanted = allowed(annotation, info.metadata if info is not None else [])
    description = f" {info.description}" if info is not None and info.description else ""
    unit = unit_of(annotation, info)
    if details["type"] == "missing":
        return f"{key_of(path)} is missing; needed is {wanted}{unit}.{description}"
    found = f"a key that is {kind_of(details['input'])}" if is_key else kind_of(details["input"])
    return f"{key_of(path)}: found {found}; allowed is {wanted}{unit}.{description}"


def _unknown(model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    _, annotation = _locate(model, path[:-1])
    part = _model_in(annotation) or model
    known = keys_of(part)
    if part is model:
        known = [name for name in known if name not in NAMESPACES.values()]
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{key_of(path)}: found an unknown key; allowed here are {', '.join(sorted(known))}.{hint}"


def kind_of(value: object) -> str:
    """Return what kind of value it is, never the value."""
    if isinstance(value, str):
        return f"a text of {len(value)} character{'s' * (len(value) != 1)}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, Mapping):
        return f"an object with the keys {', '.join(map(str, value))}" if value else "an object without keys"
    words = {
        type(None): "null",
        bool: "a truth value",
        int: "a whole number",
        float: "a number with a fraction",
    }
    return words.get(type(value), f"a {type(value).__name__}")


def unit_of(annotation: object, info: FieldInfo | None) -> str:
    """Return the unit of a number in brackets, or nothing."""
    kind = _kind(annotation, info.metadata if info is not None else [])
    return f" ({kind.unit})" if kind is not None and kind.unit else ""


def _kind(annotation: object, metadata: list[Any]) -> Kind | None:
    """Return the kind of a value, looking through `| None`."""
    for item in metadata:
        if isinstance(item, Kind):
            return item
    if get_origin(annotation) is Annotated:
        inner, *rest = get_args(annotation)
        return _kind(inner, rest)
    alternatives = _alternatives(annotation)
    return (
        _kind(alternatives[0], []) if len(alternatives) == 1 and alternatives[0] is not annotation else None
    )


def _alternatives(annotation: object) -> list[Any]:
    if get_origin(annotation) in {Union, types.UnionType}:
        return [item for item in get_args(annotation) if item is not types.NoneType]
    return [annotation]


def allowed(annotation: object, metadata: list[Any]) -> str:
    """Complete the sentence "allowed is …" for a field's type."""
    if kind := _kind(annotation, metadata):
        return kind.allowed
    annotation = _alternatives(annotation)[0]
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if part := _model_in(annotation):
        return f"an object with the keys {', '.join(keys_of(part))}"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if annotation is bool:
        return "true or false"
    if origin is tuple:
        return f"a list, each entry {allowed(arguments[0], [])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"an object, each value {allowed(arguments[1], [])}"
    message = f"no words for what {annotation!r} allows"
    raise TypeError(message)


def keys_of(part: type[BaseModel]) -> list[str]:
    """Return the keys of a part, as the stack's file spells them."""
    return [info.alias or name for name, info in part.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    for item in _alternatives(annotation):
        if isinstance(item, type) and issubclass(item, BaseModel):
            return item
    return None


def _locate(
    model: type[BaseModel], path: tuple[str | int, ...], *, key: bool = False
) -> tuple[FieldInfo | None, object]:
    """Return the nearest field on the way to a place in the tree, and the type of the value or key there."""
    info: FieldInfo | None = None
    annotation: object = model
    for index, part in enumerate(path):
        inside = _model_in(annotation)
        if inside is not None:
            info = next(i for name, i in inside.model_fields.items() if part in {i.alias, name})
            annotation = info.annotation
            continue
        inner = _alternatives(annotation)[0]
        if get_origin(inner) is Annotated:
            inner = get_args(inner)[0]
        arguments = get_args(inner)
        key_and_value = len(arguments) > 1 and isinstance(part, str)
        annotation = arguments[1] if key_and_value and not (key and index == len(path) - 1) else arguments[0]
        # An entry of a list is described by the list's words, but not bound by the list's limits.
        info = FieldInfo(description=info.description if info else None)
    return info, annotation
