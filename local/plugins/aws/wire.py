"""Moved to `local.plugins.wire`; this name goes as soon as the other plugins use that."""

from local.plugins.wire import ASSET_SIGNATURE, UNKNOWN, Json, is_unknown, to_python, to_struct

__all__ = ["ASSET_SIGNATURE", "UNKNOWN", "Json", "is_unknown", "to_python", "to_struct"]
