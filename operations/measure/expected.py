"""What must stand in the tables after a stretch of the stream, hour by hour, as totals.

Totals are a count of rows, the sum of amounts in cents (exact), and a *fingerprint*: the sum of a checksum
of each row's required columns. A lost, a doubled and a changed row each change one of the three; two that
make up for each other would have to agree in count, cents and 31 bits of checksum.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from operations.archive.layout import HOUR_MS, Kind
from operations.archive.rows import Fate, Rows

if TYPE_CHECKING:
    from product_model.product import Product

ANALYTICS: Final = "payment_analytics"
SEPARATOR: Final = "|"


@dataclass(frozen=True)
class Part:
    """What is compared of a table: rows by the hour of a time column, with a checksum of some columns.

    The amount is the last of them: in a merged row it is known last.
    """

    table: str
    kind: Kind
    key: str
    time_column: str
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        """The table, and of which events where it holds both kinds."""
        return f"{self.table} ({self.kind})" if self.table == ANALYTICS else self.table

    @property
    def checksum(self) -> str:
        """The checksum in Pinot's SQL: of the text of the columns, times as epoch milliseconds."""
        texts = [
            f"CAST(CAST({column} AS LONG) AS STRING)" if column in _TIMES else f"CAST({column} AS STRING)"
            for column in self.columns
        ]
        joined = texts[0]
        for text in texts[1:]:
            joined = f"CONCAT({joined}, {text}, '{SEPARATOR}')"
        return f"crc32(toUtf8({joined}))"


_TIMES: Final = frozenset({"eventTime", "registeredAt", "bookedAt"})
_COMMON: Final = ("eventId", "transactionId", "paymentOrderId", "currency", "transactionType")
PARTS: Final = (
    Part(
        Kind.REGISTERED.realtime_table,
        Kind.REGISTERED,
        "eventId",
        "registeredAt",
        (*_COMMON, "checkoutId", "sellerId", "buyerId", "eventTime", "registeredAt", "amount"),
    ),
    Part(
        Kind.BOOKED.realtime_table,
        Kind.BOOKED,
        "eventId",
        "bookedAt",
        (
            *_COMMON,
            "journalEntryId",
            "bookingStatus",
            "sellerId",
            "buyerId",
            "eventTime",
            "bookedAt",
            "amount",
        ),
    ),
    Part(
        ANALYTICS, Kind.REGISTERED, "transactionId", "registeredAt", ("transactionId", "checkoutId", "amount")
    ),
    Part(ANALYTICS, Kind.BOOKED, "transactionId", "bookedAt", ("transactionId", "bookingStatus", "amount")),
)


class RowFacts(NamedTuple):
    """One expected row."""

    hour_ms: int
    cents: int
    checksum: int


@dataclass
class Totals:
    """Rows of an hour."""

    rows: int = 0
    cents: int = 0
    fingerprint: int = 0

    def add(self, row: RowFacts, times: int = 1) -> None:
        """Add a row, or with -1 take it away."""
        self.rows += times
        self.cents += times * row.cents
        self.fingerprint += times * row.checksum


@dataclass
class Expected:
    """Totals by part and hour; rows by key for the hours that are looked at closely."""

    totals: dict[tuple[str, int], Totals] = field(default_factory=dict)
    rows: dict[str, dict[str, RowFacts]] = field(default_factory=dict)
    judged: dict[str, int] = field(default_factory=dict)

    def merge(self, other: Expected) -> None:
        """Add what another process found: no key is in two partitions."""
        for key, totals in other.totals.items():
            mine = self.totals.setdefault(key, Totals())
            mine.rows += totals.rows
            mine.cents += totals.cents
            mine.fingerprint += totals.fingerprint
        for part, rows in other.rows.items():
            self.rows.setdefault(part, {}).update(rows)
        for name, count in other.judged.items():
            self.judged[name] = self.judged.get(name, 0) + count


