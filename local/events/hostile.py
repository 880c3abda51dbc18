"""Events that no honest producer sends, each with clear personal data planted where it might slip through.

Whatever the tables make of them, consumption goes on, ordinary rows stay right, and no planted value stands
anywhere afterwards. The values are few and nobody's (`people`), so that one search finds them all.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from local.events.generator import Plan, Record, generate
from local.events.hostile_values import EXTRA_NAMES, JUNK, NOT_EVENTS, SPOOFED_NAMES, STRANGE_TIMES, nested
from local.events.population import impossible_cpf, punctuated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

Event = dict[str, Any]

_SOMETIMES = 0.3
_PERSONAL_FIELDS = (
    ("buyer", "email"),
    ("buyer", "name"),
    ("buyer", "document"),
    ("seller", "email"),
    ("seller", "name"),
)
_HASH_COLUMNS = ("buyerEmailHash", "buyerNameHash", "buyerDocumentHash", "sellerEmailHash", "sellerNameHash")


@dataclass(frozen=True)
class Person:
    """Somebody who must not be found: e-mail address, name, and tax number in plain and punctuated form."""

    email: str
    name: str
    document: str

    @property
    def values(self) -> tuple[str, ...]:
        """Every clear spelling that is planted."""
        return (self.email, self.name, self.document, punctuated(self.document))


def people(count: int = 40) -> tuple[Person, ...]:
    """Make up whose data is planted: a reserved domain, a name nobody has, tax numbers nobody can have."""
    return tuple(
        Person(
            email=f"clara.evidente.{number:02d}@planted.invalid",
            name=f"Clarabella Evidência-Plantada {number:02d}",
            document=impossible_cpf(f"9035180{number:02d}"),
        )
        for number in range(count)
    )


def planted_values() -> tuple[str, ...]:
    """Everything clear that hostile events carry and that nobody may find afterwards."""
    return tuple(value for person in people() for value in person.values)


def generate_hostile(count: int, seed: int, end: datetime) -> Iterator[Record]:
    """Yield `count` hostile records; every kind of attack comes about equally often."""
    rng = random.Random(seed)  # noqa: S311 - sample data, not a secret
    crowd = people()
    plan = Plan(count=count, seed=seed ^ 0xBAD, end=end, window=timedelta(hours=2))
    for number, record in enumerate(generate(plan)):
        attack = ATTACKS[number % len(ATTACKS)]
        yield attack(json.loads(record.value or b""), rng.choice(crowd), rng)


def _record(event: Event, *, key: str | None = None, ascii_only: bool = False) -> Record:
    # A lone surrogate is no UTF-8; letting it pass makes the bytes that a careless producer would send.
    value = json.dumps(event, ensure_ascii=ascii_only, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return Record(event["subject"] if key is None else key, value)


def _with_buyer(event: Event, person: Person, *, punctuate: bool = False) -> Event:
    """Make the buyer somebody to look for."""
    document = punctuated(person.document) if punctuate else person.document
    event["data"]["buyer"] |= {"email": person.email, "name": person.name, "document": document}
    return event


def spoof_column(event: Event, person: Person, rng: random.Random) -> Record:
    """Name top-level attributes like columns: Pinot skips a transform whose column the record already has."""
    for name in rng.sample(SPOOFED_NAMES, rng.randint(1, 4)):
        text = rng.choice(person.values)
        event[name] = rng.choice((text, text, {"v": person.email}, [person.email, person.name]))
    return _record(event)


def spoof_every_column(event: Event, person: Person, rng: random.Random) -> Record:
    """Name attributes like all columns at once."""
    return _record(event | {name: rng.choice(person.values) for name in SPOOFED_NAMES})


def spoof_hash(event: Event, person: Person, rng: random.Random) -> Record:
    """Write clear data in forms that a format check might take for a hash."""
    forms = (
        f"{'a' * 64}\n{person.email}",
        f"{person.email}\n{'a' * 64}",
        person.document.ljust(64, "0"),
        person.document.rjust(64, "f"),
        f"v1:{'a' * 64} {person.email}",
        f"v1:{person.document.ljust(64, '0')}",
    )
    return _record(event | {name: rng.choice(forms) for name in rng.sample(_HASH_COLUMNS, 3)})


def personal_metadata(event: Event, person: Person, rng: random.Random) -> Record:
    """Put an e-mail address or a tax number into the free-form metadata."""
    text = rng.choice((person.email, person.document, punctuated(person.document)))
    forms: tuple[object, ...] = (
        {"channel": "web", "note": text},
        {"channel": "web", text: 1},
        {"note": f"please call {text}, thanks"},
        {"a": {"b": [{"c": [text]}]}},
        {"tags": ["x", text]},
        {"document": int(person.document)},
        {"note": text.upper()},
        {"note": f"\t{text}\n"},
        text,
        [text],
        json.dumps({"inner": text}),
    )
    event["data"]["metadata"] = rng.choice(forms)
    return _record(event, ascii_only=rng.random() < _SOMETIMES)


def escaped_metadata(event: Event, person: Person, rng: random.Random) -> Record:
    """Hide an e-mail address behind JSON escapes, which are gone once it is parsed."""
    event["data"]["metadata"] = {"note": "HERE"}
    hidden = "".join(
        f"\\u{ord(character):04x}" if character == "@" or rng.random() < _SOMETIMES else character
        for character in person.email
    )
    record = _record(event)
    return Record(record.key, (record.value or b"").replace(b"HERE", hidden.encode()))


def personal_id(event: Event, person: Person, rng: random.Random) -> Record:
    """Use an e-mail address or a name as an id, sometimes as the record's key, too."""
    mail = person.email
    text = rng.choice((mail, person.name, f" {mail}", mail.upper(), f"{mail}\n"))
    names = ("paymentOrderId", "checkoutId", "journalEntryId", "merchantId", "buyer", "seller", "id", "all")
    name = rng.choice(names)
    if name in ("buyer", "seller"):
        event["data"][name]["id"] = text
    elif name == "id":
        event["id"] = text
    elif name == "all":
        event["subject"] = event["data"]["transactionId"] = text
    else:
        event["data"][name] = text
    return _record(event, key=text if rng.random() < _SOMETIMES else None)


