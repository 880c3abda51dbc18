"""What must stand in the tables after a stream of events, computed from the events as sent.

Rows are worked out from the product's description: contract, de-duplication by event id, hashes, exact
amounts, and for `payment_analytics` both events of a transaction merged. No clear personal data is kept: a
ledger holds hashes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from local.events.contract import epoch_ms, judge
from local.events.generator import BOOKED, REGISTERED, Record

if TYPE_CHECKING:
    from collections.abc import Iterable

REGISTERED_TABLE = "transaction_wallet_registered_rt"
BOOKED_TABLE = "transaction_booked_rt"
ANALYTICS_TABLE = "payment_analytics"
TABLES = (REGISTERED_TABLE, BOOKED_TABLE, ANALYTICS_TABLE)

_HOUR_MS = 3_600_000
_STATUS = {"SUCCESS": "COMPLETED", "FAILED": "FAILED", "PENDING": "PENDING"}
_MAIL = re.compile(r"[^\s@\"']+@[^\s@\"']+\.[^\s@\"']+")
_TAX_NUMBER = re.compile(r"(?<![0-9])[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-?[0-9]{2}(?![0-9])")
_ELEVEN_DIGITS = re.compile(r"([0-9][^0-9a-z]{0,2}){11}", re.IGNORECASE)


class Anything(Enum):
    """A cell that the description leaves open."""

    ANYTHING = "anything"


ANYTHING = Anything.ANYTHING
Cell = str | int | Decimal | Anything | None
Row = dict[str, Cell]


@dataclass
class Ledger:
    """Expected rows by table and key, and what is known about the rest.

    Times are epoch milliseconds, amounts `Decimal`, metadata canonical JSON text, everything else text.
    `open_keys` are hashes (`key_hash`, since such ids may be anything) of the event and transaction ids of
    events that the contract neither asks to store nor to drop: what stands under them is not compared.
    """

    rows: dict[str, dict[str, Row]] = field(default_factory=lambda: {table: {} for table in TABLES})
    open_keys: set[str] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)

    def apply(self, records: Iterable[Record]) -> None:
        """Take records in the order in which they reach their partition."""
        for record in records:
            self.apply_one(record)

    def apply_one(self, record: Record) -> None:
        """Take one record. An event's key decides its partition, so all of one transaction come in order."""
        judgement = judge(record.value)
        if judgement.event is not None and record.key != judgement.transaction_id:
            # Its partition is anyone's guess, and with it what upsert and dedup make of it.
            judgement = replace(
                judgement, outcome="open", reason="the key is not the transaction id", event=None
            )
        if judgement.event is None:
            self.outcomes[judgement.reason] += 1
            if judgement.outcome == "open":
                keys = (judgement.event_id, judgement.transaction_id)
                self.open_keys.update(key_hash(key) for key in keys if key is not None)
            return
        table = REGISTERED_TABLE if judgement.event["type"] == REGISTERED else BOOKED_TABLE
        row = append_row(judgement.event)
        event_id = str(judgement.event_id)
        if event_id in self.rows[table]:
            self.outcomes["duplicate"] += 1
        else:
            self.outcomes["row"] += 1
            self.rows[table][event_id] = row
        # A repeat merges again in payment_analytics, and must change nothing there.
        self._merge(row, analytics_row(judgement.event, row))

    def is_open(self, *keys: Cell) -> bool:
        """Tell whether some event with one of these ids is left open by the contract."""
        return any(key_hash(key) in self.open_keys for key in keys if isinstance(key, str))

    def _merge(self, appended: Row, new: Row) -> None:
        transaction_id = str(appended["transactionId"])
        old = self.rows[ANALYTICS_TABLE].get(transaction_id)
        if old is None:
            self.rows[ANALYTICS_TABLE][transaction_id] = new
            return
        comparison = "bookedAt" if new["registeredAt"] is None else "registeredAt"
        if _known_ms(old[comparison]) > _known_ms(new[comparison]):
            return
        times = [_known_ms(old["transactionTime"]), _known_ms(new["transactionTime"])]
        old.update({column: cell for column, cell in new.items() if cell is not None})
        old["transactionTime"] = min(times)


def key_column(table: str) -> str:
    """Return the column by which rows of a table, or of the archive's files for one, are known."""
    return "transactionId" if table == ANALYTICS_TABLE else "eventId"


