"""Reading a stretch of the topic, each partition from a time to where it ends now, on each core."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from operations.measure.expected import Collector, Expected
from operations.measure.failure import MeasureError
from product_model import load_product

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from confluent_kafka import Message

_PATIENCE_SECONDS: Final = 20.0
_CONNECT_SECONDS: Final = 4.0
_BATCH: Final = 5_000
_BATCH_SECONDS: Final = 0.1
# Below this a second process costs more than it saves.
_WORTH_A_PROCESS: Final = 100_000
_SILENT = logging.getLogger("operations.measure.kafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


@dataclass(frozen=True)
class Topic:
    """A topic, and how to reach it; `properties` are librdkafka's, for a login."""

    bootstrap: str
    name: str
    properties: tuple[tuple[str, str], ...] = ()

    def consumer(self) -> Consumer:
        """Return a consumer that commits nothing and belongs to no group that anybody waits for."""
        return Consumer(
            {
                **dict(self.properties),
                "bootstrap.servers": self.bootstrap,
                "group.id": "payments-measure",
                "enable.auto.commit": False,
                # So that a partition is known to be read although its last offsets are no records.
                "enable.partition.eof": True,
                "socket.connection.setup.timeout.ms": 5000,
                "fetch.message.max.bytes": 8 << 20,
                "queued.max.messages.kbytes": 64 << 10,
                "log_level": 0,
            },
            logger=_SILENT,
        )


@dataclass(frozen=True)
class Stretch:
    """Offsets of one partition: from `first` up to before `end`."""

    partition: int
    first: int
    end: int


def stretches(topic: Topic, from_ms: int) -> list[Stretch]:
    """Return what each partition holds since a time (the records' timestamps).

    Raises:
        MeasureError: Kafka does not answer, or has no such topic

    """
    consumer = topic.consumer()
    try:
        metadata = consumer.list_topics(topic.name, timeout=_CONNECT_SECONDS).topics[topic.name]
        if metadata.error is not None or not metadata.partitions:
            message = f"Kafka at {topic.bootstrap} has no topic {topic.name!r}; `pulumi up` makes it"
            raise MeasureError(message)
        asked = [TopicPartition(topic.name, number, from_ms) for number in sorted(metadata.partitions)]
        found = []
        for start in consumer.offsets_for_times(asked, timeout=_PATIENCE_SECONDS):
            _, end = consumer.get_watermark_offsets(
                TopicPartition(topic.name, start.partition), timeout=_PATIENCE_SECONDS
            )
            found.append(Stretch(start.partition, start.offset if start.offset >= 0 else end, end))
    except KafkaException as error:
        message = f"Kafka at {topic.bootstrap} does not answer ({error.args[0].name()})"
        raise MeasureError(message) from error
    finally:
        consumer.close()
    return found


def newest_record_ms(topic: Topic) -> int | None:
    """Return the timestamp of the newest record, None of an empty topic; MeasureError as above."""
    newest: int | None = None
    for stretch in stretches(topic, 0):
        if stretch.end > stretch.first:
            last = Stretch(stretch.partition, max(stretch.first, stretch.end - 1), stretch.end)
            for _, moment in _records(topic, [last]):
                newest = moment if newest is None else max(newest, moment)
    return newest


def record_ms(topic: Topic, partition: int, offset: int) -> int | None:
    """Return the timestamp of one record, None where it is gone; MeasureError as above."""
    return next((moment for _, moment in _records(topic, [Stretch(partition, offset, offset + 1)])), None)


def collect(
    topic: Topic,
    directory: Path,
    found: list[Stretch],
    now_ms: int,
    close: frozenset[tuple[str, int]] = frozenset(),
) -> Expected:
    """Work out what the tables must hold of these stretches; MeasureError when Kafka stops answering."""
    total = sum(stretch.end - stretch.first for stretch in found)
    workers = min(len(found), os.cpu_count() or 1) if total > _WORTH_A_PROCESS else 1
    if workers == 1:
        return _collect(topic, directory, found, now_ms, close)
    shares: list[list[Stretch]] = [[] for _ in range(workers)]
    for stretch in sorted(found, key=lambda one: one.first - one.end):
        min(shares, key=lambda share: sum(one.end - one.first for one in share)).append(stretch)
    expected = Expected()
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(_collect, topic, directory, share, now_ms, close) for share in shares]
        for job in jobs:
            expected.merge(job.result())
    return expected


def _collect(
    topic: Topic, directory: Path, share: list[Stretch], now_ms: int, close: frozenset[tuple[str, int]]
) -> Expected:
    collector = Collector(load_product(directory), now_ms, close)
    for value, _ in _records(topic, share):
        collector.take(value)
    return collector.result()


def _records(topic: Topic, share: list[Stretch]) -> Iterator[tuple[bytes | None, int]]:
    """Yield value and timestamp (epoch milliseconds) of every record of the stretches."""
    left = {one.partition: one.end for one in share if one.end > one.first}
    if not left:
        return
    consumer = topic.consumer()
    try:
        consumer.assign(
            [TopicPartition(topic.name, one.partition, one.first) for one in share if one.partition in left]
        )
        heard = time.monotonic()
        while left:
            # It waits for a whole batch, or for the time: a short one, because the last batch is never whole.
            messages: list[Message] = consumer.consume(_BATCH, timeout=_BATCH_SECONDS)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() > heard + _PATIENCE_SECONDS:
                told = (
                    f"Kafka at {topic.bootstrap} gave no record of {topic.name} for {_PATIENCE_SECONDS:.0f} s"
                )
                raise MeasureError(told)
            for message in messages:
                partition, offset = message.partition(), message.offset() or 0
                error = message.error()
                if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - the constant's only name
                    told = f"Kafka at {topic.bootstrap}: {error.name()}"
                    raise MeasureError(told)
                if partition not in left:
                    continue
                if error is None and offset < left[partition]:
                    yield message.value(), message.timestamp()[1]
                if error is not None or offset + 1 >= left[partition]:
                    del left[partition]
    finally:
        consumer.close()
