"""Where everything stands in the archive bucket, and what its documents hold.

    events/kind=…/date=…/hour=HH/<topic>-<partition>-<first offset>-<last offset>.parquet
    positions/<topic>/<partition>/<first offset>.intent.json     what a batch will hold, before its first file
    positions/<topic>/<partition>/<first offset>.done.json       what it holds, after its last file
    manifests/kind=…/date=…/hour=HH/<revision>.json              the files of a closed hour

A *batch* is a range of offsets of one partition. Whoever writes it first fixes its range by the intent, which
S3 takes only once (`If-None-Match: *`); everybody else writes the same bytes under the same names. A file
counts only when a done document lists it: what a killed run left behind without one is nothing. The documents
of a partition form a chain: the batch after `done` begins at its last offset + 1.

All times are UTC; `…_ms` are epoch milliseconds. Amounts are decimal text, exact.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

LAYOUT_VERSION: Final = 1
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
# An amount has as many digits as its event cares to give: sums are exact at any length.
EXACT: Final = Context(prec=4_000_000, Emax=MAX_EMAX, Emin=MIN_EMIN)

_OFFSET_DIGITS: Final = 20
_REVISION_DIGITS: Final = 6
_FILE = re.compile(
    r"events/kind=(?P<kind>[a-z-]+)/date=(?P<date>\d{4}-\d\d-\d\d)/hour=(?P<hour>\d\d)/"
    r"(?P<topic>[A-Za-z0-9._-]+)-(?P<partition>\d+)-(?P<first>\d{20})-(?P<last>\d{20})\.parquet"
)
_POSITION = re.compile(
    r"positions/(?P<topic>[A-Za-z0-9._-]+)/(?P<partition>\d+)/(?P<first>\d{20})\.(?P<what>intent|done)\.json"
)
_MANIFEST = re.compile(
    r"manifests/kind=(?P<kind>[a-z-]+)/date=(?P<date>\d{4}-\d\d-\d\d)/hour=(?P<hour>\d\d)/(?P<revision>\d{6})\.json"
)


class Kind(StrEnum):
    """A kind of event that is archived, as it is written in keys."""

    REGISTERED = "transaction-wallet-registered"
    BOOKED = "transaction-booked"

    @property
    def event_type(self) -> str:
        """The CloudEvents type."""
        return f"com.paymentic.payments.{self}.v1"

    @property
    def schema_name(self) -> str:
        """The product's schema, and logical table, of the kind."""
        return self.replace("-", "_")

    @property
    def time_column(self) -> str:
        """The column by whose hour events are archived: the tables' time column."""
        return "registeredAt" if self is Kind.REGISTERED else "bookedAt"

    @property
    def hour_column(self) -> str:
        """The column with the time cut to the hour."""
        return "registeredHour" if self is Kind.REGISTERED else "bookedHour"

    @property
    def offline_table(self) -> str:
        """The table that is filled from the archive."""
        return f"{self.schema_name}_offline"

    @property
    def realtime_table(self) -> str:
        """The append table that is filled from the topic."""
        return f"{self.schema_name}_rt"


class Hour(datetime):
    """The start of an hour in UTC; hours by the clock of the kind's time column."""

    @classmethod
    def of_ms(cls, moment_ms: int) -> Hour:
        """Return the hour in which a moment lies."""
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment_ms - moment_ms % HOUR_MS)
        return cls(moment.year, moment.month, moment.day, moment.hour, tzinfo=UTC)

    @classmethod
    def parse(cls, text: str) -> Hour:
        """Read `2025-03-14T09`; ValueError for anything else."""
        moment = datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC)
        return cls(moment.year, moment.month, moment.day, moment.hour, tzinfo=UTC)

    @property
    def start_ms(self) -> int:
        """Its first millisecond."""
        return round(self.timestamp() * 1000)

    @property
    def end_ms(self) -> int:
        """The first millisecond after it."""
        return self.start_ms + HOUR_MS

    def __str__(self) -> str:
        """As `parse` reads it."""
        return f"{self:%Y-%m-%dT%H}"


def hour_prefix(root: Literal["events", "manifests"], kind: Kind, hour: Hour) -> str:
    """Return what the keys of an hour's files or manifests begin with."""
    return f"{root}/kind={kind}/date={hour:%Y-%m-%d}/hour={hour:%H}/"


