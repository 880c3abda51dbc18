"""What an erasure would do: what is found of a subject, and what the descriptor's rules say about each place.

Planning reads only. It looks at what is there, not at what an earlier run noted, so that a run that was
killed anywhere is planned to its end by the same command.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Final, Literal

import pyarrow.parquet as pq

from operations.archive.layout import DAY_MS, Hour, Kind
from operations.archive.store import ArchiveError, manifests
from operations.erasure.masks import Mask, read_masks, rewritten
from operations.offline.totals import hour_totals, segment_name
from product_model.erasure_rules import Situation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operations.archive.layout import ArchivedFile, Manifest
    from operations.archive.store import ArchiveStore
    from operations.erasure.objects import Objects
    from operations.pinot import Pinot
    from product_model import Product
    from product_model.erasure_rules import ErasureRule, Keys

ERASED: Final = "erased"
"""What stands in place of an id that every row must have."""
ANALYTICS: Final = "payment_analytics"
_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_MOST: Final = "1000000"
_PATIENT: Final = {"timeoutMs": "60000", "numGroupsLimit": _MOST, "enableNullHandling": "true"}


class SubjectError(ValueError):
    """The subject cannot be one, or nothing is known of it. Never quotes it."""


@dataclass(frozen=True)
class Subject:
    """Whose data is to be forgotten: a transaction's, or a buyer's."""

    kind: Literal["transaction", "buyer"]
    id: str

    def __post_init__(self) -> None:
        """Refuse what is no id.

        Raises:
            SubjectError: it is none

        """
        if not _ID.fullmatch(self.id) or self.id == ERASED:
            message = (
                f"--{self.kind}: found {len(self.id)} characters that are no id; allowed:"
                f" ^[A-Za-z0-9._:-]{{1,64}}$, and not {ERASED!r}. Nothing was looked up."
            )
            raise SubjectError(message)

    @property
    def column(self) -> str:
        """The column by which it is found."""
        return f"{self.kind}Id"

    @property
    def condition(self) -> str:
        """The same in SQL; an id holds no quote."""
        return f"{self.column} = '{self.id}'"


@dataclass(frozen=True)
class FilePlan:
    """An archived file with rows of the subject.

    Args:
        file: as the last manifest has it
        rule: what is to happen with it
        before: SHA-256 of the bytes that are there
        after: its bytes under all masks; the same ones where there is nothing left to change

    """

    file: ArchivedFile
    rule: ErasureRule
    before: str
    after: bytes

    @property
    def after_sha256(self) -> str:
        """SHA-256 of the bytes that are to be there."""
        return hashlib.sha256(self.after).hexdigest()


@dataclass(frozen=True)
class HourPlan:
    """A closed hour with rows of the subject.

    Args:
        manifest: its last one
        rule: what is to happen with its rows in the offline table
        mask: the events and columns to mask; none when earlier masks have them
        files: those with such rows
        rows: rows of the offline table that still have identifiers
        loaded: whether the table has the hour; else the loader brings it, in its order, under the masks
        merged: segments that hold the hour under another name than its own

    """

    manifest: Manifest
    rule: ErasureRule
    mask: Mask | None
    files: tuple[FilePlan, ...]
    rows: int
    loaded: bool
    merged: tuple[str, ...]

    @property
    def stays(self) -> bool:
        """Whether the table keeps its rows for now: by a rule, or until a merged segment is replaced."""
        return self.rule.action == "keep" or bool(self.merged)

    @property
    def kind(self) -> Kind:
        """Which events'."""
        return self.manifest.kind

    @property
    def hour(self) -> Hour:
        """Which hour."""
        return Hour.parse(self.manifest.hour)


@dataclass(frozen=True)
class Plan:
    """Everything that is known of a subject, and what is to happen."""

    subject: Subject
    transactions: tuple[str, ...]
    hours: tuple[HourPlan, ...]
    realtime_rows: dict[str, int]
    pending: tuple[tuple[Kind, Hour], ...] = ()
    columns: dict[Kind, dict[str, str | None]] = field(default_factory=dict)


