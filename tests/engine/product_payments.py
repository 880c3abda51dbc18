"""Payments of a test's own, sent to an engine that holds the product's tables."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from local.environment import REPOSITORY
from product_model import load_questions
from tests.engine.accepted_tables import query, wait_until_consumed

if TYPE_CHECKING:
    from confluent_kafka import Producer

    from product_model import Question
    from tests.engine.engine_process import EngineProcess

WALLET: Final = "transaction_wallet_registered_rt"
BOOKED: Final = "transaction_booked_rt"
ANALYTICS: Final = "payment_analytics"
NOW: Final = datetime.now(UTC).replace(microsecond=0)
END_OF_TIME: Final = "9999-12-31T23:59:59.999Z"
_TIMES: Final = ("registeredAt", "bookedAt", "eventTime", "registeredHour", "bookedHour", "transactionTime")
_PATIENCE_SECONDS: Final = 60

Event = dict[str, Any]
Row = dict[str, Any]


def name() -> str:
    """Make up a transaction's id."""
    return f"t-{uuid.uuid4()}"


def at(now: datetime = NOW, **ago: int) -> str:
    """Return a moment before this session's now, `minutes=5` or the like, as events write it.

    Questions judge by the clock: their events give a `now` of their own, or a long session outlives them.
    """
    return (now - timedelta(**ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def registered(transaction: str, moment: str, amount: str = "10.00", **data: object) -> Event:
    """Return a registration; `data` are further fields, or others than the usual ones."""
    own = {"checkoutId": "co-1", "registeredAt": moment}
    return _event("wallet-registered", transaction, moment, _shared(amount) | own | data)


def booked(transaction: str, moment: str, status: str = "SUCCESS", **data: object) -> Event:
    """Return a booking; `data` are further fields, or others than the usual ones."""
    own = {"journalEntryId": "je-1", "bookingStatus": status, "bookedAt": moment}
    return _event("booked", transaction, moment, _shared("10.00") | own | data)


def erased(transaction: str) -> list[Event]:
    """Return two orders to forget, one for each kind of event."""
    return [
        _event("erased", transaction, at(minutes=1), {"deleted": True, horizon: END_OF_TIME})
        for horizon in ("registeredAt", "bookedAt")
    ]


def _shared(amount: str) -> Event:
    return {
        "paymentOrderId": "po-1",
        "amount": amount,
        "currency": "BRL",
        "transactionType": "PAYMENT",
        "buyer": {"id": "b-1", "email": "someone@example.com"},
        "seller": {"id": "s-1"},
        "merchantId": "m-1",
    }


def _event(kind: str, transaction: str, moment: str, data: Event) -> Event:
    return {
        "specversion": "1.0",
        "id": f"{kind}-{uuid.uuid4()}",
        "source": "/payment-service",
        "type": f"com.paymentic.payments.transaction-{kind}.v1",
        "subject": transaction,
        "time": moment,
        "datacontenttype": "application/json",
        "data": {"transactionId": transaction} | data,
    }


def question(number: int) -> Question:
    """Return one of the product's questions."""
    return next(q for q in load_questions(REPOSITORY / "data-product/queries") if q.number == number)


@dataclass
class Tables:
    """An engine with the product's tables, which read a topic of one partition."""

    engine: EngineProcess
    producer: Producer
    topic: str
    sent: int = 0

    def send(self, *events: Event) -> None:
        """Send in this order, and wait until all three tables have read them."""
        for event in events:
            key = event["data"]["transactionId"].encode()
            self.producer.produce(self.topic, json.dumps(event).encode(), key, partition=0)
        self.producer.flush(_PATIENCE_SECONDS)
        self.sent += len(events)
        for table in (WALLET, BOOKED, ANALYTICS):
            wait_until_consumed(self.engine, table, self.sent)

    def ask(self, sql: str, options: str = "enableNullHandling=true") -> list[Row]:
        """Ask, and return rows by column."""
        answer = query(self.engine, sql, options)
        assert not answer["exceptions"], answer["exceptions"]
        assert not answer.get("numGroupsLimitReached")
        names = answer["resultTable"]["dataSchema"]["columnNames"]
        return [dict(zip(names, row, strict=True)) for row in answer["resultTable"]["rows"]]

    def ask_question(self, number: int, **values: object) -> list[Row]:
        """Ask one of the product's questions, as its file says."""
        return self.ask(question(number).render(**values), "")

    def count(self, table: str, transaction: str) -> int:
        """Count a transaction's rows."""
        (row,) = self.ask(f"SELECT COUNT(*) AS n FROM {table} WHERE transactionId = '{transaction}'")  # noqa: S608 - the test's own id
        return int(row["n"])

    def story(self, transaction: str) -> Row | None:
        """Return the row of payment_analytics; None when there is none."""
        found = self.ask(f"SELECT * FROM {ANALYTICS} WHERE transactionId = '{transaction}' LIMIT 10")  # noqa: S608 - the test's own id
        assert len(found) <= 1, "one transaction, one row"
        return found[0] if found else None

    def commit(self, table: str) -> None:
        """Seal the consuming segment, and wait until it stands on disk with all its indexes."""
        job = self.engine.ask("POST", f"/tables/{table}/forceCommit").body["forceCommitJobId"]
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.engine.ask("GET", f"/tables/forceCommitStatus/{job}").body[
            "numberOfSegmentsYetToBeCommitted"
        ]:
            assert time.monotonic() < deadline, f"{table} was not committed"
            time.sleep(0.05)

    def plan(self, sql: str, options: str = "") -> str:
        """Explain, segment by segment."""
        answer = query(self.engine, f"EXPLAIN PLAN FOR {sql}", f"{options};explainPlanVerbose=true")
        assert not answer["exceptions"], answer["exceptions"]
        return json.dumps(answer["resultTable"]["rows"])

    def load(self, table: str, content: list[Row]) -> None:
        """Load rows into an OFFLINE table, as a file."""
        path = f"/ingestFromFile?tableNameWithType={table}_OFFLINE"
        path += f"&batchConfigMapStr={json.dumps({'inputFormat': 'json'})}"
        answer = self.engine.ask("POST", path, rows=content)
        assert answer.status == 200, answer.body


def as_in_a_file(row: Row, *, days_back: int = 0) -> Row:
    """Write a stored row as files hold it: no nulls, times in epoch milliseconds, moved back by some days."""
    moved = {}
    for column, value in row.items():
        if column.startswith("$") or value is None:
            continue
        if column in _TIMES:
            moment = datetime.fromisoformat(value).replace(tzinfo=UTC) - timedelta(days=days_back)
            moved[column] = round(moment.timestamp() * 1000)
        else:
            moved[column] = value
    return moved
