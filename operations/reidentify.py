"""Show how fast a plain hash of a tax number falls: whoever has the hash tries every number there is.

A Brazilian tax number (CPF) has nine free digits and two check digits: there are a thousand million of them.
`python -m operations.reidentify` hides one of its own making and finds it again, measures how many numbers a
second one core of this machine tries, and says how long all of them take. It takes nobody's hash: it is a
self-test, so that no one takes a hash for anonymity. A keyed hash (HMAC) of the same number is tried the same
way, and is not found: without the key there is nothing to compare with.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import os
import secrets
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS: Final = 10**9
"""Tax numbers that can exist: nine free digits."""
_AROUND: Final = 200_000


@dataclass(frozen=True)
class Attempt:
    """A search: the number that was found, how many were tried, in how many seconds."""

    found: str | None
    tried: int
    seconds: float

    @property
    def a_second(self) -> float:
        """Numbers tried a second."""
        return self.tried / self.seconds


def tax_numbers(first: int, count: int) -> Iterator[str]:
    """Yield tax numbers with their check digits (Receita Federal: modulo 11), from a nine-digit number on."""
    for number in range(first, min(first + count, NUMBERS)):
        base = f"{number:09d}"
        digits = [ord(digit) - 48 for digit in base]
        one = (
            sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) * 10 % 11 % 10
        )
        digits.append(one)
        two = (
            sum(digit * weight for digit, weight in zip(digits, range(11, 1, -1), strict=True)) * 10 % 11 % 10
        )
        yield f"{base}{one}{two}"


def search(stored: str, first: int, count: int) -> Attempt:
    """Hash one number after the other, as the tables do, until one gives the stored value."""
    started = time.perf_counter()
    tried = 0
    for tried, number in enumerate(tax_numbers(first, count), start=1):
        if hashlib.sha256(number.encode()).hexdigest() == stored:
            return Attempt(number, tried, time.perf_counter() - started)
    return Attempt(None, tried, time.perf_counter() - started)


def main(arguments: list[str] | None = None) -> int:
    """Run the self-test; return 0 when the plain hash fell and the keyed one did not."""
    parser = argparse.ArgumentParser(prog="python -m operations.reidentify", description=__doc__)
    parser.add_argument("--numbers", type=int, default=_AROUND, help="how many are tried (default: 200,000)")
    tried = parser.parse_args(arguments).numbers
    first = secrets.randbelow(NUMBERS - tried)
    (hidden,) = tax_numbers(first + tried - 1, 1)
    plain = search(hashlib.sha256(hidden.encode()).hexdigest(), first, tried)
    keyed = search(hmac.new(secrets.token_bytes(32), hidden.encode(), "sha256").hexdigest(), first, tried)
    minutes, cores = NUMBERS / plain.a_second / 60, os.cpu_count() or 1
    fell = "found" if plain.found == hidden else "NOT FOUND"
    held = "not found" if keyed.found is None else "FOUND"
    print(  # noqa: T201 - a command's output
        f"plain hash: {fell} after {plain.tried:,} numbers, {plain.a_second:,.0f} a second on one core\n"
        f"all {NUMBERS:,} numbers: {minutes:,.0f} minutes on one core, {minutes / cores:,.0f} on this"
        f" machine's {cores}, in plain Python; a graphics card tries thousands of millions a second\n"
        f"keyed hash of the same number: {held}"
    )
    return 0 if plain.found == hidden and keyed.found is None else 1


if __name__ == "__main__":
    sys.exit(main())
