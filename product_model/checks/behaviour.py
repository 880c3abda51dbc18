"""Rules on what becomes of events: the contract's examples, each changed in one way, through the pipelines.

Pinot DROPS what its filter finds true, skips a transform where the record already has a field of the column's
name, and runs the whole pipeline again on stored rows in minion tasks. Each of these has cost somebody data.
"""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from product_model.checks.rule import Finding, Rule, listed
from product_model.expressions import ExpressionError
from product_model.ingestion import HASH_OF_NOTHING, Ingestion, UnknownFunctionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from product_model.column_facts import ColumnFact
    from product_model.contract import Message
    from product_model.product import Product, TableFile

Event = dict[str, Any]
_FILTER = ("ingestionConfig", "filterConfig", "filterFunction")
_ENRICHMENTS = ("ingestionConfig", "enrichmentConfigs")
# Some time after the examples' own.
_NOW_MS = 1_767_225_600_000
_IN_THE_FUTURE = "2026-01-05T00:00:00.000Z"
_CLEAR = "someone@example.com"
_TAX_NUMBER = "123.456.789-00"
_JUNK: tuple[object, ...] = (None, True, 1.5, "", _CLEAR, [_CLEAR], {"a": _CLEAR})
_NO_TIMES = ("2025-02-30T10:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01T10:00:60Z", "0000-00-00T00:00:00Z")


@dataclass(frozen=True)
class _Case:
    """A table with one kind of event that it reads, and the row of the contract's complete example."""

    file: TableFile
    message: Message
    columns: tuple[ColumnFact, ...]
    ingestion: Ingestion
    example_text: str

    def row(self, event: Event) -> dict[str, Any] | None:
        return self.ingestion.of_event(event, _NOW_MS).row

    @property
    def example(self) -> Event:
        """A fresh copy, free to be changed."""
        event: Event = json.loads(self.example_text)
        return event

    def finding(self, what: str, allowed: str, *, path: tuple[str | int, ...] = _FILTER) -> Finding:
        return Finding(self.file.document, path, f"{self.message.name}: {what}", allowed)


def _cases(product: Product, *, business_only: bool = True) -> Iterator[_Case]:
    """Yield stream tables with each kind of event they read; the rule "functions" reports broken ones."""
    business = {event.message for event in product.descriptor.events if event.time_field}
    for file in product.tables:
        if not file.table.stream:
            continue
        schema = product.schema(file.fact.schema_)
        try:
            ingestion = Ingestion(file.table.ingestion_config, schema.schema.column_names)
        except (ExpressionError, UnknownFunctionError):
            continue
        for event in schema.fact.events:
            message = product.contract.message(event)
            if message is None or (business_only and event not in business):
                continue
            columns = tuple(c for c in schema.fact.columns if event in schema.fact.events_of(c))
            yield _Case(file, message, columns, ingestion, json.dumps(message.complete_example))


def _put(event: Event, path: str, value: object) -> Event:
    target = event
    *parents, last = path.split(".")
    for name in parents:
        target = target[name]
    target[last] = value
    return event