class Planner:
    """Finds out what there is."""

    def __init__(
        self, product: Product, store: ArchiveStore, objects: Objects, pinot: Pinot, keys: Keys
    ) -> None:
        """Take the parts.

        Args:
            product: the descriptor's rules and columns
            store: the archive
            objects: the archive's locks
            pinot: the tables, by which a subject's hours are found
            keys: whose key made the stored values

        """
        self._product, self._store, self._objects, self._pinot = product, store, objects, pinot
        self._keys: Keys = keys
        self._rules = product.descriptor.erasure

    def plan(self, subject: Subject, now_ms: int) -> Plan:
        """Plan an erasure.

        Raises:
            SubjectError: nothing is known of the subject
            ArchiveError, PinotError: one of the two is away, or an object is damaged

        """
        columns = {kind: identifiers(self._product, kind, subject) for kind in Kind}
        hours, pending, realtime = [], [], {}
        for kind in Kind:
            recent = self._hours(kind, kind.realtime_table, subject.condition)
            realtime[kind.realtime_table] = sum(recent.values())
            every = self._hours(kind, kind.offline_table, subject.condition)
            left = self._hours(
                kind, kind.offline_table, f"{subject.condition} AND ({_unerased(columns[kind])})"
            )
            for hour in sorted(recent.keys() | every.keys()):
                found = self._hour(subject, kind, hour, columns[kind], left.get(hour, 0))
                if found is None:
                    pending.append((kind, hour))
                else:
                    hours.append(found)
        transactions = self._transactions(subject, now_ms)
        if not transactions and not hours and not pending:
            message = (
                f"--{subject.kind}: nothing is known of it in any table. Already erased, or another id? What"
                " the topic and an archive without tables may hold is found once the tables are loaded."
            )
            raise SubjectError(message)
        return Plan(subject, transactions, tuple(hours), realtime, tuple(pending), columns)

    def _hours(self, kind: Kind, table: str, condition: str) -> dict[Hour, int]:
        sql = (
            f"SELECT CAST({kind.hour_column} AS LONG), COUNT(*) FROM {table} WHERE {condition} "  # noqa: S608 - names of the product, an id without quotes
            f"GROUP BY CAST({kind.hour_column} AS LONG) LIMIT {_MOST}"
        )
        return {Hour.of_ms(hour_ms): rows for hour_ms, rows in self._pinot.rows(sql, **_PATIENT)}

    def _transactions(self, subject: Subject, now_ms: int) -> tuple[str, ...]:
        """Return the transactions of which payment_analytics has a row, or may get one by a late event."""
        tables = {table.fact.name: table.fact for table in self._product.tables}
        since = now_ms - tables[ANALYTICS].retention_days * DAY_MS
        asked = [(ANALYTICS, subject.condition)]
        for kind in Kind:
            asked.append((kind.realtime_table, subject.condition))
            asked.append((kind.offline_table, f"{subject.condition} AND {kind.time_column} >= {since}"))
        found: set[str] = set()
        for table, condition in asked:
            sql = (
                f"SELECT transactionId, COUNT(*) FROM {table} WHERE {condition} "  # noqa: S608 - as above
                f"GROUP BY transactionId LIMIT {_MOST}"
            )
            found |= {row[0] for row in self._pinot.rows(sql, **_PATIENT)}
        return tuple(sorted(found))

    def _hour(
        self, subject: Subject, kind: Kind, hour: Hour, columns: dict[str, str | None], rows: int
    ) -> HourPlan | None:
        revisions = manifests(self._store, kind, hour)
        if not revisions:
            return None
        manifest = revisions[-1]
        contents = {file.key: self._content(file, revisions) for file in manifest.files}
        ids: set[str] = set()
        for content in contents.values():
            table = pq.read_table(BytesIO(content), columns=["eventId", subject.column])
            ids |= {
                event_id
                for event_id, value in zip(
                    table["eventId"].to_pylist(), table[subject.column].to_pylist(), strict=True
                )
                if value == subject.id
            }
        known = read_masks(self._store, kind, hour)
        mask = None
        if ids:
            mask = Mask(kind=kind, hour=str(hour), event_ids=tuple(sorted(ids)), columns=columns)
        masks = known if mask is None or mask in known else (*known, mask)
        touched = {event_id for one in masks for event_id in one.event_ids}
        files = [file for file in manifest.files if _events(contents[file.key]) & touched]
        situations = {file.key: self._objects.situation(file.key, self._keys) for file in files}
        held = any(situation.legal_hold for situation in situations.values())
        segments = hour_totals(self._pinot, kind, hour, Hour.of_ms(hour.end_ms))
        names = segments[hour].segments if hour in segments else set[str]()
        return HourPlan(
            manifest=manifest,
            rule=self._rules.decide(kind.offline_table, Situation(legal_hold=held, keys=self._keys)),
            mask=None if mask in known else mask,
            files=tuple(
                FilePlan(
                    file,
                    # A hold on one file of an hour holds the hour: its rows stand together in the table.
                    self._rules.decide(
                        "archive",
                        Situation(lock=situations[file.key].lock, legal_hold=held, keys=self._keys),
                    ),
                    hashlib.sha256(contents[file.key]).hexdigest(),
                    rewritten(contents[file.key], masks),
                )
                for file in files
            ),
            rows=rows,
            loaded=bool(names),
            merged=tuple(sorted(names - {segment_name(kind, hour)})),
        )

    def _content(self, file: ArchivedFile, revisions: Sequence[Manifest]) -> bytes:
        """Read a file: the last manifest's bytes, or an earlier one's after an erasure that was killed."""
        known = {
            listed.sha256 for revision in revisions for listed in revision.files if listed.key == file.key
        }
        content = self._store.get(file.key)
        if content is None or hashlib.sha256(content).hexdigest() not in known:
            found = "it is gone" if content is None else "its bytes are in no revision of the manifest"
            message = (
                f"s3://{self._store.bucket}/{file.key}: {found}. Nothing was erased. Restore the object's"
                " version first (operations/archive/README.md)."
            )
            raise ArchiveError(message)
        return content


