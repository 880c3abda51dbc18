"""One partition's batch, from its first event to its done document."""

from __future__ import annotations

import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from operations.archive.files import FileFormat, store_file
from operations.archive.layout import HOUR_MS, Batch, Counts, Done, Hour, Intent, Kind, done_key, intent_key
from operations.archive.rows import Fate, Rows
from operations.archive.store import ArchiveError, read_intent
from operations.quarantine.events import Position, QuarantineEvents

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Message

    from operations.archive.clock import ArchiveClock
    from operations.archive.rows import PiiMode
    from operations.archive.store import ArchiveStore
    from operations.archive.usual_rows import Row
    from product_model.product import Product

log = logging.getLogger(__name__)

_UPLOADS: Final = 4
_FATE_COUNTS: Final = {Fate.OTHER_KIND: "other_kinds", Fate.ERASURE: "erasures", Fate.REJECTED: "rejected"}


class OtherIntentError(Exception):
    """Another instance has begun this batch with another range or time: what was read is to be read again."""

    def __init__(self, intent: Intent) -> None:
        """Carry the intent that holds."""
        self.intent = intent
        super().__init__(f"{intent.topic}-{intent.partition} at {intent.first_offset}")


class DataLossError(Exception):
    """The topic has deleted events that were never archived."""

    def __init__(self, topic: str, partition: int, first_offset: int, last_offset: int) -> None:
        """Take the lost range, both ends included."""
        self.topic, self.partition = topic, partition
        self.first_offset, self.last_offset = first_offset, last_offset
        super().__init__(
            f"DATA LOSS: {topic}-{partition}: offsets {first_offset} to {last_offset} "
            f"({last_offset - first_offset + 1:,} offsets) were deleted by the topic's retention before they "
            "were archived. They may still be in the real-time tables. To record the range as lost and "
            "go on behind it, start the archiver with --accept-data-loss."
        )


@dataclass(frozen=True)
class Writing:
    """What every batch is judged and written with."""

    store: ArchiveStore
    clock: ArchiveClock
    rows: Rows
    formats: dict[Kind, FileFormat]
    quarantine: QuarantineEvents
    # Sends quarantine events and returns when all are acknowledged.
    send: Callable[[list[tuple[str, bytes]]], None]

    @classmethod
    def of(
        cls,
        product: Product,
        store: ArchiveStore,
        clock: ArchiveClock,
        send: Callable[[list[tuple[str, bytes]]], None],
        pii_mode: PiiMode = "sha256",
    ) -> Writing:
        """Compile a product."""
        return cls(
            store=store,
            clock=clock,
            rows=Rows(product, pii_mode=pii_mode),
            formats={kind: FileFormat(product, kind) for kind in Kind},
            quarantine=QuarantineEvents(product),
            send=send,
        )


