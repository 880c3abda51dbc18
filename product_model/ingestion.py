"""What a table's ingestion makes of an event: the checks' own reading of Pinot's pipeline.

Enrichments, then transforms (skipped where the record already has a value), then the filter (drops where
true), with Pinot's three-valued logic, as in 1.5.1's `InbuiltFunctionEvaluator`. It knows the functions that
the product's tables use and refuses others. The engine runs Pinot's own code; a test holds the two together,
event by event.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from math import isinf
from typing import TYPE_CHECKING, Any

from product_model.expressions import Call, Expression, Identifier, Literal, identifiers, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from product_model.pinot_table import IngestionConfig

Record = dict[str, Any]
# What an expression gives for a record at a time of the clock (epoch milliseconds).
Evaluation = Callable[[Record, int], Any]

# Pinot's StreamDataDecoderImpl puts this field on every record of a stream, over anything of that name in the
# event. Rows that a minion task reads back have it not.
STREAM_MARKER = "__metadata$recordSerializedValueSize"
# Canonical JSON of nothing: what must never be stored as a hash.
HASH_OF_NOTHING = hashlib.sha256(b"").hexdigest()
_HOUR_MS = 3_600_000
# Between these Double.toString writes no exponent.
_JAVA_PLAIN_FROM, _JAVA_EXPONENT_FROM = 1e-3, 1e7
_MILLISECOND = timedelta(milliseconds=1)
_JODA = re.compile(
    r"(\d{1,4})-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{1,2}):(\d{1,2})\.(\d{1,3})(?:Z|([+-])(\d{2}):?(\d{2}))",
    re.ASCII | re.IGNORECASE,
)


class UnknownFunctionError(ValueError):
    """A function that this reading of the pipeline does not know."""


@dataclass(frozen=True)
class Outcome:
    """What became of a record.

    Args:
        row: the columns; None when it is no row
        failure: why a function failed on it, without the record's values; None when none did. Pinot drops
            such a record, too, but writes it to its log in clear.

    """

    row: Record | None
    failure: str | None = None


class Ingestion:
    """One table's pipeline."""

    def __init__(self, config: IngestionConfig, columns: tuple[str, ...]) -> None:
        """Parse all functions.

        Raises:
            ExpressionError: a text is no expression
            UnknownFunctionError: a function is not known here

        """
        self._steps = [
            [(name, compiled(parse(text))) for name, text in functions.items()]
            for functions in (step.properties.field_to_function_map for step in config.enrichment_configs)
        ]
        transforms = {item.column_name: parse(item.transform_function) for item in config.transform_configs}
        self._transforms = [(column, compiled(expression)) for column, expression in _in_order(transforms)]
        self._filter = compiled(parse(config.filter_config.filter_function))
        self._columns = columns

    def of_event(self, event: Mapping[str, Any], now_ms: int) -> Outcome:
        """Run a stream's event through the pipeline at a time of the clock."""
        record = {name: _extracted(value) for name, value in event.items()}
        record[STREAM_MARKER] = len(event)
        return self._run(record, now_ms)

    def of_row(self, row: Mapping[str, Any], now_ms: int) -> Outcome:
        """Run a stored row through the pipeline, as minion tasks and batch loads do."""
        return self._run(dict(row), now_ms)

    def _run(self, record: Record, now_ms: int) -> Outcome:
        try:
            dropped = self._fill(record, now_ms)
        except (TypeError, ValueError, AttributeError, LookupError) as error:
            return Outcome(None, type(error).__name__)
        return Outcome(None if dropped else {column: record.get(column) for column in self._columns})

    def _fill(self, record: Record, now_ms: int) -> bool:
        for step in self._steps:
            for field, function in step:
                record[field] = function(record, now_ms)
        for column, function in self._transforms:
            present = record.get(column)
            if present is None:
                record[column] = function(record, now_ms)
            elif isinstance(present, dict | list):
                value = function(record, now_ms)
                if value is not None and type(value) is not type(present):
                    record[column] = value
        return self._filter(record, now_ms) is True


