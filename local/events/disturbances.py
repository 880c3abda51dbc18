"""What delivery at least once does to a stream of events, and what others do to the topic.

Every function takes records in order and yields them disturbed. The same seed disturbs in the same way.
"""

from __future__ import annotations

import heapq
import json
import random
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from local.events.generator import BOOKED, REGISTERED, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FOREIGN_TYPES = (
    "com.paymentic.payments.transaction-disputed.v1",
    "com.paymentic.payments.transaction-booked.v2",
    "com.paymentic.orders.order-placed.v1",
    "com.paymentic.payments.transaction-wallet-registered",
)


@dataclass(frozen=True)
class Shares:
    """How much of each disturbance: shares of the ordinary events, 0 for none.

    Args:
        duplicates: sent again, byte for byte, up to `reach` records later
        late: sent up to `reach` records later than their time, so that bookings overtake registrations
        foreign: events of other kinds, put between
        broken: copies that break the contract, under ids of their own, put between

    """

    duplicates: float = 0.0
    late: float = 0.0
    foreign: float = 0.0
    broken: float = 0.0
    reach: int = 2_000

    @property
    def added(self) -> float:
        """How many records are added to each ordinary one, on average."""
        return self.duplicates + self.foreign + self.broken


USUAL = Shares(duplicates=0.02, late=0.02, foreign=0.02, broken=0.01)


def disturb(records: Iterable[Record], shares: Shares, seed: int) -> Iterator[Record]:
    """Yield `records` with what `shares` asks for; nothing is held back for more than `shares.reach`."""
    rng = random.Random(seed ^ 0x5EED)  # noqa: S311 - sample data, not a secret
    held: list[tuple[int, int, Record]] = []
    order = count()

    for position, record in enumerate(records):
        while held and held[0][0] <= position:
            yield heapq.heappop(held)[2]
        if rng.random() < shares.late:
            heapq.heappush(held, (position + rng.randint(1, shares.reach), next(order), record))
        else:
            yield record
        if rng.random() < shares.duplicates:
            heapq.heappush(held, (position + rng.randint(1, shares.reach), next(order), record))
        if rng.random() < shares.foreign:
            yield _foreign(record, rng)
        if rng.random() < shares.broken:
            yield broken(record, rng)
    while held:
        yield heapq.heappop(held)[2]


def _foreign(record: Record, rng: random.Random) -> Record:
    """Tell the same payment as someone else would: same shape, another kind; it must leave no trace."""
    event = _copy(record, rng)
    event["type"] = rng.choice(FOREIGN_TYPES)
    return _record(record.key, event)


def broken(record: Record, rng: random.Random) -> Record:
    """Copy an event, under an id of its own, so that it breaks the contract in one way."""
    breach = rng.choice(BREACHES)
    event = _copy(record, rng)
    breach(event, rng)
    return _record(record.key, event)


def _copy(record: Record, rng: random.Random) -> dict[str, Any]:
    if record.value is None:
        message = "a tombstone has no event to copy; disturb ordinary records only"
        raise ValueError(message)
    event: dict[str, Any] = json.loads(record.value)
    event["id"] = f"{rng.getrandbits(32):08x}-0000-4000-8000-{rng.getrandbits(48):012x}"
    return event


def _record(key: str | None, event: dict[str, Any]) -> Record:
    return Record(key, json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode())


def _kind_time(event: dict[str, Any]) -> str:
    return {REGISTERED: "registeredAt", BOOKED: "bookedAt"}[event["type"]]


def _without(*path: str) -> Callable[[dict[str, Any], random.Random], None]:
    def breach(event: dict[str, Any], _: random.Random) -> None:
        target = event
        for name in path[:-1]:
            target = target[name]
        target.pop(path[-1], None)

    return breach


def _with(path: tuple[str, ...], *values: object) -> Callable[[dict[str, Any], random.Random], None]:
    def breach(event: dict[str, Any], rng: random.Random) -> None:
        target = event
        for name in path[:-1]:
            target = target[name]
        target[path[-1]] = rng.choice(values)

    return breach


def _kind_time_breach(event: dict[str, Any], rng: random.Random) -> None:
    value = rng.choice((None, "", "yesterday", "2026-13-45T99:99:99Z"))
    if value is None:
        event["data"].pop(_kind_time(event))
    else:
        event["data"][_kind_time(event)] = value


_NO_ID = ("", "has space", "someone@example.com", "x" * 65, "semi;colon", "ação")

BREACHES: tuple[Callable[[dict[str, Any], random.Random], None], ...] = (
    _without("id"),
    _without("time"),
    _without("data"),
    _without("data", "transactionId"),
    _without("data", "amount"),
    _without("data", "currency"),
    _without("data", "transactionType"),
    _kind_time_breach,
    _with(("id",), None, *_NO_ID),
    _with(("time",), None, "", "yesterday", "2026-02-30T10:00:00Z"),
    _with(("data",), None, "", "text", []),
    _with(("data", "transactionId"), None, *_NO_ID),
    _with(
        ("data", "amount"),
        None,
        "",
        "12",
        "12.3",
        "12.345",
        "-1.00",
        "+1.00",
        "1e3",
        "1,00",
        " 1.00",
        "abc",
        ".50",
        "1.00€",
    ),
    _with(("data", "currency"), None),
    _with(("data", "transactionType"), None),
    _with(("data", "paymentOrderId"), *_NO_ID),
    _with(("data", "buyer", "id"), *_NO_ID),
    _with(("data", "seller", "id"), *_NO_ID),
    _with(("data", "merchantId"), *_NO_ID),
)