def file_key(kind: Kind, hour: Hour, batch: Batch) -> str:
    """Return the key of a batch's file of one hour."""
    name = f"{batch.topic}-{batch.partition}-{_offset(batch.first_offset)}-{_offset(batch.last_offset)}"
    return f"{hour_prefix('events', kind, hour)}{name}.parquet"


def positions_prefix(topic: str, partition: int) -> str:
    """Return what the keys of a partition's intents and dones begin with."""
    return f"positions/{topic}/{partition}/"


def intent_key(topic: str, partition: int, first_offset: int) -> str:
    """Return the key of the intent of the batch that begins at an offset."""
    return f"{positions_prefix(topic, partition)}{_offset(first_offset)}.intent.json"


def done_key(topic: str, partition: int, first_offset: int) -> str:
    """Return the key of the done document of the batch that begins at an offset."""
    return f"{positions_prefix(topic, partition)}{_offset(first_offset)}.done.json"


def manifest_key(kind: Kind, hour: Hour, revision: int) -> str:
    """Return the key of an hour's manifest; revisions count from 1."""
    return f"{hour_prefix('manifests', kind, hour)}{revision:0{_REVISION_DIGITS}d}.json"


def _offset(offset: int) -> str:
    return f"{offset:0{_OFFSET_DIGITS}d}"


class Document(BaseModel):
    """What all documents of the archive are: read-only, and of no other keys than these."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="iso8601")

    def to_bytes(self) -> bytes:
        """Write it; the same content gives the same bytes."""
        return self.model_dump_json(indent=1).encode() + b"\n"


DecimalText = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]{2}$")]
"""Not negative: the contract knows no negative amount."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Offset = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class Batch(Document):
    """A range of offsets of one partition, both ends included."""

    topic: str
    partition: Annotated[int, Field(ge=0)]
    first_offset: Offset
    last_offset: Offset

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.last_offset < self.first_offset:
            message = f"lastOffset {self.last_offset} is before firstOffset {self.first_offset}"
            raise ValueError(message)
        return self


def key_batch(key: str) -> Batch:
    """Return the batch of a file by its key; ValueError when it is no key of an archived file."""
    found = _FILE.fullmatch(key)
    if found is None:
        message = f"{key!r} is no key of an archived file"
        raise ValueError(message)
    return Batch(
        topic=found["topic"],
        partition=int(found["partition"]),
        first_offset=int(found["first"]),
        last_offset=int(found["last"]),
    )


class Intent(Batch):
    """What a batch will hold.

    Args:
        judged_at_ms: the time by which "more than a day ahead" is judged, so that every writer judges alike

    """

    layout_version: Literal[1] = 1
    judged_at_ms: int


class ArchivedFile(Document):
    """One Parquet file and its figures, as its own metadata has them too.

    Args:
        key: where it stands in the bucket
        rows: rows; none of the file's batch is in it twice
        amount_sum: sum of all rows' amounts
        min_time_ms: least value of the kind's time column
        max_time_ms: greatest value of the kind's time column
        sha256: of the file's bytes

    """

    key: str
    kind: Kind
    hour: str
    schema_version: str
    rows: Annotated[int, Field(ge=1)]
    distinct_event_ids: Annotated[int, Field(ge=1)]
    amount_sum: DecimalText
    min_time_ms: int
    max_time_ms: int
    size_bytes: Annotated[int, Field(ge=1)]
    sha256: Sha256

    @property
    def batch(self) -> Batch:
        """The batch that it is of; ValueError when its key is none of an archived file."""
        return key_batch(self.key)


class Counts(Document):
    """What became of a batch's events; together they are all that were read.

    Args:
        read: all of them
        stored: rows of its files
        duplicates: events whose id an earlier event of the same kind in the batch has; stored once
        other_kinds: none of this product's business
        erasures: orders to forget, which no archived table stores
        rejected: what is no row; all of it is in the quarantine
        flagged: stored ones that break the contract although Pinot stores them; the quarantine has them too

    """

    read: Count = 0
    stored: Count = 0
    duplicates: Count = 0
    other_kinds: Count = 0
    erasures: Count = 0
    rejected: Count = 0
    flagged: Count = 0

    @model_validator(mode="after")
    def _complete(self) -> Self:
        parts = self.stored + self.duplicates + self.other_kinds + self.erasures + self.rejected
        if parts != self.read:
            message = f"read {self.read} events, but {parts} are accounted for"
            raise ValueError(message)
        return self