def _in_order(transforms: Mapping[str, Expression]) -> list[tuple[str, Expression]]:
    """Put a transform after those whose columns it reads."""
    ordered: dict[str, Expression] = {}

    def add(column: str, above: tuple[str, ...]) -> None:
        if column in ordered or column in above:
            return
        for needed in sorted(identifiers(transforms[column]) & transforms.keys()):
            add(needed, (*above, column))
        ordered[column] = transforms[column]

    for column in transforms:
        add(column, ())
    return list(ordered.items())


def _extracted(value: object) -> object:
    """Take a JSON value as Pinot's record extractor does: numbers stay, anything else single becomes text."""
    if isinstance(value, dict):
        return {str(key): _extracted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_extracted(inner) for inner in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def compiled(expression: Expression) -> Evaluation:  # noqa: PLR0911 - one return a kind of expression
    """Make a function of an expression; null in, null out, except where Pinot's function takes nulls."""
    match expression:
        case Literal(value):
            return lambda _record, _now: value
        case Identifier(name):
            return lambda record, _now: record.get(name)
        case Call("now", ()):
            return lambda _record, now: now
    parts = tuple(compiled(argument) for argument in expression.arguments)
    name = expression.name
    if name == "and":
        return lambda record, now: _conjunction(parts, record, now, stop=False)
    if name == "or":
        return lambda record, now: _conjunction(parts, record, now, stop=True)
    if name in _NULL_TAKING:
        taking = _NULL_TAKING[name]
        return lambda record, now: taking(*[part(record, now) for part in parts])
    if name not in _FUNCTIONS:
        message = f"the check does not know the function {expression.written!r}"
        raise UnknownFunctionError(message)
    function = _FUNCTIONS[name]

    def call(record: Record, now: int) -> Any:  # noqa: ANN401 - Pinot's Object
        values = [part(record, now) for part in parts]
        return None if None in values else function(*values)

    return call


def _conjunction(parts: tuple[Evaluation, ...], record: Record, now: int, *, stop: bool) -> bool | None:
    """AND (stops at false) or OR (stops at true) of true, false and unknown, without what comes after."""
    unknown = False
    for part in parts:
        value: bool | None = part(record, now)
        if value is stop:
            return stop
        unknown = unknown or value is None
    return None if unknown else not stop


def _case_when(*values: object) -> object:
    for condition, result in zip(values[::2], values[1::2], strict=False):
        if condition is True:
            return result
    return values[-1] if len(values) % 2 else None


@cache
def _names(path: str) -> tuple[str, ...]:
    return tuple(path.removeprefix("$").split(".")[1:])


def _json_path(document: object, path: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(document, str):
        document = json.loads(document)
    if path.startswith("$["):
        wanted = re.findall(r"'([^']*)'", path)
        return (
            {name: document[name] for name in wanted if name in document}
            if isinstance(document, dict)
            else None
        )
    for name in _names(path):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _json_path_exists(document: object, path: str) -> bool:
    try:
        return _json_path(document, path) is not None
    except ValueError:
        return False


_plain_json_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _json_text(value: object) -> str:
    """Write JSON as Jackson does: numbers with a fraction in Java's spelling."""
    match value:
        case float():
            return _java_double(value)
        case dict():
            members = (f"{_plain_json_text(key)}:{_json_text(inner)}" for key, inner in value.items())
            return f"{{{','.join(members)}}}"
        case list():
            return f"[{','.join(map(_json_text, value))}]"
    return _plain_json_text(value)


def _java_double(value: float) -> str:
    """Write a number as Double.toString does; what is beyond its range is a text in Jackson's JSON.

    Before JDK 19 Java spells some numbers with more digits than needed (JDK-4511638: 2.5E22); not here.
    """
    if isinf(value):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    if value == 0 or _JAVA_PLAIN_FROM <= abs(value) < _JAVA_EXPONENT_FROM:
        return f"{Decimal(repr(value)):f}" if value else repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0")
    # repr gives a finite number's exponent as a whole number.
    power = len(digits) + int(exponent) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


def _json_path_string(document: object, path: str) -> str | None:
    found = _json_path(document, path)
    return found if isinstance(found, str) or found is None else _json_text(found)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    r"""Java's `\z` is Python's `\Z`."""
    return re.compile(text.replace(r"\z", r"\Z"), re.ASCII)


def _text(value: object) -> str:
    """Pinot turns numbers into text where a function takes text, and fails on objects and lists."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return _json_text(value)
    message = f"a text was wanted, a {type(value).__name__} came"
    raise TypeError(message)


def _regexp_extract(text: object, pattern: str, group: int = 0, default: str = "") -> str:
    found = _pattern(pattern).search(_text(text))
    return found[group] if found else default


def _from_iso8601(text: str) -> int:
    """Epoch milliseconds; what is finer is cut off. Java takes no leap second and no 24:00."""
    moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.upper()))
    offset = moment.utcoffset()
    if offset is None:
        message = "a time without a zone"
        raise ValueError(message)
    return (moment.replace(tzinfo=None) - offset - datetime(1970, 1, 1)) // _MILLISECOND  # noqa: DTZ001 - both in UTC


def _from_date_time(text: object, pattern: str, zone: str, otherwise: int) -> int:
    """Read as Joda does, by the one pattern that is used, bare or in quotes; single digits are taken."""
    quote = '"' if pattern.startswith('"') else ""
    if pattern != f"{quote}yyyy-MM-dd'T'HH:mm:ss.SSSZZ{quote}" or zone != "UTC":
        message = f"the check does not know fromDateTime of {pattern!r}"
        raise UnknownFunctionError(message)
    found = _JODA.fullmatch(_text(text).removeprefix(quote).removesuffix(quote))
    if found is None:
        return otherwise
    *whole, fraction, sign, hours, minutes = found.groups(default="0")
    try:
        moment = datetime(*map(int, whole))  # type: ignore[arg-type] # noqa: DTZ001 - in UTC once the offset is off
    except ValueError:
        return otherwise
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    fine = timedelta(milliseconds=int(fraction.ljust(3, "0")))
    return (moment + fine - offset - datetime(1970, 1, 1)) // _MILLISECOND  # noqa: DTZ001 - both in UTC


def _date_trunc(unit: str, moment_ms: int) -> int:
    if unit != "HOUR":
        message = f"the check does not know dateTrunc of {unit!r}"
        raise UnknownFunctionError(message)
    return moment_ms - moment_ms % _HOUR_MS


def _trim(*values: str) -> str:
    """Pinot's parser reads trim(x) as TRIM(BOTH ' ' FROM x): spaces only."""
    return _text(values[-1]).strip(" ")


_NULL_TAKING: Mapping[str, Callable[..., Any]] = {
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "isdistinctfrom": lambda left, right: left != right,
    "isnotdistinctfrom": lambda left, right: left == right,
    "casewhen": _case_when,
    "nullif": lambda left, right: None if left == right else left,
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "not": lambda value: not value,
    "jsonpath": _json_path,
    "jsonpathstring": _json_path_string,
    "jsonpathexists": _json_path_exists,
    "jsonformat": _json_text,
    "regexplike": lambda text, pattern: _pattern(pattern).search(_text(text)) is not None,
    "regexpextract": _regexp_extract,
    "regexpreplace": lambda text, pattern, by: _pattern(pattern).sub(by, _text(text)),
    "startswith": lambda text, start: _text(text).startswith(start),
    "contains": lambda text, part: part in _text(text),
    "lower": lambda text: _text(text).lower(),
    "trim": _trim,
    # Java writes "?" for half a surrogate pair.
    "toutf8": lambda text: _text(text).encode("utf-8", "replace"),
    "sha256": lambda value: hashlib.sha256(value).hexdigest(),
    "fromiso8601": _from_iso8601,
    "fromdatetime": _from_date_time,
    "datetrunc": _date_trunc,
    "sub": lambda left, right: left - right,
    "minus": lambda left, right: left - right,
    "plus": lambda left, right: left + right,
    "greaterthan": lambda left, right: left > right,
    "lessthan": lambda left, right: left < right,
}
