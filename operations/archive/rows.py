"""What becomes of one value of the topic: a row of a kind, nothing of ours, an erasure, or a breach.

A row is what Pinot's real-time table makes of the event, by that table's own functions; so the archive, and
the offline tables that are filled from it, hold the rows that the real-time tables hold. A *breach* is what
the event does against the contract (asyncapi.yaml) or the tables' filter. Most breaches are no row; where
Pinot stores such an event all the same (an id that is a number, say), the archive stores it as well, and the
quarantine is told.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal

import jsonschema_rs
import orjson

from operations.archive.json_values import NotJsonError, decoded, deep_recursion, suspicious
from operations.archive.layout import DAY_MS, Kind
from operations.archive.usual_rows import EARLIEST_MS, UnusualError, UsualRows
from product_model.environment import Environment
from product_model.ingestion import Ingestion
from product_model.pinot_table import IngestionConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.archive.usual_rows import Event, Row
    from product_model.product import Product

log = logging.getLogger(__name__)

PiiMode = Literal["sha256", "keyed"]

_ERASED: Final = "com.paymentic.payments.transaction-erased.v1"
_MOST_BREACHES: Final = 10


class Fate(Enum):
    """What becomes of a value."""

    STORED = "stored"
    OTHER_KIND = "other kind"
    ERASURE = "erasure"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Breach:
    """One way in which an event breaks the contract.

    Args:
        rule: a stable name, such as `contract:data.amount:pattern`, `json`, `time:data.bookedAt:ahead`
        reason: a sentence for people; neither holds anything of the event

    """

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one value.

    Args:
        fate: what
        kind: the kind of event, where it is one of ours
        row: the columns in the schema's order, where it is stored
        time_ms: the kind's time of the row
        event: the event as read, where it was looked into (not kept for ordinary rows)
        breaches: none for an ordinary event

    """

    fate: Fate
    kind: Kind | None = None
    row: Row = ()
    time_ms: int = 0
    event: Any = None
    breaches: tuple[Breach, ...] = ()


_PERSONAL_METADATA: Final = Breach(
    "privacy:data.metadata", "metadata looks like personal data; the row is stored without it"
)
_OTHER_KIND: Final = Verdict(Fate.OTHER_KIND)
_ERASURE: Final = Verdict(Fate.ERASURE)


class Rows:
    """Judges values by one product's contract and tables. Holds nothing of them."""

    def __init__(self, product: Product, *, usual: bool = True, pii_mode: PiiMode = "sha256") -> None:
        """Compile contract and tables.

        Args:
            product: the product's files
            usual: whether ordinary events take the fast way; else every row is made by the definition
            pii_mode: keyed where values arrive as `v<key version>:<64 hex>`, as the tables are deployed

        """
        names = {message.type: name for name, message in product.contract.messages.items()}
        self._contracts = {
            kind: jsonschema_rs.Draft7Validator(product.event_schema(names[kind]))
            for kind in (*(kind.event_type for kind in Kind), _ERASED)
        }
        self._kinds = {
            kind.event_type: _KindRows(product, kind, usual=usual, pii_mode=pii_mode) for kind in Kind
        }

    def judge(self, value: bytes | None, now_ms: int) -> Verdict:
        """Judge a record's value; `now_ms` is the time by which times ahead are told."""
        if not value:
            return _rejected(None, Breach("json", "the record has no value"))
        strict = True
        if not suspicious(value):
            try:
                event = orjson.loads(value)
            except orjson.JSONDecodeError:
                strict = False
            else:
                verdict = self._usual(event, now_ms)
                if verdict is not None:
                    return verdict
        # orjson reads whole numbers of more than 64 bits as fractions, and refuses what Pinot's reader takes.
        try:
            event = decoded(value)
        except NotJsonError as error:
            return _rejected(None, Breach("json", f"the value is no JSON that can be read: {error}"))
        return self._judge_event(event, now_ms, strict=strict)

    def _usual(self, event: Any, now_ms: int) -> Verdict | None:  # noqa: ANN401 - any JSON
        """Judge what is ordinary; None for anything else."""
        kind = event.get("type") if isinstance(event, dict) else None
        if not isinstance(kind, str):
            return None
        contract = self._contracts.get(kind)
        if contract is None:
            return _OTHER_KIND
        try:
            if not contract.is_valid(event):
                return None
        except ValueError:  # too deep for the validator
            return None
        return _ERASURE if kind == _ERASED else self._kinds[kind].usual_verdict(event, now_ms)

    def _judge_event(self, event: Any, now_ms: int, *, strict: bool) -> Verdict:  # noqa: ANN401 - any JSON
        if not isinstance(event, dict):
            return _rejected(None, Breach("json", "the value is JSON, but no object"))
        kind = event.get("type")
        if not isinstance(kind, str):
            return _rejected(event, Breach("contract:type:type", "type is missing or no text"))
        contract = self._contracts.get(kind)
        if contract is None:
            return _OTHER_KIND
        breaches = _breaches(contract, event)
        if not strict:
            breaches = (*breaches, Breach("json:strict", "it is no JSON by RFC 8259, though Pinot reads it"))
        if kind == _ERASED and not breaches:
            return _ERASURE
        if kind == _ERASED:
            return Verdict(Fate.REJECTED, None, event=event, breaches=breaches)
        return self._kinds[kind].verdict(event, now_ms, breaches)


