"""What has to happen after a table's configuration was replaced, for it to hold for stored data too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi

from .client import CONSISTENCY_MODE
from .errors import FailedError, NotFoundError, PinotError, RefusedError, TimeLimitError, UnsupportedError
from .validation.columns import flag, section
from .validation.upsert_rules import upsert_mode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .client import PinotClient
    from .comparison import Difference
    from .documents import Document
    from .transport import Deadline

_POLL_SECONDS: Final = 0.25
_LONGEST_POLL_SECONDS: Final = 5.0
_INDEXING: Final = frozenset({"tableIndexConfig", "fieldConfigList"})
_PLACEMENT: Final = frozenset(
    {"tierConfigs", "instanceAssignmentConfigMap", "instancePartitionsMap", "segmentAssignmentConfigMap"}
)
_REPLICATION: Final = frozenset({"replication", "replicasPerPartition", "replicaGroupStrategyConfig"})
_CONSUMPTION: Final = frozenset({"ingestionConfig", "upsertConfig", "dedupConfig"})
_DONE: Final = frozenset({"DONE", "NO_OP"})


@dataclass(frozen=True, slots=True)
class Rollout:
    """Which steps a change needs."""

    reload: bool = False
    """Stored segments must be loaded again: indexes or columns changed."""
    rebalance: bool = False
    """Segments must move: tenant, tiers or replication changed."""
    brokers: bool = False
    """Other brokers must answer for the table."""
    consumption: bool = False
    """Consuming segments keep what they began with: stream, transforms, filter or merging changed."""


def needed(changes: Iterable[Difference], table: Document, *, schema_changed: bool) -> Rollout:
    """Return the steps that the differences between the old and the new table need."""
    keys = [difference.keys for difference in changes]
    streams = ("tableIndexConfig", "streamConfigs")
    return Rollout(
        reload=schema_changed or any(key[0] in _INDEXING and key[:2] != streams for key in keys),
        rebalance=any(
            key[0] in _PLACEMENT
            or (key[0] == "tenants" and key[1:2] != ("broker",))
            or (key[0] == "segmentsConfig" and key[1:2] and key[1] in _REPLICATION)
            for key in keys
        ),
        brokers=any(key[0] == "tenants" and key[1:2] in {(), ("broker",)} for key in keys),
        consumption=table.get("tableType") == "REALTIME"
        and any(key[0] in _CONSUMPTION or key[:2] == streams for key in keys),
    )


def check_commit(table: Document, client: PinotClient, deadline: Deadline) -> None:
    """Raise when the consuming segments of a table may not be committed by force.

    Replicas of a partial-upsert table may merge differently up to the moment of the commit, so Pinot refuses
    (with status 500) unless the cluster is told to protect itself.
    """
    drops = flag(section(table, "upsertConfig").get("dropOutOfOrderRecord"))
    if upsert_mode(table) != "PARTIAL" and not drops:
        return
    mode = client.cluster_configuration(deadline).get(CONSISTENCY_MODE, "RESTRICTED")
    if mode.upper() not in {"PROTECTED", "UNSAFE"}:
        message = (
            f"table {table['tableName']}: force_commit is set, but Pinot refuses to commit a partial-"
            f"upsert table by force while the cluster configuration {CONSISTENCY_MODE} is {mode}. "
            "Set it to PROTECTED (a PinotClusterConfiguration), or leave force_commit out and let segments "
            "commit by themselves. Nothing was changed"
        )
        raise PinotError(message)


def carry_out(
    rollout: Rollout, table: Document, client: PinotClient, deadline: Deadline, *, force_commit: bool
) -> None:
    """Do what a change needs and wait until it is done.

    :raises TimeLimitError: It did not finish in time; the message says how far it is. It goes on in Pinot.
    :raises FailedError: Pinot gave up on a part of it.
    """
    name, table_type = str(table["tableName"]), str(table["tableType"])
    if rollout.brokers:
        _rebuild_brokers(name, table_type, client, deadline)
    if rollout.rebalance:
        _rebalance(name, table_type, client, deadline)
    if rollout.reload:
        _reload(name, table_type, client, deadline)
    if rollout.consumption:
        _commit(name, client, deadline, force_commit=force_commit)


def _reload(name: str, table_type: str, client: PinotClient, deadline: Deadline) -> None:
    try:
        job = client.reload(name, table_type, deadline)
    except NotFoundError as error:
        if "any segments" in error.reason:
            return  # Nothing is stored yet: new segments begin with the new configuration.
        raise
    if job is None:
        return
    pause, far = _POLL_SECONDS, "it has not begun"
    while True:
        try:
            status = client.reload_status(job, deadline)
        except NotFoundError:
            status = None  # The job's record may lag behind its start.
        if status is not None:
            far = f"{status.succeeded} of {status.total} segments are loaded again"
            if status.failed:
                message = (
                    f"table {name}: {status.failed} of {status.total} segments could not be loaded with the "
                    f"new configuration (reload job {job}), which is stored; the servers' logs say why"
                )
                raise FailedError(message, 200, "reload")
            if status.finished:
                pulumi.log.info(f"table {name}: {far}")
                return
        if not deadline.sleep(pause):
            raise _late(name, f"reload job {job}", far)
        pause = min(pause * 1.5, _LONGEST_POLL_SECONDS)


def _rebalance(name: str, table_type: str, client: PinotClient, deadline: Deadline) -> None:
    planned = client.rebalance(name, table_type, deadline, dry_run=True)
    if planned.status == "NO_OP":
        return
    if planned.status not in _DONE:
        raise _unbalanced(name, planned.status, planned.description)
    count = planned.segments_to_move
    pulumi.log.info(f"table {name}: rebalance moves {count} segments: {planned.description}")
    state = client.rebalance(name, table_type, deadline, dry_run=False)
    pause = _POLL_SECONDS
    while state.status == "IN_PROGRESS":
        if not deadline.sleep(pause):
            raise _late(name, f"rebalance job {state.job}", state.description or "segments are moving")
        pause = min(pause * 1.5, _LONGEST_POLL_SECONDS)
        state = client.rebalance_status(state.job, deadline)
    if state.status not in _DONE:
        raise _unbalanced(name, state.status, state.description)
    pulumi.log.info(f"table {name}: rebalance {state.status}")


def _rebuild_brokers(name: str, table_type: str, client: PinotClient, deadline: Deadline) -> None:
    try:
        client.rebuild_brokers(name, table_type, deadline)
    except UnsupportedError as error:
        pulumi.log.warn(f"table {name}: its brokers could not be told about the new tenant ({error})")


def _commit(name: str, client: PinotClient, deadline: Deadline, *, force_commit: bool) -> None:
    if not force_commit:
        pulumi.log.info(
            f"table {name}: segments that are being consumed keep the old stream, transforms and filter "
            "until they commit by their own thresholds; force_commit=True makes the change hold at once"
        )
        return
    try:
        job = client.force_commit(name, deadline)
    except RefusedError as error:
        if "no consuming segment" in error.reason.lower():
            return
        raise
    pause, left = _POLL_SECONDS, -1
    while job is not None:
        left = client.segments_to_commit(job, deadline)
        if left == 0:
            pulumi.log.info(f"table {name}: the consuming segments are committed")
            return
        if not deadline.sleep(pause):
            raise _late(name, f"commit job {job}", f"{left} segments are still to commit")
        pause = min(pause * 1.5, _LONGEST_POLL_SECONDS)


def _late(name: str, job: str, far: str) -> TimeLimitError:
    return TimeLimitError(
        f"table {name}: the configuration is stored, but {job} was not done in time ({far}). It goes on in "
        "Pinot; run `pulumi up` again to wait for it, with a larger timeout_seconds if need be"
    )


def _unbalanced(name: str, status: str, description: str) -> FailedError:
    message = (
        f"table {name}: the configuration is stored, but Pinot could not move its segments ({status}: "
        f"{json.dumps(description)[:600]})"
    )
    return FailedError(message, 200, status)
