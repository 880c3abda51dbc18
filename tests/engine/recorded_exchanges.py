"""HTTP exchanges recorded on a real Pinot 1.5.1 cluster, and what it means for an answer to be the same."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

DATA: Final = Path(__file__).resolve().parent.parent / "data" / "pinot-1.5.1"
PLAN: Final = Path(__file__).resolve().parent / "exchanges-plan.json"

RECORDED_KAFKA: Final = "127.0.0.1:19092"

_BAD_REQUEST: Final = 400

_CUT_AT: Final = 4000

# What differs from run to run, or tells of the machine: ids of jobs, times, ports, sizes on disk, timings.
_VOLATILE: Final = frozenset(
    {
        "adminPort",
        "brokerId",
        "brokerReduceTimeMs",
        "clientRequestId",
        "diskSizeInBytes",
        "estimatedAverageSegmentSizeInBytes",
        "estimatedSizeInBytes",
        "estimatedTimeRemainingInMinutes",
        "forceCommitJobId",
        "grpcPort",
        "jobId",
        "minConsumingFreshnessTimeMs",
        "password",
        "queryMailboxPort",
        "queryServicePort",
        "reloadJobId",
        "requestId",
        "submissionTimeMs",
        "systemResourceInfo",
        "timeElapsedInMinutes",
        "timeUsedMs",
        "timestamp",
        "totalEstimatedDataToBeMovedInBytes",
    }
)

_SUBSTITUTIONS: Final = (
    # The time in a consuming segment's name is that of its creation.
    (re.compile(r"__(\d+)__(\d+)__\d{8}T\d{4}Z"), r"__\1__\2__CREATED"),
    # The controller's own instance is named by its port.
    (re.compile(r"Controller_127\.0\.0\.1_\d+"), "Controller_127.0.0.1_PORT"),
    (re.compile(r"http://127\.0\.0\.1:\d+/"), "http://127.0.0.1:PORT/"),
    # Generated segment names end with the time of their creation.
    (re.compile(r"(_\d{13}_\d{13})_\d{13}\b"), r"\1_CREATED"),
    # Jackson says where in the text it stopped; the recording's text had other spaces.
    (re.compile(r"line: \d+, column: \d+"), "line: L, column: C"),
)

_SET_IN_TEXT: Final = re.compile(r"\[([A-Za-z_]+(?:, [A-Za-z_]+)+)\]")


@dataclass(frozen=True)
class Exchange:
    """One recorded request and its answer. `line` counts from 1; `user` is who asked, if anybody."""

    line: int
    case: str
    method: str
    path: str
    body: str | None
    status: int
    response: Any
    user: str | None
    service: str


@dataclass(frozen=True)
class Plan:
    """How a file is replayed.

    `engines`: from which line on which engine answers; `unsupported`: lines with the reason why this engine
    answers otherwise; `prepared`: requests that the recording left out, by the line before which they came;
    `incomparable`: keys (patterns) of an answer that hang on time or on data which the recording does not
    hold, by line; `files`: rows of the file that a request sends, by line; `users`: who asks.
    """

    engines: dict[int, dict[str, Any]]
    unsupported: dict[int, str]
    prepared: dict[int, list[dict[str, Any]]]
    incomparable: dict[int, tuple[str, ...]]
    files: dict[int, list[dict[str, Any]]]
    users: list[dict[str, Any]]

    def credentials(self, exchange: Exchange) -> tuple[str, str | None] | None:
        """Return name and password that go with a request, or None for a request without.

        The administrator's password is the engine's, so it is None here.
        """
        for user in self.users:
            if exchange.case in user.get("cases", []):
                return (user["user"], user["password"]) if user["user"] else None
        for user in self.users:
            if "cases" not in user and (
                user["user"] == exchange.user or user.get("from", exchange.line + 1) <= exchange.line
            ):
                return user["user"], user["password"]
        return None


def load_exchanges(name: str) -> list[Exchange]:
    """Read a file of exchanges."""
    exchanges = []
    for line, text in enumerate((DATA / name).read_text(encoding="utf-8").splitlines(), start=1):
        record = json.loads(text)
        body = record.get("body")
        exchanges.append(
            Exchange(
                line=line,
                case=record["case"],
                method=record["method"],
                path=record["path"],
                body=body if body is None or isinstance(body, str) else json.dumps(body),
                status=record["status"],
                response=record["response"],
                user=record.get("as"),
                service=record.get("service") or "controller",
            )
        )
    return exchanges


def load_plan(name: str) -> Plan:
    """Read how a file of exchanges is replayed. Raises `ValueError` for a line with another case."""
    plan = json.loads(PLAN.read_text(encoding="utf-8"))[name]
    cases = {exchange.line: exchange.case for exchange in load_exchanges(name)}
    for kind in ("unsupported", "prepared", "incomparable", "files"):
        for entry in plan[kind]:
            if cases[entry["line"]] != entry["case"]:
                found = cases[entry["line"]]
                message = f"{PLAN.name}: line {entry['line']} of {name} is {found}, not {entry['case']}"
                raise ValueError(message)
    return Plan(
        engines={engine["from"]: engine for engine in plan["engines"]},
        unsupported={entry["line"]: entry["reason"] for entry in plan["unsupported"]},
        prepared={entry["line"]: entry["requests"] for entry in plan["prepared"]},
        incomparable={entry["line"]: tuple(entry["keys"]) for entry in plan["incomparable"]},
        files={entry["line"]: entry["rows"] for entry in plan["files"]},
        users=plan["users"],
    )


def parsed(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return an answer as JSON, or as the text that it is."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def meaning(value: Any, ignored: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - JSON
    """Return an answer without what may differ: volatile values, order where it means nothing."""
    if isinstance(value, dict):
        return {
            _text(key): "…"
            if key in _VOLATILE or any(fnmatchcase(key, pattern) for pattern in ignored)
            else meaning(child, ignored)
            for key, child in sorted(value.items())
        }
    if isinstance(value, list):
        children = [meaning(child, ignored) for child in value]
        return sorted(children, key=lambda child: json.dumps(child, sort_keys=True))
    if isinstance(value, str):
        if value.startswith(("{", "[")):
            inner = parsed(value)
            if isinstance(inner, dict | list):
                return meaning(inner, ignored)
        return _text(value)
    return value


def _text(text: str) -> str:
    for pattern, replacement in _SUBSTITUTIONS:
        text = pattern.sub(replacement, text)
    # A Java set has no order.
    return _SET_IN_TEXT.sub(lambda match: f"[{', '.join(sorted(match[1].split(', ')))}]", text)


def difference(exchange: Exchange, status: int, response: Any, ignored: tuple[str, ...]) -> str | None:  # noqa: ANN401
    """Return what an answer says otherwise than the recorded one, or None when it means the same."""
    if status != exchange.status:
        return f"status {status} instead of {exchange.status}: {_short(response)}"
    part = cut_short(exchange.response)
    if part is not None:
        return "\n".join(_differences_to_part(part, response, "", ignored)) or None
    expected, found = meaning(exchange.response, ignored), meaning(response, ignored)
    if expected == found:
        return None
    if status >= _BAD_REQUEST or not (isinstance(expected, dict) and isinstance(found, dict)):
        return f"answered {_short(found)}\n instead of {_short(expected)}"
    return "\n".join(_differences(expected, found, ""))


def cut_short(response: Any) -> Any:  # noqa: ANN401 - JSON
    """Return what can be read of a JSON answer that the recording cut short; None if it did not."""
    if not isinstance(response, str) or len(response) < _CUT_AT or not response.startswith(("{", "[")):
        return None
    closers: list[str] = []
    complete = ""
    in_string = escaped = False
    for position, character in enumerate(response):
        if in_string:
            in_string = escaped or character != '"'
            escaped = not escaped and character == "\\"
        elif character == '"':
            in_string = True
        elif character in "{[":
            closers.append("}" if character == "{" else "]")
            complete = response[: position + 1] + "".join(reversed(closers))
        elif character in "}]":
            closers.pop()
            complete = response[: position + 1] + "".join(reversed(closers))
        elif character == ",":
            complete = response[:position] + "".join(reversed(closers))
    return json.loads(complete)


def _differences_to_part(part: Any, found: Any, path: str, ignored: tuple[str, ...]) -> list[str]:  # noqa: ANN401
    """Compare with the beginning of an answer: whatever comes after its last value is unknown."""
    if isinstance(part, dict) and isinstance(found, dict) and part:
        *whole, last = part
        lines = [
            line
            for key in whole
            for line in _differences(
                {key: meaning({key: part[key]}, ignored)[key]},
                {key: meaning({key: found[key]}, ignored)[key]} if key in found else {},
                path,
            )
        ]
        return lines + _differences_to_part(part[last], found.get(last), f"{path}/{last}", ignored)
    if isinstance(part, list) and isinstance(found, list) and part:
        if len(found) < len(part):
            return [f"{path} has {len(found)} elements; recorded: at least {len(part)}"]
        lines = []
        for index, child in enumerate(part[:-1]):
            lines += _differences(meaning(child, ignored), meaning(found[index], ignored), f"{path}/{index}")
        last_index = len(part) - 1
        return lines + _differences_to_part(part[-1], found[last_index], f"{path}/{last_index}", ignored)
    if isinstance(part, dict | list):
        return (
            [] if isinstance(found, type(part)) else [f"{path} is {_short(found)}; recorded: {_short(part)}"]
        )
    return _differences(meaning(part, ignored), meaning(found, ignored), path)


def _differences(expected: Any, found: Any, path: str) -> list[str]:  # noqa: ANN401
    if isinstance(expected, dict) and isinstance(found, dict):
        lines = []
        for key in sorted(set(expected) | set(found)):
            if key not in found:
                lines.append(f"{path}/{key} is missing; recorded: {_short(expected[key])}")
            elif key not in expected:
                lines.append(f"{path}/{key} was not recorded: {_short(found[key])}")
            else:
                lines += _differences(expected[key], found[key], f"{path}/{key}")
        return lines
    if expected == found:
        return []
    return [f"{path} is {_short(found)}; recorded: {_short(expected)}"]


def _short(value: Any) -> str:  # noqa: ANN401
    return json.dumps(value, ensure_ascii=False)[:700]
