"""The page of every setting, docs/settings.md, made from the models by `make settings`."""

import json
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from components.setting_errors import allowed, key_of, unit_of
from components.settings import Settings

HEAD: Final = """# Settings

<!-- Made by `make settings` from components/*_settings.py; a test holds the two together. -->

Every key that a stack's file (`Pulumi.<stack>.yaml`) may have; any other is refused. **needed** means that
there is no default, *(secret)* that only an encrypted value is taken:
`pulumi config set --secret --path '<key>'`. What keys must agree on, and what dev and
prod do not allow, `make preview STACK=…` says, with the key, what was found and what is allowed.

With `payments:pinot.kubernetes.controllerAccess.way: port-forward`, run this beside `pulumi up` (9443 with
TLS in place of 9000):

    kubectl --context <context> --namespace <namespace> port-forward service/<release>-controller <port>:9000
"""


def settings_page() -> str:
    """Return the page."""
    sections = [HEAD]
    for title, part, path in _parts(Settings, ()):
        lines = [
            f"## {title}\n",
            f"{_first_line(part)}\n",
            "| key | allowed | default | what it is |",
            "| --- | --- | --- | --- |",
        ]
        lines += [_row(info, (*path, info.alias or name)) for name, info in part.model_fields.items()]
        sections.append("\n".join(lines) + "\n")
    return "\n".join(sections)


def _parts(
    part: type[BaseModel], path: tuple[str, ...]
) -> Iterator[tuple[str, type[BaseModel], tuple[str, ...]]]:
    """Yield every object of the tree with its place, parents first."""
    title = f"`{key_of(path)}`" if path != ("controller",) else "`pinot:`"
    yield (title if path else "`payments:`", part, path)
    for name, info in part.model_fields.items():
        for inner, below in _objects(info.annotation):
            yield from _parts(inner, (*path, info.alias or name, *below))


def _objects(annotation: object) -> Iterator[tuple[type[BaseModel], tuple[str, ...]]]:
    """Yield the objects that a value is or holds, with how a key goes on to them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ()
        return
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        for inner in arguments:
            yield from _objects(inner)
    elif origin is Annotated:
        yield from _objects(arguments[0])
    elif origin is tuple:
        yield from ((part, ("<number>", *below)) for part, below in _objects(arguments[0]))
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield from ((part, ("<name>", *below)) for part, below in _objects(arguments[1]))


def _row(info: FieldInfo, path: tuple[str, ...]) -> str:
    words = allowed(info.annotation, info.metadata)
    unit = unit_of(info.annotation, info)
    secret = " *(secret)*" if _holds_secret(info.annotation) else ""
    cells = [f"`{key_of(path)}`", f"{words}{unit}{secret}", _default(info), info.description or ""]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "**needed**"
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "as below"
    return f"`{json.dumps(_plain(value))}`"


def _plain(value: Any) -> Any:  # noqa: ANN401 - any default
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value


def _holds_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))


def _first_line(part: type[BaseModel]) -> str:
    return str(part.__doc__).partition("\n")[0]


if __name__ == "__main__":
    sys.stdout.write(settings_page())
