"""Where a REALTIME table consumes from. Pinot looks at hardly any of it before the first segment."""

# ruff: noqa: TID252 - the package imports itself relatively, so that it works from any root

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

from .columns import flag, objects, section
from .durations import period_milliseconds
from .finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..documents import Document

_FLUSH: Final = "realtime.segment.flush.threshold"
_STREAM_SETTINGS: Final = (
    "topic.name",
    "broker.list",
    "consumer.factory.class.name",
    "decoder.class.name",
    "consumer.prop.auto.offset.reset",
    "isolation.level",
    "metadata.populate",
    "partition.ids",
    "fetch.timeout.millis",
    "connection.timeout.millis",
    "idle.timeout.millis",
    "partition.offset.factory.class.name",
    "topic.consumption.rate.limit",
    "buffer.size",
    "socket.timeout",
    "fetcher.size",
    "fetcher.minBytes",
)
_SETTINGS: Final = frozenset(
    {
        "streamType",
        f"{_FLUSH}.time",
        f"{_FLUSH}.rows",
        f"{_FLUSH}.size",
        f"{_FLUSH}.segment.rows",
        f"{_FLUSH}.segment.size",
        f"{_FLUSH}.variance.fraction",
        "realtime.segment.flush.desired.size",
        "realtime.segment.flush.autotune.initialRows",
        "realtime.segment.commit.timeoutSeconds",
        "realtime.segment.serverUploadToDeepStore",
        "segment.completion.fsm.scheme",
        "realtime.segment.pauseless.download.timeoutSeconds",
        "realtime.segment.offsetAutoReset.enable",
        "realtime.segment.offsetAutoReset.offsetThreshold",
        "realtime.segment.offsetAutoReset.timeThresholdSeconds",
        "realtime.segment.isBackfillTopic",
        "topic.consumption.rate.limit",
        "security.protocol",
        "sasl.mechanism",
        "sasl.jaas.config",
        "ssl.truststore.location",
        "ssl.truststore.password",
        "ssl.truststore.type",
        "ssl.keystore.location",
        "ssl.keystore.password",
        "ssl.keystore.type",
        "ssl.key.password",
    }
)
"""``StreamConfigProperties`` of Pinot, and the settings of Kafka's client that a connection needs."""
_CLASSES: Final = {
    "consumer.factory.class.name": (
        "org.apache.pinot.plugin.stream.kafka30.KafkaConsumerFactory",
        "org.apache.pinot.plugin.stream.kafka40.KafkaConsumerFactory",
        "org.apache.pinot.plugin.stream.kinesis.KinesisConsumerFactory",
        "org.apache.pinot.plugin.stream.pulsar.PulsarConsumerFactory",
    ),
    "decoder.class.name": (
        "org.apache.pinot.plugin.inputformat.json.JSONMessageDecoder",
        "org.apache.pinot.plugin.inputformat.avro.SimpleAvroMessageDecoder",
        "org.apache.pinot.plugin.inputformat.avro.KafkaAvroMessageDecoder",
        "org.apache.pinot.plugin.inputformat.avro.confluent.KafkaConfluentSchemaRegistryAvroMessageDecoder",
        "org.apache.pinot.plugin.inputformat.csv.CSVMessageDecoder",
        "org.apache.pinot.plugin.inputformat.protobuf.ProtoBufMessageDecoder",
        "org.apache.pinot.plugin.inputformat.json.confluent.KafkaConfluentSchemaRegistryJsonMessageDecoder",
    ),
}
_REQUIRED: Final = ("topic.name", "consumer.factory.class.name", "decoder.class.name")


