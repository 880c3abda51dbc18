"""The buyers, sellers and merchants of generated events.

Nobody here exists: mail addresses stand under domains reserved for examples (RFC 2606), and the check digits
of every tax number are wrong on purpose, so that no number belongs to a person.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_GIVEN_NAMES = (
    "Ana", "João", "Maria", "José", "Beatriz", "Luís", "Inês", "Antônio", "Lúcia", "Paulo",
    "Zoë", "Jürgen", "Łukasz", "Søren", "Νίκη", "雷", "Aoife", "Noémie", "Ünal", "Íris",
)  # fmt: skip
_FAMILY_NAMES = (
    "Souza", "Oliveira", "Conceição", "Araújo", "O'Brien", "Müller", "Łódź-Nowak", "d'Ávila", "李", "Åkesson",
    "Pereira", "Guimarães", "Παππάς", "Şahin", "Nuñez", "Ferreira", "Brandão", "Köhler", "Le Goff", "Antunes",
)  # fmt: skip
_MAIL_DOMAINS = ("example.com", "example.org", "mail.example.net")

_CPF_MODULUS = 11


@dataclass(frozen=True)
class Party:
    """A buyer or seller as it stands in an event; `forms` are JSON texts that all mean the same person."""

    id: str
    email: str | None
    name: str | None
    document: str | None
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Population:
    """Parties with the weights of a few heavy users and many rare ones (Zipf's law)."""

    buyers: tuple[Party, ...]
    sellers: tuple[Party, ...]
    merchants: tuple[str, ...]
    buyer_weights: tuple[float, ...]
    seller_weights: tuple[float, ...]
    merchant_weights: tuple[float, ...]


def population(
    rng: random.Random, *, buyers: int = 5_000, sellers: int = 400, merchants: int = 120
) -> Population:
    """Make the parties; the same state of `rng` makes the same parties."""
    return Population(
        buyers=tuple(_buyer(rng, number) for number in range(buyers)),
        sellers=tuple(_seller(rng, number) for number in range(sellers)),
        merchants=tuple(f"m-{number:04d}" for number in range(merchants)),
        buyer_weights=_zipf(buyers),
        seller_weights=_zipf(sellers),
        merchant_weights=_zipf(merchants),
    )


def impossible_cpf(nine_digits: str) -> str:
    """Add check digits that are wrong, so that the eleven digits are nobody's tax number."""
    right = _check_digit([int(digit) for digit in nine_digits])
    return f"{nine_digits}{(right + 1) % 10}{nine_digits[0]}"


def punctuated(cpf: str) -> str:
    """Write a CPF as people do: 123.456.789-09."""
    return f"{cpf[:3]}.{cpf[3:6]}.{cpf[6:9]}-{cpf[9:]}"


def _check_digit(digits: list[int]) -> int:
    """First check digit of a CPF: weights 10 down to 2, modulo 11, 10 counting as 0."""
    remainder = sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) * 10
    return remainder % _CPF_MODULUS % 10


def _zipf(count: int) -> tuple[float, ...]:
    """Cumulative weights, as `random.choices` takes them."""
    return tuple(accumulate(1 / (rank + 3) for rank in range(count)))


def _person(rng: random.Random, number: int) -> tuple[str, str]:
    name = f"{rng.choice(_GIVEN_NAMES)} {rng.choice(_FAMILY_NAMES)}"
    return name, f"person.{number:05d}.{rng.randrange(16**4):04x}@{rng.choice(_MAIL_DOMAINS)}"


def _buyer(rng: random.Random, number: int) -> Party:
    name, email = _person(rng, number)
    document = impossible_cpf(f"{rng.randrange(10**9):09d}")
    known = (_sometimes(rng, email, 0.95), _sometimes(rng, name, 0.97), _sometimes(rng, document, 0.7))
    return _party(f"b-{number:06d}", *known)


def _seller(rng: random.Random, number: int) -> Party:
    name, email = _person(rng, 90_000 + number)
    return _party(f"s-{number:05d}", _sometimes(rng, email, 0.9), _sometimes(rng, name, 0.95), None)


def _sometimes(rng: random.Random, text: str, share: float) -> str | None:
    return text if rng.random() < share else None


def _party(party_id: str, email: str | None, name: str | None, document: str | None) -> Party:
    """Three spellings of one person: as registered, as typed on a phone, as printed on a form."""
    spellings = (
        (email, name, document),
        (email and f" {email.title()}", name and f"{name}  ", document and punctuated(document)),
        (email and email.upper(), name and f" {name.upper()}", document),
    )
    forms = tuple(
        json.dumps(
            {
                key: value
                for key, value in zip(("id", "email", "name", "document"), (party_id, *spelling), strict=True)
                if value
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for spelling in spellings
    )
    return Party(party_id, email, name, document, forms)