class _KindRows:
    """Rows of one kind."""

    def __init__(self, product: Product, kind: Kind, *, usual: bool, pii_mode: PiiMode) -> None:
        columns = product.schema(kind.schema_name).schema.column_names
        self._kind = kind
        self._columns = columns
        self._definition = Ingestion(_ingestion(product, kind, pii_mode), columns)
        self._usual: UsualRows | None = None
        if usual:
            try:
                self._usual = UsualRows(product, kind, keyed=pii_mode == "keyed")
            except UnusualError as error:
                log.warning("%s: column %s is new to the fast way; rows are made the slow way", kind, error)
        self._time_index = columns.index(kind.time_column)

    def usual_verdict(self, event: Event, now_ms: int) -> Verdict | None:
        """Judge an event that keeps the contract; None when its row is for the definition to make."""
        if self._usual is None:
            return None
        try:
            row = self._usual.row(event, now_ms)
        except UnusualError:
            return None
        return Verdict(Fate.STORED, self._kind, row, row[self._time_index])

    def verdict(self, event: Event, now_ms: int, breaches: tuple[Breach, ...]) -> Verdict:
        """Judge by the definition."""
        with deep_recursion():
            outcome = self._definition.of_event(event, now_ms)
        if outcome.row is None:
            found = breaches or tuple(self._by_filter(event, now_ms, failed=outcome.failure is not None))
            return Verdict(Fate.REJECTED, self._kind, event=event, breaches=found)
        row = tuple(outcome.row[column] for column in self._columns)
        metadata = event["data"].get("metadata")
        if isinstance(metadata, dict) and outcome.row["metadata"] is None:
            breaches = (*breaches, _PERSONAL_METADATA)
        if self._usual is not None:
            self._usual.learn(event, outcome.row["eventSource"])
        return Verdict(
            Fate.STORED, self._kind, row, row[self._time_index], event if breaches else None, breaches
        )

    def _by_filter(self, event: Event, now_ms: int, *, failed: bool) -> Iterator[Breach]:
        """Say why an event that keeps the contract's forms is no row."""
        data = event.get("data")
        times = {"time": event.get("time")}
        if isinstance(data, dict):
            times[f"data.{self._kind.time_column}"] = data.get(self._kind.time_column)
        found = False
        for name, text in times.items():
            rule = _wrong_time(text, now_ms)
            if rule is not None:
                found = True
                yield Breach(f"time:{name}:{rule[0]}", f"{name} {rule[1]}")
        if failed:
            yield Breach("table:function", "a function of the table fails on it")
        elif not found:
            yield Breach("table:filter", "the table's filter drops it")


def _ingestion(product: Product, kind: Kind, pii_mode: PiiMode) -> IngestionConfig:
    """Return the real-time table's functions and filter, as they are deployed in that mode."""
    if pii_mode == "sha256":
        table = next(file for file in product.tables if file.fact.name == kind.realtime_table)
        return table.table.ingestion_config
    # The brokers are the environment's business, and none is asked here.
    assets = product.render(Environment(bootstrap_servers="localhost:9092", pii_mode=pii_mode))
    rendered = next(table for table in assets.tables if table.name == kind.realtime_table)
    return IngestionConfig.model_validate(json.loads(rendered.table_json)["ingestionConfig"])


def _wrong_time(text: object, now_ms: int) -> tuple[str, str] | None:
    if not isinstance(text, str):
        return "type", "is no text"
    try:
        moment_ms = datetime.fromisoformat(text.upper()).timestamp() * 1000
    except ValueError:
        return "calendar", "is no time of the calendar"
    if moment_ms < EARLIEST_MS:
        return "past", "is before 1972"
    return ("ahead", "is more than a day ahead") if moment_ms > now_ms + DAY_MS else None


def _rejected(event: Any, breach: Breach) -> Verdict:  # noqa: ANN401 - any JSON
    return Verdict(Fate.REJECTED, event=event, breaches=(breach,))


def _breaches(contract: Any, event: Event) -> tuple[Breach, ...]:  # noqa: ANN401 - a compiled schema
    """Name what the contract's keywords find; paths are those of the contract's own fields."""
    try:
        if contract.is_valid(event):
            return ()
        return tuple(_breach(error) for error in islice(contract.iter_errors(event), _MOST_BREACHES))
    except ValueError:
        # Nested deeper than the validator goes, or text that is no Unicode (half a surrogate pair).
        return (Breach("json:depth", "it is nested too deeply, or holds text that is no Unicode"),)


def _breach(error: Any) -> Breach:  # noqa: ANN401 - the validator's error
    place = ".".join(str(part) for part in error.instance_path)
    keyword = str(error.schema_path[-1])
    if keyword == "required":
        name = f"{place}.{error.kind.property}" if place else str(error.kind.property)
        return Breach(f"contract:{name}:required", f"{name} is missing")
    return Breach(f"contract:{place or 'event'}:{keyword}", f"{place or 'the event'} breaks {keyword!r}")
