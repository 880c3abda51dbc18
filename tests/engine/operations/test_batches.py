"""Two writers of one batch, on a real S3: what the first one fixed holds for both, to the byte."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Final

import boto3
import pyarrow.parquet as pq
import pytest

from local.environment import REPOSITORY
from local.events.disturbances import USUAL
from local.events.generator import Plan
from local.events.sample import sample
from operations.archive import files
from operations.archive.batches import DataLossError, OpenBatch, OtherIntentError, Writing, record_unread
from operations.archive.clock import ArchiveClock
from operations.archive.layout import Batch, intent_key
from operations.archive.positions import tail
from operations.archive.store import ArchiveStore, DifferentContentError, read_intent
from product_model import Product, load_product

pytestmark = pytest.mark.engine

TOPIC: Final = "payments"


@dataclass(frozen=True)
class Read:
    """A record as Kafka's client gives it."""

    place: int
    bytes_: bytes | None

    def offset(self) -> int:
        """Return its offset."""
        return self.place

    def value(self) -> bytes | None:
        """Return its value."""
        return self.bytes_

    def key(self) -> bytes | None:
        """Return its key."""
        return b"a-key"

    def timestamp(self) -> tuple[int, int]:
        """Return its time, as the producer's."""
        return 1, 1_773_478_000_000


@pytest.fixture(scope="module")
def product() -> Product:
    return load_product(REPOSITORY / "data-product")


@pytest.fixture(scope="module")
def messages() -> list[Any]:
    plan = Plan(300, 81, datetime.now(UTC), timedelta(hours=2))
    return [Read(number, record.value) for number, record in enumerate(sample(plan, USUAL, hostile=0.1))]


@pytest.fixture
def store(s3: str) -> ArchiveStore:
    bucket = f"batches-{uuid.uuid4().hex[:12]}"
    client: Any = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
    client.create_bucket(Bucket=bucket)
    return ArchiveStore(bucket, endpoint=s3, attempts=2)


