"""What the contract says about one Kafka value: a row, no row, or left open.

Written from the product's description alone. It shares nothing with the tables' transforms and filters, nor
with `product_model`, so that a mistake there cannot hide here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from local.events.generator import BOOKED, REGISTERED

Outcome = Literal["row", "no row", "open"]

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_AMOUNT = re.compile(r"[0-9]+\.[0-9]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_TYPES = ("PAYMENT", "REFUND", "PENDING_BALANCE", "PAYOUT")
_STATUSES = ("SUCCESS", "FAILED", "PENDING")
_ATTRIBUTES = frozenset({"specversion", "id", "type", "source", "subject", "time", "datacontenttype", "data"})
_KIND_IDS = {REGISTERED: ("paymentOrderId", "checkoutId"), BOOKED: ("paymentOrderId", "journalEntryId")}
_KIND_TIME = {REGISTERED: "registeredAt", BOOKED: "bookedAt"}
# From here on Double.toString writes an exponent.
_JAVA_EXPONENT_FROM = 1e7
# An amount longer than this is no money that anyone has seen; how a table stores it is left open.
_LONGEST_AMOUNT = 30
_FIRST_YEAR, _LAST_YEAR = 1980, 2060


@dataclass(frozen=True)
class Judgement:
    """What must come of a value.

    `event` is the parsed event of a row; `event_id` and `transaction_id` are known for whatever names them,
    so that rows that the contract leaves open can be told from the others. `reason` never holds a value of
    the event.
    """

    outcome: Outcome
    reason: str
    event: dict[str, Any] | None = None
    event_id: str | None = None
    transaction_id: str | None = None


class _No(Exception):  # noqa: N818 - an outcome, not an error
    """The contract says that this is no row."""


class _Open(Exception):  # noqa: N818 - an outcome, not an error
    """The contract does not say whether, or as what, this is stored."""


def judge(value: bytes | None) -> Judgement:
    """Judge one Kafka value by the contract."""
    event: Any = None
    try:
        parsed = _parse(value)
        event = parsed.event
        _check(event, parsed.doubt)
    except _No as no:
        return Judgement("no row", str(no))
    except _Open as undecided:
        data = event.get("data") if isinstance(event, dict) else None
        transaction_id = data.get("transactionId") if isinstance(data, dict) else None
        return Judgement("open", str(undecided), None, _text(event.get("id")), _text(transaction_id))
    return Judgement("row", "valid", event, event["id"], event["data"]["transactionId"])


def epoch_ms(text: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time with a zone; what is finer is cut off.

    Raises:
        ValueError: the text is no such time

    """
    if not _RFC3339.fullmatch(text):
        message = "not an RFC 3339 time with a zone"
        raise ValueError(message)
    moment = datetime.fromisoformat(text)
    whole = moment.replace(microsecond=0) - datetime(1970, 1, 1, tzinfo=UTC)
    return (whole.days * 86_400 + whole.seconds) * 1000 + moment.microsecond // 1000


@dataclass(frozen=True)
class _Parsed:
    """A JSON object, and why readers of JSON may differ on it ("" when they do not)."""

    event: dict[str, Any]
    doubt: str


def _parse(value: bytes | None) -> _Parsed:
    """Parse as strictly as RFC 8259 asks for, and tell where a lenient reader may see more."""
    if value is None:
        message = "null value"
        raise _No(message)
    text, doubt = _decoded(value)
    if text.startswith("\ufeff"):
        text, doubt = text[1:], "a byte order mark"
    repeated = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        parsed = dict(pairs)
        repeated = repeated or len(parsed) != len(pairs)
        return parsed

    start = len(text) - len(text.lstrip(_BLANKS))
    try:
        decoder = json.JSONDecoder(object_pairs_hook=members, parse_constant=_no_constant)
        event, end = decoder.raw_decode(text, start)
    except RecursionError:
        return _Parsed(_named_in(text), "nested very deeply")
    except ValueError:
        message = "not JSON"
        raise _No(message) from None
    if not isinstance(event, dict):
        message = "not a JSON object"
        raise _No(message)
    if text[end:].strip():
        doubt = "JSON with something behind it"
    return _Parsed(event, "a member is there twice" if repeated else doubt)


def _decoded(value: bytes) -> tuple[str, str]:
    for encoding, doubt in _ENCODINGS:
        try:
            text = value.decode(*encoding)
        except UnicodeError:
            continue
        if "{" in text:
            return text, doubt
    message = "not JSON"
    raise _No(message)


