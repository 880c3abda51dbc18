"""The controller's calls that the resources need; `answers` says what comes back, `transport` how."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from .answers import (
    Instance,
    an_object,
    plain_table,
    rebalance_result,
    reload_job,
    texts,
    understood,
    without_password,
)
from .comparison import without_defaults
from .errors import FailedError, NotFoundError
from .transport import Transport
from .vocabulary import LOGICAL_TABLE, SCHEMA, TABLE

if TYPE_CHECKING:
    from .answers import Rebalance, ReloadJob
    from .documents import Document, Json
    from .transport import Credentials, Deadline

TableType = Literal["REALTIME", "OFFLINE"]
Component = Literal["CONTROLLER", "BROKER", "SERVER"]

CONSISTENCY_MODE: Final = "pinot.server.consuming.segment.consistency.mode"
"""Cluster configuration that allows partial-upsert tables to force commit (``PROTECTED``)."""


class PinotClient:
    """One controller. Threads may share it. Every method takes the moment until which it may try."""

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        ca_file: str | None = None,
        call_seconds: float = 60.0,
    ) -> None:
        """Keep where to call and as whom; nothing is sent yet. Parameters as of `Transport`."""
        self._transport = Transport(url, credentials, ca_file, call_seconds)
        self.silent_until = 0.0
        """Until when (monotonic) checks stay offline, because one found nobody to ask."""

    @property
    def url(self) -> str:
        """Base URL of the controller."""
        return self._transport.url

    # Health -----------------------------------------------------------------------------------------------

    def healthy(self, deadline: Deadline) -> bool:
        """Say whether the controller says that it is well; it raises when nobody answers."""
        answer = self._get("/health", deadline)
        return bool(answer == "OK")

    # Instances --------------------------------------------------------------------------------------------

    def instance_names(self, deadline: Deadline, tag: str | None = None) -> tuple[str, ...]:
        """Return the ids of all instances, or of those with a tag."""
        answer = self._get("/instances", deadline, {} if tag is None else {"tag": tag})
        return tuple(sorted(texts(an_object(answer, "/instances").get("instances"), "/instances")))

    def instance(self, name: str, deadline: Deadline) -> Instance:
        """Return one instance with its tags."""
        path = f"/instances/{_part(name)}"
        answer = an_object(self._get(path, deadline), path)
        pools = answer.get("pools") or {}
        numbers = pools.values() if isinstance(pools, dict) else ()
        return Instance(name, tuple(texts(answer.get("tags"), path)), tuple(int(pool) for pool in numbers))

    def update_tags(self, name: str, tags: tuple[str, ...], deadline: Deadline) -> None:
        """Replace the tags of an instance; brokers take over or give up their tables at once."""
        parameters = {"tags": ",".join(tags), "updateBrokerResource": "true"}
        self._write("PUT", f"/instances/{_part(name)}/updateTags", None, deadline, parameters)

    # Schemas ----------------------------------------------------------------------------------------------

    def schema(self, name: str, deadline: Deadline) -> Document | None:
        """Return a schema, or None when there is none of that name."""
        return self._found(f"/schemas/{_part(name)}", deadline)

    def create_schema(self, schema: Document, deadline: Deadline) -> None:
        """Store a new schema. An existing one is a `ConflictError`, never overwritten."""
        body = without_defaults(schema, SCHEMA)
        parameters = {"override": "false"}
        understood(self._call("POST", "/schemas", body, deadline, parameters), "schema", schema["schemaName"])

    def update_schema(self, schema: Document, deadline: Deadline, *, force: bool = False) -> None:
        """Replace a schema.

        :param force: Whether Pinot shall take an incompatible one (columns removed or retyped); only ever on
            an explicit word of the user's.
        """
        parameters = {"reload": "false", **({"force": "true"} if force else {})}
        path = f"/schemas/{_part(schema['schemaName'])}"
        answer = self._write("PUT", path, without_defaults(schema, SCHEMA), deadline, parameters)
        understood(answer, "schema", schema["schemaName"])

    def validate_schema(self, schema: Document, deadline: Deadline) -> None:
        """Ask the controller whether it would take a schema; it changes nothing."""
        answer = self._write("POST", "/schemas/validate", without_defaults(schema, SCHEMA), deadline)
        understood(answer, "schema", schema["schemaName"])

    def delete_schema(self, name: str, deadline: Deadline) -> None:
        """Delete a schema; one that is gone already is fine."""
        self._delete(f"/schemas/{_part(name)}", deadline)

    # Tables -----------------------------------------------------------------------------------------------

    def table(self, name: str, table_type: str, deadline: Deadline) -> Document | None:
        """Return a table of a type, or None when there is none."""
        path = f"/tables/{_part(name)}"
        answer = self._found(path, deadline, {"type": table_type.lower()})
        found = None if answer is None else answer.get(table_type)
        return None if found is None else plain_table(an_object(found, path))

    def table_names(self, deadline: Deadline) -> tuple[str, ...]:
        """Return the raw names of all tables."""
        return tuple(texts(an_object(self._get("/tables", deadline), "/tables").get("tables"), "/tables"))

    def tables(self, name: str, deadline: Deadline) -> tuple[Document, ...]:
        """Return the tables of a raw name, of either type."""
        answer = self._found(f"/tables/{_part(name)}", deadline) or {}
        return tuple(plain_table(table) for table in answer.values() if isinstance(table, dict))

    def create_table(self, table: Document, deadline: Deadline) -> None:
        """Store a new table. An existing one is a `ConflictError`, never overwritten."""
        body = without_defaults(table, TABLE)
        understood(self._call("POST", "/tables", body, deadline), "table", table["tableName"])

    def update_table(self, table: Document, deadline: Deadline, *, force: bool = False) -> None:
        """Replace a table's configuration.

        :param force: Whether Pinot shall take a change of upsert or dedup identity; only ever on an explicit
            word of the user's.
        """
        path = f"/tables/{_part(table['tableName'])}"
        parameters = {"force": "true"} if force else {}
        understood(
            self._write("PUT", path, without_defaults(table, TABLE), deadline, parameters),
            "table",
            table["tableName"],
        )

    def validate_table(self, table: Document, schema: Document, deadline: Deadline) -> None:
        """Ask the controller whether it would take a table with a schema; neither needs to be stored."""
        body = {
            "tableName": table["tableName"],
            "schema": without_defaults(schema, SCHEMA),
            str(table["tableType"]).lower(): without_defaults(table, TABLE),
        }
        # Tenants, tiers and minions are checked when the table is made: in a preview they may be to come.
        parameters = {"validationTypesToSkip": "TENANT,MINION_INSTANCES,ACTIVE_TASKS"}
        answer = self._write("POST", "/tableConfigs/validate", body, deadline, parameters)
        understood(answer, "table", table["tableName"])

    def delete_table(self, name: str, table_type: str, deadline: Deadline) -> None:
        """Delete a table of a type; one that is gone already is fine."""
        self._delete(f"/tables/{_part(name)}", deadline, {"type": table_type.lower()})

    def external_view(self, name: str, table_type: str, deadline: Deadline) -> dict[str, dict[str, str]]:
        """Return segment → server → state as the servers report it; empty when there is no such table."""
        path = f"/tables/{_part(name)}/externalview"
        answer = self._found(path, deadline, {"tableType": table_type.lower()})
        view = (answer or {}).get(table_type) or {}
        return {segment: dict(states) for segment, states in an_object(view, path).items()}

    def segment_names(self, name: str, table_type: str, deadline: Deadline) -> tuple[str, ...]:
        """Return the names of a table's segments, consuming ones included; empty when there is no table."""
        path = f"/segments/{_part(name)}"
        try:
            answer = self._get(path, deadline, {"type": table_type})
        except NotFoundError:
            return ()
        parts = answer if isinstance(answer, list) else []
        names = [name for part in parts if isinstance(part, dict) for name in part.get(table_type) or ()]
        return tuple(sorted(str(segment) for segment in names))

    def query(self, sql: str, deadline: Deadline) -> list[list[Json]]:
        """Run a query through the controller and return its rows.

        :raises FailedError: The answer holds exceptions (Pinot sends them with status 200).
        """
        answer = an_object(self._write("POST", "/sql", {"sql": sql}, deadline), "/sql")
        if answer.get("exceptions"):
            reason = "; ".join(str(item.get("message", item)) for item in answer["exceptions"])[:600]
            message = f"POST /sql: the query failed: {reason}"
            raise FailedError(message, 200, reason)
        table = answer.get("resultTable") or {}
        return [list(row) for row in table.get("rows") or ()]

    # Rollout ----------------------------------------------------------------------------------------------

    def reload(self, name: str, table_type: str, deadline: Deadline) -> str | None:
        """Start to reload all segments of a table; return the job's id (None: nothing to do)."""
        path = f"/segments/{_part(name)}/reload"
        answer = an_object(self._write("POST", path, None, deadline, {"type": table_type}), path)
        status = answer.get("status")
        try:
            inner = json.loads(status) if isinstance(status, str) else {}
        except ValueError:
            inner = {}  # Some versions say in words that there is no segment to reload.
        job = inner.get(f"{name}_{table_type}") or {}
        if job.get("reloadJobMetaZKStorageStatus", "SUCCESS") != "SUCCESS":
            message = f"POST {path}: the reload was sent, but its job was not recorded"
            raise FailedError(message, 200, "reloadJobMetaZKStorageStatus")
        return job.get("reloadJobId")

    def reload_status(self, job: str, deadline: Deadline) -> ReloadJob:
        """Return how far a reload is."""
        path = f"/segments/segmentReloadStatus/{_part(job)}"
        answer = an_object(self._get(path, deadline), path)
        return reload_job(answer)

    def rebalance(self, name: str, table_type: str, deadline: Deadline, *, dry_run: bool) -> Rebalance:
        """Compute (dry run) or start the move of segments to where the table's configuration wants them."""
        path = f"/tables/{_part(name)}/rebalance"
        parameters = {
            "type": table_type,
            "dryRun": str(dry_run).lower(),
            "reassignInstances": "true",
            "includeConsuming": "true",
            "updateTargetTier": "true",
            # One replica keeps serving; with a single replica there is none to keep.
            "downtime": "false",
            "minAvailableReplicas": "-1",
        }
        answer = an_object(self._call("POST", path, None, deadline, parameters, repeat_safe=dry_run), path)
        return rebalance_result(answer)

    def rebalance_status(self, job: str, deadline: Deadline) -> Rebalance:
        """Return how far a rebalance is."""
        path = f"/rebalanceStatus/{_part(job)}"
        answer = an_object(self._get(path, deadline), path)
        progress = answer.get("tableRebalanceProgressStats") or {}
        return rebalance_result({"jobId": job, "status": progress.get("status"), **answer})

    def rebuild_brokers(self, name: str, table_type: str, deadline: Deadline) -> None:
        """Let the brokers that carry the table's broker tag answer for it, and only those."""
        path = f"/tables/{_part(name)}_{table_type}/rebuildBrokerResourceFromHelixTags"
        self._write("POST", path, None, deadline)

    def force_commit(self, name: str, deadline: Deadline) -> str | None:
        """Commit the consuming segments of a REALTIME table now; return the job's id."""
        path = f"/tables/{_part(name)}/forceCommit"
        answer = an_object(self._call("POST", path, None, deadline), path)
        if answer.get("forceCommitStatus", "SUCCESS") != "SUCCESS":
            message = (
                f"POST {path}: the controller did not start the commit ({answer.get('forceCommitStatus')})"
            )
            raise FailedError(message, 200, str(answer.get("forceCommitStatus")))
        return answer.get("forceCommitJobId")

    def segments_to_commit(self, job: str, deadline: Deadline) -> int:
        """Return how many segments a forced commit still waits for."""
        path = f"/tables/forceCommitStatus/{_part(job)}"
        answer = an_object(self._get(path, deadline), path)
        return int(answer.get("numberOfSegmentsYetToBeCommitted") or 0)

    # Logical tables ---------------------------------------------------------------------------------------

    def logical_table(self, name: str, deadline: Deadline) -> Document | None:
        """Return a logical table, or None when there is none of that name."""
        return self._found(f"/logicalTables/{_part(name)}", deadline)

    def create_logical_table(self, table: Document, deadline: Deadline) -> None:
        """Store a new logical table. An existing one is a `ConflictError`, never overwritten."""
        body = without_defaults(table, LOGICAL_TABLE)
        understood(self._call("POST", "/logicalTables", body, deadline), "logical table", table["tableName"])

    def update_logical_table(self, table: Document, deadline: Deadline) -> None:
        """Replace a logical table."""
        path = f"/logicalTables/{_part(table['tableName'])}"
        answer = self._write("PUT", path, without_defaults(table, LOGICAL_TABLE), deadline)
        understood(answer, "logical table", table["tableName"])

    def delete_logical_table(self, name: str, deadline: Deadline) -> None:
        """Delete a logical table; one that is gone already is fine."""
        self._delete(f"/logicalTables/{_part(name)}", deadline)

    # Users and cluster configuration ----------------------------------------------------------------------

    def users(self, deadline: Deadline) -> dict[str, Document]:
        """Return all users by ``<name>_<component>``, without their password hashes."""
        answer = an_object(self._get("/users", deadline), "/users").get("users") or {}
        return {key: without_password(user) for key, user in answer.items() if isinstance(user, dict)}

    def user(self, name: str, component: str, deadline: Deadline) -> Document | None:
        """Return a user with the stored hash of the password, or None (Pinot answers 200 and null)."""
        path = f"/users/{_part(name)}"
        answer = self._found(path, deadline, {"component": component}) or {}
        user = answer.get(f"{name}_{component}")
        return dict(user) if isinstance(user, dict) else None

    def create_user(self, user: Document, deadline: Deadline) -> None:
        """Store a new user. An existing one is a `ConflictError`, never overwritten."""
        self._call("POST", "/users", user, deadline)

    def update_user(self, user: Document, deadline: Deadline) -> None:
        """Replace a user, password included: Pinot hashes it (without the flag it stores it in clear)."""
        parameters = {"component": str(user["component"]), "passwordChanged": "true"}
        self._write("PUT", f"/users/{_part(user['username'])}", user, deadline, parameters)

    def delete_user(self, name: str, component: str, deadline: Deadline) -> None:
        """Delete a user; one that is gone already is fine."""
        self._delete(f"/users/{_part(name)}", deadline, {"component": component})

    def cluster_configuration(self, deadline: Deadline) -> dict[str, str]:
        """Return all keys of the cluster's configuration."""
        answer = an_object(self._get("/cluster/configs", deadline), "/cluster/configs")
        return {key: str(value) for key, value in answer.items()}

    def set_cluster_configuration(self, values: dict[str, str], deadline: Deadline) -> None:
        """Set keys of the cluster's configuration; other keys stay."""
        self._write("POST", "/cluster/configs", values, deadline)

    def delete_cluster_configuration(self, key: str, deadline: Deadline) -> None:
        """Remove a key of the cluster's configuration; one that is gone already is fine."""
        self._delete(f"/cluster/configs/{_part(key)}", deadline)

    # Calls ------------------------------------------------------------------------------------------------

    def _call(
        self,
        method: str,
        path: str,
        body: Json,
        deadline: Deadline,
        parameters: dict[str, str] | None = None,
        *,
        repeat_safe: bool = False,
    ) -> Json:
        return self._transport.call(
            method, path, parameters=parameters, body=body, deadline=deadline, repeat_safe=repeat_safe
        )

    def _get(self, path: str, deadline: Deadline, parameters: dict[str, str] | None = None) -> Json:
        return self._call("GET", path, None, deadline, parameters, repeat_safe=True)

    def _write(
        self,
        method: str,
        path: str,
        body: Json,
        deadline: Deadline,
        parameters: dict[str, str] | None = None,
    ) -> Json:
        """Make a call whose repeat leaves the same state: a full replacement, a validation."""
        return self._call(method, path, body, deadline, parameters, repeat_safe=True)

    def _found(
        self, path: str, deadline: Deadline, parameters: dict[str, str] | None = None
    ) -> Document | None:
        try:
            answer = self._get(path, deadline, parameters)
        except NotFoundError:
            return None
        return None if answer is None else an_object(answer, path)

    def _delete(self, path: str, deadline: Deadline, parameters: dict[str, str] | None = None) -> None:
        try:
            self._call("DELETE", path, None, deadline, parameters, repeat_safe=True)
        except NotFoundError:
            return


def _part(name: str) -> str:
    return quote(str(name), safe="")
