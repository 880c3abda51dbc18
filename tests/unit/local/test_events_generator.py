"""The generator: the same seed makes the same bytes, and every event is a valid one in a valid life cycle."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft7Validator

from local.environment import REPOSITORY
from local.events.contract import epoch_ms, judge
from local.events.disturbances import BREACHES, FOREIGN_TYPES, USUAL, Shares, broken, disturb
from local.events.generator import BOOKED, REGISTERED, Plan, Record, generate
from local.events.population import impossible_cpf
from product_model import load_product

pytestmark = pytest.mark.unit

END = datetime(2026, 11, 20, 12, 30, 0, 250_000, tzinfo=UTC)
PLAN = Plan(count=6_000, seed=11, end=END, window=timedelta(hours=48))


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(generate(PLAN))


@pytest.fixture(scope="module")
def events(records: list[Record]) -> list[dict[str, Any]]:
    return [json.loads(record.value or b"") for record in records]


def test_the_same_seed_makes_the_same_bytes_and_another_seed_others(records: list[Record]) -> None:
    assert list(generate(PLAN)) == records
    other = list(generate(Plan(PLAN.count, PLAN.seed + 1, PLAN.end, PLAN.window)))
    assert not {record.value for record in other} & {record.value for record in records}


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
def test_the_count_is_the_number_of_events(count: int) -> None:
    assert len(list(generate(Plan(count, 5, END, timedelta(minutes=10))))) == count


def test_every_event_is_valid_by_the_contract(records: list[Record]) -> None:
    assert Counter(judge(record.value).outcome for record in records) == {"row": len(records)}


def test_key_subject_and_transaction_id_are_one(records: list[Record], events: list[dict[str, Any]]) -> None:
    for record, event in zip(records, events, strict=True):
        assert record.key == event["subject"] == event["data"]["transactionId"]
    assert len({event["id"] for event in events}) == len(events)


def test_events_come_in_order_fill_the_window_and_end_with_it(events: list[dict[str, Any]]) -> None:
    times = [epoch_ms(event["time"]) for event in events]
    end_ms = int(END.timestamp() * 1000)
    assert times == sorted(times)
    assert end_ms - 48 * 3_600_000 <= times[0] < end_ms - 47 * 3_600_000
    assert end_ms - 300_000 < times[-1] <= end_ms
    last_hour = [event for event in events if epoch_ms(event["time"]) > end_ms - 3_600_000]
    assert Counter(event["type"] for event in last_hour).keys() == {REGISTERED, BOOKED}
    assert {event["data"]["transactionType"] for event in last_hour} >= {"PAYMENT", "REFUND", "PAYOUT"}


def test_lives_are_registered_then_booked_and_some_never_are(events: list[dict[str, Any]]) -> None:
    lives: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        lives[event["subject"]].append(event)
    shapes = Counter(tuple(life["type"] == BOOKED for life in events_of) for events_of in lives.values())
    assert shapes.keys() == {(False,), (False, True), (False, True, True)}
    assert 0.02 < shapes[False,] / len(lives) < 0.1
    for registered, *booked in lives.values():
        for booking in booked:
            assert {name: booking["data"][name] for name in ("amount", "currency", "buyer", "seller")} == {
                name: registered["data"][name] for name in ("amount", "currency", "buyer", "seller")
            }
            assert epoch_ms(booking["data"]["bookedAt"]) > epoch_ms(registered["data"]["registeredAt"])
            told = booking["data"].get("registeredAt")
            assert told is None or epoch_ms(told) == epoch_ms(registered["data"]["registeredAt"])
        statuses = [booking["data"]["bookingStatus"] for booking in booked]
        assert len(statuses) < 2 or statuses == ["PENDING", "SUCCESS"]


def test_the_mix_has_every_code_and_what_is_optional_is_sometimes_left_out(
    events: list[dict[str, Any]],
) -> None:
    data = [event["data"] for event in events]
    assert {found["transactionType"] for found in data} == {"PAYMENT", "REFUND", "PAYOUT", "PENDING_BALANCE"}
    assert {found.get("bookingStatus") for found in data} == {None, "SUCCESS", "FAILED", "PENDING"}
    assert len({found["currency"] for found in data}) == 5
    assert {found.get("metadata", {}).get("channel") for found in data} == {
        None,
        "app",
        "web",
        "pos",
        "link",
        "api",
    }
    assert 0 < sum("merchantId" not in found for found in data) < len(data) / 4
    for name in ("email", "name", "document"):
        assert 0 < sum(name not in found["buyer"] for found in data) < len(data) / 2
    zones = Counter(event["time"][23:] for event in events)
    assert zones.keys() == {"Z", "-03:00"}


def test_no_tax_number_can_be_somebodys(events: list[dict[str, Any]]) -> None:
    documents = {
        event["data"]["buyer"]["document"] for event in events if "document" in event["data"]["buyer"]
    }
    assert len(documents) > 300
    for document in documents:
        digits = [int(character) for character in document if character.isdigit()]
        assert len(digits) == 11
        check = (
            sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
            * 10
            % 11
            % 10
        )
        assert digits[9] != check


def test_the_check_digit_that_is_avoided_is_the_right_one() -> None:
    # 529.982.247-25 is the number that descriptions of the algorithm use as their valid example.
    assert impossible_cpf("529982247")[9] == "3"


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"count": 0}, "1 or more"),
        ({"end": datetime(2026, 11, 20)}, "no zone"),  # noqa: DTZ001 - the mistake that is refused
        ({"window": timedelta(seconds=5)}, "one minute"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plan: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(PLAN, **plan)


def test_disturbances_are_as_many_as_asked_for_and_lose_nothing(records: list[Record]) -> None:
    shares = Shares(duplicates=0.05, late=0.05, foreign=0.03, broken=0.04, reach=300)
    disturbed = list(disturb(records, shares, seed=2))
    assert disturbed == list(disturb(records, shares, seed=2))
    originals = Counter(record.value for record in records)
    sent = Counter(record.value for record in disturbed)
    assert all(sent[value] >= count for value, count in originals.items())
    twice = sum(sent[value] - 1 for value in originals)
    assert 0.03 * len(records) < twice < 0.07 * len(records)
    others = [json.loads(record.value or b"") for record in disturbed if record.value not in originals]
    foreign = [event for event in others if event.get("type") in FOREIGN_TYPES]
    assert 0.02 * len(records) < len(foreign) < 0.04 * len(records)
    assert 0.03 * len(records) < len(others) - len(foreign) < 0.05 * len(records)


def test_late_events_make_bookings_overtake_registrations(records: list[Record]) -> None:
    disturbed = list(disturb(records, Shares(late=0.1, reach=300), seed=4))
    assert Counter(disturbed) == Counter(records)
    first_kind: dict[str | None, str] = {}
    for record in disturbed:
        first_kind.setdefault(record.key, json.loads(record.value or b"")["type"])
    assert Counter(first_kind.values())[BOOKED] > 50
    moved = [abs(records.index(record) - place) for place, record in enumerate(disturbed[:1500])]
    assert max(moved) <= 300


@pytest.mark.parametrize("breach", range(len(BREACHES)))
def test_every_breach_is_no_row_for_certain(
    records: list[Record], breach: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.events.disturbances.BREACHES", (BREACHES[breach],))
    rng = random.Random(breach)  # noqa: S311 - sample data
    for record in records[:60]:
        damaged = broken(record, rng)
        assert damaged.key == record.key
        assert judge(damaged.value).outcome == "no row", damaged.value


def test_nothing_is_disturbed_when_nothing_is_asked_for(records: list[Record]) -> None:
    assert list(disturb(records, Shares(), seed=1)) == records
    assert USUAL.added > 0


@pytest.fixture(scope="module")
def validators() -> dict[str, Draft7Validator]:
    """Give the published contract of each kind, formats (UUID, date-time …) checked as well."""
    product = load_product(REPOSITORY / "data-product")
    checker = Draft7Validator.FORMAT_CHECKER
    return {
        kind: Draft7Validator(product.event_schema(message), format_checker=checker)
        for kind, message in ((REGISTERED, "transactionWalletRegistered"), (BOOKED, "transactionBooked"))
    }


def test_every_event_keeps_the_published_contract(
    events: list[dict[str, Any]], validators: dict[str, Draft7Validator]
) -> None:
    for event in events[:1_500]:
        errors = [error.message for error in validators[event["type"]].iter_errors(event)]
        assert errors == []


@pytest.mark.parametrize("breach", range(len(BREACHES)))
def test_every_breach_is_one_of_the_published_contract(
    records: list[Record],
    validators: dict[str, Draft7Validator],
    breach: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("local.events.disturbances.BREACHES", (BREACHES[breach],))
    rng = random.Random(breach)  # noqa: S311 - sample data
    for record in records[:30]:
        event = json.loads(broken(record, rng).value or b"")
        assert not validators[event["type"]].is_valid(event)
