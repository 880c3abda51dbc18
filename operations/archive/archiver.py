"""The archiver: reads the topic as one of a consumer group and writes finished batches to the archive.

At least once in, exactly once out: what is read again after a kill, a rebalance or an error gives the same
files under the same names, because the first writer's intent fixes the range. Everything is in memory until
it is in S3; no disk is used.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from operations.archive.batches import DataLossError, OpenBatch, OtherIntentError, Writing, record_unread
from operations.archive.clock import ArchiveClock
from operations.archive.closing import HourCloser
from operations.archive.layout import Batch
from operations.archive.positions import tail
from operations.archive.store import ArchiveError, ArchiveStore, DifferentContentError
from operations.quarantine.events import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Message

    from operations.archive.layout import Done, Intent
    from operations.archive.measures import Measures
    from operations.archive.settings import ArchiveSettings
    from product_model.product import Product

log = logging.getLogger(__name__)

_CONSUME: Final = 500
_POLL_SECONDS: Final = 0.25
_KAFKA_SECONDS: Final = 30.0
_MEMORY_BYTES: Final = 24 * 2**20
_QUEUE_KIB: Final = 8 * 1024


class KafkaFailedError(Exception):
    """Kafka does not do what it is asked; says what, its error's name and what to do."""


class Archiver:
    """One instance."""

    def __init__(
        self, settings: ArchiveSettings, product: Product, measures: Measures, login: dict[str, str]
    ) -> None:
        """Compile the product and prepare the clients; nothing is read yet."""
        self._settings, self._measures = settings, measures
        self._store = ArchiveStore(
            settings.bucket, endpoint=settings.s3_endpoint, attempts=settings.s3_attempts
        )
        self._clock = ArchiveClock()
        self._store.on_date(self._clock.tell)
        self._writing = Writing.of(product, self._store, self._clock, self._send, settings.pii_mode)
        client: dict[str, Any] = {
            "bootstrap.servers": settings.bootstrap_servers,
            "log_level": 3,
            "error_cb": _told,
            **login,
        }
        self._consumer = Consumer(
            {
                **client,
                "group.id": settings.group,
                "enable.auto.commit": False,
                # Positions are the archive's; to be asked for an offset that is gone is data loss.
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": 10_000,
                "enable.partition.eof": True,
                "queued.max.messages.kbytes": _QUEUE_KIB,
                # How long it stops fetching when the queue is full; the default is a whole second.
                "fetch.queue.backoff.ms": 10,
            }
        )
        # A request for offsets would wait behind the reader's long poll on the same connection.
        self._asker = Consumer({**client, "group.id": settings.group})
        self._producer = Producer(
            {**client, "enable.idempotence": True, "partitioner": "murmur2_random", "linger.ms": 5}
        )
        self._batches: dict[int, OpenBatch] = {}
        self._ends: dict[int, int] = {}
        self._moved: set[int] = set()
        self._failure: Exception | None = None
        self._stopped = False
        self._looked = time.monotonic()
        self._closer = HourCloser(
            self._store,
            settings.topic,
            self._clock,
            grace_ms=round(settings.grace_seconds * 1000),
            deadline_ms=round(settings.deadline_seconds * 1000),
        )

    @property
    def healthy(self) -> bool:
        """Whether no open batch is older than it may become."""
        oldest = min((batch.opened for batch in self._batches.values() if batch.events), default=None)
        return oldest is None or time.monotonic() - oldest < 2 * self._settings.batch_seconds + 60

    def stop(self) -> None:
        """End soon; what is not in a finished batch is read again by whoever comes next."""
        self._stopped = True

    def run(self) -> None:
        """Archive until stopped, or with `once` until everything is archived.

        Raises:
            ArchiveError: S3 fails after all retries, or the archive is damaged
            DataLossError: the topic has deleted what was not archived
            KafkaFailedError: Kafka fails for good

        """
        try:
            partitions = self._partitions()
            if self._settings.once:
                self._consumer.assign(self._started(partitions))
            else:
                self._consumer.subscribe(
                    [self._settings.topic],
                    on_assign=self._assigned,
                    on_revoke=self._revoked,
                    on_lost=self._revoked,
                )
            while not self._stopped:
                self._read()
                self._finish_due()
                if self._settings.once and self._archived_to_the_end(partitions):
                    # Late files are seen at the first look; all partitions are through at the second.
                    for _ in range(2):
                        self._close_hours(partitions)
                    return
                if time.monotonic() - self._looked >= self._settings.closing_seconds:
                    self._look(partitions)
                    partitions = self._partitions()
        except KafkaException as error:
            raise KafkaFailedError(_message(self._settings, error.args[0])) from error
        finally:
            self._consumer.close()
            self._asker.close()

    def _partitions(self) -> list[int]:
        topics = self._asker.list_topics(self._settings.topic, timeout=_KAFKA_SECONDS).topics
        found = topics[self._settings.topic]
        if found.error is not None:
            raise KafkaFailedError(_message(self._settings, found.error))
        return sorted(found.partitions)

    def _read(self) -> None:
        self._moved.clear()
        messages = self._consumer.consume(_CONSUME, _POLL_SECONDS)
        if self._failure is not None:
            raise self._failure
        for message in messages:
            error = message.error()
            if error is not None:
                self._handle(error, message)
                continue
            partition = message.partition() or 0
            batch = self._batches.get(partition)
            if batch is None or partition in self._moved or (message.offset() or 0) < batch.next_offset:
                continue  # of before a rebalance or a step back
            self._ends.pop(partition, None)
            batch.add(message, self._writing)
            if batch.complete or (batch.intent is None and batch.events >= self._settings.batch_events):
                self._finish(batch)
                self._keep_within_memory()
        self._keep_within_memory()

    def _handle(self, error: KafkaError, message: Message) -> None:
        partition = message.partition() or 0
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the constant's only name
            self._ends[partition] = message.offset() or 0
        elif error.code() == KafkaError._AUTO_OFFSET_RESET and partition in self._batches:  # noqa: SLF001
            self._moved.add(partition)
            (start,) = self._started([partition])
            self._consumer.seek(start)
        elif error.fatal() or not error.retriable():
            raise KafkaFailedError(_message(self._settings, error))

    def _finish_due(self) -> None:
        now = time.monotonic()
        for batch in list(self._batches.values()):
            due = now - batch.opened >= self._settings.batch_seconds
            at_end = self._settings.once and batch.partition in self._ends
            if batch.events and batch.intent is None and (due or at_end):
                self._finish(batch)

    def _keep_within_memory(self) -> None:
        """Finish the largest batches until the others fit."""
        while True:
            batches = [batch for batch in self._batches.values() if batch.events and batch.intent is None]
            events = sum(batch.events for batch in batches)
            size = sum(batch.value_bytes for batch in batches)
            if events <= self._settings.memory_events and size <= _MEMORY_BYTES:
                return
            self._finish(max(batches, key=lambda batch: batch.value_bytes))

    def _finish(self, batch: OpenBatch) -> None:
        try:
            done = batch.finish(self._writing)
        except OtherIntentError as other:
            log.info("%s: another instance began this batch; reading it as it did", other)
            self._open(batch.partition, batch.first_offset, other.intent)
            self._moved.add(batch.partition)
            self._consumer.seek(TopicPartition(self._settings.topic, batch.partition, batch.first_offset))
            return
        self._count(done, batch)
        self._open(batch.partition, done.next_offset)
        self._consumer.commit(
            offsets=[TopicPartition(self._settings.topic, batch.partition, done.next_offset)],
            asynchronous=True,
        )

    def _count(self, done: Done, batch: OpenBatch) -> None:
        counts = done.counts
        self._measures.add("payments_archive_batches_total", 1)
        for fate in ("stored", "duplicates", "other_kinds", "erasures", "rejected", "flagged"):
            self._measures.add("payments_archive_events_total", getattr(counts, fate), fate=fate)
        self._measures.add("payments_archive_files_total", len(done.files))
        self._measures.add("payments_archive_file_bytes_total", sum(file.size_bytes for file in done.files))
        for rule, events in batch.rules.items():
            self._measures.add("payments_archive_quarantined_total", events, rule=rule)

    def _open(self, partition: int, first_offset: int, intent: Intent | None = None) -> None:
        self._batches[partition] = OpenBatch(self._settings.topic, partition, first_offset, intent)

    def _started(self, partitions: list[int]) -> list[TopicPartition]:
        """Open each partition's next batch; return where to read from."""
        starts = []
        for partition in partitions:
            for attempt in range(3):
                try:
                    self._start(partition)
                except DifferentContentError:
                    # Another instance recorded a range at this very moment; its record holds.
                    if attempt == 2:  # noqa: PLR2004 - the last one
                        raise
                else:
                    break
            batch = self._batches[partition]
            starts.append(TopicPartition(self._settings.topic, partition, batch.first_offset))
        return starts

    def _start(self, partition: int) -> None:
        topic = self._settings.topic
        low, high = self._watermarks(partition)
        found = tail(self._store, topic, partition, high)
        first, intent = found.next_offset, found.intent
        if first < low:
            loss = Batch(topic=topic, partition=partition, first_offset=first, last_offset=low - 1)
            unread = found.new and intent is None
            if not unread:
                self._measures.add(
                    "payments_archive_lost_offsets_total", low - first, partition=str(partition)
                )
                if not self._settings.accept_data_loss:
                    raise DataLossError(topic, partition, first, low - 1)
            first, intent = record_unread(self._store, loss, before_archive=unread).next_offset, None
        self._open(partition, first, intent)
        if intent is not None:
            log.info("%s-%d: the batch at %d was begun and is finished first", topic, partition, first)

    def _watermarks(self, partition: int) -> tuple[int, int]:
        found = self._asker.get_watermark_offsets(
            TopicPartition(self._settings.topic, partition), timeout=_KAFKA_SECONDS
        )
        if found is None:
            message = (
                f"Kafka at {self._settings.bootstrap_servers} does not tell where "
                f"{self._settings.topic}-{partition} begins and ends; it is retried by starting again"
            )
            raise KafkaFailedError(message)
        return found

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._in_callback(
            lambda: consumer.incremental_assign(self._started([found.partition for found in partitions]))
        )

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for found in partitions:
            self._batches.pop(found.partition, None)
            self._ends.pop(found.partition, None)
        self._in_callback(lambda: consumer.incremental_unassign(partitions))

    def _in_callback(self, action: Callable[[], None]) -> None:
        """Keep an error for the caller of `consume`, which librdkafka's callbacks do not raise to."""
        try:
            action()
        except Exception as error:  # noqa: BLE001 - raised again by `_read`
            self._failure = error

    def _look(self, partitions: list[int]) -> None:
        self._looked = time.monotonic()
        for partition, batch in self._batches.items():
            end = self._watermarks(partition)[1]
            lag = end - batch.first_offset if self._ends.get(partition) != end or batch.events else 0
            self._measures.set("payments_archive_lag_events", lag, partition=str(partition))
        if partitions and partitions[0] in self._batches:
            self._close_hours(partitions)

    def _close_hours(self, partitions: list[int]) -> None:
        # Any answer of S3 tells the time; the hours' own requests follow it.
        next(self._store.list("manifests/", limit=1), None)
        asked_ms = self._clock.now_ms()
        ends = {partition: self._watermarks(partition)[1] for partition in partitions}
        reached = {
            partition: end
            for partition, end in self._ends.items()
            if partition in self._batches and not self._batches[partition].events
        }
        for manifest in self._closer.step(asked_ms, ends, reached):
            self._measures.add("payments_archive_manifests_total", 1)
            self._measures.set("payments_archive_last_closed_hour_seconds", manifest.start_ms // 1000)

    def _archived_to_the_end(self, partitions: list[int]) -> bool:
        return all(
            partition in self._ends and not self._batches[partition].events for partition in partitions
        )

    def _send(self, events: list[tuple[str, bytes]]) -> None:
        """Send quarantine events; return once Kafka has them all."""
        errors: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                errors.append(error)

        topic = self._settings.quarantine_topic
        for key, value in events:
            while True:
                try:
                    self._producer.produce(
                        topic,
                        value,
                        key,
                        headers=[("content-type", CONTENT_TYPE.encode())],
                        on_delivery=delivered,
                    )
                except BufferError:
                    self._producer.poll(0.1)
                else:
                    break
        left = self._producer.flush(_KAFKA_SECONDS)
        if left or errors:
            name = errors[0].name() if errors else "no acknowledgement"
            message = (
                f"{left + len(errors)} of {len(events)} events could not be sent to {topic} ({name}); their "
                "batch is not done, and a restart does it again"
            )
            raise ArchiveError(message)


def _told(error: KafkaError) -> None:
    log.warning("Kafka: %s", error.name())


def _message(settings: ArchiveSettings, error: KafkaError) -> str:
    return (
        f"Kafka at {settings.bootstrap_servers}, topic {settings.topic}: {error.name()} ({error.str()}). "
        "Nothing is lost: a restart reads what was read since the last finished batch again. Does the topic "
        "exist, may this user read it, is the login right (--kafka-properties)?"
    )
