"""A generated password: made where the provider runs, kept as a secret in the state, never written elsewhere.

It changes when its rotation does, and at no other time. `PinotUser` takes it as its password.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from .lifecycle import unknown, without_provider

_BYTES: Final = 32
"""256 bits; bcrypt, which Pinot stores passwords with, reads the first 72 characters: these are 43."""
_VALUE: Final = "value"


@dataclass(frozen=True, kw_only=True)
class PinotPasswordArgs:
    """Arguments of `PinotPassword`."""

    username: str
    """Whose it is; for whoever looks it up."""
    component: str
    """Which component accepts the user."""
    rotation: int
    """Another number makes another password."""


class PinotPasswordProvider(ResourceProvider):
    """Life cycle of a password. It calls nobody."""

    serialize_as_secret_always = False

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Check the arguments."""
        rotation, failures = news.get("rotation"), []
        if not unknown(rotation) and not (isinstance(rotation, int | float) and rotation >= 1):
            failures.append(CheckFailure("rotation", f"is {rotation!r}; a whole number from 1 is wanted"))
        return CheckResult(without_provider(news), failures)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Say whether the user or the rotation changes; either makes another password, in place."""
        return DiffResult(
            changes=any(_olds.get(key) != _news.get(key) for key in ("username", "component", "rotation"))
        )

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make a password."""
        return CreateResult(f"{props['username']}/{props['component']}", _made(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Make another one."""
        return UpdateResult(_made(_news))


class PinotPassword(Resource, module="pinot", name="Password"):
    """A generated password."""

    value: pulumi.Output[str]
    """The password; a secret."""

    def __init__(
        self, resource_name: str, args: PinotPasswordArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the password.

        :param resource_name: Pulumi's name of the resource.
        :param args: Whose it is, and its rotation.
        :param opts: Options.
        """
        super().__init__(
            PinotPasswordProvider(),
            resource_name,
            {
                "username": args.username,
                "component": args.component,
                "rotation": args.rotation,
                _VALUE: None,
            },
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=[_VALUE])),
        )


def _made(props: dict[str, Any]) -> dict[str, Any]:
    return {**without_provider(props), _VALUE: secrets.token_urlsafe(_BYTES)}