def check(table: Document, schema: Document) -> Iterator[Finding]:  # noqa: ARG001 - all rules are called alike
    """Yield what is wrong with the table's streams."""
    old = section(table, "tableIndexConfig", "streamConfigs")
    ingestion = section(table, "ingestionConfig", "streamIngestionConfig")
    streams = objects(ingestion.get("streamConfigMaps"))
    if old:
        yield Finding(
            "tableIndexConfig.streamConfigs",
            "is deprecated; move it to ingestionConfig.streamIngestionConfig.streamConfigMaps",
        )
    if table.get("tableType") != "REALTIME":
        if streams:
            yield Finding(
                "ingestionConfig.streamIngestionConfig",
                "is set on an OFFLINE table, which consumes no stream",
            )
        return
    if not streams and not old:
        yield Finding(
            "ingestionConfig.streamIngestionConfig.streamConfigMaps",
            "is missing; a REALTIME table needs a stream to consume",
        )
    for position, stream in enumerate(streams):
        yield from _stream(stream, f"ingestionConfig.streamIngestionConfig.streamConfigMaps[{position}]")
    yield from _pauseless(table, ingestion, len(streams))


def topics(table: Document) -> tuple[str, ...]:
    """Return the topics that a table consumes."""
    streams = objects(section(table, "ingestionConfig", "streamIngestionConfig").get("streamConfigMaps"))
    old = section(table, "tableIndexConfig", "streamConfigs")
    found = []
    for stream in [*streams, *([old] if old else [])]:
        topic = stream.get(f"stream.{stream.get('streamType', 'kafka')}.topic.name")
        found.append(str(topic))
    return tuple(found)


def _stream(stream: Document, path: str) -> Iterator[Finding]:
    kind = stream.get("streamType")
    if not kind:
        yield Finding(f'{path}["streamType"]', "is missing; e.g. kafka")
        return
    prefix = f"stream.{kind}."
    for setting in _REQUIRED:
        if not stream.get(f"{prefix}{setting}"):
            yield Finding(f'{path}["{prefix}{setting}"]', "is missing")
    known = _SETTINGS | {f"{prefix}{setting}" for setting in _STREAM_SETTINGS}
    for key in stream:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.93)
        if key not in known and near:
            yield Finding(f'{path}["{key}"]', f"would be ignored without a word: did you mean {near[0]}?")
    for setting, names in _CLASSES.items():
        name = str(stream.get(f"{prefix}{setting}", ""))
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.9)
        if name and name not in names and near and not re.search(r"kafka20|KafkaJSONMessageDecoder", name):
            yield Finding(
                f'{path}["{prefix}{setting}"]',
                f"is {name}, which is no class of Pinot's: did you mean {near[0]}?",
            )
    yield from _flush(stream, path)


def _flush(stream: Document, path: str) -> Iterator[Finding]:
    limits = [f"{_FLUSH}.rows", f"{_FLUSH}.segment.rows", f"{_FLUSH}.segment.size"]
    used = [key for key in limits if key in stream and not re.fullmatch(r"0+[A-Za-z]*", str(stream[key]))]
    if len(used) > 1:
        yield Finding(path, f"sets {' and '.join(used)}; one limit at most may be above 0")
    time = stream.get(f"{_FLUSH}.time")
    if time is not None and not str(time).isdigit() and period_milliseconds(time) is None:
        yield Finding(f'{path}["{_FLUSH}.time"]', f"is {time!r}; wanted: e.g. 6h or 30m")
    size = stream.get(f"{_FLUSH}.segment.size")
    if size is not None and not re.fullmatch(r"\d+(\.\d+)?[KMGT]?B?", str(size), re.IGNORECASE):
        yield Finding(f'{path}["{_FLUSH}.segment.size"]', f"is {size!r}; wanted: e.g. 300M")


def _pauseless(table: Document, ingestion: Document, streams: int) -> Iterator[Finding]:
    if not flag(ingestion.get("pauselessConsumptionEnabled")):
        return
    path = "ingestionConfig.streamIngestionConfig.pauselessConsumptionEnabled"
    segments = section(table, "segmentsConfig")
    replicas = str(segments.get("replication", segments.get("replicasPerPartition", "1")))
    if replicas.isdigit() and int(replicas) > 1 and not segments.get("peerSegmentDownloadScheme"):
        yield Finding(
            path, f"with replication {replicas} needs segmentsConfig.peerSegmentDownloadScheme (http)"
        )
    if streams > 1:
        yield Finding(path, "works with one stream; the table has several")