_BLANKS = " \t\r\n"
# RFC 8259 knows UTF-8 without a byte order mark alone; some readers take lone surrogates and UTF-16 as well.
_ENCODINGS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("utf-8",), ""),
    (("utf-8", "surrogatepass"), "text with lone surrogates"),
    (("utf-16",), "JSON in UTF-16"),
)


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _named_in(text: str) -> dict[str, Any]:
    """Read off what an event that is too deep to be parsed says it is."""
    members = re.findall(r'"(type|id|transactionId)"\s*:\s*"([^"]*)"', text)
    found = dict(reversed(members))  # the envelope stands before its data
    return {
        "type": found.get("type"),
        "id": found.get("id"),
        "data": {"transactionId": found.get("transactionId")},
    }


def _check(event: dict[str, Any], doubt: str) -> None:
    """Raise _No or _Open; what is no row for certain is said first."""
    kind = event.get("type")
    if not isinstance(kind, str) or kind not in _KIND_TIME:
        message = "another kind"
        raise _No(message)
    data = event.get("data")
    if not isinstance(data, dict):
        message = "no data"
        raise _No(message)
    if doubt:
        raise _Open(doubt)
    _check_required(event, data, kind)
    if event.keys() - _ATTRIBUTES:
        message = "an attribute beyond those of the contract"
        raise _Open(message)
    _check_forms(event, data, kind)
    for party in ("buyer", "seller"):
        _check_party(data.get(party), party)
    metadata = data.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        message = "metadata is no object"
        raise _Open(message)


def _check_required(event: dict[str, Any], data: dict[str, Any], kind: str) -> None:
    time_field = _KIND_TIME[kind]
    required = {"id": event.get("id"), "time": event.get("time")} | {
        name: data.get(name)
        for name in ("transactionId", "amount", "currency", "transactionType", time_field)
    }
    for name, found in required.items():
        if found is None:
            message = f"{name} is missing"
            raise _No(message)
    for name in ("time", time_field):
        found = required[name]
        if isinstance(found, str) and _is_no_time(found):
            message = f"{name} is no time"
            raise _No(message)
    if isinstance(required["amount"], str) and not _AMOUNT.fullmatch(required["amount"]):
        message = "the amount is not digits, a point and two digits"
        raise _No(message)
    ids = [
        required["id"],
        required["transactionId"],
        data.get("merchantId"),
        *(data.get(name) for name in _KIND_IDS[kind]),
    ]
    ids += [party.get("id") for party in (data.get("buyer"), data.get("seller")) if isinstance(party, dict)]
    if any(isinstance(found, str) and not _ID.fullmatch(found) for found in ids):
        message = "an id has not the form of an id"
        raise _No(message)


def _check_forms(event: dict[str, Any], data: dict[str, Any], kind: str) -> None:
    """Raise _Open for what the contract asks for beyond the breaches that it names."""
    texts = [
        event["id"],
        event["time"],
        event.get("source"),
        data["amount"],
        data["currency"],
        data["transactionType"],
    ]
    texts += [data["transactionId"], data[_KIND_TIME[kind]], *(data.get(name) for name in _KIND_IDS[kind])]
    if not all(isinstance(text, str) for text in texts):
        message = "a text is missing or of another type"
        raise _Open(message)
    times = [event["time"], data[_KIND_TIME[kind]]]
    if kind == BOOKED and data.get("registeredAt") is not None:
        times.append(data["registeredAt"])
    for text in times:
        try:
            year = datetime.fromtimestamp(epoch_ms(text) / 1000, UTC).year
        except (ValueError, TypeError, OverflowError):
            message = "a time without zone, or of another form"
            raise _Open(message) from None
        if not _FIRST_YEAR <= year <= _LAST_YEAR:
            message = "a time far from now"
            raise _Open(message)
    fine = (
        event["source"] == "/payment-service"
        and event.get("specversion") == "1.0"
        and _CURRENCY.fullmatch(data["currency"])
        and data["transactionType"] in _TYPES
        and len(data["amount"]) <= _LONGEST_AMOUNT
        and isinstance(data.get("merchantId"), str | None)
        and (kind == REGISTERED or data.get("bookingStatus") in _STATUSES)
    )
    if not fine:
        message = "a field outside its domain"
        raise _Open(message)


def _is_no_time(text: str) -> bool:
    """Tell whether nobody could read it as a time: no digit, or an impossible date (leap seconds exist)."""
    if not _RFC3339.fullmatch(text):
        return not any(character.isdigit() for character in text)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return ":60" not in text
    return False


def _check_party(party: object, name: str) -> None:
    if not isinstance(party, dict) or not isinstance(party.get("id"), str):
        message = f"{name} is no party with an id"
        raise _Open(message)
    for field in ("email", "name", "document"):
        found = party.get(field)
        if isinstance(found, bool) or not isinstance(found, str | int | None):
            message = f"{name}.{field} is neither text nor number"
            raise _Open(message)


def _text(value: object) -> str | None:
    """Write an id that is no text as a Java reader of the JSON does."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and abs(value) >= _JAVA_EXPONENT_FROM:
        mantissa, exponent = f"{Decimal(repr(value)):E}".split("E+")
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{exponent}"
    return json.dumps(value)
