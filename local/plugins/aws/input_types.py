"""The inputs of the resource types that the stand-in makes, as the aws SDK declares them.

`input_types.json` is generated from the installed SDK (`python -m local.plugins.aws.input_types`), because
importing the SDK costs more than the whole plugin; a test holds the two together.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import json
import types
import typing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict

from local.plugins.wire import ASSET_SIGNATURE, UNKNOWN, Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE: Final = Path(__file__).with_name("input_types.json")
PROVIDER: Final = "pulumi:providers:aws"
CLASSES: Final = {
    PROVIDER: "pulumi_aws.provider:ProviderArgs",
    "aws:s3/bucket:Bucket": "pulumi_aws.s3.bucket:BucketArgs",
    "aws:s3/bucketVersioning:BucketVersioning": "pulumi_aws.s3.bucket_versioning:BucketVersioningInitArgs",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "pulumi_aws.s3.bucket_server_side_encryption_configuration:"
        "BucketServerSideEncryptionConfigurationInitArgs"
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "pulumi_aws.s3.bucket_public_access_block:BucketPublicAccessBlockArgs"
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        "pulumi_aws.s3.bucket_ownership_controls:BucketOwnershipControlsArgs"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": "pulumi_aws.s3.bucket_policy:BucketPolicyArgs",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "pulumi_aws.s3.bucket_lifecycle_configuration:BucketLifecycleConfigurationArgs"
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": (
        "pulumi_aws.s3.bucket_object_lock_configuration:BucketObjectLockConfigurationInitArgs"
    ),
}
"""Resource type → the SDK's class of its inputs, `module:class`."""

SCALARS: Final[dict[str, tuple[type, ...]]] = {"text": (str,), "whole number": (int,), "truth value": (bool,)}


class InputType(TypedDict, total=False):
    """What one input may be."""

    kind: str
    required: bool
    of: InputType
    properties: dict[str, InputType]


def from_sdk() -> dict[str, dict[str, InputType]]:
    """Read the inputs of every type in `CLASSES` off the installed SDK."""
    found = {}
    for token, place in CLASSES.items():
        module, _, name = place.partition(":")
        found[token] = _properties(getattr(importlib.import_module(module), name))
    return found


def _properties(arguments: type) -> dict[str, InputType]:
    # Private, but the one place that knows which Python name is which property; a test pins what comes of it.
    from pulumi import _types  # noqa: PLC0415 - only the generator needs the SDK

    parameters = inspect.signature(arguments).parameters
    types_of = _types.input_type_types(arguments)
    properties: dict[str, InputType] = {}
    for python_name, name in sorted(_types.input_type_py_to_pulumi_names(arguments).items()):
        described = _describe(types_of[name])
        if parameters[python_name].default is inspect.Parameter.empty:
            described["required"] = True
        properties[name] = described
    return properties


def _describe(annotation: Json) -> InputType:
    from pulumi import _types  # noqa: PLC0415 - only the generator needs the SDK

    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {typing.Union, types.UnionType}:
        # An input may also be awaited, an output, a dictionary or an enumeration: the first form says.
        return _describe(next(item for item in arguments if item is not types.NoneType))
    if isinstance(origin, type) and issubclass(origin, typing.Mapping):
        return {"kind": "map", "of": _describe(arguments[1])}
    if isinstance(origin, type) and issubclass(origin, typing.Sequence):
        return {"kind": "list", "of": _describe(arguments[0])}
    for kind, (python, *_) in SCALARS.items():
        if annotation is python:
            return {"kind": kind}
    if isinstance(annotation, type) and _types.is_input_type(annotation):
        return {"kind": "object", "properties": _properties(annotation)}
    message = f"{annotation!r} is a kind of input that the stand-in does not know"
    raise TypeError(message)


def as_text(found: Mapping[str, Mapping[str, InputType]]) -> str:
    """Return the generated file's text: one line an input, so that an SDK's upgrade is a readable diff."""
    blocks = [
        f"{json.dumps(token)}: {{\n"
        + ",\n".join(
            f" {json.dumps(name)}: {json.dumps(found[token][name])}" for name in sorted(found[token])
        )
        + "\n}"
        for token in sorted(found)
    ]
    return "{\n" + ",\n".join(blocks) + "\n}\n"


@cache
def input_types() -> dict[str, dict[str, InputType]]:
    """Return the generated file's content."""
    loaded: dict[str, dict[str, InputType]] = json.loads(FILE.read_text())
    return loaded


def mistakes(
    properties: Mapping[str, InputType], inputs: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield `(property path, what is wrong)` for unknown, missing and wrongly typed inputs."""
    for name, value in inputs.items():
        place = f"{path}.{name}" if path else name
        if name.startswith("__"):
            continue  # the engine's own, such as __defaults
        if name not in properties:
            near = difflib.get_close_matches(name, properties, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            yield place, f"is no input of the aws provider; allowed here are {', '.join(properties)}.{hint}"
        elif value is not None:
            yield from _mistakes_in(properties[name], value, place)
    for name, described in properties.items():
        if described.get("required") and inputs.get(name) is None:
            yield f"{path}.{name}" if path else name, "is missing; the aws provider requires it."


def _mistakes_in(described: InputType, value: Json, place: str) -> Iterator[tuple[str, str]]:
    kind = described["kind"]
    if value == UNKNOWN:
        return
    if isinstance(value, dict) and ASSET_SIGNATURE in value:
        yield place, "is an asset or another special value, which no S3 setting takes."
    elif kind not in SCALARS and not isinstance(value, list if kind == "list" else dict):
        yield place, f"must be {'a list' if kind == 'list' else 'an object'}."
    elif kind in SCALARS:
        # In Python a truth value is a whole number too.
        if not isinstance(value, SCALARS[kind]) or (isinstance(value, bool) and kind != "truth value"):
            yield place, f"must be a {kind}."
    elif kind == "object":
        yield from mistakes(described["properties"], value, place)
    else:
        entries = value.items() if kind == "map" else enumerate(value)
        for key, item in entries:
            yield from _mistakes_in(
                described["of"], item, f"{place}.{key}" if kind == "map" else f"{place}[{key}]"
            )


if __name__ == "__main__":
    FILE.write_text(as_text(from_sdk()))
