"""How fast plain hashes of tax numbers are tried on one core: what the hash does not protect from."""

from __future__ import annotations

import hashlib

from bench.measure import Measure
from operations.reidentify import NUMBERS, search, tax_numbers

TITLE = "Re-identification of a plainly hashed tax number"
TRIED = 2_000_000


def run() -> list[Measure]:
    """Hide one number behind two million others, and find it."""
    (hidden,) = tax_numbers(TRIED - 1, 1)
    attempt = search(hashlib.sha256(hidden.encode()).hexdigest(), 0, TRIED)
    minutes = NUMBERS / attempt.a_second / 60
    return [
        Measure("numbers tried on one core, in plain Python", f"{attempt.a_second:,.0f}/s"),
        Measure("all tax numbers that can exist, on one core", f"{minutes:,.0f} minutes"),
    ]
