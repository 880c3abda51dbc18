"""A table whose topic is missing is refused, with what to do about it, and made once the topic is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.engine.engine_process import EngineProcess
from tests.engine.recorded_exchanges import DATA, RECORDED_KAFKA

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine

_TABLE = "transaction_booked_rt"
_SERVER, _BROKER = "Server_127.0.0.1_8098", "Broker_127.0.0.1_8099"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    running = EngineProcess(
        tmp_path_factory.mktemp("topics") / "data",
        ["--server-instance", _SERVER, "--broker-instance", _BROKER],
    )
    tags = {_SERVER: "payment_server_OFFLINE,payment_server_REALTIME", _BROKER: "payment_broker_BROKER"}
    for instance, names in tags.items():
        assert running.ask("PUT", f"/instances/{instance}/updateTags?tags={names}").status == 200
    schema = (DATA / "accepted" / f"schema-{_TABLE}.json").read_text(encoding="utf-8")
    assert running.ask("POST", "/schemas", schema).status == 200
    yield running
    running.stop()


def _table(kafka: str, topic: str) -> str:
    table = json.loads((DATA / "accepted" / f"table-{_TABLE}.json").read_text(encoding="utf-8"))
    (stream,) = table["ingestionConfig"]["streamIngestionConfig"]["streamConfigMaps"]
    assert stream["stream.kafka.broker.list"] == RECORDED_KAFKA
    stream |= {"stream.kafka.broker.list": kafka, "stream.kafka.topic.name": topic}
    return json.dumps(table)


def test_a_missing_topic_is_named_and_the_table_is_made_once_it_exists(
    kafka: str, engine: EngineProcess
) -> None:
    topic = "not-there-yet"

    refused = engine.ask("POST", "/tables", _table(kafka, topic))

    assert refused.status == 400
    assert f"topic {topic} of table {_TABLE}_REALTIME does not exist at {kafka}" in refused.body["error"]
    assert engine.ask("GET", f"/tables/{_TABLE}").status == 404
    admin = AdminClient({"bootstrap.servers": kafka})
    assert topic not in admin.list_topics(timeout=10).topics, "asking must not create it"

    for created in admin.create_topics([NewTopic(topic, 2, 1)]).values():
        created.result()
    assert engine.ask("POST", "/tables", _table(kafka, topic)).status == 200
    segments = engine.ask("GET", f"/segments/{_TABLE}").body
    assert len(segments[0]["REALTIME"]) == 2, (
        "one consuming segment a partition when the creation is answered"
    )
    assert engine.ask("DELETE", f"/tables/{_TABLE}").status == 200
