"""Serve a stand-in, and put its launcher where the engine looks for plugins."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from pulumi.runtime.proto import provider_pb2_grpc

from local.plugins import serving
from local.plugins.launcher import write_launcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from local.plugins.offline.provider import OfflineProvider


def serve(make: Callable[[str | None], OfflineProvider], arguments: list[str]) -> int:
    """Serve what is made for an engine's address, which is the last argument where there is one."""
    engine = arguments[-1] if arguments and not arguments[-1].startswith("-") else None
    return serving.serve(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(make(engine), server)
    )


def place(pulumi_home: Path, package: str, *module: str) -> Path:
    """Put a launcher for a package's stand-in under a PULUMI_HOME, and return its path.

    Args:
        pulumi_home: a directory of its own; never the user's, whose plugins are the real ones.
        package: the provider's name; its SDK must be installed.
        module: the module to run, with arguments.

    """
    name = f"pulumi-resource-{package}"
    path = pulumi_home / "plugins" / f"resource-{package}-v{version(f'pulumi-{package}')}" / name
    write_launcher(path, *module)
    return path
