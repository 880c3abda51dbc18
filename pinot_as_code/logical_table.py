"""Logical tables: one name that answers over several physical tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi  # noqa: TC002 - the SDK evaluates the annotations of resource classes
from pulumi.dynamic import Resource, ResourceProvider

from .arguments import Adopt, JsonInput, canonical_input, in_place, words

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class PinotLogicalTableArgs:
    """Arguments of `PinotLogicalTable`."""

    logical_table_json: JsonInput
    """The logical table as Pinot's controller takes it; members by name with type."""
    allow: Sequence[str] = ()
    """Words of the guards, e.g. ``remove-member``; a refused change names the word it needs."""
    adopt: Adopt = "identical"
    """What to do with a logical table of that name which is already there."""
    timeout_seconds: float = 120
    """How long one operation may take, in seconds."""


class PinotLogicalTableProvider(ResourceProvider):
    """Life cycle of a logical table."""

    serialize_as_secret_always = False


class PinotLogicalTable(Resource, module="pinot", name="LogicalTable"):
    """A logical table. Outputs: `table_name`, `logical_table_json`."""

    table_name: pulumi.Output[str]
    logical_table_json: pulumi.Output[str]

    def __init__(
        self, resource_name: str, args: PinotLogicalTableArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the logical table.

        :param resource_name: Pulumi's name of the resource.
        :param args: The logical table.
        :param opts: Options; ``depends_on`` the schema of the same name and the members.
        """
        super().__init__(
            PinotLogicalTableProvider(),
            resource_name,
            {
                "logical_table_json": canonical_input(args.logical_table_json),
                "allow": words(args.allow),
                "adopt": args.adopt,
                "timeout_seconds": args.timeout_seconds,
                "table_name": None,
            },
            in_place(opts),
        )
