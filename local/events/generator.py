"""Valid CloudEvents of both kinds, in valid life cycles, in the order of their times.

The same seed, end, window and count make the same bytes. The shape is that of the product's description: most
payments are booked within seconds, payouts take minutes, some bookings fail, a few stay pending or are
settled later, some transactions are never booked; more at noon than at night; few currencies, merchants and
buyers make most of it.
"""

from __future__ import annotations

import heapq
import random
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

from local.events.population import population

if TYPE_CHECKING:
    from collections.abc import Iterator

REGISTERED = "com.paymentic.payments.transaction-wallet-registered.v1"
BOOKED = "com.paymentic.payments.transaction-booked.v1"

CHANNELS = ("app", "web", "pos", "link", "api")

_MILLISECONDS_AN_HOUR = 3_600_000
# Relative load by hour of the day (UTC); the night is a third of noon.
_HOURLY_LOAD = (4, 3, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 10, 9, 9, 9, 9, 9, 10, 10, 9, 8, 6, 5)

_TYPES = ("PAYMENT", "REFUND", "PAYOUT", "PENDING_BALANCE")
_TYPE_WEIGHTS = tuple(accumulate((76, 9, 12, 3)))
_CURRENCIES = ("BRL", "USD", "EUR", "GBP", "ARS")
_CURRENCY_WEIGHTS = tuple(accumulate((62, 17, 14, 4, 3)))
_CHANNEL_WEIGHTS = tuple(accumulate((46, 28, 14, 8, 4)))
_STATUSES = ("SUCCESS", "FAILED", "PENDING")
_STATUS_WEIGHTS = {
    "PAYMENT": tuple(accumulate((93, 5, 2))),
    "REFUND": tuple(accumulate((97, 2, 1))),
    "PAYOUT": tuple(accumulate((90, 4, 6))),
    "PENDING_BALANCE": tuple(accumulate((70, 5, 25))),
}
# Median of the amount, in cents, and of the time to booking, in milliseconds; both log-normal.
_MEDIAN_CENTS = {"PAYMENT": 8_900, "REFUND": 6_500, "PAYOUT": 125_000, "PENDING_BALANCE": 40_000}
_MEDIAN_BOOKING_MS = {"PAYMENT": 1_800, "REFUND": 6_000, "PAYOUT": 240_000, "PENDING_BALANCE": 900_000}
# Events of an ordinary life: registered, booked. A pending booking that is settled later adds a third.
_LIFE = 2
_NEVER_BOOKED = 0.04
_SETTLED_LATER = 0.3
_BOOKED_CARRIES_REGISTERED_AT = 0.97
_MAX_CENTS = 9_999_999_99


class Record(NamedTuple):
    """What one Kafka record carries: the key is the transaction id; a null value is a tombstone."""

    key: str | None
    value: bytes | None


@dataclass(frozen=True)
class Plan:
    """What to generate.

    Args:
        count: number of events (not of transactions)
        seed: of everything that is drawn
        end: the latest time of any event, with a zone; rounded down to the millisecond
        window: how far back from `end` the events go

    """

    count: int
    seed: int
    end: datetime
    window: timedelta

    def __post_init__(self) -> None:
        """Refuse what cannot be generated."""
        if self.count < 1:
            message = f"count of events: {self.count} was given, 1 or more are needed"
            raise ValueError(message)
        if self.end.tzinfo is None:
            message = f"end of the window: {self.end.isoformat()} has no zone; give one, such as +00:00"
            raise ValueError(message)
        if self.window < timedelta(minutes=1):
            message = f"window: {self.window} was given, one minute or more is needed"
            raise ValueError(message)


def generate(plan: Plan) -> Iterator[Record]:
    """Yield `plan.count` records in the order of their events' times."""
    return (record for _, _, record in generate_timed(plan))


def generate_timed(plan: Plan) -> Iterator[tuple[int, int, Record]]:
    """Yield (event time in epoch milliseconds, running number, record)."""
    return _Generator(plan).run()


class _Transaction(NamedTuple):
    """One payment: the JSON members that both its events share, and when it was registered."""

    transaction_id: str
    transaction_type: str
    registered_ms: int
    shared: str
    registered_metadata: str


