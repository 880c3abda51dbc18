"""What a controller's answers mean: typed, and refused when they are not of the form a controller sends."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import NotPinotError, UnrecognisedKeysError
from .vocabulary import vocabulary

if TYPE_CHECKING:
    from .documents import Document, Json


@dataclass(frozen=True, slots=True)
class Instance:
    """One server, broker, minion or controller of the cluster."""

    name: str
    tags: tuple[str, ...]
    pools: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReloadJob:
    """How far a reload is, in segments."""

    total: int
    succeeded: int
    failed: int
    finished: bool


@dataclass(frozen=True, slots=True)
class Rebalance:
    """Result of a rebalance, dry or real."""

    job: str
    status: str
    """NO_OP, DONE, IN_PROGRESS, FAILED, ABORTED, CANCELLED or UNKNOWN_ERROR."""
    description: str
    segments_to_move: int


def understood(answer: Json, what: str, name: object) -> None:
    """Raise when the controller dropped keys that it did not understand (with status 200)."""
    dropped = answer.get("unrecognizedProperties") if isinstance(answer, dict) else None
    if dropped:
        keys = "; ".join(_likely(pointer) for pointer in sorted(dropped))
        message = (
            f"{what} {name}: Pinot does not know and dropped: {keys}. It answered 200 all the same; "
            "correct or remove these keys"
        )
        raise UnrecognisedKeysError(message)


def _likely(pointer: str) -> str:
    """Return a JSON pointer with the known key that it probably means."""
    keys = [part for part in pointer.split("/") if part and not part.isdigit()]
    known = {key for kind in vocabulary().types.values() for key in kind}
    for key in keys:
        if key in known:
            continue
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.75)
        return f"{pointer} (did you mean {near[0]}?)" if near else pointer
    return pointer


def an_object(answer: Json, path: str) -> Document:
    """Return an answer that must be a JSON object."""
    if not isinstance(answer, dict):
        message = f"GET {path}: an answer of another kind than a Pinot controller's ({type(answer).__name__})"
        raise NotPinotError(message)
    return answer


def texts(value: Json, path: str) -> list[str]:
    """Return a part of an answer that must be a list of texts; null is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        message = f"GET {path}: an answer of another kind than a Pinot controller's ({type(value).__name__})"
        raise NotPinotError(message)
    return [str(item) for item in value]


def plain_table(table: Document) -> Document:
    """Return a table as it is written: the server puts the type behind its name."""
    name = str(table.get("tableName"))
    return {**table, "tableName": name.removesuffix(f"_{table.get('tableType')}")}


def without_password(user: Document) -> Document:
    """Return a user as it may be looked at: without the hash of the password."""
    return {key: value for key, value in user.items() if key != "password"}


def reload_job(answer: Document) -> ReloadJob:
    """Return how far a reload is (``PinotTableReloadStatusReporter`` derives the status from the counts)."""
    total, done = int(answer.get("totalSegmentCount") or 0), int(answer.get("successCount") or 0)
    failed = int(answer.get("failureCount") or 0)
    status = answer.get("status")
    finished = str(status).startswith("COMPLETED") if status else done + failed >= total
    return ReloadJob(total, done, failed, finished=finished)


def rebalance_result(answer: Document) -> Rebalance:
    """Return the result of a rebalance call."""
    segments = (answer.get("rebalanceSummaryResult") or {}).get("segmentInfo") or {}
    return Rebalance(
        job=str(answer.get("jobId") or ""),
        status=str(answer.get("status") or "UNKNOWN_ERROR"),
        description=str(answer.get("description") or ""),
        segments_to_move=int(segments.get("totalSegmentsToBeMoved") or 0),
    )
