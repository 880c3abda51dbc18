"""What the engine has answered holds after a SIGKILL, and what it had not answered is whole or not there."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.engine.engine_process import EngineProcess
from tests.engine.recorded_exchanges import DATA

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

_SERVER, _BROKER = "Server_127.0.0.1_8098", "Broker_127.0.0.1_8099"
_INSTANCES = ["--server-instance", _SERVER, "--broker-instance", _BROKER]
_KILLS = 2
# Tables that are there when the kill comes, which is in the middle of some later change.
_TABLES_BEFORE_A_KILL = 4
_PATIENCE_SECONDS = 30


def _accepted(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DATA / "accepted" / name).read_text(encoding="utf-8"))
    return document


class _Changes(threading.Thread):
    """Makes, changes and removes tables until the engine is gone; remembers what was answered with 200."""

    def __init__(self, engine: EngineProcess, start: int) -> None:
        super().__init__(daemon=True)
        self._engine = engine
        self._start = start
        self._schema = _accepted("schema-transaction_booked_offline.json")
        self._table = _accepted("table-transaction_booked_offline.json")
        # Retention by table of those that must be there; names of those whose last change was not answered.
        self.kept: dict[str, int] = {}
        self.open: set[str] = set()
        self.refusals: list[str] = []

    def run(self) -> None:
        number = self._start
        try:
            while True:
                self._change(f"t{number}", number)
                number += 1
        except requests.ConnectionError:
            return

    def _change(self, name: str, number: int) -> None:
        self.open.add(name)
        self._ask("POST", "/schemas", self._schema | {"schemaName": name})
        self._ask("POST", "/tables", self._with_retention(name, number + 1))
        self.kept[name] = number + 1
        self._ask("PUT", f"/tables/{name}", self._with_retention(name, number + 2))
        self.kept[name] = number + 2
        if number % 3 == 0:
            del self.kept[name]
            self._ask("DELETE", f"/tables/{name}")
            self._ask("DELETE", f"/schemas/{name}")
        self.open.discard(name)

    def _with_retention(self, name: str, days: int) -> dict[str, Any]:
        segments = self._table["segmentsConfig"] | {"retentionTimeValue": str(days)}
        return self._table | {"tableName": name, "segmentsConfig": segments}

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        answer = self._engine.ask(method, path, None if body is None else json.dumps(body))
        if answer.status != 200:
            self.refusals.append(f"{method} {path}: {answer}")


def test_answered_changes_survive_a_kill_and_the_others_are_whole_or_absent(tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "data", _INSTANCES)
    tags = {_SERVER: "payment_server_OFFLINE,payment_server_REALTIME", _BROKER: "payment_broker_BROKER"}
    for instance, names in tags.items():
        assert engine.ask("PUT", f"/instances/{instance}/updateTags?tags={names}").status == 200
    kept: dict[str, int] = {}
    unanswered: set[str] = set()
    for kill in range(_KILLS):
        changes = _Changes(engine, kill * 1000)
        changes.start()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(changes.kept) < _TABLES_BEFORE_A_KILL and time.monotonic() < deadline:
            time.sleep(0.001)
        engine.kill()
        changes.join()
        assert not changes.refusals
        kept |= {name: days for name, days in changes.kept.items() if name not in changes.open}
        unanswered |= changes.open

        engine = EngineProcess(tmp_path / "data", _INSTANCES)

        tables = set(engine.ask("GET", "/tables").body["tables"])
        schemas = set(engine.ask("GET", "/schemas").body)
        assert set(kept) <= tables <= set(kept) | unanswered
        assert tables <= schemas, "no table without its schema"
        for name, days in kept.items():
            config = engine.ask("GET", f"/tables/{name}").body["OFFLINE"]
            assert config["segmentsConfig"]["retentionTimeValue"] == str(days)
        for name in unanswered & tables:
            assert engine.ask("DELETE", f"/tables/{name}").status == 200
            unanswered.discard(name)
    assert len(kept) >= _KILLS * (_TABLES_BEFORE_A_KILL - 1), "too few tables were made to tell anything"
    engine.stop()
    assert not list((tmp_path / "data" / "metadata").rglob("*.tmp"))
