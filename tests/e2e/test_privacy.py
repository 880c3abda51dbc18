"""Known personal data goes in, and stands nowhere: tables, segments, archive, logs, state, preview.

A search that finds nothing proves nothing: each place is searched first for a value that is there.
"""

from __future__ import annotations

import io
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local.events.broker import Broker
from local.events.clear_values import ClearValues, Finding, search_files, search_segments, search_tables
from local.events.disturbances import Shares
from local.events.generator import Plan
from local.events.ledger import TABLES
from local.events.ledger_file import LedgerFile
from local.events.reconcile import wait_for_rows
from local.events.sample import sample, send
from local.pinot_engine import installation
from local.platform import Platform
from local.s3_client import s3_client
from local.services import OPERATIONS
from operations.archive.layout import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.environment import LocalEnvironment
    from local.stack import LocalStack

pytestmark = pytest.mark.e2e

EVENTS: Final = 600
PARTIES: Final = {"buyer": ("email", "name", "document"), "seller": ("email", "name")}
EVERY_TABLE: Final = (*TABLES, *(kind.offline_table for kind in Kind))


@dataclass(frozen=True)
class Places:
    """Everything that the product holds."""

    stack: LocalStack
    preview: str

    @property
    def environment(self) -> LocalEnvironment:
        """Where it all is."""
        return self.stack.environment

    def search(self, values: ClearValues) -> list[Finding]:
        """Search all of it, but for Kafka: the one place where personal data may stand in clear."""
        home = self.environment.home
        return [
            *search_tables(values, Broker(self.environment.broker_url), EVERY_TABLE),
            *search_segments(values, home, installation()),
            *search_files(values, home, skip=[home / "kafka"]),
            *self._objects(values),
            *(Finding(number, "preview") for number in values.in_bytes(self.preview.encode())),
        ]

    def _objects(self, values: ClearValues) -> Iterator[Finding]:
        """Search every object of every bucket, Parquet files by their decoded columns."""
        s3 = s3_client(self.environment.s3_endpoint)
        for bucket in (item["Name"] for item in s3.list_buckets()["Buckets"]):
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for item in page.get("Contents", ()):
                    content = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
                    if item["Key"].endswith(".parquet"):
                        content = json.dumps(_cells(content), ensure_ascii=False).encode()
                    for number in values.in_bytes(item["Key"].encode() + b"\n" + content):
                        yield Finding(number, f"object {bucket}/{item['Key']}")


def _cells(content: bytes) -> list[Any]:
    rows: list[Any] = pq.read_table(io.BytesIO(content)).to_pylist()
    return rows


@pytest.fixture(scope="module")
def sent(stack: LocalStack) -> Iterator[list[dict[str, Any]]]:
    """Send ordinary events of long closed hours; they are archived and loaded when this is given."""
    environment = stack.environment
    platform = Platform(environment)
    platform.start(*OPERATIONS)
    plan = Plan(EVENTS, 20_261_124, datetime.now(UTC) - timedelta(hours=3), timedelta(hours=3))
    records = list(islice(sample(plan, Shares()), EVENTS))
    send(environment, iter(records))
    _, ledger = LedgerFile(environment.home).read()
    broker = Broker(environment.broker_url)
    wait_for_rows(ledger, broker, 60)
    _wait_until_loaded(broker, [json.loads(record.value or b"{}") for record in records])
    yield [json.loads(record.value or b"{}") for record in records]
    platform.stop(*OPERATIONS)


def _wait_until_loaded(broker: Broker, events: list[dict[str, Any]]) -> None:
    wanted = {kind: sum(event["type"] == kind.event_type for event in events) for kind in Kind}
    deadline = time.monotonic() + 90
    for kind, count in wanted.items():
        sql = f"SELECT COUNT(*) FROM {kind.offline_table}"  # noqa: S608 - names of the product
        while (found := broker.query(sql).rows[0][0]) < count:
            assert time.monotonic() < deadline, f"{kind.offline_table} has {found} of {count} rows"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def places(stack: LocalStack, sent: list[dict[str, Any]]) -> Places:
    assert sent
    return Places(stack, stack.capture("preview", "--diff", "--json"))


def test_no_personal_data_that_went_in_stands_anywhere(places: Places, sent: list[dict[str, Any]]) -> None:
    personal = {
        str(event["data"][party][field]).strip()
        for event in sent
        for party, fields in PARTIES.items()
        for field in fields
        if event["data"][party].get(field)
    }
    assert sum("@" in value for value in personal) > 100
    assert [found.place for found in places.search(ClearValues(sorted(personal)))] == []


def test_the_search_finds_what_is_there(places: Places, sent: list[dict[str, Any]]) -> None:
    """A transaction's id is in tables, segments and Parquet; a planted address is in a log and a file."""
    event = next(event for event in sent if event["type"] == Kind.BOOKED.event_type)
    planted = "planted.person@example.com"
    log = places.environment.logs / "planted.log"
    s3 = s3_client(places.environment.s3_endpoint)
    bucket, key = "payments-local-archive", "planted/planted.parquet"
    content = io.BytesIO()
    # Among many others, so that zstd finds something to compress.
    column = [f"{number:x} {planted}"[::-1] for number in range(2_000)] + [planted]
    pq.write_table(
        pa.table({"buyerEmailHash": column}),
        content,
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
    )
    assert planted.encode() not in content.getvalue(), "not compressed: the decoding was not put to the test"
    try:
        log.write_text(f"someone wrote {planted.upper()}\n", encoding="utf-8")
        s3.put_object(Bucket=bucket, Key=key, Body=content.getvalue())
        values = ClearValues([event["data"]["transactionId"], planted, "transaction_booked_rt"])
        found = Places(places.stack, f"{places.preview}{planted}").search(values)
    finally:
        log.unlink()
        s3.delete_object(Bucket=bucket, Key=key)
    by_number = {number: {f.place for f in found if f.number == number} for number in (0, 1, 2)}
    offline = Kind.BOOKED.offline_table
    assert {
        "table payment_analytics, column transactionId",
        f"table {offline}, column transactionId",
    } <= by_number[0]
    assert any(place.startswith("segment") for place in by_number[0])
    assert any(place.startswith("object payments-local-archive/events/") for place in by_number[0])
    assert {"file logs/planted.log", f"object {bucket}/{key}", "preview"} <= by_number[1]
    assert any("stacks" in place for place in by_number[2]), "the state was not searched"
