"""Replays recorded exchanges, in order, on engines of their own."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tests.engine.engine_process import ADMIN, Answer, EngineProcess
from tests.engine.recorded_exchanges import (
    RECORDED_KAFKA,
    Exchange,
    Plan,
    difference,
    load_exchanges,
    load_plan,
)

if TYPE_CHECKING:
    from pathlib import Path

_JOB_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Commits and reloads go on behind an answer; how long they may take before a view of them counts as wrong.
_SETTLE_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.1
_OK: Final = 200


RECORDED_TOPICS: Final = ("payments", "other")
_TOPIC: Final = '"stream.kafka.topic.name": "{}"'


def own_topic(recorded: str) -> str:
    """Return the topic that stands for a recorded one, so that no other test's events are in it."""
    return f"recorded-{recorded}"


class Replay:
    """One file's replay. What differed is kept by line, so that each exchange is a test of its own."""

    def __init__(self, name: str, home: Path, kafka: str) -> None:
        """Prepare the replay of `name` with engines that keep their data under `home`."""
        self._plan = load_plan(name)
        self._exchanges = {exchange.line: exchange for exchange in load_exchanges(name)}
        self._home = home
        self._kafka = kafka
        self._jobs: dict[str, str] = {}
        self.differences: dict[int, str | None] = {}

    def run(self) -> None:
        """Replay everything."""
        engine: EngineProcess | None = None
        try:
            for exchange in self._exchanges.values():
                if exchange.line in self._plan.engines:
                    engine = self._start(self._plan.engines[exchange.line], engine)
                assert engine is not None
                self.differences[exchange.line] = self._prepared(engine, exchange) or self._replay(
                    engine, exchange
                )
        finally:
            if engine is not None:
                engine.stop()

    def _start(self, described: dict[str, Any], running: EngineProcess | None) -> EngineProcess:
        data = self._home / f"engine-{described['from']}"
        if running is not None:
            running.stop()
            if described.get("keeps_data"):
                data = running.data
        arguments = list(described["arguments"])
        if described.get("guarded"):
            arguments += ["--auth", ADMIN[0]]
        return EngineProcess(data, arguments)

    def _send(self, engine: EngineProcess, exchange: Exchange) -> Answer:
        path = exchange.path
        for recorded, own in self._jobs.items():
            path = path.replace(recorded, own)
        answer = engine.ask(
            exchange.method,
            path,
            None if exchange.body is None else self._to_own(exchange.body),
            service=exchange.service,
            credentials=self._credentials(exchange),
            rows=self._plan.files.get(exchange.line),
        )
        return replace(answer, body=json.loads(self._to_recorded(json.dumps(answer.body))))

    def _to_own(self, text: str) -> str:
        for topic in RECORDED_TOPICS:
            text = text.replace(_TOPIC.format(topic), _TOPIC.format(own_topic(topic)))
        return text.replace(RECORDED_KAFKA, self._kafka)

    def _to_recorded(self, text: str) -> str:
        for topic in RECORDED_TOPICS:
            text = text.replace(_TOPIC.format(own_topic(topic)), _TOPIC.format(topic))
        return text.replace(self._kafka, RECORDED_KAFKA)

    def _credentials(self, exchange: Exchange) -> tuple[str, str] | None:
        credentials = self._plan.credentials(exchange)
        if credentials is None:
            return None
        user, password = credentials
        return ADMIN if password is None else (user, password)

    def _replay(self, engine: EngineProcess, exchange: Exchange) -> str | None:
        ignored = self._plan.incomparable.get(exchange.line, ())
        deadline = time.monotonic() + _SETTLE_SECONDS
        while True:
            answer = self._send(engine, exchange)
            differs = difference(exchange, answer.status, answer.body, ignored)
            # Only a view may change by itself.
            waits = (
                differs is not None
                and exchange.method == "GET"
                and exchange.line not in self._plan.unsupported
            )
            if not waits or time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        self._learn(exchange.response, answer.body)
        return differs

    def _learn(self, recorded: Any, own: Any) -> None:  # noqa: ANN401 - JSON
        """Remember which job of the recording is which job here: later paths name it."""
        if isinstance(recorded, dict) and isinstance(own, dict):
            for key in recorded.keys() & own.keys():
                self._learn(recorded[key], own[key])
        elif isinstance(recorded, str) and isinstance(own, str):
            if recorded.startswith("{") and own.startswith("{") and len(recorded) < len(own) * 2:
                for one, other in zip(_JOB_ID.finditer(recorded), _JOB_ID.finditer(own), strict=False):
                    self._jobs[one[0]] = other[0]
            elif _JOB_ID.fullmatch(recorded) and _JOB_ID.fullmatch(own):
                self._jobs[recorded] = own

    def _prepared(self, engine: EngineProcess, exchange: Exchange) -> str | None:
        """Do what the recording left out; return what went wrong, if anything."""
        for preparation in self._plan.prepared.get(exchange.line, []):
            failure = self._prepare(engine, preparation)
            if failure is not None:
                return f"before it, {preparation['method']} {preparation['path']}: {failure}"
        return None

    def _prepare(self, engine: EngineProcess, preparation: dict[str, Any]) -> str | None:
        deadline = time.monotonic() + _SETTLE_SECONDS
        until = preparation.get("until")
        while True:
            answer = engine.ask(
                preparation["method"],
                preparation["path"],
                self._body(preparation),
                service=preparation.get("service", "controller"),
                credentials=ADMIN if preparation.get("as") == ADMIN[0] else None,
                rows=preparation.get("rows"),
            )
            text = json.dumps(answer.body)
            if until is None or re.search(until, text):
                break
            if time.monotonic() > deadline:
                return f"{until} never came: {text[:500]}"
            time.sleep(_POLL_SECONDS)
        if answer.status != _OK:
            return f"status {answer.status}: {text[:500]}"
        if "job" in preparation:
            found = _JOB_ID.search(text)
            if found is None:
                return f"no job in {text[:500]}"
            self._jobs[preparation["job"]] = found[0]
        return None

    def _body(self, preparation: dict[str, Any]) -> str | None:
        body: Any
        if "body" in preparation:
            body = preparation["body"]
        elif "body_of" in preparation:
            body = json.loads(self._exchanges[preparation["body_of"]].body or "null")
        elif "response_of" in preparation:
            body = self._exchanges[preparation["response_of"]].response
        else:
            return None
        if "rename" in preparation:
            body["schemaName"] = preparation["rename"]
            body["dimensionFieldSpecs"] += preparation.get("columns", [])
        return self._to_own(json.dumps(body))

    @property
    def plan(self) -> Plan:
        """How the file is replayed."""
        return self._plan
