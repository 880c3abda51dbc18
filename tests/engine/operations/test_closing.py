"""When an hour is closed, on a real S3 with a clock that the test moves; and what a damaged archive says."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest

from local.environment import REPOSITORY
from operations.archive.closing import HourCloser
from operations.archive.files import FileFormat, read_file, store_file
from operations.archive.layout import (
    HOUR_MS,
    Batch,
    Counts,
    Done,
    Hour,
    Intent,
    Kind,
    done_key,
    hour_prefix,
    intent_key,
    manifest_key,
)
from operations.archive.positions import tail
from operations.archive.store import ArchiveError, ArchiveStore, DifferentContentError, latest, manifests
from product_model import Product, load_product
from tests.engine.operations.archived_hours import payments

if TYPE_CHECKING:
    from collections.abc import Callable

    from operations.archive.layout import ArchivedFile, Manifest

    Damage = Callable[[bytes], bytes | None]

pytestmark = pytest.mark.engine

TOPIC: Final = "payments"
HOUR: Final = Hour.parse("2026-03-14T09")
KIND: Final = Kind.BOOKED
MINUTE: Final = 60_000


@pytest.fixture(scope="module")
def product() -> Product:
    return load_product(REPOSITORY / "data-product")


@dataclass
class Clock:
    """The archive's time, as the test has it."""

    moment_ms: int

    def now_ms(self) -> int:
        """Return it."""
        return self.moment_ms


@dataclass
class Archive:
    """An archive of two partitions."""

    store: ArchiveStore
    format: FileFormat
    clock: Clock
    ends: dict[int, int] = field(default_factory=lambda: {0: 0, 1: 0})

    def closer(self) -> HourCloser:
        """Return an instance that knows nothing yet."""
        return HourCloser(
            self.store,
            TOPIC,
            self.clock,
            grace_ms=2 * MINUTE,
            deadline_ms=9 * MINUTE,
        )

    def batch(
        self, partition: int, hour: Hour, rows: int, *, seed: int = 1, finished: bool = True
    ) -> ArchivedFile:
        """Archive a batch as the archiver does, and let the topic end behind it."""
        first = self.ends[partition]
        batch = Batch(topic=TOPIC, partition=partition, first_offset=first, last_offset=first + rows - 1)
        self.ends[partition] = first + rows
        columns = self.format.columns
        values = [
            tuple({**row, "bookedHour": hour.start_ms}[column] for column in columns)
            for row in payments(KIND, hour, rows, seed)
        ]
        file, body = self.format.write(values, hour, batch)
        intent = Intent(**batch.model_dump(), judged_at_ms=self.clock.moment_ms)
        self.store.put_same(intent_key(TOPIC, partition, first), intent.to_bytes())
        stored = store_file(self.store, file, body)
        if finished:
            done = Done(**batch.model_dump(), counts=Counts(read=rows, stored=rows), files=(stored,))
            self.store.put_same(done_key(TOPIC, partition, first), done.to_bytes())
        return stored

    def step(self, closer: HourCloser, ends: dict[int, int] | None = None) -> list[Manifest]:
        """Look once, with the topic's real ends or others."""
        return closer.step(self.clock.moment_ms, self.ends if ends is None else ends, {})


@pytest.fixture
def archive(s3: str, product: Product) -> Archive:
    bucket = f"closing-{uuid.uuid4().hex[:12]}"
    client: Any = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
    client.create_bucket(Bucket=bucket)
    store = ArchiveStore(bucket, endpoint=s3, attempts=2)
    return Archive(store, FileFormat(product, KIND), Clock(HOUR.start_ms + 30 * MINUTE))


def _closed(manifests_written: list[Manifest]) -> list[tuple[str, str, int, int]]:
    return [(m.kind.value, m.hour, m.revision, m.rows) for m in manifests_written]


def test_an_hour_is_closed_when_all_partitions_are_through_it_and_idle_ones_are_at_once(
    archive: Archive,
) -> None:
    closer = archive.closer()
    archive.batch(0, HOUR, 10)
    assert archive.step(closer) == []
    archive.clock.moment_ms = HOUR.end_ms + MINUTE
    assert archive.step(closer) == [], "within the grace"
    archive.clock.moment_ms = HOUR.end_ms + 2 * MINUTE
    written = archive.step(closer)
    assert _closed(written) == [
        ("transaction-wallet-registered", str(HOUR), 1, 0),
        ("transaction-booked", str(HOUR), 1, 10),
    ]
    assert {manifest.closed_by for manifest in written} == {"watermarks"}
    assert archive.step(closer) == [], "once"


