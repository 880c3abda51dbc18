"""The offline tables: how soon a closed hour is there, and how long a year's question takes."""

from __future__ import annotations

import io
import json
import os
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import orjson

from bench.measure import Measure, mebibytes, milliseconds
from bench.session import own_engine, post, render, tag_instances
from local import queries
from local.environment import REPOSITORY
from local.events.broker import Broker
from local.progress import step
from local.s3_client import S3_LOGIN, s3_client
from operations.archive.files import FileFormat, store_file
from operations.archive.layout import HOUR_MS, Batch, Hour, Kind, Manifest
from operations.archive.store import ArchiveStore
from operations.offline.hour import TableSchema
from operations.offline.load import Loader
from operations.offline.push import ControllerPush
from operations.pinot import Pinot
from product_model import load_product
from product_model.questions import load_questions

if TYPE_CHECKING:
    from bench.session import RunningEngine

TITLE = "Offline tables"
# 20 events a second are 36,000 of each kind in an hour (domain load).
ROWS_AN_HOUR: Final = 36_000
YEAR_ROWS: Final = 5_000_000
DAYS: Final = 365
REPEATS: Final = 60
# As the generator of events has them: few large merchants, many small ones.
_MERCHANTS: Final = tuple(f"m-{number:04d}" for number in range(120))
_MERCHANT_WEIGHTS: Final = tuple(accumulate(1 / (number + 1) for number in range(120)))
_CURRENCIES: Final = ("BRL", "USD", "EUR", "GBP", "ARS")
_CURRENCY_WEIGHTS: Final = tuple(accumulate((62, 17, 14, 4, 3)))
_HEAP = "3g"
_BUCKET = "archive"


def run(rows: int = YEAR_ROWS) -> list[Measure]:
    """Load two hours as the loader does, then a year as the merged days that it becomes, and ask."""
    os.environ.update(S3_LOGIN)
    with own_engine(_HEAP, "s3") as engine:
        tag_instances(engine.environment)
        for table in render(engine.environment, "payments").tables:
            if table.table_type == "OFFLINE":
                post(engine.environment, "schemas", table.schema_json)
                post(engine.environment, "tables", table.table_json)
        return [*_closed_hour(engine), *_year(engine, rows)]


def _closed_hour(engine: RunningEngine) -> list[Measure]:
    environment = engine.environment
    s3_client(environment.s3_endpoint).create_bucket(
        Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": S3_LOGIN["AWS_REGION"]}
    )
    store = ArchiveStore(_BUCKET, endpoint=environment.s3_endpoint)
    pinot = Pinot(environment.controller_url, environment.broker_url)
    product = load_product(REPOSITORY / "data-product")
    schemas = {kind: TableSchema.of(product, kind) for kind in Kind}
    seconds = []
    for back in (3, 2):
        hour = Hour.of_ms(round(time.time() * 1000) - back * HOUR_MS)
        for kind in Kind:
            _close(store, FileFormat(product, kind), hour)
        started = time.monotonic()
        result = Loader(store, pinot, ControllerPush(pinot), schemas).load()
        if not result.well or len(result.loaded) != len(Kind):
            message = f"the hour was not loaded: {result.problems or result.waiting}"
            raise RuntimeError(message)
        seconds.append(time.monotonic() - started)
    what = f"an hour of domain load ({ROWS_AN_HOUR:,} rows of each kind), from its manifests to visible"
    return [
        Measure(f"{what}, right after the engine's start", f"{seconds[0]:.1f} s", "≤ 60 s"),
        Measure(f"{what}, the next one", f"{seconds[1]:.1f} s", "≤ 60 s"),
    ]


def _close(store: ArchiveStore, form: FileFormat, hour: Hour) -> None:
    """Leave an hour as the archiver does, in one file."""
    rows = _rows(form.kind, hour.start_ms, HOUR_MS, ROWS_AN_HOUR)
    ordered = [
        tuple((row | {form.kind.hour_column: hour.start_ms}).get(name) for name in form.columns)
        for row in rows
    ]
    batch = Batch(topic="payments", partition=0, first_offset=0, last_offset=len(rows) - 1)
    file, content = form.write(ordered, hour, batch)
    manifest = Manifest(
        kind=form.kind,
        hour=str(hour),
        revision=1,
        closed_by="watermarks",
        watermarks=(),
        files=(store_file(store, file, content),),
        rows=file.rows,
        distinct_event_ids=file.distinct_event_ids,
        amount_sum=file.amount_sum,
    )
    store.put_new(manifest.key, manifest.to_bytes())


