"""What differs between two configurations, and what of it is a difference at all. Pure functions.

A server shows more than it was told: it fills in defaults, spells numbers as text and puts the type behind
a table's name. None of that is drift. What it shows beyond the defaults of Pinot's own classes (`vocabulary`)
is: somebody put it there.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .vocabulary import ABSENT, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .documents import Document, Json

_SECRET: Final = re.compile(
    r"passw|secret|jaas|token|credential|access[._-]?key|private[._-]?key|api[._-]?key|basic[._-]?auth",
    re.IGNORECASE,
)
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TABLE_SUFFIX: Final = re.compile(r"_(OFFLINE|REALTIME)$")
_LONGEST_SHOWN: Final = 160
_JSON: Final = Kind("json")
_AMOUNT: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGTP]?)B?\s*", re.IGNORECASE)
_UNITS: Final = ("", "K", "M", "G", "T", "P")
_METRIC_NULLS: Final = {"STRING": "null", "BYTES": ""}
_DIMENSION_NULLS: Final = {
    "INT": str(-(2**31)),
    "LONG": str(-(2**63)),
    "FLOAT": "-Infinity",
    "DOUBLE": "-Infinity",
    "STRING": "null",
    "JSON": "null",
    "BYTES": "",
    "BOOLEAN": "false",
}
"""Null values that Pinot's ``FieldSpec`` implies (``getDefaultNullValue``); everything else is 0."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two configurations differ."""

    keys: tuple[str, ...]
    """Where, key by key; a list's element by name or position: ``("fieldConfigList", "currency")``."""
    path: str
    """Where, as a reader writes it: ``fieldConfigList[currency].indexes.inverted``."""
    old: Json
    """Value on the old side, `ABSENT` when there is none."""
    new: Json
    """Value on the new side, `ABSENT` when there is none."""

    def __str__(self) -> str:
        """Return ``path: old → new``, secrets covered."""
        return f"{self.path}: {_shown(self.old, self.keys)} → {_shown(self.new, self.keys)}"


def differences(old: Document, new: Document, kind: Kind) -> tuple[Difference, ...]:
    """Return where two configurations of a kind differ, ordered by path; defaults are no difference."""
    found: list[Difference] = []
    _walk(old, new, kind, _Place((), "", found))
    return tuple(found)


def drifted(live: Document, desired: Document, kind: Kind) -> Document:
    """Return the desired configuration with every difference taken from the live one.

    It equals ``desired`` where nothing differs, so that what is no drift never shows in a plan.
    """
    merged = _walk(live, desired, kind, _Place((), "", []))
    return merged if isinstance(merged, dict) else desired


def readable(found: Iterable[Difference]) -> str:
    """Return one line a difference, ready for a message."""
    return "\n".join(f"  {difference}" for difference in found)


def redacted(value: Json, keys: tuple[str, ...] = ()) -> Json:
    """Return the value with everything that stands under a secret's key (password, token, JAAS …) covered."""
    if keys and _SECRET.search(keys[-1]):
        return "[secret]"
    if isinstance(value, dict):
        return {key: redacted(item, (key,)) for key, item in value.items()}
    if isinstance(value, list):
        return [redacted(item) for item in value]
    return value


def secrets_in(value: Json, keys: tuple[str, ...] = ()) -> set[str]:
    """Return the texts that stand under a secret's key, so that they can be kept out of messages."""
    if isinstance(value, dict):
        return {text for key, item in value.items() for text in secrets_in(item, (key,))}
    if isinstance(value, list):
        return {text for item in value for text in secrets_in(item, keys)}
    return {value} if keys and isinstance(value, str) and value and _SECRET.search(keys[-1]) else set()


def without_defaults(document: Document, kind: Kind) -> Document:
    """Return the document as it is to be posted: without nulls and without values that Pinot implies.

    A known key with its default value would come back as an unrecognised property, and the check for typos
    would cry wolf.
    """
    keys = kind.keys
    if keys is None:
        return document
    posted: Document = {}
    for key, value in document.items():
        known = keys.get(key)
        if value is None or (kind.text.endswith("FieldSpec") and _implied(key, value, kind, document)):
            continue
        posted[key] = value if known is None else _posted(value, known.kind)
    return posted


