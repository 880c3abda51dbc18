"""The event that tells of a breach: a CloudEvent with reason, rule, original position, and what is safe.

Nothing of the original stands in it in clear that the contract does not vouch for. A field is carried in
clear only when it is one of the contract's, is no personal data, has the form that the contract gives it, and
does not look like a tax number or an e-mail address. Personal data is hashed as the tables hash it, so that a
person's events can be found; everything else is told by type, size and hash. The original itself stands on
the topic, at the position that is told, for as long as the topic keeps it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs
import orjson

from operations.archive.json_values import deep_recursion
from product_model.ingestion import HASH_OF_NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from operations.archive.rows import Breach
    from product_model.product import Product

EVENT_TYPE: Final = "com.paymentic.payments.event-quarantined.v1"
SOURCE: Final = "/payment-service-data-product/archiver"
CONTENT_TYPE: Final = "application/cloudevents+json; charset=UTF-8"
_KEYED: Final = re.compile(r"v[0-9]{1,9}:[0-9a-f]{64}")
# As the tables judge metadata: an at sign, or eleven digits, punctuated or not, here after others too.
_PERSONAL: Final = re.compile(r"@|%40|[0-9]{3}[. -]?[0-9]{3}[. -]?[0-9]{3}[. /-]?[0-9]{2}(?![0-9])")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CLEAR_BYTES: Final = 128


@dataclass(frozen=True)
class Position:
    """Where the original stands. `timestamp_ms` is the record's; -1 when it has none."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int

    @property
    def quarantine_id(self) -> str:
        """The id of the event that tells of it: the same however often it is told."""
        return f"{self.topic}-{self.partition}-{self.offset}"


class QuarantineEvents:
    """Makes quarantine events by one product's contract."""

    def __init__(self, product: Product) -> None:
        """Compile the contract, field by field."""
        self._fields: dict[str, dict[str, _Field]] = {}
        for message in product.contract.messages.values():
            self._fields[message.type] = {
                path: _Field(field.personal_data, jsonschema_rs.Draft7Validator(dict(field.schema)))
                for path, field in message.fields.items()
            }
        self._any_kind = {
            path: field
            for fields in reversed(self._fields.values())
            for path, field in fields.items()
            if path != "type"
        }

    def event(
        self,
        position: Position,
        key: bytes | None,
        value: bytes | None,
        verdict: tuple[Any, Sequence[Breach], bool],
    ) -> bytes:
        """Write the event.

        Args:
            position: where the original stands
            key: the original's key
            value: the original's value
            verdict: the original as read (None when it could not be), its breaches, whether it is stored
                all the same

        """
        event, breaches, stored = verdict
        told = {
            "specversion": "1.0",
            "id": position.quarantine_id,
            "source": SOURCE,
            "type": EVENT_TYPE,
            "time": _rfc3339(position.timestamp_ms),
            "datacontenttype": "application/json",
            "data": {
                "rule": breaches[0].rule,
                "reason": breaches[0].reason,
                "breaches": [{"rule": breach.rule, "reason": breach.reason} for breach in breaches],
                "stored": stored,
                "topic": position.topic,
                "partition": position.partition,
                "offset": position.offset,
                "timestamp": position.timestamp_ms,
                "key": None if key is None else self._key(key),
                "sizeBytes": len(value or b""),
                "payloadSha256": hashlib.sha256(value or b"").hexdigest(),
                "payload": self._payload(event) if isinstance(event, dict) else None,
            },
        }
        return orjson.dumps(told)

    def _key(self, key: bytes) -> object:
        try:
            text = key.decode()
        except UnicodeDecodeError:
            text = ""
        return (
            text
            if _UUID.fullmatch(text)
            else {"sha256": hashlib.sha256(key).hexdigest(), "sizeBytes": len(key)}
        )

    def _payload(self, event: Mapping[str, Any]) -> dict[str, Any]:
        kind = event.get("type")
        fields = self._fields.get(kind, self._any_kind) if isinstance(kind, str) else self._any_kind
        with deep_recursion():
            return _told(event, fields, "")


@dataclass(frozen=True)
class _Field:
    personal_data: str | None
    validator: Any

    def told(self, value: object) -> object:
        if value is None or isinstance(value, bool):
            return value
        if self.personal_data is not None:
            return _hashed(value, digits=self.personal_data == "tax-number")
        if isinstance(value, str) and self._trusted(value):
            return value
        return _opaque(value)

    def _trusted(self, value: str) -> bool:
        if not value.isascii() or len(value) > _CLEAR_BYTES:
            return False
        looks_personal = _PERSONAL.search(value) is not None and _UUID.fullmatch(value) is None
        return not looks_personal and bool(self.validator.is_valid(value))


def _told(value: Mapping[str, Any], fields: Mapping[str, _Field], prefix: str) -> dict[str, Any]:
    """Tell the contract's fields, in the contract's order; of others only how many there are."""
    told: dict[str, Any] = {}
    known = dict.fromkeys(
        path.removeprefix(prefix).split(".")[0] for path in fields if path.startswith(prefix)
    )
    for name in known:
        if name not in value:
            continue
        inner, path = value[name], f"{prefix}{name}"
        if path in fields:
            told[name] = fields[path].told(inner)
        elif isinstance(inner, dict):
            told[name] = _told(inner, fields, f"{path}.")
        else:
            told[name] = inner if inner is None or isinstance(inner, bool) else _opaque(inner)
    unknown = len(value.keys() - known.keys())
    if unknown:
        told["unknownFields"] = unknown
    return told


def _hashed(value: object, *, digits: bool) -> object:
    """Hash as the tables do: trimmed and in lower case, a number as its text, a tax number by its digits."""
    if not isinstance(value, str | int):
        return _opaque(value)
    text = str(value)
    if _KEYED.fullmatch(text):
        return text
    normal = re.sub(r"[^0-9]", "", text) if digits else text.strip(" ").lower()
    found = hashlib.sha256(normal.encode("utf-8", "replace")).hexdigest()
    return None if found == HASH_OF_NOTHING else {"sha256": found}


def _opaque(value: object) -> dict[str, object]:
    """Tell a value by its type, its length and the hash of its JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    names = {dict: "object", list: "array", str: "string", bool: "boolean"}
    return {
        "type": names.get(type(value), "number"),
        "sizeBytes": len(text),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def _rfc3339(moment_ms: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=max(moment_ms, 0))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
