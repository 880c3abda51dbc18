"""Where archive and Pinot are, from a command's options or the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from operations.archive.layout import Kind
from operations.archive.settings import SettingError
from operations.archive.store import ArchiveStore
from operations.offline.hour import TableSchema
from operations.offline.load import Loader
from operations.offline.push import ControllerPush, MinionPush
from operations.pinot import Pinot
from product_model import load_product

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from operations.offline.push import Push

# Option, environment variable, whether it must be there, what it is.
_OPTIONS: Final = (
    ("archive-bucket", "ARCHIVE_BUCKET", True, "bucket of the archive"),
    ("controller", "PINOT_CONTROLLER_URL", True, "URL of Pinot's controller"),
    ("broker", "PINOT_BROKER_URL", True, "URL of Pinot's broker"),
    ("s3-endpoint", "ARCHIVE_S3_ENDPOINT", False, "URL of another S3 than AWS's"),
    ("product", "ARCHIVE_PRODUCT", False, "directory of the product's files (default: data-product)"),
    (
        "staging-bucket",
        "STAGING_BUCKET",
        False,
        "the deep store, if minions are to build the segments from files there; else the controller does",
    ),
)
_LOGIN: Final = ("PINOT_USER", "PINOT_PASSWORD")


@dataclass(frozen=True)
class Connections:
    """The archive, Pinot, and what goes from one to the other."""

    store: ArchiveStore
    pinot: Pinot
    push: Push
    product: Path
    endpoint: str | None = None
    """URL of another S3 than AWS's."""

    @property
    def merges(self) -> bool:
        """Whether there are minions that merge segments."""
        return isinstance(self.push, MinionPush)

    @classmethod
    def of(cls, options: argparse.Namespace) -> Connections:
        """Take them from the options, else the environment.

        Raises:
            SettingError: one is missing

        """
        found = {name: _setting(options, name, variable) for name, variable, _, _ in _OPTIONS}
        missing = [
            f"--{name} or {variable}: {what}"
            for name, variable, needed, what in _OPTIONS
            if needed and not found[name]
        ]
        user, password = (os.environ.get(variable, "") for variable in _LOGIN)
        if bool(user) != bool(password):
            missing.append(f"{' and '.join(_LOGIN)}: both or none")
        if missing:
            message = f"these settings are missing: {'; '.join(missing)}"
            raise SettingError(message)
        pinot = Pinot(found["controller"], found["broker"], login=(user, password) if user else None)
        endpoint = found["s3-endpoint"] or None
        push: Push = ControllerPush(pinot)
        if found["staging-bucket"]:
            push = MinionPush(pinot, found["staging-bucket"], endpoint=endpoint)
        return cls(
            store=ArchiveStore(found["archive-bucket"], endpoint=endpoint),
            pinot=pinot,
            push=push,
            product=Path(found["product"] or "data-product"),
            endpoint=endpoint,
        )

    def loader(self, told: Callable[[str], None]) -> Loader:
        """Return a loader of both kinds."""
        product = load_product(self.product)
        schemas = {kind: TableSchema.of(product, kind) for kind in Kind}
        return Loader(self.store, self.pinot, self.push, schemas, told=told)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command. The login is none: it comes from PINOT_USER and PINOT_PASSWORD alone."""
    for name, variable, _, what in _OPTIONS:
        parser.add_argument(f"--{name}", metavar=name.upper(), help=f"{what}; else {variable}")


def _setting(options: argparse.Namespace, name: str, variable: str) -> str:
    given = getattr(options, name.replace("-", "_"), None)
    return str(given or os.environ.get(variable, ""))
