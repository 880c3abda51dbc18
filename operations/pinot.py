"""Pinot as the operations use it: files in, rows counted, minion tasks watched.

Every call here may be repeated: a file replaces the segment of its name, the rest only reads.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

_OK: Final = 200
_ATTEMPTS: Final = 5
_FIRST_PAUSE_SECONDS: Final = 0.5
_READ_SECONDS: Final = 60.0
# A segment is built before the controller answers; a peak hour has 900,000 rows.
_INGEST_SECONDS: Final = 900.0
_SHOWN_CHARACTERS: Final = 400


class PinotError(Exception):
    """Pinot does not answer, or refuses; says what was asked, what came back and what to do."""


@dataclass(frozen=True)
class Subtasks:
    """How a minion task went: its state alone says COMPLETED even when every subtask failed."""

    state: str
    total: int
    completed: int
    failed: int
    first_error: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in {"COMPLETED", "FAILED", "TIMED_OUT", "ABORTED", "STOPPED"}

    @property
    def succeeded(self) -> bool:
        """Whether every subtask did its work, and there was one."""
        return self.over and self.total > 0 and self.completed == self.total and self.failed == 0


class Pinot:
    """One Pinot: its controller and its broker."""

    def __init__(
        self,
        controller_url: str,
        broker_url: str,
        *,
        login: tuple[str, str] | None = None,
        attempts: int = _ATTEMPTS,
    ) -> None:
        """Name both by URL.

        Args:
            controller_url: `http://host:port`
            broker_url: the same
            login: user and password of basic authentication
            attempts: how often a call is tried while Pinot is away; pauses double from half a second

        """
        self.controller_url = controller_url.rstrip("/")
        self.broker_url = broker_url.rstrip("/")
        self._attempts = attempts
        self._session = requests.Session()
        # A proxy that the shell names is for the outside.
        self._session.trust_env = False
        self._session.auth = login
        self._session.verify = authority()

    def rows(self, sql: str, **options: str) -> list[list[Any]]:
        """Ask the broker, and return all rows; an answer that lacks some is an error.

        Raises:
            PinotError: Pinot refused, answered in part only, or is away

        """
        given = ";".join(f"{name}={value}" for name, value in options.items())
        answer = self._call(
            "POST", f"{self.broker_url}/query/sql", "query", json={"sql": sql, "queryOptions": given}
        )
        found: dict[str, Any] = answer.json()
        problems = [
            f"{problem.get('errorCode')}: {problem.get('message', '')[:_SHOWN_CHARACTERS]}"
            for problem in found.get("exceptions") or ()
        ]
        if found.get("numServersResponded", 0) < found.get("numServersQueried", 0):
            problems.append("not every server answered")
        if found.get("numGroupsLimitReached"):
            problems.append("more groups than Pinot counts (numGroupsLimit)")
        if problems or "resultTable" not in found:
            told = "; ".join(problems) or "no rows in the answer"
            message = f"Pinot's broker at {self.broker_url}: {told} ({sql})"
            raise PinotError(message)
        rows: list[list[Any]] = found["resultTable"]["rows"]
        return rows

    def ingest(self, table: str, segment: str, upload: IO[bytes], content_type: str) -> None:
        """Make a segment of a file; a segment of the same name is replaced in one step.

        Args:
            table: the OFFLINE table, without its suffix
            segment: the segment's name
            upload: the multipart body with one file of JSON lines, at its beginning
            content_type: with the body's boundary

        Raises:
            PinotError: Pinot cannot build it, or is away

        """
        batch = {
            "inputFormat": "json",
            "segmentNameGenerator.type": "fixed",
            "segmentNameGenerator.configs.segment.name": segment,
        }
        self._call(
            "POST",
            f"{self.controller_url}/ingestFromFile",
            f"load segment {segment} of {table}",
            params={"tableNameWithType": f"{table}_OFFLINE", "batchConfigMapStr": json.dumps(batch)},
            upload=upload,
            headers={"Content-Type": content_type},
            timeout=_INGEST_SECONDS,
        )

    def execute_task(self, task_type: str, table: str, name: str, settings: Mapping[str, str]) -> None:
        """Start a minion task of a name; one of this name that runs or has run already is left as it is.

        Raises:
            PinotError: the controller refuses, or is away

        """
        body = {
            "taskType": task_type,
            "tableName": f"{table}_OFFLINE",
            "taskName": name,
            "taskConfigs": dict(settings),
        }
        self._call("POST", f"{self.controller_url}/tasks/execute", f"start {name}", json=body, also=(409,))

    def schedule_task(self, task_type: str, table: str) -> str | None:
        """Have the controller make a task by the table's own configuration; None when there is nothing to do.

        Raises:
            PinotError: the controller refuses, could not make the task, or is away

        """
        parameters = {"taskType": task_type, "tableName": f"{table}_OFFLINE"}
        url = f"{self.controller_url}/tasks/schedule"
        answer = self._call("POST", url, f"schedule {task_type} of {table}", params=parameters)
        found: dict[str, str] = answer.json()
        errors = [found[key] for key in ("generationErrors", "schedulingErrors") if found.get(key)]
        if errors:
            message = f"Pinot's controller could not schedule {task_type} of {table}: {'; '.join(errors)}"
            raise PinotError(message[:_SHOWN_CHARACTERS])
        return found.get(task_type) or None

    def task(self, name: str) -> Subtasks:
        """Tell how a minion task went, by its subtasks.

        Raises:
            PinotError: there is no such task, or Pinot is away

        """
        url = f"{self.controller_url}/tasks/task/{name}/debug?verbosity=1"
        found = self._call("GET", url, f"look at task {name}").json()
        # The controller of 1.5.1 was seen to answer JSON inside a JSON string.
        return subtasks_of(json.loads(found) if isinstance(found, str) else found)

    def _call(
        self,
        method: str,
        url: str,
        what: str,
        *,
        also: tuple[int, ...] = (),
        upload: IO[bytes] | None = None,
        timeout: float = _READ_SECONDS,
        **given: Any,  # noqa: ANN401 - requests' own arguments
    ) -> requests.Response:
        problem = ""
        for attempt in range(self._attempts):
            if attempt:
                time.sleep(_FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            if upload is not None:
                upload.seek(0)
                given["data"] = upload
            try:
                answer = self._session.request(method, url, timeout=timeout, **given)
            except requests.RequestException as error:
                problem = f"it does not answer ({type(error).__name__})"
                continue
            if answer.status_code == _OK or answer.status_code in also:
                return answer
            problem = f"it answered {answer.status_code}: {answer.text[:_SHOWN_CHARACTERS]}"
            if answer.status_code < 500:  # noqa: PLR2004 - what the caller sent is wrong; the same again is as wrong
                break
        message = (
            f"{what}: Pinot at {url.partition('?')[0]}: {problem}. Nothing was changed half; run it again."
        )
        raise PinotError(message)


def authority() -> str | bool:
    """Return the file of the authorities that sign Pinot's certificates (PINOT_CA_FILE); else public ones."""
    return os.environ.get("PINOT_CA_FILE") or True


def subtasks_of(debug: Mapping[str, Any]) -> Subtasks:
    """Read the answer of `/tasks/task/{name}/debug`."""
    counts = debug["subtaskCount"]
    failed = sum(counts.get(kind, 0) for kind in ("error", "timedOut", "aborted", "dropped", "unknown"))
    errors = [info.get("info") or info["state"] for info in debug.get("subtaskInfos", ()) if _is_error(info)]
    return Subtasks(
        state=debug["taskState"],
        total=counts["total"],
        completed=counts["completed"],
        failed=failed,
        # The first line names the exception; what follows is its trace.
        first_error=errors[0].splitlines()[0][:_SHOWN_CHARACTERS] if errors else "",
    )


def _is_error(info: Mapping[str, Any]) -> bool:
    return info.get("state") in {"TASK_ERROR", "ERROR", "TIMED_OUT", "TASK_ABORTED", "DROPPED"}
