"""Who changed the product's infrastructure, into the archive: a document for each update of the stack.

    audit/updates/<stack>/<version>.json

`python -m operations.audit` reads Pulumi's own history of the stack (`pulumi stack history`), keeps of it
what says who did what when, and no value of a configuration, and writes what the archive has not. Documents
are written once; in a bucket with Object Lock nobody takes them back before the lock ends. Run it after each
`pulumi up`; a run that was left out is made up for by the next one, as long as the history is there.

Exit code: 0 all updates are in the archive, 1 Pulumi or S3 is in the way, or a document differs, 2 a wrong
option.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field

from operations.archive.layout import Document
from operations.archive.store import ArchiveError, ArchiveStore

if TYPE_CHECKING:
    from collections.abc import Mapping

# What Pulumi notes of who ran it and on which code; everything else of an update's environment is left out.
_WHO: Final = (
    "git.author",
    "git.committer",
    "git.head",
    "git.headName",
    "git.dirty",
    "ci.system",
    "ci.build.id",
    "ci.build.url",
    "ci.pr.headSHA",
    "pulumi.arch",
    "pulumi.os",
    "pulumi.version",
    "stack.environment",
    "vcs.repo",
)


class AuditError(Exception):
    """The stack's history or the plan cannot be read; says which command or file and what to do."""


class Update(Document):
    """One update of a stack.

    Args:
        update: the stack's name and its version, by which Pulumi's history knows the update
        kind: update, refresh, destroy, import …
        result: succeeded, failed or in-progress (which is written when it has ended)
        who: what Pulumi noted of it; and `user`, whom the caller names
        changes: number of resources by what was done with them
        plan_sha256: of the plan that was carried out, where one was saved
        planned: what that plan does with each resource, by URN

    """

    layout_version: Literal[1] = 1
    update: str
    kind: str
    result: str
    started_at: str
    ended_at: str
    message: str
    who: dict[str, str]
    changes: dict[str, int]
    plan_sha256: str | None = None
    planned: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """Where it stands."""
        return f"audit/updates/{self.update}.json"


def updates(history: list[dict[str, Any]], stack: str) -> list[Update]:
    """Return the ended updates of a history as `pulumi stack history --json` gives it, oldest first."""
    found = []
    # A backend of files gives no versions: there an update's place in the history is its number.
    for place, entry in enumerate(sorted(history, key=lambda entry: str(entry["startTime"])), start=1):
        if entry["result"] == "in-progress":
            continue
        noted: Mapping[str, Any] = entry.get("environment") or {}
        who = {name: str(noted[name]) for name in _WHO if noted.get(name)}
        found.append(
            Update(
                update=f"{stack}/{int(entry.get('version') or place):06d}",
                kind=entry["kind"],
                result=entry["result"],
                started_at=entry["startTime"],
                ended_at=entry["endTime"],
                message=entry.get("message") or "",
                who=who,
                changes=entry.get("resourceChanges") or {},
            )
        )
    return sorted(found, key=lambda update: update.key)


def with_plan(update: Update, plan: bytes) -> Update:
    """Add the plan that was carried out: its hash, and what it does with each resource.

    Raises:
        AuditError: it is no plan of Pulumi's

    """
    try:
        resources = json.loads(plan)["resourcePlans"]
        planned = {urn: tuple(found.get("steps") or ()) for urn, found in resources.items()}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        message = f"--plan: no plan as `pulumi preview --save-plan` writes it ({type(error).__name__})"
        raise AuditError(message) from error
    digest = hashlib.sha256(plan).hexdigest()
    return update.model_copy(update={"plan_sha256": digest, "planned": planned})


def write_updates(store: ArchiveStore, found: list[Update]) -> list[str]:
    """Write the updates that the archive has not; return their keys.

    Who was there first counts: an update that is there is left as it is, with its plan and its user, if what
    Pulumi says of it is the same.

    Raises:
        ArchiveError: S3 does not take one, or one is there that says something else

    """
    written = []
    for update in found:
        if store.put_new(update.key, update.to_bytes()):
            written.append(update.key)
            continue
        there = store.read(update.key, Update)
        if there is None or _told(there) != _told(update):
            message = (
                f"s3://{store.bucket}/{update.key} says something else than Pulumi's history. Nothing was"
                " overwritten. Another stack of this name, or a history that began anew?"
            )
            raise ArchiveError(message)
    return written


def _told(update: Update) -> tuple[object, ...]:
    return update.kind, update.result, update.started_at, update.ended_at, update.changes


def read_history(stack: str, directory: Path) -> list[dict[str, Any]]:
    """Ask Pulumi for the stack's history.

    Raises:
        AuditError: it gives none

    """
    command = ["pulumi", "stack", "history", "--stack", stack, "--json", "--non-interactive"]
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    except OSError as error:
        message = f"pulumi cannot be run ({error.strerror}); is it on the PATH?"
        raise AuditError(message) from error
    if done.returncode != 0:
        message = f"`{' '.join(command)}` in {directory} failed: {done.stderr.strip()[:400]}"
        raise AuditError(message)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m operations.audit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stack", required=True, help="the stack whose history is kept")
    parser.add_argument("--archive-bucket", required=True, help="bucket of the archive")
    parser.add_argument("--s3-endpoint", help="URL of another S3 than AWS's")
    parser.add_argument("--directory", type=Path, default=Path(), help="where Pulumi.yaml is (default: here)")
    parser.add_argument("--plan", type=Path, help="the saved plan that the latest update carried out")
    parser.add_argument(
        "--user", help="who asked for the latest update: the identity that CI or the cloud verified"
    )
    options = parser.parse_args(arguments)
    try:
        found = updates(read_history(options.stack, options.directory), options.stack)
        if options.user is not None and found:
            found[-1] = found[-1].model_copy(update={"who": {**found[-1].who, "user": options.user}})
        if options.plan is not None and found:
            found[-1] = with_plan(found[-1], options.plan.read_bytes())
        written = write_updates(ArchiveStore(options.archive_bucket, endpoint=options.s3_endpoint), found)
    except OSError as error:
        print(f"error: --plan: {options.plan} cannot be read ({error.strerror})")  # noqa: T201 - as below
        return 2
    except (AuditError, ArchiveError) as error:
        print(f"error: {error}")  # noqa: T201 - as below
        return 1
    for key in written:
        print(f"✓ s3://{options.archive_bucket}/{key}")  # noqa: T201 - a command's output
    print(f"{len(written)} of {len(found)} updates were new to the archive")  # noqa: T201 - as above
    return 0


if __name__ == "__main__":
    sys.exit(main())