def _posted(value: Json, kind: Kind) -> Json:
    if isinstance(value, dict) and kind.keys is not None:
        return without_defaults(value, kind)
    if isinstance(value, dict) and kind.value is not None:
        return {key: _posted(item, kind.value) for key, item in value.items() if item is not None}
    if isinstance(value, list) and kind.element is not None:
        return [_posted(item, kind.element) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class _Place:
    keys: tuple[str, ...]
    path: str
    found: list[Difference]

    def key(self, name: str) -> _Place:
        if not _PLAIN_KEY.fullmatch(name):
            return _Place((*self.keys, name), f'{self.path}["{name}"]', self.found)
        return _Place((*self.keys, name), f"{self.path}.{name}" if self.path else name, self.found)

    def element(self, name: object) -> _Place:
        return _Place((*self.keys, str(name)), f"{self.path}[{name}]", self.found)

    def differs(self, old: Json, new: Json) -> Json:
        self.found.append(Difference(self.keys, self.path, old, new))
        return old


def _walk(old: Json, new: Json, kind: Kind, place: _Place) -> Json:
    """Record what differs below a place; return the new value with the differences taken from the old."""
    if isinstance(old, dict) and isinstance(new, dict):
        if kind.keys is not None:
            return _walk_object(old, new, kind, place)
        value_kind = kind.value or _JSON
        return _walk_map(old, new, place.key, value_kind)
    if isinstance(old, list) and isinstance(new, list):
        return _walk_list(old, new, kind.element or _JSON, place)
    if _scalar(old) == _scalar(new) or (
        place.keys == ("tableName",) and _TABLE_SUFFIX.sub("", str(old)) == _TABLE_SUFFIX.sub("", str(new))
    ):
        return new
    return place.differs(old, new)


def _walk_object(old: Mapping[str, Json], new: Mapping[str, Json], kind: Kind, place: _Place) -> Document:
    merged: Document = {}
    known = kind.keys or {}
    for key in sorted({*old, *new}):
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if key not in known and after is ABSENT:
            continue  # The server knows a key that this vocabulary does not: nobody here asked for it.
        child = known[key].kind if key in known else _JSON
        if not _matters(key, before, kind, old) and not _matters(key, after, kind, new):
            value = after
        elif before is ABSENT or after is ABSENT or before is None or after is None:
            value = place.key(key).differs(before, after)
        elif kind.text == "QuotaConfig" and _amount(before) == _amount(after):
            value = after
        else:
            value = _walk(before, after, child, place.key(key))
        if value is not ABSENT:
            merged[key] = value
    return merged


def _walk_map(
    old: Mapping[str, Json], new: Mapping[str, Json], child: Callable[[str], _Place], kind: Kind
) -> Document:
    merged: Document = {}
    for key in sorted({*old, *new}):
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if before is ABSENT or after is ABSENT:
            value = child(key).differs(before, after)
        else:
            value = _walk(before, after, kind, child(key))
        if value is not ABSENT:
            merged[key] = value
    return merged


def _walk_list(old: list[Json], new: list[Json], kind: Kind, place: _Place) -> list[Json]:
    identity = kind.identity
    if identity is not None:
        before, after = _named(old, identity), _named(new, identity)
        if before is not None and after is not None:
            merged = _walk_map(before, after, place.element, kind)
            order = [name for name in after if name in merged] + [
                name for name in merged if name not in after
            ]
            return [merged[name] for name in order]
    if kind.keys is None and kind.value is None:
        same = [_scalar(item) for item in old] == [_scalar(item) for item in new]
        return new if same else place.differs(old, new)
    result: list[Json] = []
    for position in range(max(len(old), len(new))):
        earlier = old[position] if position < len(old) else ABSENT
        later = new[position] if position < len(new) else ABSENT
        spot = place.element(position)
        if earlier is ABSENT or later is ABSENT:
            value = spot.differs(earlier, later)
        else:
            value = _walk(earlier, later, kind, spot)
        if value is not ABSENT:
            result.append(value)
    return result


def _named(items: list[Json], identity: str) -> dict[str, Json] | None:
    named = {str(item[identity]): item for item in items if isinstance(item, dict) and identity in item}
    return named if len(named) == len(items) else None


def _matters(key: str, value: Json, owner: Kind, siblings: Mapping[str, Json]) -> bool:
    """Say whether a value says more than leaving its key out would."""
    if value is ABSENT or value is None:
        return False
    if owner.text.endswith("FieldSpec") and _implied(key, value, owner, siblings):
        return False
    known = (owner.keys or {}).get(key)
    if known is None:
        return True
    if value in ([], {}) and (known.kind.element is not None or known.kind.value is not None):
        return False
    if known.default is ABSENT:
        return True
    found: list[Difference] = []
    _walk(value, known.default, known.kind, _Place((), key, found))
    return bool(found)


def _implied(key: str, value: Json, kind: Kind, spec: Mapping[str, Json]) -> bool:
    """Say whether a column's value is what Pinot implies (what ``FieldSpec.toJsonObject`` leaves out)."""
    if key == "fieldType":
        return True
    if key == "singleValueField":
        return _scalar(value) == "true"
    if key in {"notNull", "allowTrailingZeros"}:
        return _scalar(value) == "false"
    if key != "defaultNullValue":
        return False
    data_type = str(spec.get("dataType"))
    nulls = _METRIC_NULLS if kind.text == "MetricFieldSpec" else _DIMENSION_NULLS
    return _null_text(value, data_type) == nulls.get(data_type, "0")


def _null_text(value: Json, data_type: str) -> str:
    text = _scalar(value)
    if data_type == "BOOLEAN":
        return {"1": "true", "0": "false"}.get(text, text.lower())
    if data_type == "TIMESTAMP" and not text.lstrip("-").isdigit():
        try:
            moment = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
        except ValueError:
            return text
        return str(round(moment.timestamp() * 1000))
    if data_type in {"BIG_DECIMAL", "FLOAT", "DOUBLE"} and re.fullmatch(r"-?0+(\.0+)?", text):
        return "0"
    return text


def _amount(value: Json) -> float | str:
    """Return a quota as a number, which Pinot spells anew: 1024M is shown as 1G, 50 as "50.0"."""
    text = _scalar(value)
    found = _AMOUNT.fullmatch(text)
    return float(found[1]) * 1024 ** _UNITS.index(found[2].upper()) if found else text


def _scalar(value: Json) -> str:
    """Return one text for what Pinot treats alike: 30 and "30", true and "true", 1 and 1.0."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    return str(value)


def _shown(value: Json, keys: tuple[str, ...]) -> str:
    if value is ABSENT:
        return "(absent)"
    text = json.dumps(redacted(value, keys), sort_keys=True, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
