"""The provider protocol's generated messages and services, without the SDK around them.

They come with the pulumi package (`pulumi/runtime/proto`), whose own `__init__` loads the whole SDK: half of
the time that a start of this plugin would take, and the engine waits for it in every preview. The generated
modules import each other by relative names only, so they load as a package of another name.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

_PACKAGE: Final = "pulumi_protocol"


def _load() -> None:
    found = importlib.util.find_spec("pulumi")
    if found is None or found.origin is None:
        message = "the package pulumi is not installed in this environment; run `make tools`"
        raise ImportError(message)
    spec = ModuleSpec(_PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(Path(found.origin).parent / "runtime" / "proto")]
    sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)


if not TYPE_CHECKING:
    # Two copies of a message type do not mix in one process: where the SDK is loaded, its own is used.
    if "pulumi.runtime.proto" in sys.modules:
        _PACKAGE_IN_USE = "pulumi.runtime.proto"
    else:
        _load()
        _PACKAGE_IN_USE = _PACKAGE
    plugin_pb2 = importlib.import_module(f"{_PACKAGE_IN_USE}.plugin_pb2")
    provider_pb2 = importlib.import_module(f"{_PACKAGE_IN_USE}.provider_pb2")
    provider_pb2_grpc = importlib.import_module(f"{_PACKAGE_IN_USE}.provider_pb2_grpc")

__all__ = ["plugin_pb2", "provider_pb2", "provider_pb2_grpc"]
