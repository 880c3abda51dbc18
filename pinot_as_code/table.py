"""Tables: a REALTIME or an OFFLINE table with its indexes, ingestion and placement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi  # noqa: TC002 - the SDK evaluates the annotations of resource classes
from pulumi.dynamic import Resource, ResourceProvider

from .arguments import Adopt, JsonInput, canonical_input, in_place, words

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class PinotTableArgs:
    """Arguments of `PinotTable`."""

    table_json: JsonInput
    """The table as Pinot's controller takes it; ``tableName`` without type suffix."""
    schema_json: JsonInput
    """The table's schema, for validation; when it changes, the table's segments are reloaded.
    The schema itself is a `pinot_as_code.schema.PinotSchema`, on which the table must ``depends_on``."""
    allow: Sequence[str] = ()
    """Words of the guards, e.g. ``delete-data``; a refused change names the word it needs."""
    adopt: Adopt = "identical"
    """What to do with a table of that name and type which is already there."""
    force_commit: bool = False
    """Whether a change of stream, transforms or filter commits the consuming segments, to hold at once.
    Without it, consuming segments keep the old configuration until they commit by their own thresholds."""
    timeout_seconds: float = 600
    """How long one operation may take, reload and rebalance included, in seconds."""


class PinotTableProvider(ResourceProvider):
    """Life cycle of a table."""

    serialize_as_secret_always = False


class PinotTable(Resource, module="pinot", name="Table"):
    """A table. Outputs: `table_name`, `table_type`, `name_with_type`, `table_json`."""

    table_name: pulumi.Output[str]
    """Raw name, e.g. ``payment_analytics``."""
    table_type: pulumi.Output[str]
    """``REALTIME`` or ``OFFLINE``."""
    name_with_type: pulumi.Output[str]
    """Name with type, as logical tables and segment calls want it, e.g. ``payment_analytics_REALTIME``."""
    table_json: pulumi.Output[str]

    def __init__(
        self, resource_name: str, args: PinotTableArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the table.

        :param resource_name: Pulumi's name of the resource.
        :param args: The table.
        :param opts: Options; ``depends_on`` the schema, the tenants and, for a REALTIME table, the topic.
        """
        super().__init__(
            PinotTableProvider(),
            resource_name,
            {
                "table_json": canonical_input(args.table_json),
                "schema_json": canonical_input(args.schema_json),
                "allow": words(args.allow),
                "adopt": args.adopt,
                "force_commit": args.force_commit,
                "timeout_seconds": args.timeout_seconds,
                "table_name": None,
                "table_type": None,
                "name_with_type": None,
            },
            in_place(opts),
        )
