"""The programs' users in Pinot: the loader's and the measuring run's, each with a generated password."""

from collections.abc import Mapping
from typing import Final

import pulumi

from components.operations_settings import LOADER, MEASURE
from pinot_as_code.password import PinotPassword, PinotPasswordArgs
from pinot_as_code.user import Component, Permission, PinotUser, PinotUserArgs
from product_model.descriptor import Descriptor

RIGHTS: Final[Mapping[str, Mapping[Component, tuple[Permission, ...]]]] = {
    LOADER: {"BROKER": ("READ",), "CONTROLLER": ("READ", "CREATE", "UPDATE")},
    MEASURE: {"BROKER": ("READ",), "CONTROLLER": ("READ",)},
}
"""What each may do, by component of Pinot. The loader starts the minions' tasks at the controller; both ask
it how far tasks and tables are. Neither may delete."""


class OperationsLogins(pulumi.ComponentResource):
    """Users of Pinot for programs."""

    passwords: Mapping[str, pulumi.Output[str]]
    """By program; secret, and the same at both components, to which a program logs in alike."""

    def __init__(
        self,
        name: str,
        *,
        descriptor: Descriptor,
        rotation: int,
        timeout_seconds: float,
        measured: bool,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Make them.

        Args:
            name: Pulumi's name of the component.
            descriptor: the product's, which names the tables.
            rotation: another number makes every password anew.
            timeout_seconds: how long one change in Pinot may take.
            measured: whether there is a measuring run.
            opts: options with the tables to wait for.

        """
        super().__init__("payments:operations_logins:OperationsLogins", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on)
        tables = [table.name for table in descriptor.tables]
        tables += [table.name for table in descriptor.logical_tables]
        passwords = {}
        for program in (LOADER, *([MEASURE] if measured else [])):
            passwords[program] = PinotPassword(
                program,
                PinotPasswordArgs(username=program, component=", ".join(RIGHTS[program]), rotation=rotation),
                pulumi.ResourceOptions(parent=self),
            ).value
            for component, permissions in RIGHTS[program].items():
                PinotUser(
                    f"{program}-{component.lower()}",
                    PinotUserArgs(
                        username=program,
                        component=component,
                        password=passwords[program],
                        tables=tables,
                        permissions=permissions,
                        timeout_seconds=timeout_seconds,
                    ),
                    inside,
                )
        self.passwords = passwords
        self.register_outputs({"users": sorted(passwords)})