def key_hash(key: str) -> str:
    """Hash an id that may be anything, an e-mail address included."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def append_row(event: dict[str, Any]) -> Row:
    """Work out the row of an append table."""
    data = event["data"]
    buyer, seller = data["buyer"], data["seller"]
    row: Row = {
        "eventId": event["id"],
        "eventType": event["type"],
        "eventSource": event["source"],
        "eventTime": epoch_ms(event["time"]),
        "transactionId": data["transactionId"],
        "paymentOrderId": data["paymentOrderId"],
        "currency": data["currency"],
        "transactionType": data["transactionType"],
        "buyerId": buyer["id"],
        "buyerEmailHash": hashed(buyer.get("email")),
        "buyerNameHash": hashed(buyer.get("name")),
        "buyerDocumentHash": hashed_tax_number(buyer.get("document")),
        "sellerId": seller["id"],
        "sellerEmailHash": hashed(seller.get("email")),
        "sellerNameHash": hashed(seller.get("name")),
        "merchantId": data.get("merchantId"),
        "metadata": stored_metadata(data.get("metadata")),
        "amount": Decimal(data["amount"]),
    }
    if event["type"] == REGISTERED:
        at = epoch_ms(data["registeredAt"])
        return row | {
            "checkoutId": data["checkoutId"],
            "registeredAt": at,
            "registeredHour": at - at % _HOUR_MS,
        }
    at = epoch_ms(data["bookedAt"])
    booked: Row = {
        "journalEntryId": data["journalEntryId"],
        "bookingStatus": data["bookingStatus"],
        "bookedAt": at,
        "bookedHour": at - at % _HOUR_MS,
    }
    return row | booked


_SHARED = (
    "transactionId", "paymentOrderId", "currency", "transactionType", "buyerId", "sellerId", "merchantId",
    "amount", "buyerEmailHash", "buyerNameHash", "buyerDocumentHash", "sellerEmailHash", "sellerNameHash",
)  # fmt: skip


def analytics_row(event: dict[str, Any], appended: Row) -> Row:
    """Work out what one event alone says about its transaction; the other kind's columns are null."""
    booked = event["type"] == BOOKED
    registered_at = event["data"].get("registeredAt")
    row: Row = {column: appended[column] for column in _SHARED}
    row |= {
        "checkoutId": appended.get("checkoutId"),
        "journalEntryId": appended.get("journalEntryId"),
        "bookingStatus": appended.get("bookingStatus"),
        "transactionStatus": _STATUS[str(appended["bookingStatus"])] if booked else None,
        "walletMetadata": None if booked else appended["metadata"],
        "bookingMetadata": appended["metadata"] if booked else None,
        "registeredAt": appended.get("registeredAt"),
        "bookedAt": appended.get("bookedAt"),
        "transactionTime": appended["eventTime"],
        "processingTimeMs": None,
        "deleted": None,
    }
    if booked and registered_at is not None:
        row["processingTimeMs"] = _known_ms(appended["bookedAt"]) - epoch_ms(registered_at)
    return row


def hashed(value: str | int | None) -> str | None:
    """SHA-256 of the lower-cased value without spaces around it (not tabs); null and "" stay null."""
    if value is None:
        return None
    plain = str(value).strip(" ").lower()
    return hashlib.sha256(plain.encode()).hexdigest() if plain else None


def hashed_tax_number(value: str | int | None) -> str | None:
    """SHA-256 of the digits alone, so that 123.456.789-09 and 12345678909 are one."""
    return hashed(
        "".join(character for character in ("" if value is None else str(value)) if character in "0123456789")
    )


def stored_metadata(metadata: dict[str, Any] | None) -> str | Anything | None:
    """Canonical JSON; null where the text looks like it holds an e-mail address or a tax number."""
    if metadata is None:
        return None
    text = canonical_json(metadata)
    if _MAIL.search(text) or _TAX_NUMBER.search(text):
        return None
    if "@" in text or _ELEVEN_DIGITS.search(text):
        return ANYTHING
    return text


def canonical_json(value: object) -> str:
    """One text for all spellings of the same JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _known_ms(cell: Cell) -> int:
    """Milliseconds; a time that is not known comes before every other."""
    return cell if isinstance(cell, int) else -1
