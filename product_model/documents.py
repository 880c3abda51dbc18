"""JSON and YAML files with the line of every key, parsed into models whose errors say where to look."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from product_model.errors import ProductError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)
_SHOWN = 80
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Document:
    """A file's content.

    Args:
        file: path relative to the product's directory
        content: plain dicts, lists, texts, numbers
        lines: line of every key and list item by its path, `("tables", 2, "name")`

    """

    file: str
    content: Any
    lines: Mapping[tuple[str | int, ...], int]

    def place(self, path: tuple[str | int, ...]) -> str:
        """Name a path with its line, or the line of its nearest parent: `tables[2].name (line 14)`."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        line = f" (line {self.lines[known]})" if known in self.lines else ""
        return f"{written(path)}{line}"


def written(path: tuple[str | int, ...]) -> str:
    """Write a path as people do: `tables[2].name`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(whole file)"


def read_document(directory: Path, file: str) -> Document:
    """Read a .json, .yaml file; ProductError with the line when it is not well-formed."""
    try:
        text = (directory / file).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ProductError(
            file, "(whole file)", f"there is no such file under {directory}", "a file of that name"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProductError(
            file, "(whole file)", f"it cannot be read ({error})", "a readable file in UTF-8"
        ) from error
    content = _json(file, text) if file.endswith(".json") else None
    try:
        node = yaml.compose(text, Loader=LOADER)
        if content is None:
            content = yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe loader, in C where there is one
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else "(whole file)"
        raise ProductError(file, line, f"it is not YAML ({error.problem})", "well-formed YAML") from error
    lines: dict[tuple[str | int, ...], int] = {}
    if node is not None:
        _lines(file, node, (), lines)
    return Document(file, content, lines)


def parse(document: Document, model: type[Model]) -> Model:
    """Parse a document into its model; ProductError names the first wrong key, and how many there are."""
    try:
        return model.model_validate(document.content)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # A misspelt key is a missing and an unknown one; the unknown one can be told what was meant.
        first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
        path = tuple(part for part in first["loc"] if not _is_branch(part))
        what, allowed = _said(first, model)
        if len(errors) > 1:
            what += f" (the first of {len(errors)} mistakes in this file)"
        raise ProductError(document.file, document.place(path), what, allowed) from None


def _json(file: str, text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _unrepeated(file, pairs))
    except json.JSONDecodeError as error:
        raise ProductError(
            file, f"line {error.lineno}", f"it is not JSON ({error.msg})", "well-formed JSON"
        ) from error


def _unrepeated(file: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a key that stands twice Pinot would keep the last without a word."""
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise ProductError(file, key, "the key stands twice in one object", "each key once")
        content[key] = value
    return content


def _lines(
    file: str, node: yaml.Node, path: tuple[str | int, ...], into: dict[tuple[str | int, ...], int]
) -> None:
    into.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            if inner in into:
                line = key.start_mark.line + 1
                raise ProductError(
                    file,
                    f"{written(inner)} (line {line})",
                    "the key stands twice in one object",
                    "each key once",
                )
            into[inner] = key.start_mark.line + 1
            _lines(file, value, inner, into)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _lines(file, value, (*path, number), into)


def _is_branch(part: str | int) -> bool:
    """Pydantic puts the branch of a union into the path; it is no key."""
    return isinstance(part, str) and ("[" in part or part in {"str", "int", "tuple"})


def _said(error: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """Return what was found and what is allowed."""
    context = error.get("ctx", {})
    found = json.dumps(error["input"], ensure_ascii=False, default=str)
    found = found if len(found) <= _SHOWN else f"{found[:_SHOWN]}…"
    match error["type"]:
        case "extra_forbidden":
            return _unknown_key(error, model)
        case "missing":
            return "the key is missing", "this key"
        case "literal_error":
            return f"found {found}", str(context["expected"])
        case "string_pattern_mismatch":
            return f"found {found}", f"a text that matches {context['pattern']}"
        case "value_error":
            what, _, allowed = str(context["error"]).partition("; allowed: ")
            return what, allowed or "what the documentation of this key says"
    return f"found {found}", error["msg"].lower()


def _unknown_key(error: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    key = str(error["loc"][-1])
    hint = getattr(_model_at(model, error["loc"][:-1]), "MISTAKES", {}).get(key)
    if hint:
        return f"the key {key!r} does not belong here", hint
    known = sorted(
        (field.alias or name) for name, field in _model_at(model, error["loc"][:-1]).model_fields.items()
    )
    near = difflib.get_close_matches(key, known, n=1)
    guess = f" (is {near[0]!r} meant?)" if near else ""
    return f"unknown key {key!r}{guess}", ", ".join(known)


def _model_at(model: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel]:
    """Follow a path of keys from a model to the model of what stands there."""
    for part in path:
        if isinstance(part, int) or _is_branch(part):
            continue
        for name, field in model.model_fields.items():
            if part in {name, field.alias}:
                inner = _model_in(field.annotation)
                model = inner or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if (found := _model_in(inner)) is not None:
            return found
    return None
