"""Schemas: the columns of a table. A schema has the name of its table (Pinot asks for it)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from .adoption import Creation, create
from .arguments import Adopt, JsonInput, canonical_input, in_place, words
from .comparison import differences, drifted
from .documents import canonical, parse
from .errors import ConflictError, PinotError
from .guards import findings
from .lifecycle import (
    READ_SECONDS,
    Inspection,
    PinotProvider,
    deadline_of,
    document_diff,
    document_of,
    refuse,
    without_provider,
    words_in,
)
from .losses import Change
from .transport import Deadline
from .validation.schema_rules import check_schema
from .vocabulary import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .documents import Document

DEFAULT_SECONDS: Final = 120.0
_PLAIN: Final = ("allow", "adopt", "timeout_seconds")
_FORCED: Final = frozenset({"remove-column", "retype-column", "change-primary-key"})
"""Changes that Pinot's own check refuses unless it is overruled."""


@dataclass(frozen=True, kw_only=True)
class PinotSchemaArgs:
    """Arguments of `PinotSchema`."""

    schema_json: JsonInput
    """The schema as Pinot's controller takes it; ``schemaName`` is the name of its (logical) table."""
    allow: Sequence[str] = ()
    """Words of the guards, e.g. ``remove-column``; a refused change names the word it needs."""
    adopt: Adopt = "identical"
    """What to do with a schema of that name which is already there."""
    timeout_seconds: float = DEFAULT_SECONDS
    """How long one operation may take, in seconds."""


class PinotSchemaProvider(PinotProvider):
    """Life cycle of a schema."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Check the arguments offline, then, when they changed, through the controller."""
        inspection = Inspection("schema", news)
        schema = inspection.document("schema_json")
        if schema is not None:
            inspection.findings("schema_json", check_schema(schema))
            before = document_of(_olds, "schema_json")
            if before is not None:
                change = Change("schema", str(before.get("schemaName")), before, schema)
                inspection.guarded("schema_json", change)
            if not inspection.failures and inspection.inputs["schema_json"] != _olds.get("schema_json"):
                inspection.ask(
                    "schema_json", self.client, lambda deadline: self.client.validate_schema(schema, deadline)
                )
        return inspection.result()

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Say whether the schema, by meaning, or another argument changes."""
        documents = {"schema_json": SCHEMA}
        return document_diff(_olds, _news, documents, identity=("schemaName",), plain=_PLAIN)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the schema, or adopt an equal one."""
        deadline = deadline_of(props, DEFAULT_SECONDS)
        schema = parse(props["schema_json"])
        name = str(schema["schemaName"])
        take_over = props.get("adopt") == "take-over"
        create(
            Creation(
                what=f"schema {name}",
                kind=SCHEMA,
                desired=schema,
                read=lambda until: self.client.schema(name, until),
                post=lambda until: self.client.create_schema(schema, until),
                take_over=(lambda live, until: self._replace(live, schema, props, until))
                if take_over
                else None,
            ),
            deadline,
        )
        self.own(name)
        return CreateResult(name, {**without_provider(props), "schema_name": name})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return what is stored; what differs goes into the inputs, so that the next `up` repairs it."""
        live = self.client.schema(id_, Deadline.after(READ_SECONDS))
        if live is None:
            return ReadResult("", {})
        desired = document_of(props, "schema_json") or live
        stored = {**without_provider(props), "schema_json": canonical(drifted(live, desired, SCHEMA))}
        outputs = {**stored, "schema_name": id_}
        return ReadResult(
            id_, outputs, {key: stored[key] for key in ("schema_json", *_PLAIN) if key in stored}
        )

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Replace the schema when it differs from what is stored; tables reload by their own resources."""
        deadline = deadline_of(_news, DEFAULT_SECONDS)
        schema = parse(_news["schema_json"])
        live = self.client.schema(_id, deadline)
        if live is None:
            pulumi.log.warn(f"schema {_id} was deleted behind this stack's back and is made again")
            self.client.create_schema(schema, deadline)
        else:
            self._replace(live, schema, _news, deadline)
        return UpdateResult({**without_provider(_news), "schema_name": _id})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the schema. Pinot refuses while a table or logical table uses it."""
        if self.stays("schema", _id):
            return
        try:
            self.client.delete_schema(_id, deadline_of(_props, DEFAULT_SECONDS))
        except ConflictError as error:
            message = (
                f"schema {_id} cannot be deleted: {error.reason}. Delete that table first, or keep the "
                "schema (retain_on_delete)"
            )
            raise PinotError(message) from None

    def _replace(self, live: Document, schema: Document, props: dict[str, Any], deadline: Deadline) -> None:
        change = Change("schema", str(schema["schemaName"]), live, schema)
        refuse(change, words_in(props))
        if differences(live, schema, SCHEMA):
            # Pinot itself refuses what loses data; only an explicit word of the user's overrules it.
            self.client.update_schema(
                schema, deadline, force=bool(_FORCED & {found.guard.word for found in findings(change)})
            )
        self.own(str(schema["schemaName"]))


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
