"""Tables: a REALTIME or an OFFLINE table with its indexes, ingestion and placement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from .adoption import Creation, create
from .arguments import Adopt, JsonInput, canonical_input, in_place, words
from .comparison import differences, drifted
from .documents import canonical, parse
from .errors import FailedError, PinotError, RefusedError
from .guards import findings, refusals
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
from .rollout import carry_out, check_commit, needed
from .stored_data import await_departure, stored
from .transport import Deadline
from .validation.schema_rules import check_schema
from .validation.table_rules import check_table
from .vocabulary import SCHEMA, TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .documents import Document

DEFAULT_SECONDS: Final = 600.0
_PLAIN: Final = ("allow", "adopt", "force_commit", "timeout_seconds")
_INPUTS: Final = ("table_json", "schema_json", *_PLAIN)
_FORCED: Final = frozenset({"change-upsert", "change-dedup", "change-time-column"})
"""Changes that Pinot's own check refuses unless it is overruled."""


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
    timeout_seconds: float = DEFAULT_SECONDS
    """How long one operation may take, reload and rebalance included, in seconds."""


class PinotTableProvider(PinotProvider):
    """Life cycle of a table."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Check the arguments offline, then, when they changed, through the controller."""
        inspection = Inspection("table", news)
        table, schema = inspection.document("table_json"), inspection.document("schema_json")
        if table is None or schema is None:
            return inspection.result()
        inspection.findings("schema_json", check_schema(schema))
        inspection.findings("table_json", check_table(table, schema))
        before = document_of(_olds, "table_json")
        if before is not None and differences(before, table, TABLE):
            change = Change("table", str(before.get("tableName")), before, table)
            inspection.guarded("table_json", self._informed(change, inspection.allow))
        same = all(inspection.inputs[key] == _olds.get(key) for key in ("table_json", "schema_json"))
        if not inspection.failures and not same:
            inspection.ask(
                "table_json", self.client, lambda until: self.client.validate_table(table, schema, until)
            )
        return inspection.result()

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Say whether the table or its schema, by meaning, or another argument changes."""
        documents = {"table_json": TABLE, "schema_json": SCHEMA}
        return document_diff(_olds, _news, documents, identity=("tableName", "tableType"), plain=_PLAIN)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the table, or adopt an equal one."""
        deadline = deadline_of(props, DEFAULT_SECONDS)
        table = parse(props["table_json"])
        name, table_type = str(table["tableName"]), str(table["tableType"])
        identity = f"{name}_{table_type}"
        take_over = props.get("adopt") == "take-over"
        create(
            Creation(
                what=f"table {identity}",
                kind=TABLE,
                desired=table,
                read=lambda until: self.client.table(name, table_type, until),
                post=lambda until: self.client.create_table(table, until),
                take_over=(lambda live, until: self._replace(live, live, table, props, until))
                if take_over
                else None,
            ),
            deadline,
        )
        self.own(identity)
        return CreateResult(identity, _outputs(props, table))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return what is stored; what differs goes into the inputs, so that the next `up` repairs it."""
        name, _, table_type = id_.rpartition("_")
        live = self.client.table(name, table_type, Deadline.after(READ_SECONDS))
        if live is None:
            return ReadResult("", {})
        desired = document_of(props, "table_json") or {**live, "tableName": name}
        table = drifted(live, desired, TABLE)
        outputs = _outputs({**props, "table_json": canonical(table)}, table)
        inputs: dict[str, Any] = {key: outputs[key] for key in _INPUTS if key in outputs}
        return ReadResult(id_, outputs, inputs)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Replace the table's configuration, then reload, rebalance or commit as the change needs it."""
        deadline = deadline_of(_news, DEFAULT_SECONDS)
        table = parse(_news["table_json"])
        name, table_type = str(table["tableName"]), str(table["tableType"])
        live = self.client.table(name, table_type, deadline)
        if live is None:
            pulumi.log.warn(f"table {_id} was deleted behind this stack's back and is made again, empty")
            return UpdateResult(self.create(_news).outs)
        before = document_of(_olds, "table_json") or live
        changed = _schema_changed(_olds, _news)
        self._replace(live, before, table, _news, deadline, schema_changed=changed)
        return UpdateResult(_outputs(_news, table))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the table (one with data only with the word ``delete-data``) and wait until it is gone."""
        name, _, table_type = _id.rpartition("_")
        deadline = deadline_of(_props, DEFAULT_SECONDS)
        if self.stays("table", _id):
            return
        live = self.client.table(name, table_type, deadline)
        if live is None:
            return
        allow = words_in(_props)
        refuse(self._informed(Change("table", _id, live, None), allow), allow)
        try:
            self.client.delete_table(name, table_type, deadline)
        except (FailedError, RefusedError) as error:
            if "logical table" not in error.reason:
                raise
            message = (
                f"table {_id} cannot be deleted: {error.reason}. Delete or change that logical table first"
            )
            raise PinotError(message) from None
        await_departure(self.client, name, table_type, deadline)

    def _replace(
        self,
        live: Document,
        before: Document,
        table: Document,
        props: dict[str, Any],
        deadline: Deadline,
        *,
        schema_changed: bool = False,
    ) -> None:
        """Change what is stored into what is wanted.

        :param before: What the last finished operation left. When an earlier update stored its configuration
            but did not get to the end of its rollout, only this side still shows that a rollout is due.
        """
        name, allow = str(table["tableName"]), words_in(props)
        change = self._informed(Change("table", name, live, table), allow)
        refuse(change, allow)
        to_store = differences(live, table, TABLE)
        rollout = needed(
            (*to_store, *differences(before, table, TABLE)), table, schema_changed=schema_changed
        )
        commit = bool(props.get("force_commit"))
        if rollout.consumption and commit:
            check_commit(table, self.client, deadline)
        if to_store:
            guarded = {found.guard.word for found in findings(change)}
            self.client.update_table(table, deadline, force=bool(_FORCED & guarded))
        carry_out(rollout, table, self.client, deadline, force_commit=commit)

    def _informed(self, change: Change, allow: Iterable[str]) -> Change:
        """Return the change with what is stored, when a guard depends on it."""
        if (
            any(refusal.guard.only_with_data for refusal in refusals(change, allow))
            and change.old is not None
        ):
            return replace(change, stored=stored(self.client, change.old))
        return change


def _schema_changed(olds: dict[str, Any], news: dict[str, Any]) -> bool:
    old, new = document_of(olds, "schema_json"), document_of(news, "schema_json")
    return old is None or new is None or bool(differences(old, new, SCHEMA))


def _outputs(props: dict[str, Any], table: Document) -> dict[str, Any]:
    name, table_type = str(table["tableName"]), str(table["tableType"])

    return {
        **without_provider(props),
        "table_name": name,
        "table_type": table_type,
        "name_with_type": f"{name}_{table_type}",
    }


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