def personal_code(event: Event, person: Person, rng: random.Random) -> Record:
    """Put personal data where a code, a time or a number stands."""
    text = rng.choice(person.values)
    name = rng.choice(("type", "source", "time", *_CODES))
    if name == "type":
        event["type"] = rng.choice((text, f"{event['type']}.{text}"))
    elif name == "source":
        event["source"] = rng.choice(
            (text, f"mailto:{person.email}", f"/payment-service?user={person.email}")
        )
    elif name == "time":
        event["time"] = text
    else:
        event["data"][name] = text
    return _record(event)


_CODES = ("currency", "transactionType", "bookingStatus", "amount", "registeredAt", "bookedAt")


def personal_types(event: Event, person: Person, rng: random.Random) -> Record:
    """Give personal fields another type than text."""
    wrong: tuple[object, ...] = (
        [person.email, person.name],
        {"value": person.email},
        int(person.document),
        float(person.document),
        True,
        [[person.email]],
        {"email": {"email": person.email}},
    )
    for party, field in rng.sample(_PERSONAL_FIELDS, 2):
        event["data"][party][field] = rng.choice(wrong)
    if rng.random() < _SOMETIMES:
        whole = (person.email, [person.email], int(person.document), None)
        event["data"][rng.choice(("buyer", "seller"))] = rng.choice(whole)
    return _record(event)


def extra_fields(event: Event, person: Person, rng: random.Random) -> Record:
    """Add fields that nobody asked for, at every level, some named like paths and quotes."""
    for target in (event, event["data"], event["data"]["buyer"], event["data"]["seller"]):
        target[rng.choice(EXTRA_NAMES)] = rng.choice((person.email, person.document, {"email": person.email}))
    return _record(event)


def fuzzed_field(event: Event, person: Person, rng: random.Random) -> Record:
    """Replace one field by junk."""
    data = _with_buyer(event, person)["data"]
    target = rng.choice((event, data, data, data["buyer"], data["seller"]))
    key = event["subject"]
    target[rng.choice(sorted(target))] = rng.choice(JUNK)
    return _record(event, key=key)


def removed_fields(event: Event, person: Person, rng: random.Random) -> Record:
    """Leave out one to three fields."""
    data = _with_buyer(event, person, punctuate=True)["data"]
    key = event["subject"]
    for _ in range(rng.randint(1, 3)):
        target = rng.choice((event, data, data))
        target.pop(rng.choice(sorted(target)), None)
    return _record(event, key=key)


def null_data(event: Event, person: Person, rng: random.Random) -> Record:
    """Leave the envelope only, with personal data beside it."""
    event["data"] = rng.choice((None, "", [], {}, person.email, 0, [{"email": person.email}]))
    return _record(event | {"email": person.email, "message": f"{person.name} {person.document}"})


def not_json(event: Event, person: Person, rng: random.Random) -> Record:
    """Send what is no JSON, no object, no text or nothing at all."""
    key = rng.choice((event["subject"], None, person.email))
    return Record(key, rng.choice(NOT_EVENTS)(_with_buyer(event, person), person.email, rng))


def huge_value(event: Event, person: Person, rng: random.Random) -> Record:
    """Send values of a size that nobody planned for."""
    data = _with_buyer(event, person)["data"]
    change = rng.choice((
        {"amount": "9" * rng.choice((40, 400, 4_000)) + ".99"},
        {"metadata": {"note": "x" * 50_000, "email": person.email}},
        {"metadata": {f"key{number}": number for number in range(2_000)} | {"email": person.email}},
        {"metadata": nested(rng.choice((20, 400)), person.email)},
        {"buyer": data["buyer"] | {"name": person.name * 2_000}},
        {"merchantId": person.email * 1_000},
    ))  # fmt: skip
    data |= change
    return _record(event)


def deep_value(event: Event, person: Person, rng: random.Random) -> Record:
    """Nest an attribute deeper than any reader should follow."""
    depth = rng.choice((500, 5_000))
    record = _record(_with_buyer(event, person))
    innermost = json.dumps(person.email).encode()
    deep = b'{"a":' * depth + innermost + b"}" * depth
    return Record(record.key, (record.value or b"").replace(b'"data":{', b'"deep":' + deep + b',"data":{'))


def strange_time(event: Event, person: Person, rng: random.Random) -> Record:
    """Send times far away, without zone, with too many digits, as numbers."""
    _with_buyer(event, person)
    for name in rng.sample(["time", "registeredAt", "bookedAt"], rng.randint(1, 3)):
        target = event if name == "time" else event["data"]
        target[name] = rng.choice(STRANGE_TIMES)
    return _record(event)


ATTACKS: tuple[Callable[[Event, Person, random.Random], Record], ...] = (
    spoof_column,
    spoof_every_column,
    spoof_hash,
    personal_metadata,
    escaped_metadata,
    personal_id,
    personal_code,
    personal_types,
    extra_fields,
    fuzzed_field,
    removed_fields,
    null_data,
    not_json,
    huge_value,
    deep_value,
    strange_time,
)
