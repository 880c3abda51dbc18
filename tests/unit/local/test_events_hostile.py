"""Hostile events: every attack plants clear values, and the people they belong to do not exist."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from local.events.contract import judge
from local.events.generator import Plan, generate
from local.events.hostile import ATTACKS, generate_hostile, people, planted_values
from local.events.ledger import ANYTHING, Ledger

pytestmark = pytest.mark.unit

END = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_same_seed_makes_the_same_bytes() -> None:
    first = list(generate_hostile(500, 3, END))
    assert first == list(generate_hostile(500, 3, END))
    assert first != list(generate_hostile(500, 4, END))
    assert len(first) == 500


def test_every_kind_of_attack_carries_planted_values() -> None:
    """Unescaped: what a reader of the JSON would see, or the bytes themselves where they are no JSON."""
    planted = {value.encode() for value in planted_values()}
    carried: Counter[int] = Counter()
    rounds = 40
    for number, record in enumerate(generate_hostile(len(ATTACKS) * rounds, 9, END)):
        value = record.value or b""
        with suppress(ValueError, RecursionError):
            value += json.dumps(json.loads(value), ensure_ascii=False).encode()
        carried[number % len(ATTACKS)] += any(needle.lower() in value.lower() for needle in planted)
    for number, attack in enumerate(ATTACKS):
        assert carried[number] > rounds / 2, attack.__name__


def test_outcomes_are_of_every_sort_and_no_row_keeps_a_planted_value() -> None:
    ledger = Ledger()
    records = list(generate_hostile(3_000, 7, END))
    ledger.apply(records)
    outcomes = Counter(judge(record.value).outcome for record in records)
    assert outcomes.keys() == {"row", "no row", "open"}
    assert min(outcomes.values()) > 400
    stored = "\n".join(
        str(cell).lower()
        for rows in ledger.rows.values()
        for row in rows.values()
        for cell in row.values()
        if cell is not ANYTHING
    )
    assert stored
    assert [value for value in planted_values() if value.lower() in stored] == []


def test_planted_people_are_distinct_and_impossible() -> None:
    values = planted_values()
    assert len(set(values)) == len(values) == 4 * len(people())
    assert all(person.email.endswith(".invalid") for person in people())


def test_an_event_never_shares_its_transaction_with_an_ordinary_one() -> None:

    ordinary = {record.key for record in generate(Plan(2_000, 5, END, timedelta(hours=2)))}
    assert not ordinary & {record.key for record in generate_hostile(1_000, 5, END)}
