"""Closing hours: a manifest for each hour and kind once all its events are archived, and again for late ones.

A partition is archived *through* a time when all offsets that the topic had at that time are in finished
batches: an idle partition, or one whose producer is dead, is through at once. An hour is closed when every
partition is through its end and a grace for late events, or at a deadline after its end, even if a partition
is behind. The time is the archive's (S3's), which does not jump.
"""

from __future__ import annotations

import logging
from collections import deque
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from operations.archive.files import read_file
from operations.archive.layout import (
    EXACT,
    Hour,
    Kind,
    Manifest,
    Watermark,
    amount_text,
    done_key,
    hour_prefix,
    in_order,
    key_batch,
    manifest_key,
    parse_manifest,
)
from operations.archive.positions import dones_from, dones_since, tail
from operations.archive.store import ArchiveError, latest, read_done

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from operations.archive.clock import Clock
    from operations.archive.layout import ArchivedFile, Done
    from operations.archive.store import ArchiveStore, Listed

log = logging.getLogger(__name__)

ClosedBy = Literal["watermarks", "deadline"]
_HOUR: Final = timedelta(hours=1)
# A batch is looked at again after a restart when it was finished this long before the last manifest or later.
_OVERLAP_MS: Final = 2 * 3_600_000
_FIRST_DAY: Final = date(2020, 1, 1)
_MOST_SAMPLES: Final = 240