@dataclass
class OpenBatch:
    """The events of one partition since its last done document.

    Args:
        topic: the topic
        partition: the partition
        first_offset: where it begins
        intent: the intent that fixes its range, when there is one already

    """

    topic: str
    partition: int
    first_offset: int
    intent: Intent | None = None
    judged_at_ms: int = 0
    last_offset: int = -1
    events: int = 0
    value_bytes: int = 0
    opened: float = field(default_factory=time.monotonic)
    rules: Counter[str] = field(default_factory=Counter)
    _rows: dict[tuple[Kind, int], list[Row]] = field(default_factory=dict)
    _ids: dict[Kind, set[str]] = field(default_factory=lambda: {kind: set() for kind in Kind})
    _counts: Counter[str] = field(default_factory=Counter)
    _breaches: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def next_offset(self) -> int:
        """The first offset that it has not read."""
        return max(self.first_offset, self.last_offset + 1)

    @property
    def complete(self) -> bool:
        """Whether it has read all that its intent promises."""
        return self.intent is not None and self.last_offset == self.intent.last_offset

    def add(self, message: Message, writing: Writing) -> None:
        """Judge one record.

        Raises:
            DataLossError: the record that the intent ends with is not on the topic any more

        """
        offset = message.offset() or 0
        if self.intent is not None and offset > self.intent.last_offset:
            raise DataLossError(self.topic, self.partition, self.first_offset, offset - 1)
        if self.events == 0:
            self.opened = time.monotonic()
            self.judged_at_ms = writing.clock.now_ms() if self.intent is None else self.intent.judged_at_ms
        self.last_offset = offset
        self.events += 1
        self._counts["read"] += 1
        value = message.value()
        self.value_bytes += len(value or b"")
        verdict = writing.rows.judge(value, self.judged_at_ms)
        if verdict.fate is not Fate.STORED:
            self._counts[_FATE_COUNTS[verdict.fate]] += 1
        elif verdict.kind is not None:
            event_id = verdict.row[writing.formats[verdict.kind].id_index]
            if event_id in self._ids[verdict.kind]:
                self._counts["duplicates"] += 1
                return
            self._ids[verdict.kind].add(event_id)
            self._counts["stored"] += 1
            hour = verdict.time_ms // HOUR_MS
            self._rows.setdefault((verdict.kind, hour), []).append(verdict.row)
        if verdict.breaches:
            stored = verdict.fate is Fate.STORED
            self._counts["flagged"] += stored
            self.rules[verdict.breaches[0].rule] += 1
            kind, moment_ms = message.timestamp()
            position = Position(self.topic, self.partition, offset, int(moment_ms or 0) if kind else -1)
            told = writing.quarantine.event(
                position, message.key(), value, (verdict.event, verdict.breaches, stored)
            )
            self._breaches.append((position.quarantine_id, told))

    def finish(self, writing: Writing) -> Done:
        """Write intent, files, quarantine events and the done document, in this order.

        Raises:
            OtherIntentError: another instance began it otherwise; nothing was written
            ArchiveError: S3 fails, or holds other content; nothing is done, and a restart does it again

        """
        batch = Batch(
            topic=self.topic,
            partition=self.partition,
            first_offset=self.first_offset,
            last_offset=self.last_offset,
        )
        if self.intent is None:
            self._begin(batch, writing.store)
        # S3 takes several at a time; a file that fails ends the batch once the others are through.
        with ThreadPoolExecutor(_UPLOADS) as uploads:
            stored = []
            for (kind, hour), rows in sorted(self._rows.items()):
                file, body = writing.formats[kind].write(rows, Hour.of_ms(hour * HOUR_MS), batch)
                stored.append(uploads.submit(store_file, writing.store, file, body))
            writing.send(self._breaches)
            files = tuple(upload.result() for upload in stored)
        done = Done(**batch.model_dump(), counts=Counts(**self._counts), files=files)
        key = done_key(self.topic, self.partition, self.first_offset)
        writing.store.put_same(key, done.to_bytes())
        return done

    def _begin(self, batch: Batch, store: ArchiveStore) -> None:
        intent = Intent(**batch.model_dump(), judged_at_ms=self.judged_at_ms)
        key = intent_key(self.topic, self.partition, self.first_offset)
        if not store.put_new(key, intent.to_bytes()):
            found = read_intent(store, key)
            if found is None:
                message = (
                    f"s3://{store.bucket}/{key} can neither be written (412) nor read (404); try again later"
                )
                raise ArchiveError(message)
            if found != intent:
                raise OtherIntentError(found)
        self.intent = intent


def record_unread(store: ArchiveStore, loss: Batch, *, before_archive: bool) -> Done:
    """Write down that a range of offsets will never be archived, in place of its batch.

    Raises:
        ArchiveError: a batch that begins there is done after all

    """
    outcome = "before-archive" if before_archive else "lost"
    done = Done.model_validate({**loss.model_dump(), "outcome": outcome})
    store.put_same(done_key(loss.topic, loss.partition, loss.first_offset), done.to_bytes())
    log.warning(
        "%s-%d: offsets %d to %d are recorded as %s",
        loss.topic, loss.partition, loss.first_offset, loss.last_offset, outcome,
    )  # fmt: skip
    return done
