"""How far the archive is, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from operations.archive.archiver import KafkaFailedError
from operations.archive.closing import last_manifest
from operations.archive.layout import Kind, parse_manifest
from operations.archive.positions import tail
from operations.archive.store import ArchiveStore, latest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.archive.settings import ArchiveSettings

_KAFKA_SECONDS: Final = 15.0


def status_lines(settings: ArchiveSettings, login: dict[str, str]) -> Iterator[str]:
    """Yield a line a partition and a line a kind.

    Raises:
        ArchiveError: the archive cannot be read, or is damaged
        KafkaFailedError: Kafka does not answer

    """
    store = ArchiveStore(settings.bucket, endpoint=settings.s3_endpoint, attempts=settings.s3_attempts)
    consumer = Consumer(
        {"bootstrap.servers": settings.bootstrap_servers, "log_level": 0, **login, "group.id": settings.group}
    )
    try:
        found = consumer.list_topics(settings.topic, timeout=_KAFKA_SECONDS).topics[settings.topic]
        for partition in sorted(found.partitions):
            low, high = consumer.get_watermark_offsets(
                TopicPartition(settings.topic, partition), timeout=_KAFKA_SECONDS
            )
            end = tail(store, settings.topic, partition, high)
            line = f"{settings.topic}-{partition}: archived to {end.next_offset:,} of {high:,}"
            line += f", {high - end.next_offset:,} behind" if high > end.next_offset else ""
            if end.intent is not None:
                line += f", a batch to {end.intent.last_offset:,} is begun"
            if end.next_offset < low and not end.new:
                line += f"; LOST: the topic begins at {low:,}"
            yield line
    except KafkaException as error:
        message = f"Kafka at {settings.bootstrap_servers} does not answer: {error.args[0].name()}"
        raise KafkaFailedError(message) from error
    finally:
        consumer.close()
    for kind in Kind:
        listed = last_manifest(store, kind)
        if listed is None:
            yield f"{kind}: no hour is closed"
            continue
        hour = parse_manifest(listed.key)[1]
        manifest = latest(store, kind, hour)
        if manifest is not None:
            told = (
                f"revision {manifest.revision}, {manifest.distinct_event_ids:,} events, {manifest.amount_sum}"
            )
            yield f"{kind}: closed to {hour} ({told})"
