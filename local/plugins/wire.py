"""Property values as the engine sends them, to Python values and back.

Wire format: `google.protobuf.Struct`, with a marker text for values that are not known yet. Secrets arrive
unwrapped, because the plugin does not say that it accepts them; the engine marks them again by the inputs'
names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf import struct_pb2

Json = Any
"""Whatever JSON holds."""

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that is not known before something else is made (pulumi: UnknownStringValue)."""
ASSET_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""Key that makes an object an asset, a secret or another special value (pulumi: resource.SigKey)."""


def to_python(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return the properties as plain values; whole numbers come back as int, which the wire does not know."""
    return {key: _value(value) for key, value in struct.fields.items()}


def _value(value: struct_pb2.Value) -> Json:
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return to_python(value.struct_value)
        case "list_value":
            return [_value(item) for item in value.list_value.values]
    return None


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return properties for the wire; a property without a value is left out."""
    struct = struct_pb2.Struct()
    struct.update({key: value for key, value in properties.items() if value is not None})
    return struct


def is_unknown(value: object) -> bool:
    """Whether a value, or anything in it, is not known yet."""
    if isinstance(value, dict):
        return any(is_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(is_unknown(item) for item in value)
    return value == UNKNOWN