def test_a_partition_that_is_behind_holds_an_hour_open_until_the_deadline_and_not_longer(
    archive: Archive,
) -> None:
    closer = archive.closer()
    archive.step(closer)
    archive.batch(0, HOUR, 10)
    behind = {0: 10, 1: 5}
    for minutes in (2, 5, 8):
        archive.clock.moment_ms = HOUR.end_ms + minutes * MINUTE
        assert archive.step(closer, behind) == []
    archive.clock.moment_ms = HOUR.end_ms + 9 * MINUTE
    written = archive.step(closer, behind)
    assert {manifest.closed_by for manifest in written} == {"deadline"}
    assert [(mark.next_offset, mark.end_offset) for mark in written[0].watermarks] == [(10, 10), (0, 5)]


def test_what_the_topic_got_after_the_hour_does_not_hold_it_open(archive: Archive) -> None:
    closer = archive.closer()
    archive.step(closer)
    archive.batch(0, HOUR, 10)
    archive.clock.moment_ms = HOUR.end_ms + 2 * MINUTE
    asked_before = dict(archive.ends)
    closer.step(archive.clock.moment_ms, {**asked_before, 1: 3}, {})
    archive.batch(1, HOUR, 3, seed=2)
    archive.clock.moment_ms += MINUTE
    written = archive.step(closer, {0: 10, 1: 500})
    assert [manifest.rows for manifest in written] == [0, 13], "through the time at which the end was 3"


def test_hours_are_closed_one_after_the_other_and_empty_ones_too(archive: Archive) -> None:
    closer = archive.closer()
    archive.step(closer)
    archive.clock.moment_ms = HOUR.start_ms + 4 * HOUR_MS
    written = archive.step(closer)
    assert [m.hour for m in written if m.kind is KIND] == [f"2026-03-14T{hour:02d}" for hour in (9, 10, 11)]
    archive.clock.moment_ms += HOUR_MS
    again = archive.closer()
    assert [m.hour for m in archive.step(again) if m.kind is KIND] == ["2026-03-14T12"], (
        "goes on after a restart"
    )


def test_a_late_file_gives_a_superset_also_after_a_restart(archive: Archive) -> None:
    closer = archive.closer()
    first = archive.batch(0, HOUR, 10)
    archive.clock.moment_ms = HOUR.end_ms + 3 * MINUTE
    archive.step(closer)
    late = archive.batch(1, HOUR, 4, seed=2)
    again = archive.closer()
    archive.clock.moment_ms += MINUTE
    assert _closed(archive.step(again)) == [("transaction-booked", str(HOUR), 2, 14)]
    one, two = manifests(archive.store, KIND, HOUR)
    assert [file.key for file in one.files] == [first.key]
    assert [file.key for file in two.files] == [first.key, late.key]
    assert latest(archive.store, KIND, HOUR) == two


def test_an_event_that_kafka_delivered_again_counts_once(archive: Archive) -> None:
    closer = archive.closer()
    archive.step(closer)
    file = archive.batch(0, HOUR, 6)
    archive.batch(1, HOUR, 6)  # the same rows
    archive.clock.moment_ms = HOUR.end_ms + 3 * MINUTE
    (_, manifest) = archive.step(closer)
    assert (manifest.rows, manifest.distinct_event_ids, manifest.amount_sum) == (12, 6, file.amount_sum)


def test_what_a_killed_run_left_without_its_done_document_is_in_no_manifest(archive: Archive) -> None:
    closer = archive.closer()
    archive.step(closer)
    archive.batch(0, HOUR, 10)
    archive.batch(0, HOUR, 5, seed=2, finished=False)
    archive.clock.moment_ms = HOUR.end_ms + 9 * MINUTE
    (_, manifest) = archive.step(closer)
    assert manifest.rows == 10
    found = tail(archive.store, TOPIC, 0, 15)
    assert (found.next_offset, found.intent is not None) == (10, True)


