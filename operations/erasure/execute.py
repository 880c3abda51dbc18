"""Carrying out a plan: orders, then hour by hour masks, manifest, files, segment; then asking if it is so.

Every step may be repeated, and each leaves a state from which the next run goes on: masks come first and say
what is to be gone; the manifest with the files' new hashes comes before the files, so that a file's bytes are
always in one of its revisions; the offline table, by which hours are found again, comes last.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from operations.archive.store import ArchiveError, latest
from operations.erasure.evidence import ChangedFile, Evidence, begin, decisions
from operations.erasure.orders import send_orders
from operations.erasure.plan import ANALYTICS, unerased_rows
from operations.offline.hour import TableSchema, read_hour
from operations.pinot import PinotError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from operations.archive.layout import Manifest
    from operations.archive.store import ArchiveStore
    from operations.erasure.objects import Objects
    from operations.erasure.plan import FilePlan, HourPlan, Plan
    from operations.offline.push import Push
    from operations.pinot import Pinot
    from product_model import Product
    from product_model.erasure_rules import Keys

_VISIBLE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.2
_TRIES: Final = 5
_MOST_IN_A_QUESTION: Final = 500


@dataclass(frozen=True)
class Tools:
    """What an erasure works with."""

    product: Product
    store: ArchiveStore
    objects: Objects
    pinot: Pinot
    push: Push
    kafka: Mapping[str, str]
    topic: str
    keys: Keys
    told: Callable[[str], None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass
class _Done:
    files: list[ChangedFile] = field(default_factory=list)
    hours: list[str] = field(default_factory=list)
    not_done: list[str] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)


def planned(tools: Tools, plan: Plan, request: str) -> Evidence:
    """Return the plan as evidence has it; nothing is written."""
    changed = [
        ChangedFile(key=file.file.key, before_sha256=file.before, after_sha256=file.after_sha256)
        for hour in plan.hours
        for file in hour.files
        if file.rule.action == "rewrite"
    ]
    return Evidence(
        request=request,
        attempt=0,
        stage="plan",
        subject=plan.subject.kind,
        right=tools.product.descriptor.erasure.right,
        product_version=tools.product.descriptor.product.version,
        at=_text(tools.now()),
        decisions=decisions(tools.product, plan, tools.keys),
        files=tuple(changed),
        not_done=tuple(_pending(plan)),
    )


def execute(tools: Tools, plan: Plan, request: str) -> Evidence:
    """Carry out a plan and return the record, which is in the archive then.

    Raises:
        ArchiveError, PinotError, OrdersError: one of the three is away; the same command again goes on

    """
    started = begin(tools.store, planned(tools, plan, request))
    done = _Done(not_done=list(started.not_done))
    orders = _hide(tools, plan, done)
    for hour in plan.hours:
        _erase_hour(tools, hour, done)
    _verify(tools, plan, done)
    port = tools.product.descriptor.ports.input[0]
    again = tools.now() + timedelta(days=port.retention_days)
    record = started.model_copy(
        update={
            "stage": "record",
            "at": _text(tools.now()),
            "orders_sent": orders,
            "files": tuple(done.files),
            "hours_replaced": tuple(done.hours),
            "not_done": tuple(done.not_done),
            "verified": tuple(done.verified),
            "look_again_after": _text(again),
        }
    )
    tools.store.put_same(record.key, record.to_bytes())
    return record


def _pending(plan: Plan) -> list[str]:
    open_hours = [
        f"{kind} {hour}: the hour is not closed yet; run the same command again when it is"
        for kind, hour in plan.pending
    ]
    merged = [
        f"{hour.kind.offline_table} {hour.hour}: its rows stand in a merged segment; delete {hour.merged[0]}"
        f" and load the day again (python -m operations.offline load), which puts the masks over them"
        for hour in plan.hours
        if hour.merged and hour.rows and hour.rule.action == "rewrite"
    ]
    keys = [
        "archive: the subject's key is to be destroyed by whoever holds it; this product holds none"
        for hour in plan.hours
        if any(file.rule.action == "destroy-key" for file in hour.files)
    ]
    return [*open_hours, *merged, *dict.fromkeys(keys)]


def _hide(tools: Tools, plan: Plan, done: _Done) -> int:
    if not plan.transactions:
        return 0
    sent = send_orders(tools.kafka, tools.topic, plan.transactions)
    deadline = time.monotonic() + _VISIBLE_SECONDS
    while (left := _visible(tools.pinot, plan.transactions)) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    if left:
        message = (
            f"{ANALYTICS} still answers with {left} of the transactions {_VISIBLE_SECONDS:.0f} s after their"
            " orders. Does it consume? Run the same command again."
        )
        raise PinotError(message)
    tools.told(f"✓ {ANALYTICS}: {len(plan.transactions)} transactions hidden by {sent} orders")
    done.verified.append(f"{ANALYTICS} answers with 0 of {len(plan.transactions)} transactions")
    return sent


def _visible(pinot: Pinot, transactions: tuple[str, ...]) -> int:
    found = 0
    for first in range(0, len(transactions), _MOST_IN_A_QUESTION):
        listed = ", ".join(f"'{name}'" for name in transactions[first : first + _MOST_IN_A_QUESTION])
        ((rows,),) = pinot.rows(f"SELECT COUNT(*) FROM {ANALYTICS} WHERE transactionId IN ({listed})")  # noqa: S608 - ids of the tables, of an alphabet without quotes
        found += int(rows)
    return found


def _erase_hour(tools: Tools, hour: HourPlan, done: _Done) -> None:
    if hour.rule.action != "rewrite":
        return
    if hour.mask is not None:
        tools.store.put_same(hour.mask.key, hour.mask.to_bytes())
    files = [file for file in hour.files if file.rule.action == "rewrite"]
    manifest = _revise(tools, hour, files)
    for file in files:
        if file.before != file.after_sha256:
            tools.objects.replace(file.file.key, file.after)
        removed, kept = tools.objects.remove_older_versions(file.file.key)
        if kept:
            done.not_done.append(
                f"archive: S3 refuses to delete {kept} older versions of {file.file.key}: a lock that this"
                " role is not shown, or no right to delete versions"
            )
        done.files.append(
            ChangedFile(
                key=file.file.key,
                before_sha256=file.before,
                after_sha256=file.after_sha256,
                versions_removed=removed,
                versions_kept=kept,
            )
        )
    if hour.merged or not hour.loaded:
        return
    # From the archive under its masks; also where the table has nothing left: it may have been loaded since.
    schema = TableSchema.of(tools.product, hour.kind)
    tools.push.push(read_hour(tools.store, manifest, schema), manifest.revision)
    done.hours.append(f"{hour.kind.offline_table} {hour.hour}")
    tools.told(f"✓ {hour.kind} {hour.hour}: {len(files)} files rewritten, the table's hour replaced")


def _revise(tools: Tools, hour: HourPlan, files: list[FilePlan]) -> Manifest:
    """Write the manifest that lists the files' new bytes, upon whatever is the last one by now."""
    new = {file.file.key: {"size_bytes": len(file.after), "sha256": file.after_sha256} for file in files}
    for _ in range(_TRIES):
        last = latest(tools.store, hour.kind, hour.hour)
        if last is None:
            break
        listed = tuple(file.model_copy(update=new.get(file.key, {})) for file in last.files)
        if listed == last.files:
            return last
        revised = last.model_copy(update={"revision": last.revision + 1, "files": listed})
        if tools.store.put_new(revised.key, revised.to_bytes()):
            return revised
    message = f"{hour.kind} {hour.hour}: the manifest is gone, or others write it all the time. Run it again."
    raise ArchiveError(message)


def _verify(tools: Tools, plan: Plan, done: _Done) -> None:
    for kind in sorted({hour.kind for hour in plan.hours}):
        staying = sum(hour.rows for hour in plan.hours if hour.kind is kind and hour.stays)
        deadline = time.monotonic() + _VISIBLE_SECONDS
        while (left := unerased_rows(tools.pinot, kind, plan)) > staying and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        if left > staying:
            message = (
                f"{kind.offline_table} still has {left - staying} rows with identifiers. Run the same command"
                " again."
            )
            raise PinotError(message)
        done.verified.append(f"{kind.offline_table} has {left} rows with identifiers, {staying} stay")
    for file in done.files:
        content = tools.store.get(file.key)
        found = None if content is None else hashlib.sha256(content).hexdigest()
        if found != file.after_sha256:
            message = f"s3://{tools.store.bucket}/{file.key} has other bytes than were written. Run it again."
            raise ArchiveError(message)
    if done.files:
        done.verified.append(f"{len(done.files)} files of the archive have their new SHA-256")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
