"""The tables that a real cluster accepted, on the tests' own Kafka and topics."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

if TYPE_CHECKING:
    from tests.engine.engine_process import EngineProcess

DATA: Final = Path(__file__).resolve().parents[1] / "data" / "pinot-1.5.1"
WALLET: Final = "transaction_wallet_registered_rt"
BOOKED: Final = "transaction_booked_rt"
ANALYTICS: Final = "payment_analytics"

_PATIENCE_SECONDS: Final = 60


def make_topic(bootstrap: str, name: str, partitions: int) -> str:
    """Create a topic and return its name."""
    admin = AdminClient({"bootstrap.servers": bootstrap})  # kept: its end ends what it was asked for
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result(_PATIENCE_SECONDS)
    return name


def tag_instances(engine: EngineProcess) -> None:
    """Give the engine's instances to the tenants that the accepted tables ask for."""
    for instance in engine.ask("GET", "/instances").body["instances"]:
        tags = (
            "payment_broker_BROKER"
            if instance.startswith("Broker_")
            else "payment_server_OFFLINE,payment_server_REALTIME"
        )
        query = urlencode({"tags": tags, "updateBrokerResource": "true"})
        answer = engine.ask("PUT", f"/instances/{instance}/updateTags?{query}")
        assert answer.status == 200, answer.body


def table(name: str, bootstrap: str, topic: str, **stream: str) -> dict[str, Any]:
    """Return an accepted table that reads `topic`; `stream` are settings of its stream, `_` for `.`."""
    content: dict[str, Any] = json.loads((DATA / "accepted" / f"table-{name}.json").read_text("utf-8"))
    settings = content["ingestionConfig"]["streamIngestionConfig"]["streamConfigMaps"][0]
    settings["stream.kafka.broker.list"] = bootstrap
    settings["stream.kafka.topic.name"] = topic
    settings.update({key.replace("_", "."): value for key, value in stream.items()})
    if settings["realtime.segment.flush.threshold.rows"] != "0":
        del settings["realtime.segment.flush.threshold.segment.size"]  # Pinot takes one of the two
    return content


def create(engine: EngineProcess, name: str, content: dict[str, Any]) -> None:
    """Create an accepted table with its schema."""
    schema = (DATA / "accepted" / f"schema-{name}.json").read_text("utf-8")
    for path, body in (("/schemas", schema), ("/tables", json.dumps(content))):
        answer = engine.ask("POST", path, body)
        assert answer.status == 200, answer.body


def delete_topic(bootstrap: str, name: str) -> None:
    """Delete a topic."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.delete_topics([name])[name].result(_PATIENCE_SECONDS)


def query(engine: EngineProcess, sql: str, options: str = "") -> dict[str, Any]:
    """Return the broker's whole answer."""
    body = json.dumps({"sql": sql, "queryOptions": options})
    answer = engine.ask("POST", "/query/sql", body, service="broker")
    assert answer.status == 200, answer.body
    result: dict[str, Any] = answer.body
    return result


def rows(engine: EngineProcess, sql: str, **names: str) -> list[list[Any]]:
    """Return the rows of an answer without exceptions; `names` stand in the SQL as `{table}` or `{key}`."""
    answer = query(engine, sql.format(**names))
    assert not answer["exceptions"], answer["exceptions"]
    result: list[list[Any]] = answer["resultTable"]["rows"]
    return result


def partitions(engine: EngineProcess, name: str) -> dict[str, dict[str, Any]]:
    """Return what the table tells of each partition that it consumes."""
    info = engine.ask("GET", f"/tables/{name}/consumingSegmentsInfo").body
    found: dict[str, dict[str, Any]] = {}
    for servers in info["_segmentToConsumingInfoMap"].values():
        for server in servers:
            for partition in server["partitionToOffsetMap"]:
                found[partition] = server
    return found


def consumed(engine: EngineProcess, name: str) -> int:
    """Return the sum of the offsets that the table's partitions have reached."""
    return sum(
        max(0, int(offset))
        for server in partitions(engine, name).values()
        for offset in server["partitionToOffsetMap"].values()
    )


def wait_until_consumed(engine: EngineProcess, name: str, offsets: int) -> None:
    """Wait until the table has read its topic up to this sum of offsets."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (reached := consumed(engine, name)) != offsets:
        assert time.monotonic() < deadline, f"{name} has consumed {reached} of {offsets}"
        time.sleep(0.05)