def identifiers(product: Product, kind: Kind, subject: Subject) -> dict[str, str | None]:
    """Return the columns that are erased, and what stands there then.

    Those with personal data and the free text; of a buyer's erasure the buyer's own, by where the column
    comes from in the event: the seller of the same payment did not ask.
    """
    found: dict[str, str | None] = {}
    schema = product.schema(kind.schema_name)
    for fact in schema.fact.columns:
        if fact.personal_data is None and not fact.free_text:
            continue
        others = fact.personal_data is not None and not any(
            place.startswith("data.buyer.") for place in fact.from_
        )
        if subject.kind == "buyer" and others:
            continue
        found[fact.name] = ERASED if fact.required else None
    return found


def _unerased(columns: dict[str, str | None]) -> str:
    return " OR ".join(
        f"{name} IS NOT NULL" if value is None else f"{name} <> '{value}'" for name, value in columns.items()
    )


def unerased_rows(pinot: Pinot, kind: Kind, plan: Plan) -> int:
    """Count rows of the offline table that still have identifiers of the subject."""
    condition = f"{plan.subject.condition} AND ({_unerased(plan.columns[kind])})"
    sql = f"SELECT COUNT(*) FROM {kind.offline_table} WHERE {condition}"  # noqa: S608 - names of the product, an id without quotes
    ((rows,),) = pinot.rows(sql, **_PATIENT)
    return int(rows)


def _events(content: bytes) -> set[str]:
    return set(pq.read_table(BytesIO(content), columns=["eventId"])["eventId"].to_pylist())
