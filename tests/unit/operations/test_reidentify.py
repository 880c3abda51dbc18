"""The self-test tells a plain hash, which falls, from a keyed one, which does not."""

from __future__ import annotations

import hashlib

import pytest

from operations.reidentify import main, search, tax_numbers

pytestmark = pytest.mark.unit


def test_numbers_have_the_check_digits_that_everybody_knows() -> None:
    known = {number for first in (111_444_777, 123_456_789, 0) for number in tax_numbers(first, 1)}
    assert known == {"11144477735", "12345678909", "00000000000"}


def test_a_plain_hash_is_found_and_any_other_value_is_not() -> None:
    stored = hashlib.sha256(b"12345678909").hexdigest()
    attempt = search(stored, 123_456_700, 1_000)
    assert (attempt.found, attempt.tried) == ("12345678909", 90)
    other = search(stored.replace(stored[0], "x"), 123_456_700, 1_000)
    assert (other.found, other.tried) == (None, 1_000)


def test_the_command_says_both_and_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--numbers", "2000"]) == 0
    shown = capsys.readouterr().out
    assert "plain hash: found after 2,000 numbers" in shown
    assert "keyed hash of the same number: not found" in shown
