"""The archiver on a real Kafka and S3: killed, doubled, refused, late; the archive stays what was sent."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from local.environment import REPOSITORY
from local.events.clear_values import ClearValues
from local.events.disturbances import Shares
from local.events.generator import Plan, Record
from local.events.hostile import planted_values
from local.events.ledger import Ledger
from local.events.sample import sample
from operations.archive.layout import Hour, Kind, in_order
from operations.archive.store import manifests
from tests.engine.operations.archive_stand import ArchiveStand, assert_archived, assert_no_repeats, kill
from tests.engine.operations.refusing_proxy import RefusingProxy

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

_DISTURBED: Final = Shares(late=0.03, foreign=0.02, broken=0.02)
_SMALL_BATCHES: Final = ("--batch-events", "150", "--closing-seconds", "1")


def _records(count: int, seed: int, shares: Shares = _DISTURBED, hostile: float = 0.02) -> list[Record]:
    plan = Plan(count, seed, datetime.now(UTC), timedelta(hours=3))
    return list(sample(plan, shares, hostile))


@pytest.fixture
def stand(kafka: str, s3: str, tmp_path: Path) -> ArchiveStand:
    return ArchiveStand(kafka, s3, tmp_path)


def _kill_often(stand: ArchiveStand, times: int, seed: int, events: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - moments of kills, not a secret
    ledger, records = Ledger(), _records(events, seed)
    ledger.apply(records)
    sent = stand.send(records)
    for _ in range(times):
        process = stand.start(*_SMALL_BATCHES)
        time.sleep(rng.uniform(0.7, 2.2))
        assert process.poll() is None, (stand.place / "archiver.log").read_text("utf-8")[-2000:]
        kill(process)
    done = stand.once(*_SMALL_BATCHES)
    assert done.returncode == 0, done.stderr[-2000:]
    archived = assert_archived(stand, ledger, sent)
    assert_no_repeats(archived)
    told = {json.loads(value)["id"] for value in stand.quarantined()}
    assert len(told) == archived.count("rejected") + archived.count("flagged")


def test_killed_five_times_no_event_is_lost_or_doubled(stand: ArchiveStand) -> None:
    _kill_often(stand, 5, seed=61, events=4_000)


@pytest.mark.soak
def test_killed_fifty_times_no_event_is_lost_or_doubled(stand: ArchiveStand) -> None:
    _kill_often(stand, 50, seed=62, events=30_000)


def test_two_instances_that_come_and_go_write_each_event_once(stand: ArchiveStand) -> None:
    ledger, records = Ledger(), _records(4_000, 63)
    ledger.apply(records)
    first = stand.start(*_SMALL_BATCHES)
    second = stand.start(*_SMALL_BATCHES)
    try:
        sent = stand.send(records[:2_000])
        time.sleep(2)
        kill(second)
        sent += stand.send(records[2_000:])
        second = stand.start(*_SMALL_BATCHES)
        # A third one belongs to no group: it is a zombie that owns every partition all the time.
        zombie = stand.once("--batch-events", "70")
        assert zombie.returncode == 0, zombie.stderr[-2000:]
        for process in (first, second):
            process.terminate()
            assert process.wait(30) == 0
    finally:
        for process in (first, second):
            if process.poll() is None:
                kill(process)
    archived = assert_archived(stand, ledger, sent)
    assert_no_repeats(archived)


def test_a_file_is_in_its_hour_and_manifests_count_each_event_once(stand: ArchiveStand) -> None:
    ledger, records = Ledger(), _records(2_000, 64, Shares(duplicates=0.2, late=0.05), hostile=0)
    ledger.apply(records)
    sent = stand.send(records)
    # By deadline at once: the hours of the sample are over, but for the last.
    assert stand.once(*_SMALL_BATCHES, "--grace-seconds", "0").returncode == 0
    archived = assert_archived(stand, ledger, sent)
    assert archived.count("duplicates") > 0
    manifests_found = stand.manifests()
    now = Hour.of_ms(time.time_ns() // 1_000_000)
    for kind in Kind:
        rows = ledger.rows[kind.realtime_table].values()
        hours = {str(Hour.of_ms(row[kind.time_column])) for row in rows}  # type: ignore[arg-type]
        closed = {hour for of, hour in manifests_found if of is kind}
        assert {hour for hour in hours if Hour.parse(hour) < now} <= closed
        assert str(now) not in closed, "an hour that is not over is closed"
        for hour in closed:
            manifest = manifests_found[kind, hour]
            of_hour = [row for row in rows if str(Hour.of_ms(row[kind.time_column])) == hour]  # type: ignore[arg-type]
            assert manifest.distinct_event_ids == len(of_hour)
            assert manifest.amount_sum == f"{sum(row['amount'] for row in of_hour):.2f}"  # type: ignore[misc]
            assert manifest.files == in_order(manifest.files)
    for file in archived.files:
        own = Hour.parse(file.hour)
        assert own.start_ms <= file.min_time_ms <= file.max_time_ms < own.end_ms


def test_a_late_event_gives_its_hour_a_further_file_and_a_second_revision(stand: ArchiveStand) -> None:
    ledger, records = Ledger(), _records(400, 65, Shares(), hostile=0)
    ledger.apply(records)
    early = [record for number, record in enumerate(records) if number % 40]
    late = [record for number, record in enumerate(records) if number % 40 == 0]
    sent = stand.send(early)
    assert stand.once("--grace-seconds", "0").returncode == 0
    before = stand.manifests()
    sent += stand.send(late)
    assert stand.once("--grace-seconds", "0").returncode == 0
    after = stand.manifests()
    assert_archived(stand, ledger, sent)
    revised = [place for place, manifest in after.items() if manifest.revision == 2]
    assert revised
    for kind, hour in revised:
        first, second = manifests(stand.store, kind, Hour.parse(hour))
        assert first == before[kind, hour]
        assert {file.key for file in first.files} < {file.key for file in second.files}
        assert second.distinct_event_ids > first.distinct_event_ids


def test_no_clear_value_stands_in_the_archive_or_the_quarantine(stand: ArchiveStand) -> None:
    records = _records(1_000, 66, Shares(broken=0.2), hostile=0.9)
    planted = ClearValues(planted_values())
    sent = b"\n".join(record.value or b"" for record in records)
    assert planted.in_bytes(sent), "the search would find nothing anyway"
    stand.send(records)
    assert stand.once().returncode == 0
    archived = stand.read()
    assert archived.count("stored") > 500
    values = json.dumps(archived.rows[Kind.REGISTERED] + archived.rows[Kind.BOOKED], ensure_ascii=False)
    assert planted.in_bytes(values.encode()) == set()
    told = b"\n".join(stand.quarantined())
    assert told
    assert planted.in_bytes(told) == set()
    for listed in stand.store.list(""):
        assert planted.in_bytes(stand.store.get(listed.key) or b"") == set(), listed.key


def test_while_s3_refuses_it_waits_and_then_goes_on(stand: ArchiveStand) -> None:
    ledger, records = Ledger(), _records(1_500, 71)
    ledger.apply(records)
    sent = stand.send(records)
    with RefusingProxy(stand.s3) as proxy:
        process = stand.start(*_SMALL_BATCHES, "--once", endpoint=proxy.url)
        proxy.wait_for_connections(1)
        proxy.refuse()
        time.sleep(0.7)
        assert process.poll() is None
        proxy.serve()
        assert process.wait(120) == 0, (stand.place / "archiver.log").read_text("utf-8")[-2000:]
        assert proxy.refused > 0
    assert_no_repeats(assert_archived(stand, ledger, sent))


def test_when_s3_refuses_for_good_it_ends_and_nothing_is_committed(stand: ArchiveStand) -> None:
    ledger, records = Ledger(), _records(500, 72)
    ledger.apply(records)
    sent = stand.send(records)
    with RefusingProxy(stand.s3) as proxy:
        # The first batches go through; a bucket policy could not be more sudden.
        proxy.refuse_after(60)
        ended = stand.once("--batch-events", "50", "--s3-attempts", "2", endpoint=proxy.url)
    assert ended.returncode == 1
    assert "after all retries" in ended.stderr
    assert "Traceback" not in ended.stderr
    before = stand.read().count("read")
    assert 0 < before < sent, f"{before} of {sent}"
    assert stand.once().returncode == 0
    assert_no_repeats(assert_archived(stand, ledger, sent))


def test_it_needs_no_disk(stand: ArchiveStand) -> None:
    stand.send(_records(500, 67))
    done = subprocess.run(
        stand.command("--once"),
        check=False,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        # Every write to a file fails, as on a full disk.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert stand.read().count("read") > 500


def test_data_loss_is_shouted_with_the_range_and_recorded_when_accepted(stand: ArchiveStand) -> None:
    first = _records(600, 68, Shares(), hostile=0)
    stand.send(first)
    assert stand.once().returncode == 0
    archived_to = stand.end_offsets()
    lost = _records(600, 69, Shares(), hostile=0)
    stand.send(lost)
    eaten = stand.end_offsets()
    admin = AdminClient({"bootstrap.servers": stand.kafka})
    offsets = [TopicPartition(stand.topic, 1, eaten[1])]
    for future in admin.delete_records(offsets).values():
        future.result(30)
    stand.send(_records(300, 70, Shares(), hostile=0))
    refused = stand.once()
    assert refused.returncode == 4
    assert f"{stand.topic}-1: offsets {archived_to[1]} to {eaten[1] - 1}" in refused.stderr
    accepted = stand.once("--accept-data-loss")
    assert accepted.returncode == 0, accepted.stderr[-2000:]
    archived = stand.read()
    ranges = [(done.first_offset, done.last_offset) for done in archived.dones if done.outcome == "lost"]
    assert ranges == [(archived_to[1], eaten[1] - 1)]
    ends = stand.end_offsets()
    assert {p: max(d.next_offset for d in archived.dones if d.partition == p) for p in ends} == ends
    assert stand.once().returncode == 0, "a loss that is recorded is told once"
