"""Rows of ordinary events, fast.

What row an event becomes is defined by the real-time table's own functions, which `product_model.ingestion`
reads; that costs 100 µs an event. This is the same for events that keep the contract and hold nothing
unusual, column by column from the descriptor, in a tenth of the time. Whatever is unusual is left to the
definition: a function here gives a value that is certain, or raises `UnusualError`. Tests hold the two, and
Pinot, together.
"""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import orjson

from operations.archive.layout import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    # Makes a column of the event, its data, and the kind's time in epoch milliseconds.
    ColumnMaker = Callable[["Event", "Event", int], Any]
    from operations.archive.layout import Kind
    from product_model.column_facts import PersonalDataKind
    from product_model.product import Product, SchemaFile

Event = dict[str, Any]
Row = tuple[Any, ...]

EARLIEST_MS: Final = 63_072_000_000
"""1972; the tables' filter drops what is before."""
_LATEST_MS: Final = 3_155_760_000_000
"""2070-01-01; later years are no times to the tables."""
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}(?:Z|[+-](?:0[0-9]|1[0-7]):[0-5][0-9])"
)
_KEYED: Final = re.compile(r"v[0-9]{1,9}:[0-9a-f]{64}")
_NO_DIGIT: Final = re.compile(r"[^0-9]")
# What a number with a fraction, an exponent or more than 64 bits looks like in orjson's text (some texts do).
_FRACTION: Final = re.compile(r"[0-9][.eE]|-0")
# Eleven digits with a few separators between: what the tables' pattern of a tax number finds contains this.
_LONG_DIGITS: Final = re.compile(r"[0-9]{3}[0-9. /-]{8}")
_MOST_SOURCES: Final = 1000


class UnusualError(Exception):
    """The row is for the definition to make."""


class UsualRows:
    """Rows of one kind of event that keeps the contract."""

    def __init__(self, product: Product, kind: Kind, *, keyed: bool = False) -> None:
        """Find out how each column is made; `keyed` where personal data arrives as keyed hashes.

        Raises:
            UnusualError: a column is of a kind that is not known here

        """
        schema = product.schema(kind.schema_name)
        self._time_column = kind.time_column
        self._keyed = keyed
        self._sources: dict[str, str | None] = {}
        self._makers = tuple(self._maker(product, schema, name) for name in schema.schema.column_names)

    def row(self, event: Event, now_ms: int) -> Row:
        """Return the row of an event that keeps the contract.

        Raises:
            UnusualError: whether it is a row, and which, is for the definition to say

        """
        data = event["data"]
        moment = _moment_ms(data[self._time_column])
        published = _moment_ms(event["time"])
        latest = now_ms + DAY_MS
        if not (EARLIEST_MS <= moment <= latest and EARLIEST_MS <= published <= latest):
            raise UnusualError
        return tuple([make(event, data, moment) for make in self._makers])

    def learn(self, event: Event, source: str | None) -> None:
        """Remember what the definition makes of an event's source; there are few of them."""
        found = event.get("source")
        if isinstance(found, str) and len(self._sources) < _MOST_SOURCES:
            self._sources[found] = source

    def _maker(self, product: Product, schema: SchemaFile, name: str) -> ColumnMaker:  # noqa: C901, PLR0911 - a return a kind of column
        fact, column = schema.fact.column(name), schema.schema.column(name)
        if fact is None or column is None:
            raise UnusualError(name)
        if fact.derived_from:
            if fact.derived_from != (self._time_column,) or column.data_type != "TIMESTAMP":
                raise UnusualError(name)
            return lambda _event, _data, moment: moment - moment % HOUR_MS
        path = fact.from_[0].split(".") if len(fact.from_) == 1 else []
        kind = product.descriptor.hashed(fact)
        match (path, column.data_type):
            case (["source"], "STRING"):
                return self._source
            case (["data", field], "TIMESTAMP") if field == self._time_column:
                return lambda _event, _data, moment: moment
            case (["time"], "TIMESTAMP"):
                return lambda event, _data, _moment: _moment_ms(event["time"])
            case (["data", "metadata"], "JSON"):
                return _metadata
            case ([attribute], "STRING") if fact.required:
                return lambda event, _data, _moment: event[attribute]
            case (["data", field], "STRING" | "BIG_DECIMAL"):
                return lambda _event, data, _moment: _text(data.get(field))
            case (["data", party, field], "STRING") if kind is None:
                return lambda _event, data, _moment: _text(data[party].get(field))
            case (["data", party, field], "STRING"):
                hashed = self._hash_of(kind)
                return lambda _event, data, _moment: hashed(data[party].get(field))
        raise UnusualError(name)

    def _hash_of(self, kind: PersonalDataKind | None) -> Callable[[object], str | None]:
        if self._keyed:
            return _keyed_hash
        return _hash_of_digits if kind is not None and kind.normalization == "digits" else _hash

    def _source(self, event: Event, _data: Event, _moment: int) -> str | None:
        try:
            return self._sources[event["source"]]
        except KeyError:
            raise UnusualError from None


def _moment_ms(text: str) -> int:
    if _MOMENT.fullmatch(text) is None:
        raise UnusualError
    try:
        found = round(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise UnusualError from None
    if found >= _LATEST_MS:
        raise UnusualError
    return found


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise UnusualError


def _hash(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise UnusualError
    normal = value.strip(" ").lower()
    return sha256(normal.encode()).hexdigest() if normal else None


def _keyed_hash(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or _KEYED.fullmatch(value) is None:
        raise UnusualError
    return value


def _hash_of_digits(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise UnusualError
    digits = value if value.isascii() and value.isdecimal() else _NO_DIGIT.sub("", value)
    return sha256(digits.encode()).hexdigest() if digits else None


def _metadata(_event: Event, data: Event, _moment: int) -> str | None:
    value = data.get("metadata")
    if value is None:
        return None
    try:
        text = orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # nested deeper than orjson writes
        raise UnusualError from None
    if (
        "@" in text
        or "%40" in text
        or "\\" in text
        or _LONG_DIGITS.search(text) is not None
        or _FRACTION.search(text) is not None
    ):
        raise UnusualError
    return text