class _Generator:
    def __init__(self, plan: Plan) -> None:
        self._rng = random.Random(plan.seed)  # noqa: S311 - sample data, not a secret
        self._parties = population(self._rng)
        self._count = plan.count
        self._end_ms = int(plan.end.timestamp() * 1000)
        self._clock = _LoadCurve(self._end_ms - int(plan.window.total_seconds() * 1000), self._end_ms)

    def run(self) -> Iterator[tuple[int, int, Record]]:
        """Interleave registrations (made in order) with bookings (waiting in a heap)."""
        waiting: list[tuple[int, int, Record]] = []
        made = 0
        number = 0
        while made < self._count:
            registered_ms = self._clock.at((made + self._rng.random()) / self._count)
            while waiting and waiting[0][0] <= registered_ms:
                yield heapq.heappop(waiting)
            for event_ms, record in self._life(registered_ms, self._count - made):
                heapq.heappush(waiting, (event_ms, number, record))
                number += 1
            made = number
        while waiting:
            yield heapq.heappop(waiting)

    def _life(self, registered_ms: int, room: int) -> Iterator[tuple[int, Record]]:
        """At most `room` events; what would happen after the end has not happened yet."""
        rng = self._rng
        transaction = self._transaction(registered_ms)
        yield self._registered(transaction)
        if room == 1 or _happens(rng, _NEVER_BOOKED):
            return
        booked_ms = registered_ms + _log_normal(rng, _MEDIAN_BOOKING_MS[transaction.transaction_type], 0.9)
        if booked_ms + 100 > self._end_ms:
            return
        (status,) = rng.choices(_STATUSES, cum_weights=_STATUS_WEIGHTS[transaction.transaction_type])
        yield self._booked(
            transaction, booked_ms, status, carries_registered_at=_happens(rng, _BOOKED_CARRIES_REGISTERED_AT)
        )
        if room > _LIFE and status == "PENDING" and _happens(rng, _SETTLED_LATER):
            settled_ms = booked_ms + 60_000 + _log_normal(rng, 1_200_000, 0.6)
            if settled_ms + 100 <= self._end_ms:
                yield self._booked(transaction, settled_ms, "SUCCESS", carries_registered_at=True)

    def _transaction(self, registered_ms: int) -> _Transaction:
        rng = self._rng
        (kind,) = rng.choices(_TYPES, cum_weights=_TYPE_WEIGHTS)
        (currency,) = rng.choices(_CURRENCIES, cum_weights=_CURRENCY_WEIGHTS)
        (buyer,) = rng.choices(self._parties.buyers, cum_weights=self._parties.buyer_weights)
        (seller,) = rng.choices(self._parties.sellers, cum_weights=self._parties.seller_weights)
        cents = min(_log_normal(rng, _MEDIAN_CENTS[kind], 1.1), _MAX_CENTS)
        transaction_id = _uuid(rng)
        merchant = ""
        if _happens(rng, 0.9):
            (merchant_id,) = rng.choices(self._parties.merchants, cum_weights=self._parties.merchant_weights)
            merchant = f',"merchantId":"{merchant_id}"'
        spelling = rng.randrange(3)
        shared = (
            f'"transactionId":"{transaction_id}","paymentOrderId":"{_uuid(rng)}",'
            f'"amount":"{cents // 100}.{cents % 100:02d}","currency":"{currency}","transactionType":"{kind}",'
            f'"buyer":{buyer.forms[spelling]},"seller":{seller.forms[spelling % len(seller.forms)]}{merchant}'
        )
        return _Transaction(transaction_id, kind, registered_ms, shared, self._registered_metadata(kind))

    def _registered_metadata(self, kind: str) -> str:
        rng = self._rng
        if _happens(rng, 0.08):
            return ""
        (channel,) = rng.choices(CHANNELS, cum_weights=_CHANNEL_WEIGHTS)
        extra = ""
        if kind == "PAYOUT":
            method = rng.choice(("pix", "wire"))
            extra = f',"payout":{{"method":"{method}","batch":{rng.randrange(1, 400)}}}'
        elif kind == "PAYMENT":
            method = rng.choice(("card", "pix", "boleto"))
            extra = f',"payment":{{"method":"{method}","installments":{rng.randrange(1, 13)}}}'
        return f',"metadata":{{"channel":"{channel}"{extra},"attempt":{rng.randrange(1, 4)}}}'

    def _registered(self, transaction: _Transaction) -> tuple[int, Record]:
        at = _rfc3339(transaction.registered_ms, self._rng)
        data = (
            f'{transaction.shared},"checkoutId":"{_uuid(self._rng)}","registeredAt":"{at}"'
            f"{transaction.registered_metadata}"
        )
        return self._event(REGISTERED, transaction, transaction.registered_ms, data)

    def _booked(
        self, transaction: _Transaction, booked_ms: int, status: str, *, carries_registered_at: bool
    ) -> tuple[int, Record]:
        rng = self._rng
        registered_at = (
            f',"registeredAt":"{_rfc3339(transaction.registered_ms, rng)}"' if carries_registered_at else ""
        )
        metadata = f',"metadata":{{"ledger":"L{rng.randrange(1, 9)}"}}' if _happens(rng, 0.6) else ""
        data = (
            f'{transaction.shared},"journalEntryId":"{_uuid(rng)}","bookingStatus":"{status}",'
            f'"bookedAt":"{_rfc3339(booked_ms, rng)}"{registered_at}{metadata}'
        )
        return self._event(BOOKED, transaction, booked_ms, data)

    def _event(self, kind: str, transaction: _Transaction, happened_ms: int, data: str) -> tuple[int, Record]:
        """Add the envelope; an event is published up to 40 ms after what it tells of."""
        event_ms = happened_ms + self._rng.randrange(41)
        value = (
            f'{{"specversion":"1.0","id":"{_uuid(self._rng)}","source":"/payment-service","type":"{kind}",'
            f'"subject":"{transaction.transaction_id}","time":"{_rfc3339(event_ms, self._rng)}",'
            f'"datacontenttype":"application/json","data":{{{data}}}}}'
        )
        return event_ms, Record(transaction.transaction_id, value.encode())