def _take(event: Event, path: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    for name in path.split("."):
        event = event.get(name, {}) if isinstance(event, dict) else {}
    return None if event == {} else event


def _without(event: Event, path: str) -> Event:
    target = event
    *parents, last = path.split(".")
    for name in parents:
        target = target[name]
    target.pop(last, None)
    return event


def known_functions(product: Product) -> Iterator[Finding]:
    """See that the checks of this module can read the table's functions."""
    for file in product.tables:
        columns = product.schema(file.fact.schema_).schema.column_names
        try:
            Ingestion(file.table.ingestion_config, columns)
        except (UnknownFunctionError, ExpressionError) as error:
            allowed = "functions of product_model/ingestion.py; add it there, and the engine's test compares"
            yield Finding(file.document, ("ingestionConfig",), str(error), allowed)


def failing(product: Product) -> Iterator[Finding]:
    """See that no event makes a function fail: Pinot would write that event to its log in clear."""
    for case in _cases(product, business_only=False):
        paths = [*case.message.fields, "data", "data.buyer", "data.seller"]
        for path in paths:
            is_time = path == "time" or path.endswith("At")
            for value in (*_JUNK, *(_NO_TIMES if is_time else ())):
                try:
                    event = _put(case.example, path, value)
                except (KeyError, TypeError):
                    continue
                outcome = case.ingestion.of_event(event, _NOW_MS)
                if outcome.failure:
                    what = f"a function fails ({outcome.failure}) when {path} is {value!r}"
                    yield case.finding(what, "null: what fails is written to Pinot's log in clear")
                    break


def kept(product: Product) -> Iterator[Finding]:
    """See that a valid event becomes a row, with every required column."""
    for case in _cases(product, business_only=False):
        for example in case.message.examples:
            row = case.row(copy.deepcopy(dict(example)))
            if row is None:
                allowed = "kept: Pinot drops a row for which the filter is TRUE"
                yield case.finding("a valid event is dropped", allowed)
                break
            empty = [column.name for column in case.columns if column.required and row[column.name] is None]
            if empty:
                yield case.finding(f"a valid event has no {listed(empty)}", "every required column filled")


def foreign(product: Product) -> Iterator[Finding]:
    """Events of other kinds, and what is no event, become no row."""
    for case in _cases(product):
        read = {
            product.descriptor.event(name).type for name in product.schema(case.file.fact.schema_).fact.events
        }
        others = {event.type for event in product.descriptor.events} - read
        for kind in (*sorted(others), "com.example.other.v1", None, 5):
            if case.row(case.example | {"type": kind}) is not None:
                yield case.finding(f"an event of type {kind!r} becomes a row", "dropped by its type")
        no_objects: tuple[object, ...] = (None, "text", [], '{"transactionId":"x"}', 5)
        for data in no_objects:
            if case.row(case.example | {"data": data}) is not None:
                yield case.finding(f"an event whose data is {data!r} becomes a row", "dropped")


def incomplete(product: Product) -> Iterator[Finding]:
    """See that an event without something that the contract requires becomes no row."""
    for case in _cases(product):
        stored = {path for column in case.columns for path in column.from_}
        optional = {"source"}
        # An append table knows its kind's time; payment_analytics needs it just as well.
        for path, field in case.message.fields.items():
            if field.required and path not in optional and (path in stored or path in {"id", "type"}):
                for event in (_without(case.example, path), _put(case.example, path, None)):
                    if case.row(event) is not None:
                        yield case.finding(f"an event without {path} becomes a row", "dropped by the filter")
                        break


def malformed(product: Product) -> Iterator[Finding]:
    """See that a value against the contract's pattern, enumeration or type becomes no row."""
    for case in _cases(product):
        stored = {path for column in case.columns for path in column.from_}
        for path, field in case.message.fields.items():
            if path not in stored | {"id"} or path == "type":
                continue
            if not ({"pattern", "enum"} & field.schema.keys() or "allOf" in field.schema):
                continue
            booked_registered = path == "data.registeredAt" and not field.required
            # A number in place of an id is taken as its text; an amount must not have been a float.
            values = [_CLEAR, "", ["x"], {"a": "x"}, f"{_take(case.example, path)}\n"]
            for value in (*values, 12.34) if path == "data.amount" else values:
                row = case.row(_put(case.example, path, value))
                if row is not None and not booked_registered:
                    yield case.finding(f"an event whose {path} is {value!r} becomes a row", "dropped")
                    break


def future(product: Product) -> Iterator[Finding]:
    """See that a time more than a day ahead becomes no row: it would end the memory of repeated events."""
    for case in _cases(product):
        times = {"time"} | {
            f"data.{event.time_field}"
            for event in product.descriptor.events
            if event.message == case.message.name
        }
        for path in sorted(times):
            if case.row(_put(case.example, path, _IN_THE_FUTURE)) is not None:
                yield case.finding(f"an event whose {path} is days ahead becomes a row", "dropped")


def spoofed(product: Product) -> Iterator[Finding]:
    """See that a field of the envelope that is named like a column changes nothing."""
    for case in _cases(product, business_only=False):
        honest = case.row(case.example)
        for name in product.schema(case.file.fact.schema_).schema.column_names:
            for value in (_CLEAR, {"a": _CLEAR}, [_CLEAR], 5):
                if case.row(case.example | {name: value}) != honest:
                    what = f"a field {name!r} beside the data wins over the column's function"
                    allowed = "an enrichment that empties or fills the column: Pinot skips its transform"
                    yield case.finding(what, allowed, path=_ENRICHMENTS)
                    break


def hashed(product: Product) -> Iterator[Finding]:
    """Personal data is stored as its hash, nothing as null, and a tax number by its digits."""
    for case in _cases(product):
        for column in case.columns:
            kind = product.descriptor.hashed(column)
            if kind is None:
                continue
            (path,) = column.from_
            values: list[object] = [_take(case.example, path), " Ana@Example.COM ", _TAX_NUMBER, 12345678900]
            for value in values:
                wanted = _hash(value, digits=kind.normalization == "digits")
                row = case.row(_put(case.example, path, value))
                if row is None or row[column.name] != wanted:
                    what = f"{column.name} is not the hash of {path}"
                    allowed = f"sha256 of the {kind.normalization} text, in ingestionConfig.enrichmentConfigs"
                    yield case.finding(what, allowed, path=_ENRICHMENTS)
                    break
            for nothing in (None, "", "   ", "-" if kind.normalization == "digits" else ""):
                row = case.row(_put(case.example, path, nothing))
                found = row[column.name] if row else HASH_OF_NOTHING
                if found is not None:
                    what = f"{column.name} of {path} = {nothing!r} is {found!r}"
                    yield case.finding(what, "null: nothing has no hash", path=_ENRICHMENTS)
                    break


def _hash(value: object, *, digits: bool) -> str | None:
    text = str(value)
    text = "".join(filter(str.isdigit, text)) if digits else text.strip(" ").lower()
    return hashlib.sha256(text.encode()).hexdigest() if text else None


def free_text(product: Product) -> Iterator[Finding]:
    """Free text that looks like personal data is stored as null, and the row kept."""
    for case in _cases(product):
        for column in case.columns:
            if not column.free_text:
                continue
            (path,) = column.from_
            for text in (_CLEAR, "someone%40example.com", _TAX_NUMBER, "12345678900", 12345678900):
                for value in ({"note": text}, {"a": [{"b": f"call {text}"}]}, {str(text): 1}, str(text)):
                    row = case.row(_put(case.example, path, value))
                    if row is None or row[column.name] is not None:
                        what = f"{column.name} is stored although its text looks like personal data"
                        yield case.finding(what, "null, and the row kept", path=_ENRICHMENTS)
                        break
            row = case.row(_put(case.example, path, {"channel": "web", "n": 1732096800123}))
            if row is None or row[column.name] is None:
                what = f"{column.name} is null although its text is harmless"
                yield case.finding(what, "stored as JSON text", path=_ENRICHMENTS)


def _rows(product: Product) -> Iterator[tuple[TableFile, Ingestion, dict[str, Any]]]:
    """Yield every table with rows as they stand in its segments."""
    for case in _cases(product):
        row = case.row(case.example)
        if row is None:
            continue
        yield case.file, case.ingestion, row
        for file in product.tables:
            if file.fact.kind == "archive" and file.fact.schema_ == case.file.fact.schema_:
                columns = product.schema(file.fact.schema_).schema.column_names
                try:
                    yield file, Ingestion(file.table.ingestion_config, columns), row
                except (ExpressionError, UnknownFunctionError):
                    continue


def stored_rows(product: Product) -> Iterator[Finding]:
    """See that a stored row survives a minion task or a load unchanged."""
    for file, ingestion, row in _rows(product):
        again = ingestion.of_row(row, _NOW_MS).row
        if again is None:
            what = "a stored row is dropped when a minion task or a load runs the pipeline on it"
            yield Finding(file.document, _FILTER, what, "kept: the filter looks at columns, not at the event")
        elif again != row:
            changed = [name for name in row if row[name] != again[name]]
            what = (
                f"a stored row loses {listed(changed)} when a minion task or a load runs the pipeline on it"
            )
            yield Finding(
                file.document, _ENRICHMENTS, what, "unchanged, where the record comes from no stream"
            )


def clear_text(product: Product) -> Iterator[Finding]:
    """See that the second lock holds: a row whose hash column holds no hash is dropped."""
    for file, ingestion, row in _rows(product):
        for column in product.schema(file.fact.schema_).fact.columns:
            if product.descriptor.hashed(column) is None:
                continue
            for clear in (_CLEAR, "a" * 63, "A" * 64, f"{'a' * 64}\n", f"{_CLEAR} {'a' * 64}"):
                if ingestion.of_row(row | {column.name: clear}, _NOW_MS).row is not None:
                    what = f"a row whose {column.name} is no hash is kept"
                    allowed = r"(isNotNull(column) AND NOT(regexpLike(column,'^[0123456789abcdef]{64}\z')))"
                    yield Finding(file.document, _FILTER, what, allowed)
                    break


def archived(product: Product) -> Iterator[Finding]:
    """Archive tables take rows of their kind that keep the contract, and no others."""
    for file, ingestion, row in _rows(product):
        if file.fact.kind != "archive":
            continue
        changes: list[tuple[str, object]] = [("eventType", "com.example.other.v1")]
        columns = product.schema(file.fact.schema_).fact.columns
        changes += [(column.name, None) for column in columns if column.required and column.from_]
        for name, value in changes:
            if ingestion.of_row(row | {name: value}, _NOW_MS).row is not None:
                yield Finding(file.document, _FILTER, f"a row with {name} = {value!r} is kept", "dropped")
        hours = [column.name for column in columns if column.derived_from]
        for name in hours:
            loaded = ingestion.of_row(row | {name: None}, _NOW_MS).row
            if loaded is None or loaded[name] != row[name]:
                what = f"{name} is not filled when a file lacks it"
                place = ("ingestionConfig", "transformConfigs")
                yield Finding(file.document, place, what, "a transform from the time column")


def _rule(name: str, why: str, check: Callable[[Product], Iterator[Finding]]) -> Rule:
    return Rule(name, why, check)


RULES = (
    _rule("known-functions", "the checks below would not see what this table does", known_functions),
    _rule("failing", "the whole event stands in Pinot's log in clear", failing),
    _rule("kept", "valid events are lost: a filter the wrong way round", kept),
    _rule("foreign", "events of others become rows", foreign),
    _rule("incomplete", "half events become rows, a missing key becomes the key 'null'", incomplete),
    _rule("malformed", "an e-mail address as an id, or a rounded amount, becomes a row", malformed),
    _rule("future", "repeated events are stored twice from then on, and a segment never goes", future),
    _rule("spoofed", "whoever writes to the topic writes any column, in clear", spoofed),
    _rule("hashed", "personal data is stored in clear, or nothing is stored as somebody", hashed),
    _rule("free-text", "personal data is stored in clear in metadata", free_text),
    _rule("stored-rows", "a compaction deletes every row", stored_rows),
    _rule("clear-text", "clear personal data is stored should hashing fail", clear_text),
    _rule("archived", "the archive tables hold what no event said", archived),
)
