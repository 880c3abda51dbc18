"""Junk for hostile events: values of every type, and bytes that are no event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

# fmt: off
# Every column of every table, and the fields that hashes are made of: what a spoofed attribute may be called.
SPOOFED_NAMES = (
    "eventId", "eventType", "eventSource", "eventTime", "transactionId", "paymentOrderId", "checkoutId",
    "journalEntryId", "currency", "transactionType", "bookingStatus", "transactionStatus", "buyerId",
    "sellerId", "merchantId", "metadata", "walletMetadata", "bookingMetadata", "amount", "registeredAt",
    "registeredHour", "bookedAt", "bookedHour", "transactionTime", "processingTimeMs", "deleted",
    "buyerEmailHash", "buyerNameHash", "buyerDocumentHash", "sellerEmailHash", "sellerNameHash",
    "buyerEmail", "buyerName", "buyerDocument", "sellerEmail", "sellerName", "buyer", "seller",
    "__metadata$key", "__key", "$docId", "$segmentName", "$hostName",
)
EXTRA_NAMES = (
    "email", "buyer.email", "$.buyer.email", "'; DROP TABLE payment_analytics; --", '"', "", "a\u0000b",
    "cpf", "İd", "__proto__", "$where",
)
STRANGE_TIMES: tuple[object, ...] = (
    "9999-12-31T23:59:59.999Z", "2069-01-01T00:00:00Z", "0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59.999Z", "-0001-01-01T00:00:00Z", "+12026-01-01T00:00:00Z",
    "2024-11-20T10:00:00", "2024-11-20", "2024-11-20T24:00:00Z", "2024-06-30T23:59:60Z",
    "2024-11-20T10:00:00.123456789123Z", "2024-11-20T10:00:00+25:00", "20261120T100000Z",
    "2024-W47-5T10:00:00Z", "\uff11\uff19\uff19\uff19-01-01T00:00:00Z", 0, -1, 2**63 - 1, 1e300, True,
)
JUNK: tuple[object, ...] = (
    None, True, False, 0, -1, 1.5, -0.0, 1e308, 2**63, -(2**63) - 1, 10**30, "", " ", "null", "NULL", "NaN",
    "Infinity", "0", "-1", "1e309", "0x1F", "true", [], {}, [None], [[]], {"": ""}, [1, "a", None, {"b": []}],
    "a" * 10_000, "\u0000", "a\u0000b", "\ud800", "\u202egnirts", "é" * 500, "🦆" * 300,
    "\uff21", "\ufb03", "İSTANBUL", "ß", "\u200b", "\ufeff", "' OR '1'='1",
    "'; DROP TABLE x; --", '"', "\\", "\\u0041", "$.data",
    "${jndi:ldap://127.0.0.1/x}", "{{7*7}}", "%s%n", "../../etc/passwd", "\r\n\tx",
    "<script>alert(1)</script>", "[1,2,3]", '{"a":1}', "2024-11-20T10:00:00Z", "12.34", ".99", "1,234.56",
    # The same in full-width and in Arabic digits: digits to some, none to others.
    "\uff11\uff12.\uff13\uff14", "\u0663\u066b\u0660\u0660",
)
# fmt: on

_FLIPPED = 0.02


def nested(depth: int, innermost: str) -> object:
    """Put objects and lists into each other, `depth` deep."""
    value: object = innermost
    for level in range(depth):
        value = {"a": value} if level % 2 else [value]
    return {"deep": value}


def _text(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


NOT_EVENTS: tuple[Callable[[dict[str, Any], str, random.Random], bytes | None], ...] = (
    lambda _event, _email, _rng: None,
    lambda _event, _email, _rng: b"",
    lambda _event, _email, _rng: b"null",
    lambda _event, email, _rng: email.encode(),
    lambda _event, email, _rng: json.dumps(email).encode(),
    lambda _event, email, _rng: json.dumps([{"email": email}]).encode(),
    lambda event, _email, rng: _text(event)[: rng.randrange(1, len(_text(event)))],
    lambda event, _email, _rng: _text(event)[1:],
    lambda event, _email, _rng: _text(event) + _text(event),
    lambda event, _email, _rng: b"\xef\xbb\xbf" + _text(event),
    lambda event, _email, _rng: json.dumps(event).encode("utf-16"),
    lambda event, _email, _rng: _text(event).replace(b'"', b"'"),
    lambda event, _email, _rng: _text(event).replace(b'"amount"', b'"amount":NaN,"x"'),
    lambda event, email, _rng: _text(event).replace(
        b'"subject"', b'"id":' + json.dumps(email).encode() + b',"subject"'
    ),
    lambda event, _email, _rng: b"/* comment */" + _text(event),
    lambda event, _email, rng: bytes(byte ^ (rng.random() < _FLIPPED) for byte in _text(event)),
    lambda _event, email, rng: rng.randbytes(300) + email.encode(),
    lambda event, email, _rng: (json.dumps({"payload": encoded_twice(event), "email": email})).encode(),
)


def encoded_twice(event: dict[str, Any]) -> str:
    """Encode the event as a string inside a string, as happens by mistake."""
    return json.dumps(json.dumps(event))