class _LoadCurve:
    """Turns a share of the events into a time, denser where the hour's load is higher."""

    def __init__(self, start_ms: int, end_ms: int) -> None:
        edges = [start_ms]
        while edges[-1] < end_ms:
            edges.append(min((edges[-1] // _MILLISECONDS_AN_HOUR + 1) * _MILLISECONDS_AN_HOUR, end_ms))
        self._edges = edges
        loads = [
            (later - earlier) * _HOURLY_LOAD[earlier // _MILLISECONDS_AN_HOUR % 24]
            for earlier, later in pairwise(edges)
        ]
        self._reached = list(accumulate(loads, initial=0))

    def at(self, share: float) -> int:
        """Return when `share` (0 to 1) of the load has passed, in epoch ms; 100 ms before the end at most."""
        wanted = share * self._reached[-1]
        hour = max(bisect_left(self._reached, wanted) - 1, 0)
        load = self._reached[hour + 1] - self._reached[hour]
        span = self._edges[hour + 1] - self._edges[hour]
        return min(
            self._edges[hour] + int(span * (wanted - self._reached[hour]) / load), self._edges[-1] - 100
        )


def _log_normal(rng: random.Random, median: int, sigma: float) -> int:
    return max(int(median * rng.lognormvariate(0, sigma)), 1)


def _happens(rng: random.Random, share: float) -> bool:
    return rng.random() < share


def _uuid(rng: random.Random) -> str:
    """Draw a version 4 UUID (RFC 9562) from the seeded generator."""
    digits = f"{rng.getrandbits(120):030x}"
    variant = "89ab"[rng.getrandbits(2)]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-{variant}{digits[15:18]}-{digits[18:]}"


def _rfc3339(epoch_ms: int, rng: random.Random) -> str:
    """Milliseconds and a zone; one in eight is written in the zone of São Paulo."""
    if _happens(rng, 0.125):
        return f"{_second(epoch_ms // 1000 - 10_800)}.{epoch_ms % 1000:03d}-03:00"
    return f"{_second(epoch_ms // 1000)}.{epoch_ms % 1000:03d}Z"


def _second(epoch_s: int) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat()[:19]
