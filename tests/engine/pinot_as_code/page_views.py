"""Page views: schemas, tables and rows to try things on, and a cluster asked behind the providers' back."""

from __future__ import annotations

import copy
import itertools
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from tests.engine.engine_process import EngineProcess

Document = dict[str, Any]

_numbers: Final = itertools.count(1)
_DAY: Final = 86_400_000

COLUMNS: Final[Document] = {
    "schemaName": "page_views",
    "enableColumnBasedNullHandling": True,
    "dimensionFieldSpecs": [
        {"name": "path", "dataType": "STRING"},
        {"name": "country", "dataType": "STRING"},
    ],
    "metricFieldSpecs": [{"name": "milliseconds", "dataType": "LONG"}],
    "dateTimeFieldSpecs": [
        {"name": "viewedAt", "dataType": "TIMESTAMP", "format": "TIMESTAMP", "granularity": "1:MILLISECONDS"}
    ],
}
TABLE: Final[Document] = {
    "tableName": "page_views",
    "tableType": "OFFLINE",
    "segmentsConfig": {
        "timeColumnName": "viewedAt",
        "replication": "1",
        "retentionTimeUnit": "DAYS",
        "retentionTimeValue": "365",
    },
    "tenants": {"broker": "web", "server": "web"},
    "ingestionConfig": {
        "batchIngestionConfig": {"segmentIngestionType": "APPEND", "segmentIngestionFrequency": "DAILY"}
    },
    "tableIndexConfig": {"loadMode": "MMAP", "enableDynamicStarTreeCreation": True},
    "fieldConfigList": [{"name": "country", "encodingType": "DICTIONARY", "indexes": {"inverted": {}}}],
    "metadata": {},
}


def unused_name(kind: str = "views") -> str:
    """Return a name that no other test has."""
    return f"{kind}_{next(_numbers)}"


def columns(name: str) -> Document:
    """Return the schema under a name: a copy that a test may change."""
    return {**copy.deepcopy(COLUMNS), "schemaName": name}


def offline(name: str) -> Document:
    """Return the table under a name: a copy that a test may change."""
    return {**copy.deepcopy(TABLE), "tableName": name}


def logical(name: str, *members: str) -> Document:
    """Return a logical table over OFFLINE tables."""
    return {
        "tableName": name,
        "brokerTenant": "web",
        "physicalTableConfigMap": {f"{member}_OFFLINE": {} for member in members},
        "refOfflineTableName": f"{members[0]}_OFFLINE",
    }


def views(count: int, days_ago: float = 1) -> list[Document]:
    """Return rows of about that age."""
    first = int(time.time() * 1000 - days_ago * _DAY)
    return [
        {
            "path": f"/{number}",
            "country": ("DE", "BR")[number % 2],
            "milliseconds": number,
            "viewedAt": first + number,
        }
        for number in range(count)
    ]