def test_two_closers_write_a_revision_once(archive: Archive) -> None:
    closers = archive.closer(), archive.closer()
    archive.batch(0, HOUR, 10)
    archive.clock.moment_ms = HOUR.start_ms + MINUTE
    for closer in closers:
        archive.step(closer)
    archive.clock.moment_ms = HOUR.end_ms + 3 * MINUTE
    written = [archive.step(closer) for closer in closers]
    assert [len(of_one) for of_one in written] == [2, 0]
    assert len(manifests(archive.store, KIND, HOUR)) == 1


def test_the_end_of_a_long_chain_is_found_in_few_requests(archive: Archive) -> None:
    for number in range(40):
        archive.batch(0, HOUR, 3 + number % 4, seed=number)
    asked = []
    whole = archive.store.list
    archive.store.list = lambda *given, **more: asked.append(given) or whole(*given, **more)  # type: ignore[method-assign,func-returns-value]
    found = tail(archive.store, TOPIC, 0, 10_000_000)
    assert (found.next_offset, found.intent) == (archive.ends[0], None)
    assert len(asked) < 30


def test_a_topic_that_was_made_anew_is_refused(archive: Archive) -> None:
    archive.batch(0, HOUR, 10)
    with pytest.raises(
        ArchiveError, match=r"payments-0 up to offset 9, but the topic ends before 4: it was deleted"
    ):
        tail(archive.store, TOPIC, 0, 4)


def test_other_content_under_a_name_is_an_error_and_nothing_is_overwritten(archive: Archive) -> None:
    key = manifest_key(KIND, HOUR, 1)
    assert archive.store.put_same(key, b"one") is True
    assert archive.store.put_same(key, b"one") is False
    with pytest.raises(DifferentContentError, match="is there with other bytes"):
        archive.store.put_same(key, b"two")
    assert archive.store.get(key) == b"one"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda body: body[:-20], "Restore the object's first version"),
        (lambda body: body[:50] + bytes([body[50] ^ 1]) + body[51:], "SHA-256"),
        (lambda _: None, "is gone"),
    ],
)
def test_a_damaged_file_is_told_and_its_hour_not_closed(archive: Archive, damage: Damage, said: str) -> None:
    closer = archive.closer()
    file = archive.batch(0, HOUR, 10)
    body = damage(archive.store.get(file.key) or b"")
    if body is None:
        archive.store._s3.delete_object(Bucket=archive.store.bucket, Key=file.key)
    else:
        archive.store._s3.put_object(Bucket=archive.store.bucket, Key=file.key, Body=body)
    with pytest.raises(ArchiveError, match=said):
        read_file(archive.store, file)
    archive.clock.moment_ms = HOUR.end_ms + 3 * MINUTE
    with pytest.raises(ArchiveError, match=said):
        archive.step(closer)
    assert latest(archive.store, KIND, HOUR) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"layout_version": 2}, "layout_version"),
        ({"rows": 11}, "the manifest says 11"),
        ({"surprise": 1}, "surprise"),
        ({"hour": "2026-03-14T10"}, "is no file of"),
    ],
)
def test_a_manifest_of_another_version_or_that_contradicts_itself_is_refused(
    archive: Archive, change: dict[str, Any], said: str
) -> None:
    closer = archive.closer()
    archive.batch(0, HOUR, 10)
    archive.clock.moment_ms = HOUR.end_ms + 3 * MINUTE
    archive.step(closer)
    content = json.loads(archive.store.get(manifest_key(KIND, HOUR, 1)) or b"")
    key = manifest_key(KIND, HOUR, 2)
    archive.store.put_new(key, json.dumps({**content, "revision": 2, **change}).encode())
    with pytest.raises(ArchiveError, match=said):
        latest(archive.store, KIND, HOUR)


def test_a_bucket_that_is_not_there_is_told_with_what_to_do(s3: str) -> None:
    store = ArchiveStore("no-such-bucket-here", endpoint=s3, attempts=1)
    with pytest.raises(ArchiveError, match=r"s3://no-such-bucket-here/.*could not be written: NoSuchBucket"):
        store.put_new("x", b"x")
    with pytest.raises(ArchiveError, match="could not be listed: NoSuchBucket"):
        list(store.list(hour_prefix("events", KIND, HOUR)))