class HourCloser:
    """Closes the hours of one topic. Several may be at it: S3 takes each revision once."""

    def __init__(
        self, store: ArchiveStore, topic: str, clock: Clock, *, grace_ms: int, deadline_ms: int
    ) -> None:
        """Look at nothing yet."""
        self._store, self._topic, self._clock = store, topic, clock
        self._grace_ms, self._deadline_ms = grace_ms, deadline_ms
        self._next: dict[int, int] = {}
        self._samples: dict[int, deque[tuple[int, int]]] = {}
        self._through: dict[int, int] = {}
        # Hours with files that no manifest may list yet: since when that is known, and the files' keys.
        self._waiting: dict[tuple[Kind, Hour], tuple[int, set[str]]] = {}
        self._next_hour: Hour | None = None

    def start(self, ends: Mapping[int, int]) -> None:
        """Find out what is closed and what is archived; `ends` are the ends of all partitions.

        Raises:
            ArchiveError: S3 fails, or the archive is damaged

        """
        found = [last for kind in Kind if (last := last_manifest(self._store, kind)) is not None]
        since_ms = min((listed.modified_ms for listed in found), default=0) - _OVERLAP_MS
        for partition, end in ends.items():
            for done in dones_since(self._store, self._topic, partition, end, since_ms):
                self._notice(done)
            self._next[partition] = tail(self._store, self._topic, partition, end).next_offset
            self._samples[partition] = deque(maxlen=_MOST_SAMPLES)
        if len(found) == len(Kind):
            self._next_hour = _plus(min(parse_manifest(listed.key)[1] for listed in found), 1)
        else:
            self._next_hour = Hour.of_ms(self._clock.now_ms())

    def step(self, asked_ms: int, ends: Mapping[int, int], reached: Mapping[int, int]) -> list[Manifest]:
        """Close what can be closed; return the manifests that were written.

        Args:
            asked_ms: the archive's time before the ends were asked for
            ends: the end of each partition of the topic
            reached: offsets up to which partitions hold nothing unread, where that is more than batches tell
                (a transaction's markers are offsets without an event)

        Raises:
            ArchiveError: S3 fails, or the archive is damaged

        """
        if self._next_hour is None or ends.keys() - self._next.keys():
            self.start(ends)
        for partition, end in ends.items():
            for done in dones_from(self._store, self._topic, partition, self._next[partition]):
                self._notice(done)
                self._next[partition] = done.next_offset
            self._samples[partition].append((asked_ms, end))
            self._sample(partition, max(self._next[partition], reached.get(partition, 0)))
        watermarks = tuple(
            Watermark(
                topic=self._topic,
                partition=partition,
                next_offset=max(self._next[partition], reached.get(partition, 0)),
                end_offset=end,
            )
            for partition, end in sorted(ends.items())
        )
        return self._close_all(watermarks)

    def _sample(self, partition: int, next_offset: int) -> None:
        samples = self._samples[partition]
        while samples and samples[0][1] <= next_offset:
            self._through[partition] = samples.popleft()[0]

    def _close_all(self, watermarks: tuple[Watermark, ...]) -> list[Manifest]:
        through = min((self._through.get(mark.partition, 0) for mark in watermarks), default=0)
        now = self._clock.now_ms()
        written: list[Manifest | None] = []
        while self._next_hour is not None:
            hour = self._next_hour
            closed_by = self._reason(hour.end_ms, self._grace_ms, through, now)
            if closed_by is None:
                break
            written += [self._close(kind, hour, closed_by, watermarks) for kind in Kind]
            self._next_hour = _plus(hour, 1)
        for (kind, hour), (noticed_ms, _) in sorted(self._waiting.items()):
            if self._next_hour is not None and hour >= self._next_hour:
                continue
            closed_by = self._reason(noticed_ms, 0, through, now)
            if closed_by is not None:
                written.append(self._close(kind, hour, closed_by, watermarks))
        return [manifest for manifest in written if manifest is not None]

    def _reason(self, since_ms: int, grace_ms: int, through_ms: int, now_ms: int) -> ClosedBy | None:
        if through_ms >= since_ms + grace_ms:
            return "watermarks"
        return "deadline" if now_ms >= since_ms + self._deadline_ms else None

    def _notice(self, done: Done) -> None:
        for file in done.files:
            waiting = (self._clock.now_ms(), set[str]())
            self._waiting.setdefault((file.kind, Hour.parse(file.hour)), waiting)[1].add(file.key)

    def _close(
        self, kind: Kind, hour: Hour, closed_by: ClosedBy, watermarks: tuple[Watermark, ...]
    ) -> Manifest | None:
        previous = latest(self._store, kind, hour)
        files = self._files(kind, hour)
        if previous is not None:
            # An erasure writes files anew under their names: their hashes then are the manifest's alone.
            listed = {file.key: file for file in previous.files}
            files = tuple(listed.get(file.key, file) for file in files)
        known = self._waiting.get((kind, hour), (0, set()))[1]
        if previous is not None:
            known |= {file.key for file in previous.files}
        gone = known - {file.key for file in files}
        if gone:
            message = (
                f"s3://{self._store.bucket}/{min(gone)} was archived, but it or its batch's done document is "
                "gone; restore it from the bucket's versions. The hour is not closed without it."
            )
            raise ArchiveError(message)
        if previous is not None and len(previous.files) == len(files):
            self._waiting.pop((kind, hour), None)
            return None
        distinct, amount = self._figures(files)
        manifest = Manifest(
            kind=kind,
            hour=str(hour),
            revision=1 if previous is None else previous.revision + 1,
            closed_by=closed_by,
            watermarks=watermarks,
            files=files,
            rows=sum(file.rows for file in files),
            distinct_event_ids=distinct,
            amount_sum=amount_text(amount),
        )
        key = manifest_key(kind, hour, manifest.revision)
        if not self._store.put_new(key, manifest.to_bytes()):
            # Somebody else closed it meanwhile; the next step compares with what they wrote.
            self._waiting.setdefault((kind, hour), (self._clock.now_ms(), set()))
            return None
        self._waiting.pop((kind, hour), None)
        log.info("closed %s %s, revision %d: %d rows", kind, hour, manifest.revision, manifest.rows)
        return manifest

    def _files(self, kind: Kind, hour: Hour) -> tuple[ArchivedFile, ...]:
        """Return the hour's files that finished batches list; what else lies there is nothing (yet)."""
        files = []
        for listed in self._store.list(hour_prefix("events", kind, hour)):
            batch = key_batch(listed.key)
            done = read_done(self._store, done_key(batch.topic, batch.partition, batch.first_offset))
            if done is not None:
                files += [file for file in done.files if file.key == listed.key]
        return in_order(tuple(files))

    def _figures(self, files: Sequence[ArchivedFile]) -> tuple[int, Decimal]:
        """Count events and sum amounts, each event once."""
        seen: set[str] = set()
        total = Decimal(0)
        for file in files:
            table = read_file(self._store, file, ["eventId", "amount"])
            for event_id, amount in zip(
                table["eventId"].to_pylist(), table["amount"].to_pylist(), strict=True
            ):
                if event_id not in seen:
                    seen.add(event_id)
                    total = EXACT.add(total, Decimal(amount))
        return len(seen), total


def _plus(hour: Hour, hours: int) -> Hour:
    return Hour.of_ms(hour.start_ms + hours * round(_HOUR.total_seconds()) * 1000)


def last_manifest(store: ArchiveStore, kind: Kind) -> Listed | None:
    """Find the manifest of the latest hour, by bisection over days."""
    prefix = f"manifests/kind={kind}/"
    low, high = 0, (date(2100, 1, 1) - _FIRST_DAY).days
    found: Listed | None = None
    while low < high:
        middle = (low + high) // 2
        after = f"{prefix}date={_FIRST_DAY + timedelta(days=middle)}"
        first = next(store.list(prefix, after=after, limit=1), None)
        if first is None:
            high = middle
        else:
            found = first
            low = (parse_manifest(first.key)[1].date() - _FIRST_DAY).days + 1
    if found is None:
        return next(store.list(prefix, limit=1), None)
    day = f"{prefix}date={parse_manifest(found.key)[1]:%Y-%m-%d}/"
    return list(store.list(day))[-1]
