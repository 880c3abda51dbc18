"""Page views as a stream: a REALTIME table of them, and rows sent to it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

from confluent_kafka import Producer

from tests.engine.pinot_as_code.page_views import offline

if TYPE_CHECKING:
    from tests.engine.pinot_as_code.page_views import Cluster, Document

PLUGINS: Final = "org.apache.pinot.plugin"


def streaming(name: str, kafka: str, topic: str) -> Document:
    """Return a REALTIME table of page views."""
    document = offline(name)
    stream = {
        "streamType": "kafka",
        "stream.kafka.topic.name": topic,
        "stream.kafka.broker.list": kafka,
        "stream.kafka.consumer.factory.class.name": f"{PLUGINS}.stream.kafka30.KafkaConsumerFactory",
        "stream.kafka.decoder.class.name": f"{PLUGINS}.inputformat.json.JSONMessageDecoder",
        "stream.kafka.consumer.prop.auto.offset.reset": "smallest",
        "realtime.segment.flush.threshold.rows": "100000",
    }
    document["tableType"] = "REALTIME"
    document["ingestionConfig"] = {"streamIngestionConfig": {"streamConfigMaps": [stream]}}
    return document


def send(kafka: str, topic: str, rows: list[Document]) -> None:
    """Produce rows."""
    producer = Producer({"bootstrap.servers": kafka})
    for row in rows:
        producer.produce(topic, json.dumps(row), key=str(row["path"]))
    assert producer.flush(30) == 0


def wait_for(cluster: Cluster, sql: str, expected: object, seconds: float = 20) -> None:
    """Wait until a question has an answer."""
    end = time.monotonic() + seconds
    while cluster.rows(sql, patience=seconds) != expected:
        assert time.monotonic() < end, cluster.rows(sql)
        time.sleep(0.1)
