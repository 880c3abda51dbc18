"""Orders to forget: two events for each transaction, which hide it from payment_analytics for good.

One hides it from registrations up to its horizon, the other from bookings. With one alone a late event of the
other kind would bring the transaction back. The horizons are the end of time, so that newer events do not
either.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
from confluent_kafka import KafkaException, Producer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HORIZONS: Final = ("registeredAt", "bookedAt")
END_OF_TIME: Final = "9999-12-31T23:59:59.999Z"
_SOURCE: Final = "/payment-service-data-product/erasure"
_TYPE: Final = "com.paymentic.payments.transaction-erased.v1"
_IDS: Final = uuid.UUID("5b0a4c1e-4c43-4b43-9d2b-6d5a1c3c7f10")
_SECONDS: Final = 30.0


class OrdersError(Exception):
    """Kafka did not take every order; says how many are left, names no transaction."""


def orders_for(transaction: str, moment: datetime) -> tuple[dict[str, Any], ...]:
    """Return the two events; the same transaction gives the same ids, whoever orders it how often."""
    time = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return tuple(
        {
            "specversion": "1.0",
            "id": str(uuid.uuid5(_IDS, f"{transaction}/{horizon}")),
            "source": _SOURCE,
            "type": _TYPE,
            "subject": transaction,
            "time": time,
            "datacontenttype": "application/json",
            "data": {"transactionId": transaction, "deleted": True, horizon: END_OF_TIME},
        }
        for horizon in HORIZONS
    )


def send_orders(client: Mapping[str, str], topic: str, transactions: Iterable[str]) -> int:
    """Send the orders and wait until Kafka has them all; return their number.

    The key is the transaction's id, spread as every producer of the topic spreads it (murmur2): in another
    partition an order would hide nothing.

    Raises:
        OrdersError: Kafka did not take them all; sending all of them again does no harm

    """
    failed: list[str] = []
    sent = 0
    try:
        producer = Producer({**client, "enable.idempotence": True, "partitioner": "murmur2_random"})
        for transaction in transactions:
            for event in orders_for(transaction, datetime.now(UTC)):
                producer.produce(
                    topic,
                    orjson.dumps(event),
                    transaction,
                    headers=[("content-type", b"application/cloudevents+json")],
                    on_delivery=lambda error, _: failed.append(error.name()) if error is not None else None,
                )
                sent += 1
            producer.poll(0)
        left = producer.flush(_SECONDS)
    except (KafkaException, BufferError) as error:
        message = (
            f"topic {topic}: Kafka takes no orders ({type(error).__name__}). Run the same command again."
        )
        raise OrdersError(message) from error
    if left or failed:
        why = failed[0] if failed else f"no acknowledgement in {_SECONDS:.0f} s"
        message = (
            f"topic {topic}: {max(left, len(failed))} of {sent} orders were not taken ({why})."
            " Run the same command again."
        )
        raise OrdersError(message)
    return sent