class Writer:
    """An instance that shares nothing with others but the archive."""

    def __init__(self, product: Product, store: ArchiveStore, seconds_ahead: int = 0) -> None:
        """Compile everything anew, with a clock of its own."""
        clock = ArchiveClock()
        clock.tell(time.time_ns() // 1_000_000 + 1000 * seconds_ahead)
        self.told: list[tuple[str, bytes]] = []
        self.writing = Writing.of(product, store, clock, self.told.extend)

    def batch(self, messages: list[Any], count: int, **given: Any) -> OpenBatch:  # noqa: ANN401 - as OpenBatch takes it
        """Read so many records."""
        batch = OpenBatch(TOPIC, 0, 0, **given)
        for message in messages[:count]:
            batch.add(message, self.writing)
        return batch


def _objects(store: ArchiveStore) -> dict[str, bytes]:
    return {listed.key: store.get(listed.key) or b"" for listed in store.list("")}


def test_a_second_writer_of_the_same_intent_writes_the_same_bytes(
    product: Product, store: ArchiveStore, messages: list[Any]
) -> None:
    first, second = Writer(product, store), Writer(product, store, seconds_ahead=7)
    done = first.batch(messages, 200).finish(first.writing)
    before = _objects(store)
    intent = read_intent(store, intent_key(TOPIC, 0, 0))
    again = second.batch(messages, 200, intent=intent).finish(second.writing)
    assert again == done
    assert _objects(store) == before
    assert second.told == first.told, "the same ids, so that repeats in the quarantine are known"
    assert len(done.files) >= 4


def test_whoever_comes_second_with_another_range_is_told_the_first_ones(
    product: Product, store: ArchiveStore, messages: list[Any]
) -> None:
    first, zombie = Writer(product, store), Writer(product, store, seconds_ahead=7)
    slow = zombie.batch(messages, 250)
    first.batch(messages, 200).finish(first.writing)
    before = _objects(store)
    with pytest.raises(OtherIntentError) as refused:
        slow.finish(zombie.writing)
    assert (refused.value.intent.last_offset, zombie.told) == (199, [])
    assert _objects(store) == before, "nothing was written"


@pytest.mark.parametrize("puts", range(1, 8))
def test_a_writer_that_dies_after_any_object_is_continued_without_a_trace(
    product: Product, store: ArchiveStore, messages: list[Any], puts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = Writer(product, store)
    put, left = store.put_new, [puts]

    def put_until_dead(key: str, content: bytes) -> bool:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return put(key, content)

    monkeypatch.setattr(store, "put_new", put_until_dead)
    with contextlib.suppress(KeyboardInterrupt):
        dying.batch(messages, 200).finish(dying.writing)
    monkeypatch.undo()
    found = tail(store, TOPIC, 0, 300)
    heir = Writer(product, store, seconds_ahead=7)
    if found.intent is not None:
        batch = heir.batch(messages, 200, intent=found.intent)
        assert batch.complete
        batch.finish(heir.writing)
    done = next(iter(json.loads(body) for key, body in _objects(store).items() if key.endswith("done.json")))
    assert done["counts"]["read"] == 200
    listed = {file["key"] for file in done["files"]}
    assert {key for key in _objects(store) if key.startswith("events/")} == listed


def test_the_same_rows_in_bytes_of_another_library_version_are_taken_and_other_rows_refused(
    product: Product, store: ArchiveStore, messages: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(product, store)
    with monkeypatch.context() as other_version:
        other_version.setattr(files, "_ZSTD_LEVEL", 9)
        other_version.setattr(
            store, "put_same", lambda key, body: store.put_new(key, body) or "done" not in key
        )
        writer.batch(messages, 200).finish(writer.writing)
    objects = _objects(store)
    (done_key,) = [key for key in objects if key.endswith("done.json")]
    store._s3.delete_object(Bucket=store.bucket, Key=done_key)
    intent = read_intent(store, intent_key(TOPIC, 0, 0))
    done = writer.batch(messages, 200, intent=intent).finish(writer.writing)
    assert _objects(store) == objects, "the files stand as they were; the done document is the same"
    assert {len(objects[file.key]) for file in done.files} == {file.size_bytes for file in done.files}
    store._s3.delete_object(Bucket=store.bucket, Key=done_key)
    foreign = writer.batch(messages[1:], 200, intent=None)
    foreign.intent = intent
    foreign.last_offset = 199
    with pytest.raises(DifferentContentError):
        foreign.finish(writer.writing)


def test_a_range_that_the_topic_lost_takes_the_batchs_place_once(
    product: Product, store: ArchiveStore, messages: list[Any]
) -> None:
    writer = Writer(product, store)
    writer.batch(messages, 200).finish(writer.writing)
    with pytest.raises(DifferentContentError):
        record_unread(
            store, Batch(topic=TOPIC, partition=0, first_offset=0, last_offset=99), before_archive=False
        )
    found = tail(store, TOPIC, 0, 300)
    record_unread(
        store, Batch(topic=TOPIC, partition=0, first_offset=200, last_offset=249), before_archive=False
    )
    assert (found.next_offset, tail(store, TOPIC, 0, 300).next_offset) == (200, 250)


def test_a_batch_whose_last_record_is_gone_is_data_loss(
    product: Product, store: ArchiveStore, messages: list[Any]
) -> None:
    writer = Writer(product, store)
    writer.batch(messages, 200).finish(writer.writing)
    intent = read_intent(store, intent_key(TOPIC, 0, 0))
    with pytest.raises(DataLossError, match="payments-0: offsets 0 to 209"):
        writer.batch(messages[210:], 10, intent=intent)


def test_a_file_tells_what_it_holds(product: Product, store: ArchiveStore, messages: list[Any]) -> None:
    writer = Writer(product, store)
    done = writer.batch(messages, 200).finish(writer.writing)
    for file in done.files:
        body = store.get(file.key)
        assert body is not None
        read = pq.ParquetFile(BytesIO(body))
        told = {
            name.decode().removeprefix("payments."): value.decode()
            for name, value in read.schema_arrow.metadata.items()
        }
        assert told["schemaVersion"] == file.schema_version
        assert (told["firstOffset"], told["lastOffset"]) == ("0", "199")
        assert (told["rows"], told["amountSum"]) == (str(file.rows), file.amount_sum)
        assert read.metadata.row_group(0).column(0).compression == "ZSTD"
        assert read.schema_arrow.names == list(writer.writing.formats[file.kind].columns)
        types = {field.name: str(field.type) for field in read.schema_arrow}
        assert (types["amount"], types[file.kind.time_column]) == ("string", "int64")
