"""Produced → queryable, by marked events that no table keeps.

A probe is a CloudEvent of a type of its own, sent to each partition in turn. Every table reads it and its
filter drops it; once a table's consumer has passed the probe's offset, every payment before it can be queried
(a row is, from the moment it is indexed). Both times are taken by this process's clock. A table's offsets are
polled, so a figure is an upper bound: too high by a poll and the controller's own time.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaException, Producer

from operations.measure.failure import MeasureError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confluent_kafka import KafkaError, Message

    from operations.measure.progress import Controller
    from operations.measure.stream import Topic

TYPE: Final = "com.paymentic.payments.probe.v1"
_POLL_SECONDS: Final = 0.02
_DELIVERY_SECONDS: Final = 20.0
_CONNECT_SECONDS: Final = 4.0
_HEADERS: Final[list[tuple[str, str | bytes | None]]] = [
    ("content-type", b"application/cloudevents+json; charset=UTF-8")
]


@dataclass
class ProbeResult:
    """Seconds of each probe in each table; `late` are those that were not seen in time."""

    seconds: list[float] = field(default_factory=list)
    late: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    sending_seconds: float = 0.0

    @property
    def events(self) -> int:
        """Probes, counted once for each table."""
        return len(self.seconds) + sum(self.late.values())


def probe_value() -> bytes:
    """Return a probe: nothing in it concerns anybody."""
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/operations/measure",
        "type": TYPE,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "subject": "probe",
        "datacontenttype": "application/json",
        "data": {},
    }
    return json.dumps(event, separators=(",", ":")).encode()


class Probes:
    """Sends probes and watches the tables pass them."""

    def __init__(self, topic: Topic, controller: Controller, tables: Sequence[str]) -> None:
        """Name where to send, whom to ask, and the tables that consume."""
        self._topic = topic
        self._controller = controller
        self._tables = tuple(tables)
        # Of each table and partition the probes that it has not passed, in the order of their offsets.
        self._waiting: dict[tuple[str, int], deque[tuple[int, float]]] = {}
        self._lock = threading.Lock()
        self._failed: str | None = None
        self._result = ProbeResult()

    def run(self, count: int, rate: float, patience_seconds: float = 10.0) -> ProbeResult:
        """Send probes at a rate (a second) and wait for the tables to pass the last one.

        Raises:
            MeasureError: Kafka does not take them, or the controller does not answer

        """
        partitions = self._partitions()
        producer = Producer(
            {
                **dict(self._topic.properties),
                "bootstrap.servers": self._topic.bootstrap,
                "acks": "all",
                "linger.ms": 1,
                "delivery.timeout.ms": int(_DELIVERY_SECONDS * 1000),
                "log_level": 0,
            }
        )
        sending = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(sending, patience_seconds))
        watcher.start()
        started = time.perf_counter()
        try:
            for number in range(count):
                self._send(producer, partitions[number % len(partitions)])
                # It returns at the first report of a delivery, so it is asked again until the next is due.
                while (left := started + (number + 1) / rate - time.perf_counter()) > 0:
                    producer.poll(left)
            self._result.sending_seconds = time.perf_counter() - started
            if producer.flush(_DELIVERY_SECONDS):
                self._failed = f"Kafka at {self._topic.bootstrap} did not take the probes in time"
        finally:
            sending.set()
            watcher.join()
        if self._failed:
            raise MeasureError(self._failed)
        return self._result

    def _partitions(self) -> list[int]:
        consumer = self._topic.consumer()
        try:
            found = consumer.list_topics(self._topic.name, timeout=_CONNECT_SECONDS).topics
        except KafkaException as error:
            message = f"Kafka at {self._topic.bootstrap} does not answer ({error.args[0].name()})"
            raise MeasureError(message) from error
        finally:
            consumer.close()
        topic = found[self._topic.name]
        if topic.error is not None:
            message = f"Kafka at {self._topic.bootstrap} has no topic {self._topic.name!r}"
            raise MeasureError(message)
        return sorted(topic.partitions)

    def _send(self, producer: Producer, partition: int) -> None:
        sent = time.perf_counter()

        def delivered(error: KafkaError | None, message: Message) -> None:
            offset = message.offset()
            if error is not None or offset is None:
                self._failed = f"Kafka at {self._topic.bootstrap} did not take a probe"
                return
            with self._lock:
                for table in self._tables:
                    self._waiting.setdefault((table, partition), deque()).append((offset, sent))

        self._result.sent += 1
        producer.produce(
            self._topic.name,
            value=probe_value(),
            partition=partition,
            headers=_HEADERS,
            on_delivery=delivered,
        )

    def _watch(self, sending: threading.Event, patience_seconds: float) -> None:
        deadline: float | None = None
        while deadline is None or time.perf_counter() < deadline:
            if sending.is_set() and deadline is None:
                deadline = time.perf_counter() + patience_seconds
            for table in self._tables:
                try:
                    offsets = self._controller.consumed(table)
                except MeasureError as error:
                    self._failed = str(error)
                    return
                self._passed(table, offsets, time.perf_counter())
            if deadline is not None and not any(self._waiting.values()):
                break
            time.sleep(_POLL_SECONDS)
        for (table, _), waiting in self._waiting.items():
            if waiting:
                self._result.late[table] = self._result.late.get(table, 0) + len(waiting)

    def _passed(self, table: str, offsets: dict[int, int], now: float) -> None:
        with self._lock:
            for partition, offset in offsets.items():
                waiting = self._waiting.get((table, partition))
                while waiting and waiting[0][0] < offset:
                    self._result.seconds.append(now - waiting.popleft()[1])