@dataclass
class Cluster:
    """A cluster, asked and changed without any provider: by plain calls, as anybody could."""

    engine: EngineProcess
    credentials: tuple[str, str]
    arguments: list[str]

    @property
    def configuration(self) -> dict[str, str]:
        """The stack configuration that leads to it."""
        return {
            "pinot:controllerUrl": self.engine.url(""),
            "pinot:username": self.credentials[0],
            "pinot:password": self.credentials[1],
        }

    def restart(self) -> None:
        """End the engine and start it again on its data; it comes back on other ports."""
        self.engine.stop()
        self.engine = type(self.engine)(self.engine.data, self.arguments)

    def call(self, method: str, path: str, body: object = None, **parameters: str) -> tuple[int, Any]:
        """Make a call; return status and body."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        text = None if body is None else json.dumps(body)
        answer = self.engine.ask(method, f"{path}{query}", text, credentials=self.credentials)
        return answer.status, answer.body

    def get(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
        """Return what a path shows, None when there is nothing."""
        status, body = self.call("GET", path, **parameters)
        assert status in {200, 404}, (path, status, body)
        return body if status == 200 else None

    def put(self, path: str, body: object = None, **parameters: str) -> None:
        """Change something behind everybody's back."""
        status, answer = self.call("PUT", path, body, **parameters)
        assert status == 200, (path, status, answer)

    def table(self, name: str) -> Document:
        """Return an OFFLINE table as the server shows it."""
        shown: Document = self.get(f"/tables/{name}")["OFFLINE"]
        return shown

    def tags(self, instance: str) -> list[str]:
        """Return the tags of an instance."""
        return sorted(self.get(f"/instances/{instance}")["tags"])

    def load(self, name: str, rows: list[Document], segment: str | None = None) -> None:
        """Load rows into an OFFLINE table, as one segment."""
        batch = {"inputFormat": "json"}
        if segment is not None:
            batch |= {
                "segmentNameGenerator.type": "fixed",
                "segmentNameGenerator.configs.segment.name": segment,
            }
        query = f"tableNameWithType={name}_OFFLINE&batchConfigMapStr={quote(json.dumps(batch))}"
        answer = self.engine.ask("POST", f"/ingestFromFile?{query}", rows=rows, credentials=self.credentials)
        assert answer.status == 200, answer.body

    def rows(self, sql: str, *, patience: float = 0) -> list[list[Any]]:
        """Return the rows of an answer; an answer with exceptions is none."""
        end = time.monotonic() + patience
        while True:
            answer = self.engine.ask(
                "POST", "/query/sql", json.dumps({"sql": sql}), service="broker", credentials=self.credentials
            )
            if answer.status == 200 and not answer.body.get("exceptions"):
                result: list[list[Any]] = answer.body["resultTable"]["rows"]
                return result
            assert time.monotonic() < end, (sql, answer.body)
            time.sleep(0.05)

    def count(self, name: str) -> int:
        """Return how many rows a table shows, -1 when it cannot be asked."""
        body = json.dumps({"sql": f'SELECT COUNT(*) FROM "{name}"'})  # noqa: S608 - a test's own name
        answer = self.engine.ask("POST", "/query/sql", body, service="broker", credentials=self.credentials)
        if answer.status != 200 or answer.body.get("exceptions"):
            return -1
        return int(answer.body["resultTable"]["rows"][0][0])

    def everything(self) -> dict[str, Any]:
        """Return what there is: names of objects, tags, users, configuration."""
        return {
            "logical": set(self.get("/logicalTables")),
            "tables": set(self.get("/tables")["tables"]),
            "schemas": set(self.get("/schemas")),
            "users": set(self.get("/users")["users"]),
            "configuration": self.get("/cluster/configs"),
            "tags": {name: self.tags(name) for name in self.instances()},
        }

    def instances(self) -> list[str]:
        """Return the servers and brokers."""
        return [
            name for name in self.get("/instances")["instances"] if name.startswith(("Server_", "Broker_"))
        ]

    def clear(self, before: dict[str, Any]) -> None:
        """Delete what was not there before and restore what was changed."""
        now = self.everything()
        for name in now["logical"] - before["logical"]:
            self.call("DELETE", f"/logicalTables/{name}")
        for name in now["tables"] - before["tables"]:
            self.call("DELETE", f"/tables/{name}", retention="0d")
        for name in now["schemas"] - before["schemas"]:
            self.call("DELETE", f"/schemas/{name}")
        for key in now["users"] - before["users"]:
            name, _, component = key.rpartition("_")
            self.call("DELETE", f"/users/{name}", component=component)
        for key in set(now["configuration"]) - set(before["configuration"]):
            self.call("DELETE", f"/cluster/configs/{key}")
        for name, tags in before["tags"].items():
            if now["tags"][name] != tags:
                self.put(f"/instances/{name}/updateTags", tags=",".join(tags), updateBrokerResource="true")
