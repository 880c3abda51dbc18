"""A topic, an archive bucket and archivers of a test's own, and the whole archive read back."""

from __future__ import annotations

import signal
import subprocess
import sys
import uuid
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import boto3
from confluent_kafka import Consumer, TopicPartition

from local.environment import REPOSITORY
from local.events.produce import produce
from operations.archive.files import read_file
from operations.archive.layout import Done, Kind, done_key, parse_position, positions_prefix
from operations.archive.store import ArchiveStore, latest, manifest_keys, read_done
from tests.engine.accepted_tables import make_topic

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from local.events.generator import Record
    from local.events.ledger import Ledger
    from operations.archive.layout import ArchivedFile, Manifest

_END_SECONDS: Final = 120


@dataclass
class Archived:
    """Everything in an archive that counts."""

    dones: list[Done] = field(default_factory=list)
    files: list[ArchivedFile] = field(default_factory=list)
    rows: dict[Kind, list[dict[str, Any]]] = field(default_factory=lambda: {kind: [] for kind in Kind})

    def count(self, name: str) -> int:
        """Sum one of the counts of all batches."""
        return sum(int(getattr(done.counts, name)) for done in self.dones)


class ArchiveStand:
    """One topic and its archive."""

    def __init__(self, kafka: str, s3: str, place: Path, partitions: int = 3) -> None:
        """Make topic, quarantine topic and bucket under names that nobody else uses."""
        name = uuid.uuid4().hex[:12]
        self.kafka, self.s3, self.place, self.partitions = kafka, s3, place, partitions
        self.topic = make_topic(kafka, f"payments-{name}", partitions)
        self.quarantine = make_topic(kafka, f"payments-{name}.quarantine", 1)
        self.bucket = f"archive-{name}"
        self.client: Any = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
        self.client.create_bucket(Bucket=self.bucket)
        self.store = ArchiveStore(self.bucket, endpoint=s3)

    def send(self, records: Iterable[Record]) -> int:
        """Send records; return their number."""
        return produce(records, self.kafka, topic=self.topic, progress=False).records

    def command(self, *arguments: str, endpoint: str | None = None) -> list[str]:
        """Return the command line of an archiver."""
        own = ("--bootstrap-servers", self.kafka, "--bucket", self.bucket, "--topic", self.topic)
        more = (
            "--quarantine-topic",
            self.quarantine,
            "--s3-endpoint",
            endpoint or self.s3,
            "--group",
            self.topic,
        )
        return [sys.executable, "-m", "operations.archive", "run", *own, *more, *arguments]

    def start(self, *arguments: str, endpoint: str | None = None) -> subprocess.Popen[bytes]:
        """Start an archiver; its log goes to the stand's place."""
        with (self.place / "archiver.log").open("ab") as log:
            return subprocess.Popen(
                self.command(*arguments, endpoint=endpoint), stdout=log, stderr=log, cwd=REPOSITORY
            )

    def once(self, *arguments: str, endpoint: str | None = None) -> subprocess.CompletedProcess[str]:
        """Archive what the topic holds, and end."""
        command = self.command("--once", *arguments, endpoint=endpoint)
        return subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=REPOSITORY, timeout=_END_SECONDS
        )

    def read(self) -> Archived:
        """Read the whole archive, and hold the chain of each partition to be whole and without overlap."""
        found = Archived()
        for partition in range(self.partitions):
            offset = 0
            while (done := read_done(self.store, done_key(self.topic, partition, offset))) is not None:
                found.dones.append(done)
                offset = done.next_offset
            listed = list(self.store.list(positions_prefix(self.topic, partition)))
            of_partition = [done for done in found.dones if done.partition == partition]
            assert sum(parse_position(item.key)[1] == "done" for item in listed) == len(of_partition)
        found.files = [file for done in found.dones for file in done.files]
        for file in found.files:
            rows = read_file(self.store, file).to_pylist()
            assert len(rows) == file.rows
            found.rows[file.kind] += rows
        return found

    def end_offsets(self) -> dict[int, int]:
        """Return where each partition ends."""
        consumer = Consumer({"bootstrap.servers": self.kafka, "group.id": "stand"})
        try:
            return {
                partition: consumer.get_watermark_offsets(TopicPartition(self.topic, partition), timeout=30)[
                    1
                ]
                for partition in range(self.partitions)
            }
        finally:
            consumer.close()

    def quarantined(self) -> list[bytes]:
        """Return every value of the quarantine topic."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.kafka,
                "group.id": "stand",
                "enable.partition.eof": True,
                "auto.offset.reset": "smallest",
            }
        )
        consumer.assign([TopicPartition(self.quarantine, 0, 0)])
        values: list[bytes] = []
        try:
            while True:
                message = consumer.poll(30)
                assert message is not None, "the quarantine topic does not answer"
                if message.error() is not None:
                    return values
                values.append(message.value() or b"")
        finally:
            consumer.close()

    def manifests(self) -> dict[tuple[Kind, str], Manifest]:
        """Return the last manifest of each closed hour."""
        found = {}
        for kind in Kind:
            for hour, _ in manifest_keys(self.store, kind):
                manifest = latest(self.store, kind, hour)
                assert manifest is not None
                found[kind, str(hour)] = manifest
        return found


def assert_archived(stand: ArchiveStand, ledger: Ledger, sent: int) -> Archived:
    """Hold the archive against the ledger of what was sent: no event lost or doubled, every cell equal."""
    archived = stand.read()
    ends = stand.end_offsets()
    for partition, end in ends.items():
        last = max((done.next_offset for done in archived.dones if done.partition == partition), default=0)
        assert last == end, f"partition {partition} is archived to {last} of {end}"
    assert archived.count("read") == sent
    for kind in Kind:
        expected = ledger.rows[kind.realtime_table]
        found = {row["eventId"]: row for row in archived.rows[kind]}
        missing = [event_id for event_id in expected if event_id not in found]
        assert not missing, f"{len(missing)} of {len(expected)} events are missing"
        extra = [row for event_id, row in found.items() if event_id not in expected]
        assert all(ledger.is_open(row["eventId"], row["transactionId"]) for row in extra)
        for event_id, row in expected.items():
            assert Decimal(found[event_id]["amount"]) == row["amount"]
            for column in (
                "transactionId",
                "buyerEmailHash",
                "buyerDocumentHash",
                kind.time_column,
                "eventTime",
            ):
                assert found[event_id][column] == row[column], column
    return archived


def assert_no_repeats(archived: Archived) -> None:
    """Hold every event id to one row of its kind."""
    for kind, rows in archived.rows.items():
        repeats = [count for count in Counter(row["eventId"] for row in rows).values() if count > 1]
        assert repeats == [], f"{len(repeats)} events of {kind} are archived more than once"


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process as the kernel does when memory runs out."""
    process.send_signal(signal.SIGKILL)
    process.wait(10)
