"""Reading the quarantine, and sending corrected events to the topic again.

The quarantine holds no original: it stands on the topic, at the position that is told, as long as the topic
keeps it. A correction is a JSON merge patch (RFC 7396) of the original, or a whole event; it is sent only
when the archive would store it without a breach. An event that keeps its id is stored once, however often it
is sent.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from operations.archive.json_values import NotJsonError, decoded
from operations.archive.rows import Fate, Rows
from operations.quarantine.events import CONTENT_TYPE, EVENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from operations.archive.rows import PiiMode
    from operations.archive.settings import StreamSettings
    from product_model.product import Product

_KAFKA_SECONDS: Final = 30.0


class RedriveError(Exception):
    """An event cannot be sent again; says which, why, and what to do, and holds nothing of it."""


@dataclass(frozen=True)
class Quarantined:
    """One event of the quarantine, as its data tells it."""

    id: str
    time: str
    rule: str
    reason: str
    stored: bool
    topic: str
    partition: int
    offset: int


class Quarantine:
    """The quarantine topic beside the topic of the events."""

    def __init__(self, settings: StreamSettings, login: Mapping[str, str]) -> None:
        """Prepare to read and write; nothing is done yet."""
        self._settings = settings
        self._client: dict[str, Any] = {
            "bootstrap.servers": settings.bootstrap_servers,
            "log_level": 0,
            **login,
        }

    def events(self) -> Iterator[Quarantined]:
        """Yield what the topic holds now, each once however often it was told.

        Raises:
            RedriveError: Kafka does not answer, or there is no such topic

        """
        topic, seen = self._settings.quarantine_topic, set()
        for value in self._values(topic):
            try:
                event = orjson.loads(value)
            except orjson.JSONDecodeError:
                continue  # whoever wrote it, it was no archiver
            if not isinstance(event, dict) or event.get("type") != EVENT_TYPE or event["id"] in seen:
                continue
            seen.add(event["id"])
            data = event["data"]
            yield Quarantined(
                *(event["id"], event["time"], data["rule"], data["reason"], data["stored"]),
                *(data["topic"], data["partition"], data["offset"]),
            )

    def find(self, quarantine_id: str) -> Quarantined:
        """Return one event of the quarantine; RedriveError when it has none of that id."""
        for event in self.events():
            if event.id == quarantine_id:
                return event
        text = f"{self._settings.quarantine_topic} has no event {quarantine_id!r}; see `list`"
        raise RedriveError(text)

    def original(self, event: Quarantined) -> bytes:
        """Return the value that the topic holds at an event's original position.

        Raises:
            RedriveError: the topic has deleted it

        """
        place = TopicPartition(event.topic, event.partition, event.offset)
        consumer = self._consumer()
        try:
            low, high = consumer.get_watermark_offsets(place, timeout=_KAFKA_SECONDS)
            if low <= event.offset < high:
                consumer.assign([place])
                message = consumer.poll(_KAFKA_SECONDS)
                if message is not None and message.error() is None and message.offset() == event.offset:
                    return message.value() or b""
        except KafkaException as error:
            raise RedriveError(_unreachable(self._settings, error.args[0])) from error
        finally:
            consumer.close()
        text = (
            f"{event.topic}-{event.partition} does not hold offset {event.offset} now (it begins at {low}); "
            "give the whole corrected event by --event"
        )
        raise RedriveError(text)

    def send(self, event: dict[str, Any], quarantine_id: str) -> None:
        """Send an event to the topic, and return once Kafka has it.

        Raises:
            RedriveError: Kafka does not take it

        """
        errors: list[KafkaError] = []
        producer = Producer({**self._client, "enable.idempotence": True, "partitioner": "murmur2_random"})
        producer.produce(
            self._settings.topic,
            orjson.dumps(event),
            event["data"]["transactionId"],
            headers=[("content-type", CONTENT_TYPE.encode()), ("quarantine-id", quarantine_id.encode())],
            on_delivery=lambda error, _: None if error is None else errors.append(error),
        )
        left = producer.flush(_KAFKA_SECONDS)
        if left or errors:
            name = errors[0].name() if errors else "no acknowledgement"
            message = f"{quarantine_id}: {self._settings.topic} did not take it ({name}); try it again"
            raise RedriveError(message)

    def _values(self, topic: str) -> Iterator[bytes]:
        consumer = self._consumer()
        try:
            found = consumer.list_topics(topic, timeout=_KAFKA_SECONDS).topics[topic]
            if found.error is not None:
                raise RedriveError(_unreachable(self._settings, found.error))
            waiting = set(found.partitions)
            consumer.assign([TopicPartition(topic, partition, 0) for partition in waiting])
            while waiting:
                message = consumer.poll(_KAFKA_SECONDS)
                error = None if message is None else message.error()
                if message is None:
                    text = f"Kafka at {self._settings.bootstrap_servers} stopped answering; try it again"
                    raise RedriveError(text)
                if error is None:
                    yield message.value() or b""
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the constant's only name
                    waiting.discard(message.partition() or 0)
                else:
                    raise RedriveError(_unreachable(self._settings, error))
        except KafkaException as error:
            raise RedriveError(_unreachable(self._settings, error.args[0])) from error
        finally:
            consumer.close()

    def _consumer(self) -> Consumer:
        return Consumer(
            {
                **self._client,
                "group.id": "quarantine-reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "auto.offset.reset": "smallest",
            }
        )


def corrected(
    product: Product,
    quarantined: Quarantined,
    original: bytes,
    patch: Any,  # noqa: ANN401 - JSON
    pii_mode: PiiMode = "sha256",
) -> dict[str, Any]:
    """Return the original with the patch put in, when the archive would store it without a breach.

    Raises:
        RedriveError: it still breaks the contract, or its original is stored already

    """
    if quarantined.stored:
        message = (
            f"{quarantined.id}: the original is stored already, in spite of its breach; an event with its id "
            "would be a repeat. Publish a correcting event of its own"
        )
        raise RedriveError(message)
    try:
        event = merged(decoded(original), patch)
    except NotJsonError as error:
        message = f"{quarantined.id}: the original is no JSON ({error}): give the whole event by --event"
        raise RedriveError(message) from None
    verdict = Rows(product, pii_mode=pii_mode).judge(orjson.dumps(event), time.time_ns() // 1_000_000)
    if verdict.fate is not Fate.STORED or verdict.breaches:
        reasons = "; ".join(f"{breach.reason} [{breach.rule}]" for breach in verdict.breaches)
        message = (
            f"{quarantined.id}: corrected like this it still is not stored: {reasons or verdict.fate.value}"
        )
        raise RedriveError(message)
    found: dict[str, Any] = event
    return found


def merged(target: Any, patch: Any) -> Any:  # noqa: ANN401 - JSON
    """Apply a JSON merge patch (RFC 7396): null removes, an object goes deeper, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _unreachable(settings: StreamSettings, error: KafkaError) -> str:
    return (
        f"Kafka at {settings.bootstrap_servers}: {error.name()} ({error.str()}); topics {settings.topic} and "
        f"{settings.quarantine_topic}. Are they right, and may this user read and write them?"
    )
