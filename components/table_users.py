"""Who may ask the tables, and who may change them: Pinot's users, made from the descriptor's people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi

from components.settings import GuardSettings
from pinot_as_code.password import PinotPassword, PinotPasswordArgs
from pinot_as_code.user import Component, Permission, PinotUser, PinotUserArgs, UserRole
from product_model.descriptor import Descriptor

EVERYTHING: Final[tuple[Permission, ...]] = ("READ", "CREATE", "UPDATE", "DELETE")


@dataclass(frozen=True, kw_only=True)
class Login:
    """One team at one component of Pinot."""

    team: str
    component: Component
    role: UserRole
    tables: tuple[str, ...]
    """What it may name there, by raw name; none: all."""
    permissions: tuple[Permission, ...]

    @property
    def name(self) -> str:
        """Return Pulumi's name of the user."""
        return f"{self.team}-{self.component.lower()}"


def logins(descriptor: Descriptor) -> tuple[Login, ...]:
    """Return every login that the descriptor gives: readers at the broker, admins at the controller.

    A reader has none at the controller: in Pinot 1.5 any login there may change tenants, users and the
    cluster's configuration, whatever its permissions say. An admin has none at the broker: who keeps the
    cluster need not read payments; the owner, who does both, is in both lists. A logical table is asked by
    its members' names or its own, depending on the query engine, so both are given.
    """
    access = descriptor.access
    names = {table.name for table in descriptor.tables} | {table.name for table in descriptor.logical_tables}
    tables = tuple(sorted(names))
    return (
        *(
            Login(team=team, component="BROKER", role="USER", tables=tables, permissions=("READ",))
            for team in access.readers
        ),
        *(
            Login(team=team, component="CONTROLLER", role="ADMIN", tables=(), permissions=EVERYTHING)
            for team in access.admins
        ),
    )


@dataclass(frozen=True, kw_only=True)
class TableUsersArgs:
    """Who gets a login, and what must be there before."""

    descriptor: Descriptor
    rotation: int
    """Another number makes every password anew."""
    timeout_seconds: float
    after: Sequence[pulumi.Resource] = ()
    """What the users wait for: the tables that they may see, and so a controller that answers."""
    guards: GuardSettings = field(default_factory=GuardSettings)
    """Without a word of these nobody takes the last admin's login away, not by a `destroy` either."""


class TableUsers(pulumi.ComponentResource):
    """Pinot's users of the product, each with a generated password."""

    def __init__(self, name: str, args: TableUsersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make them.

        Args:
            name: Pulumi's name of the component.
            args: who gets a login.
            opts: options of the component.

        """
        super().__init__("payments:table_users:TableUsers", name, None, opts)
        given = logins(args.descriptor)
        for login in given:
            password = PinotPassword(
                login.name,
                PinotPasswordArgs(username=login.team, component=login.component, rotation=args.rotation),
                pulumi.ResourceOptions(parent=self),
            )
            PinotUser(
                login.name,
                PinotUserArgs(
                    username=login.team,
                    component=login.component,
                    password=password.value,
                    role=login.role,
                    tables=login.tables,
                    permissions=login.permissions,
                    allow=args.guards.words("users", login.team),
                    timeout_seconds=args.timeout_seconds,
                ),
                pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
            )
        self.register_outputs({"users": [login.name for login in given]})