class Done(Batch):
    """What a batch holds.

    Args:
        outcome: `lost` when the topic had deleted the range before it was read, `before-archive` when that
            was before archiving began; such a range has no files

    """

    layout_version: Literal[1] = 1
    outcome: Literal["archived", "lost", "before-archive"] = "archived"
    counts: Counts = Counts()
    files: tuple[ArchivedFile, ...] = ()

    @property
    def next_offset(self) -> int:
        """Where the next batch begins."""
        return self.last_offset + 1


class Watermark(Document):
    """How far a partition was archived when an hour was closed.

    Args:
        next_offset: first offset that is not archived
        end_offset: the topic's end at that time; equal to `next_offset` when nothing was waiting

    """

    topic: str
    partition: Annotated[int, Field(ge=0)]
    next_offset: Offset
    end_offset: Offset


class Manifest(Document):
    """The files of a closed hour. A later revision lists all files of the earlier ones and more.

    An hour without events has a manifest without files, from the archive's first hour on: an hour that has
    none at all is lost, or not closed yet.

    Args:
        hour: `2025-03-14T09`, UTC, of the kind's time column
        closed_by: `watermarks` when every partition was archived up to after the hour; `deadline` when one
            was still behind at the latest time for closing
        files: in the order of their keys' topic, partition and offset
        rows: rows of all files
        distinct_event_ids: events; a repeat that Kafka delivered again has a row in another file
        amount_sum: exact sum of the amounts, each event once: of repeats the row in the first file counts

    """

    layout_version: Literal[1] = 1
    kind: Kind
    hour: str
    revision: Annotated[int, Field(ge=1)]
    closed_by: Literal["watermarks", "deadline"]
    watermarks: tuple[Watermark, ...]
    files: tuple[ArchivedFile, ...] = ()
    rows: Count
    distinct_event_ids: Count
    amount_sum: DecimalText

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        rows = sum(file.rows for file in self.files)
        keys = {file.key for file in self.files}
        prefix = hour_prefix("events", self.kind, Hour.parse(self.hour))
        if rows != self.rows or len(keys) != len(self.files) or not self.distinct_event_ids <= rows:
            message = f"the files of {self.hour} hold {rows} rows, the manifest says {self.rows}"
            raise ValueError(message)
        if foreign := sorted(key for key in keys if not key.startswith(prefix)):
            message = f"{foreign[0]} is no file of {prefix}"
            raise ValueError(message)
        return self

    @property
    def start_ms(self) -> int:
        """The hour's first millisecond."""
        return Hour.parse(self.hour).start_ms

    @property
    def key(self) -> str:
        """Where it stands in the bucket."""
        return manifest_key(self.kind, Hour.parse(self.hour), self.revision)


def in_order(files: tuple[ArchivedFile, ...]) -> tuple[ArchivedFile, ...]:
    """Sort by topic, partition and offset: of two rows of one event, the one that comes first counts."""
    return tuple(sorted(files, key=lambda f: (f.batch.topic, f.batch.partition, f.batch.first_offset, f.key)))


def parse_position(key: str) -> tuple[int, Literal["intent", "done"]]:
    """Return first offset and kind of a document under `positions/`; ValueError for another key."""
    found = _POSITION.fullmatch(key)
    if found is None:
        message = f"{key!r} is no key of an intent or done document"
        raise ValueError(message)
    return int(found["first"]), "intent" if found["what"] == "intent" else "done"


def parse_manifest(key: str) -> tuple[Kind, Hour, int]:
    """Return kind, hour and revision of a manifest's key; ValueError for another key."""
    found = _MANIFEST.fullmatch(key)
    if found is None:
        message = f"{key!r} is no key of a manifest"
        raise ValueError(message)
    return Kind(found["kind"]), Hour.parse(f"{found['date']}T{found['hour']}"), int(found["revision"])


def amount_text(amount: Decimal) -> str:
    """Write a sum of amounts as documents have it: `12345678901234567.89`, never an exponent."""
    return f"{EXACT.quantize(amount, Decimal('0.01')):f}"