def _year(engine: RunningEngine, rows: int) -> list[Measure]:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with step(f"loading {rows:,} rows of {DAYS} days"), ThreadPoolExecutor(2) as threads:
        days = [today - timedelta(days=back) for back in range(1, DAYS + 1)]
        list(threads.map(lambda day: _load_day(engine, day, rows // DAYS), days))
    broker = Broker(engine.environment.broker_url)
    (question,) = [found for found in load_questions(queries.QUESTIONS) if found.number == 6]  # noqa: PLR2004 - its number
    measures = []
    for limit in (None, "100"):
        values: dict[str, str] = {} if limit is None else {"rows": limit}
        answers = [broker.query(question.render(**values), timeoutMs="60000") for _ in range(REPEATS + 5)]
        shown = "every group" if limit is None else f"the first {limit} groups"
        figure = (
            f"{milliseconds([answer.seconds for answer in answers[5:]])} ({len(answers[-1].rows):,} rows)"
        )
        aim = "p95 ≤ 300 ms" if limit is None else ""
        measures.append(Measure(f"6. {question.title}, {rows:,} rows, {shown}", figure, aim))
    measures.append(Measure(f"engine's memory with a heap of {_HEAP}", mebibytes(engine.resident_bytes())))
    return measures


def _load_day(engine: RunningEngine, day: datetime, rows: int) -> None:
    """One segment a day, as the merge of past days leaves them."""
    content = io.BytesIO()
    boundary = uuid.uuid4().hex
    content.write(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="d"\r\n\r\n'.encode()
    )
    for row in _rows(Kind.BOOKED, round(day.timestamp() * 1000), 24 * HOUR_MS, rows):
        content.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    content.write(f"\r\n--{boundary}--\r\n".encode())
    pinot = Pinot(engine.environment.controller_url, engine.environment.broker_url)
    name = f"merged_1day_{day:%Y%m%d}"
    pinot.ingest(Kind.BOOKED.offline_table, name, content, f"multipart/form-data; boundary={boundary}")


def _rows(kind: Kind, start_ms: int, length_ms: int, count: int) -> list[dict[str, Any]]:
    chance = random.Random(start_ms)  # noqa: S311 - the same rows in every run
    return [_row(kind, start_ms + length_ms * number // count, chance) for number in range(count)]


def _row(kind: Kind, moment: int, chance: random.Random) -> dict[str, Any]:
    ids = f"{chance.getrandbits(384):096x}"
    own: dict[str, Any] = {"checkoutId": ids[64:96]}
    if kind is Kind.BOOKED:
        status = "SUCCESS" if chance.random() < 0.92 else "FAILED"  # noqa: PLR2004 - the share that succeeds
        own = {"journalEntryId": ids[64:96], "bookingStatus": status}
    return own | {
        "eventId": ids[:32],
        "eventType": kind.event_type,
        "eventSource": "/payment-service",
        "eventTime": moment + 20,
        "transactionId": ids[32:64],
        "paymentOrderId": ids[16:48],
        "currency": chance.choices(_CURRENCIES, cum_weights=_CURRENCY_WEIGHTS)[0],
        "transactionType": chance.choice(("PAYMENT", "PAYMENT", "PAYMENT", "REFUND", "PAYOUT")),
        "buyerId": f"b-{chance.randrange(100_000)}",
        "buyerEmailHash": ids[:64],
        "sellerId": f"s-{chance.randrange(500)}",
        "merchantId": chance.choices(_MERCHANTS, cum_weights=_MERCHANT_WEIGHTS)[0],
        "metadata": json.dumps(
            {"channel": chance.choice(("pix", "card", "boleto")), "n": chance.randrange(1000)}
        ),
        "amount": f"{chance.randrange(1, 5_000)}.{chance.randrange(100):02d}",
        kind.time_column: moment,
    }
