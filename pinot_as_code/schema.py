"""Schemas: the columns of a table. A schema has the name of its table (Pinot asks for it)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi  # noqa: TC002 - the SDK evaluates the annotations of resource classes
from pulumi.dynamic import Resource, ResourceProvider

from .arguments import Adopt, JsonInput, canonical_input, in_place, words

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class PinotSchemaArgs:
    """Arguments of `PinotSchema`."""

    schema_json: JsonInput
    """The schema as Pinot's controller takes it; ``schemaName`` is the name of its (logical) table."""
    allow: Sequence[str] = ()
    """Words of the guards, e.g. ``remove-column``; a refused change names the word it needs."""
    adopt: Adopt = "identical"
    """What to do with a schema of that name which is already there."""
    timeout_seconds: float = 120
    """How long one operation may take, in seconds."""


class PinotSchemaProvider(ResourceProvider):
    """Life cycle of a schema."""

    serialize_as_secret_always = False


class PinotSchema(Resource, module="pinot", name="Schema"):
    """A schema. Outputs: `schema_name`, `schema_json`."""

    schema_name: pulumi.Output[str]
    schema_json: pulumi.Output[str]

    def __init__(
        self, resource_name: str, args: PinotSchemaArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the schema.

        :param resource_name: Pulumi's name of the resource.
        :param args: The schema.
        :param opts: Options.
        """
        super().__init__(
            PinotSchemaProvider(),
            resource_name,
            {
                "schema_json": canonical_input(args.schema_json),
                "allow": words(args.allow),
                "adopt": args.adopt,
                "timeout_seconds": args.timeout_seconds,
                "schema_name": None,
            },
            in_place(opts),
        )
