"""Hours of an archive as the archiver leaves them, with payments of a test's own."""

from __future__ import annotations

import hashlib
import io
import random
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from operations.archive.layout import (
    ArchivedFile,
    Batch,
    Hour,
    Kind,
    Manifest,
    amount_text,
    file_key,
    in_order,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operations.archive.store import ArchiveStore

Row = dict[str, Any]

_TYPES: Final = ("PAYMENT", "REFUND", "PAYOUT")
_CURRENCIES: Final = ("BRL", "USD", "EUR")
_HASH: Final = "0f" * 32


def payments(kind: Kind, hour: Hour, count: int, seed: int = 1) -> list[Row]:
    """Make rows up whose times lie in the hour, its first and its last millisecond among them."""
    chance = random.Random(f"{kind} {hour} {seed}")  # noqa: S311 - the same rows in every run
    return [_payment(kind, hour, number, count, chance) for number in range(count)]


def _payment(kind: Kind, hour: Hour, number: int, count: int, chance: random.Random) -> Row:
    moment = hour.start_ms + (3_599_999 * number) // max(count - 1, 1)
    row: Row = {
        "eventId": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "eventType": kind.event_type,
        "eventSource": "/payment-service",
        "eventTime": moment + 5,
        "transactionId": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "paymentOrderId": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "currency": chance.choice(_CURRENCIES),
        "transactionType": chance.choice(_TYPES),
        "buyerId": f"b-{chance.randrange(1000)}",
        "buyerEmailHash": _HASH,
        "buyerNameHash": None,
        "buyerDocumentHash": _HASH,
        "sellerId": f"s-{chance.randrange(50)}",
        "sellerEmailHash": None,
        "sellerNameHash": None,
        "merchantId": chance.choice((None, "m-1", "m-2")),
        "metadata": chance.choice((None, '{"channel":"pix"}', '{"channel":"card","n":1}')),
        # Beyond what a double holds to the cent.
        "amount": f"{chance.randrange(1, 10**18)}.{chance.randrange(100):02d}",
        kind.time_column: moment,
    }
    if kind is Kind.REGISTERED:
        row["checkoutId"] = f"co-{number}"
    else:
        row["journalEntryId"] = f"je-{number}"
        row["bookingStatus"] = chance.choice(("SUCCESS", "FAILED"))
    return row


def amount_of(rows: Sequence[Row]) -> str:
    """Sum amounts exactly, each event once."""
    once = {row["eventId"]: Decimal(row["amount"]) for row in reversed(rows)}
    return amount_text(sum(once.values(), Decimal(0)))


def write_file(
    store: ArchiveStore,
    kind: Kind,
    hour: Hour,
    rows: Sequence[Row],
    first_offset: int,
    version: str = "1.0.0",
) -> ArchivedFile:
    """Put one Parquet file into the archive."""
    batch = Batch(
        topic="payments", partition=0, first_offset=first_offset, last_offset=first_offset + len(rows) - 1
    )
    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=_arrow_schema(rows)), content, compression="zstd")
    key = file_key(kind, hour, batch)
    store.put_same(key, content.getvalue())
    times = [row[kind.time_column] for row in rows]
    return ArchivedFile(
        key=key,
        kind=kind,
        hour=str(hour),
        schema_version=version,
        rows=len(rows),
        distinct_event_ids=len({row["eventId"] for row in rows}),
        amount_sum=amount_of(rows),
        min_time_ms=min(times),
        max_time_ms=max(times),
        size_bytes=len(content.getvalue()),
        sha256=hashlib.sha256(content.getvalue()).hexdigest(),
    )


def _arrow_schema(rows: Sequence[Row]) -> pa.Schema:
    names = dict.fromkeys(name for row in rows for name in row)
    whole = {name for row in rows for name, value in row.items() if isinstance(value, int)}
    return pa.schema([(name, pa.int64() if name in whole else pa.string()) for name in names])


def close_hour(
    store: ArchiveStore,
    kind: Kind,
    hour: Hour,
    *files: Sequence[Row],
    revision: int = 1,
    version: str = "1.0.0",
) -> Manifest:
    """Put files into the archive, one for each list of rows, and the hour's manifest."""
    offsets = [sum(len(rows) for rows in files[:number]) for number in range(len(files))]
    written = [
        write_file(store, kind, hour, rows, offset, version)
        for rows, offset in zip(files, offsets, strict=True)
    ]
    return close(store, kind, hour, written, [row for rows in files for row in rows], revision=revision)


def close(
    store: ArchiveStore,
    kind: Kind,
    hour: Hour,
    written: Sequence[ArchivedFile],
    rows: Sequence[Row],
    *,
    revision: int = 1,
) -> Manifest:
    """Put the manifest of files that are there already."""
    manifest = Manifest(
        kind=kind,
        hour=str(hour),
        revision=revision,
        closed_by="watermarks",
        watermarks=(),
        files=in_order(tuple(written)),
        rows=len(rows),
        distinct_event_ids=len({row["eventId"] for row in rows}),
        amount_sum=amount_of(rows),
    )
    assert store.put_new(manifest.key, manifest.to_bytes())
    return manifest
