"""Logical tables: one name that answers over several physical tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from .adoption import Creation, create
from .arguments import Adopt, JsonInput, canonical_input, in_place, words
from .comparison import differences, drifted
from .documents import canonical, parse
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
from .validation.logical_table_rules import check_logical_table
from .vocabulary import LOGICAL_TABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .documents import Document

DEFAULT_SECONDS: Final = 120.0
_DOCUMENT: Final = "logical_table_json"
_PLAIN: Final = ("allow", "adopt", "timeout_seconds")


@dataclass(frozen=True, kw_only=True)
class PinotLogicalTableArgs:
    """Arguments of `PinotLogicalTable`."""

    logical_table_json: JsonInput
    """The logical table as Pinot's controller takes it; members by name with type."""
    allow: Sequence[str] = ()
    """Words of the guards, e.g. ``remove-member``; a refused change names the word it needs."""
    adopt: Adopt = "identical"
    """What to do with a logical table of that name which is already there."""
    timeout_seconds: float = DEFAULT_SECONDS
    """How long one operation may take, in seconds."""


class PinotLogicalTableProvider(PinotProvider):
    """Life cycle of a logical table."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Check the arguments; Pinot has no call that would check a logical table in advance."""
        inspection = Inspection("logical table", news)
        table = inspection.document(_DOCUMENT)
        if table is not None:
            inspection.findings(_DOCUMENT, check_logical_table(table))
            before = document_of(_olds, _DOCUMENT)
            if before is not None:
                change = Change("logical table", str(before.get("tableName")), before, table)
                inspection.guarded(_DOCUMENT, change)
        return inspection.result()

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Say whether the logical table, by meaning, or another argument changes."""
        documents = {_DOCUMENT: LOGICAL_TABLE}
        return document_diff(_olds, _news, documents, identity=("tableName",), plain=_PLAIN)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the logical table, or adopt an equal one."""
        table = parse(props[_DOCUMENT])
        name = str(table["tableName"])

        def take_over(live: Document, until: Deadline) -> None:
            self._replace(live, table, props, until)

        creation = Creation(
            what=f"logical table {name}",
            kind=LOGICAL_TABLE,
            desired=table,
            read=lambda until: self.client.logical_table(name, until),
            post=lambda until: self.client.create_logical_table(table, until),
            take_over=take_over if props.get("adopt") == "take-over" else None,
        )
        create(creation, deadline_of(props, DEFAULT_SECONDS))
        self.own(name)
        return CreateResult(name, {**without_provider(props), "table_name": name})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return what is stored; what differs goes into the inputs, so that the next `up` repairs it."""
        live = self.client.logical_table(id_, Deadline.after(READ_SECONDS))
        if live is None:
            return ReadResult("", {})
        desired = document_of(props, _DOCUMENT) or live
        stored = {**without_provider(props), _DOCUMENT: canonical(drifted(live, desired, LOGICAL_TABLE))}
        inputs: dict[str, Any] = {key: stored[key] for key in (_DOCUMENT, *_PLAIN) if key in stored}
        return ReadResult(id_, {**stored, "table_name": id_}, inputs)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Replace the logical table when it differs from what is stored."""
        deadline = deadline_of(_news, DEFAULT_SECONDS)
        table = parse(_news[_DOCUMENT])
        live = self.client.logical_table(_id, deadline)
        if live is None:
            pulumi.log.warn(f"logical table {_id} was deleted behind this stack's back and is made again")
            return UpdateResult(self.create(_news).outs)
        self._replace(live, table, _news, deadline)
        return UpdateResult({**without_provider(_news), "table_name": _id})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the logical table; its members and their data stay."""
        if self.stays("logical table", _id):
            return
        self.client.delete_logical_table(_id, deadline_of(_props, DEFAULT_SECONDS))

    def _replace(self, live: Document, table: Document, props: dict[str, Any], deadline: Deadline) -> None:
        refuse(Change("logical table", str(table["tableName"]), live, table), words_in(props))
        if differences(live, table, LOGICAL_TABLE):
            self.client.update_logical_table(table, deadline)


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