class Collector:
    """Takes the records of whole partitions in their order, and works out what must stand in the tables."""

    def __init__(
        self, product: Product, now_ms: int, close: frozenset[tuple[str, int]] = frozenset()
    ) -> None:
        """Judge by the contract at a time; keep the rows of the (part, hour)s in `close`."""
        self._rows = Rows(product)
        self._now_ms = now_ms
        self._close = close
        self._valid = self._broken = self._other = 0
        self._expected = Expected()
        self._seen: set[int] = set()
        # Of each transaction: time of the latest event of a kind, its hour, the checksum up to the amount.
        self._merged: dict[str, dict[int, tuple[int, int, int]]] = {part.name: {} for part in PARTS[2:]}
        # The one amount of a merged row is that of the last event that was taken in, of either kind.
        self._amounts: dict[int, str] = {}
        self._erased: set[int] = set()
        self._names: dict[int, str] = {}
        self._indexes = {
            part.name: tuple(
                product.schema(part.kind.schema_name).schema.column_names.index(c) for c in part.columns[:-1]
            )
            for part in PARTS
        }
        columns = {kind: product.schema(kind.schema_name).schema.column_names for kind in Kind}
        self._event_id = {kind: names.index("eventId") for kind, names in columns.items()}
        self._transaction = {kind: names.index("transactionId") for kind, names in columns.items()}
        self._amount = {kind: names.index("amount") for kind, names in columns.items()}
        self._parts = {kind: tuple(part for part in PARTS if part.kind is kind) for kind in Kind}

    def take(self, value: bytes | None) -> None:
        """Take one record."""
        verdict = self._rows.judge(value, self._now_ms)
        if verdict.fate is Fate.STORED and verdict.kind is not None:
            self._valid += 1
            self._store(verdict.kind, verdict.row, verdict.time_ms)
        elif verdict.fate is Fate.REJECTED:
            self._broken += 1
        elif verdict.fate is Fate.ERASURE:
            self._erased.add(hash(orjson.loads(value or b"{}")["data"]["transactionId"]))
        else:
            self._other += 1

    def result(self) -> Expected:
        """Return the totals of all that was taken."""
        for part in PARTS[2:]:
            for key, (_, hour, checksum) in self._merged[part.name].items():
                if key not in self._erased:
                    amount = self._amounts[key]
                    row = RowFacts(hour, _cents(amount), _signed(zlib.crc32(amount.encode(), checksum)))
                    self._add(part, row, self._names.get(key, ""))
        self._expected.judged = {"valid": self._valid, "broken": self._broken, "other": self._other}
        return self._expected

    def _store(self, kind: Kind, row: tuple[Any, ...], time_ms: int) -> None:
        append, merged = self._parts[kind]
        amount = _plain(row[self._amount[kind]])
        hour = time_ms - time_ms % HOUR_MS
        event_id: str = row[self._event_id[kind]]
        key = hash(event_id)
        if key not in self._seen:
            self._seen.add(key)
            checksum = _signed(zlib.crc32(amount.encode(), self._checksum(append, row)))
            self._add(append, RowFacts(hour, _cents(amount), checksum), event_id)
        # Partial upsert: the later by its own time wins, a repeat changes nothing.
        transaction: str = row[self._transaction[kind]]
        key = hash(transaction)
        known = self._merged[merged.name].get(key)
        if known is None or known[0] <= time_ms:
            self._merged[merged.name][key] = (time_ms, hour, self._checksum(merged, row))
            self._amounts[key] = amount
            if self._close:
                self._names[key] = transaction

    def _checksum(self, part: Part, row: tuple[Any, ...]) -> int:
        """Return the checksum of all columns but the last, which is the amount."""
        return zlib.crc32(
            "".join([f"{row[index]}{SEPARATOR}" for index in self._indexes[part.name]]).encode()
        )

    def _add(self, part: Part, row: RowFacts, name: str) -> None:
        place = (part.name, row.hour_ms)
        self._expected.totals.setdefault(place, Totals()).add(row)
        if place in self._close:
            self._expected.rows.setdefault(part.name, {})[name] = row


def _plain(amount: str) -> str:
    """Return an amount as Pinot's BIG_DECIMAL gives it back: without the zeros at its end."""
    return format(Decimal(amount).normalize(), "f")


def _cents(amount: str) -> int:
    return int(Decimal(amount) * 100)


def _signed(checksum: int) -> int:
    """Return a checksum as Java's int holds it."""
    return checksum - (1 << 32) if checksum >= 1 << 31 else checksum
