"""Sending records to Kafka: in order, none twice, none lost without a word."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicCollection
from confluent_kafka.admin import AdminClient

from local.failure import LocalFailureError
from local.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.events.generator import Record

# CloudEvents' Kafka binding 1.0.2, section 3.3: structured mode is told from binary mode by this header.
_HEADERS: list[tuple[str, str | bytes | None]] = [
    ("content-type", b"application/cloudevents+json; charset=UTF-8")
]
# What the client has to say comes to `_Run._disturbed`, once, instead of once a second to stderr.
_SILENT = logging.getLogger("local.events.kafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

_CONNECT_SECONDS = 10.0
_DELIVERY_SECONDS = 30.0
_PROGRESS_SECONDS = 2.0
_TICK_SECONDS = 0.01
_FINEST_RATE = 100.0


@dataclass(frozen=True)
class Sent:
    """What a run sent: records, bytes of their values, seconds until the last one was acknowledged."""

    records: int
    value_bytes: int
    seconds: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds if self.seconds else 0.0


def topic_id(bootstrap: str, topic: str) -> str:
    """Return the id that Kafka gave the topic when it was made.

    Raises:
        LocalFailureError: Kafka does not answer, or it has no such topic

    """
    admin = AdminClient(
        {"bootstrap.servers": bootstrap, "log_level": 0, "socket.connection.setup.timeout.ms": 5000}
    )
    future = admin.describe_topics(TopicCollection([topic]), request_timeout=_CONNECT_SECONDS)[topic]
    try:
        return str(future.result(timeout=_CONNECT_SECONDS + 5).topic_id)
    except KafkaException as error:
        raise LocalFailureError(_unreachable(error, bootstrap, topic)) from error


def _unreachable(error: KafkaException, bootstrap: str, topic: str) -> str:
    found: KafkaError = error.args[0]
    if found.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        return f"Kafka at {bootstrap} has no topic {topic!r}; `make up` makes it."
    what = f"Kafka at {bootstrap} does not answer ({found.name()}: {found.str()})"
    return f"{what}; see `make status`, start it with `make up`."


def produce(
    records: Iterable[Record],
    bootstrap: str,
    *,
    topic: str = "payments",
    rate: float | None = None,
    expected: int | None = None,
    progress: bool = True,
) -> Sent:
    """Send records in order; return once every one is acknowledged by all in-sync replicas.

    The producer is idempotent (a retry neither doubles nor reorders), and places keys as Java's client does,
    so that a transaction's events share a partition whoever sends them.

    Args:
        records: what to send
        bootstrap: Kafka's bootstrap servers
        topic: an existing topic
        rate: records a second; as fast as Kafka takes them when None
        expected: number of records for the progress line, when it is known
        progress: whether to tell how far it is, every two seconds

    Raises:
        LocalFailureError: some records were not acknowledged; the message counts them by Kafka's error

    """
    topic_id(bootstrap, topic)
    run = _Run(bootstrap, topic, expected, progress=progress)
    for record in records:
        run.send(record)
        run.pace(rate)
    return run.finish()


class _Run:
    def __init__(self, bootstrap: str, topic: str, expected: int | None, *, progress: bool) -> None:
        self._topic = topic
        self._bootstrap = bootstrap
        self._expected = expected
        self._progress = progress
        self._sent = self._bytes = self._acknowledged = 0
        self._down = False
        self._errors: Counter[str] = Counter()
        self._started = self._told = time.monotonic()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "acks": "all",
                "compression.type": "lz4",
                "linger.ms": 5,
                "delivery.timeout.ms": int(_DELIVERY_SECONDS * 1000),
                "queue.buffering.max.messages": 200_000,
                # librdkafka's default is another hash than Java's: the same key would get two partitions.
                "partitioner": "murmur2_random",
                "error_cb": self._disturbed,
            },
            logger=_SILENT,
        )

    def send(self, record: Record) -> None:
        while True:
            try:
                self._producer.produce(
                    self._topic,
                    value=record.value,
                    key=record.key,
                    headers=_HEADERS,
                    on_delivery=self._delivered,
                )
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                self._errors[error.args[0].name()] += 1
                self._fail()
            else:
                break
        self._sent += 1
        self._bytes += len(record.value or b"")
        if self._sent % 500 == 0:
            self._producer.poll(0)
            self._tell()
            if self._errors:
                self._fail()

    def pace(self, rate: float | None) -> None:
        """Sleep until the next record is due; at high rates only once a hundredth of a second."""
        if rate is None or (rate > _FINEST_RATE and self._sent % int(rate * _TICK_SECONDS + 1)):
            return
        due = self._started + self._sent / rate
        while (left := due - time.monotonic()) > 0:
            self._producer.poll(min(left, 0.5))
            self._tell()

    def finish(self) -> Sent:
        left = self._producer.flush(_DELIVERY_SECONDS)
        if left:
            self._errors["not acknowledged"] += left
        if self._errors:
            self._fail()
        seconds = time.monotonic() - self._started
        sent = Sent(self._sent, self._bytes, seconds)
        if self._progress:
            size = f"{sent.value_bytes / 2**20:,.1f} MiB"
            say(f"  ✓ {sent.records:,} events sent in {seconds:.1f} s ({sent.rate:,.0f}/s, {size})")
        return sent

    def _disturbed(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN and not self._down:  # noqa: SLF001 - the constant's only name
            self._down = True
            say(f"  … Kafka at {self._bootstrap} is gone; events wait {_DELIVERY_SECONDS:.0f} s for it")

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self._acknowledged += 1
        else:
            self._errors[error.name()] += 1

    def _fail(self) -> None:
        self._producer.purge()
        self._producer.flush(1)
        kinds = ", ".join(f"{name} ({count:,})" for name, count in self._errors.most_common())
        message = (
            f"Not every event reached {self._topic!r} at {self._bootstrap}: {self._acknowledged:,} of "
            f"{self._sent:,} were acknowledged; Kafka said {kinds}. See `make status` and the log of Kafka."
        )
        raise LocalFailureError(message)

    def _tell(self) -> None:
        now = time.monotonic()
        if not self._progress or now - self._told < _PROGRESS_SECONDS:
            return
        self._told = now
        of = f" of {self._expected:,}" if self._expected else ""
        say(f"  … {self._sent:,}{of} events sent ({self._sent / (now - self._started):,.0f}/s)")
