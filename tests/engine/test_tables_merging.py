"""The product's tables on a running engine: repeated events, every order of a life, erasure."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer

from tests.engine.engine_process import EngineProcess
from tests.engine.product_payments import (
    ANALYTICS,
    BOOKED,
    NOW,
    WALLET,
    Tables,
    at,
    booked,
    erased,
    name,
    registered,
)
from tests.engine.product_tables import create_product

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def tables(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    engine = EngineProcess(tmp_path_factory.mktemp("merging") / "data", [])
    topic = f"merging-{uuid.uuid4()}"
    create_product(engine, kafka, topic, partitions=1)
    yield Tables(engine, Producer({"bootstrap.servers": kafka}), topic)
    engine.stop()


def test_a_repeated_event_is_stored_once_and_changes_nothing_in_the_merged_row(tables: Tables) -> None:
    payment = name()
    first = registered(payment, at(minutes=9))
    second = booked(payment, at(minutes=8), registeredAt=at(minutes=9))
    tables.send(first, second)
    before = tables.story(payment)
    tables.send(first, second, first)
    assert (tables.count(WALLET, payment), tables.count(BOOKED, payment)) == (1, 1)
    assert tables.story(payment) == before


def test_all_orders_of_a_life_give_the_same_row(tables: Tables) -> None:
    """Registered, pending, settled; of two bookings the later one counts, whenever it comes."""
    stories = []
    for order in itertools.permutations(range(3)):
        payment = name()
        first = at(minutes=9)
        life = [
            registered(payment, first, metadata={"channel": "web"}),
            booked(payment, at(minutes=8), "PENDING", registeredAt=first, metadata={"ledger": "L1"}),
            booked(payment, at(minutes=7), "SUCCESS", registeredAt=first, metadata={"ledger": "L2"}),
        ]
        tables.send(*(life[number] for number in order))
        story = tables.story(payment)
        assert story is not None
        assert story.pop("transactionId") == payment
        stories.append(story)
    assert all(story == stories[0] for story in stories)
    assert stories[0]["transactionStatus"] == "COMPLETED"
    assert stories[0]["walletMetadata"] == '{"channel":"web"}'
    assert stories[0]["bookingMetadata"] == '{"ledger":"L2"}'
    assert stories[0]["processingTimeMs"] == 120_000
    earliest = (NOW - timedelta(minutes=9)).strftime("%Y-%m-%d %H:%M:%S")
    assert stories[0]["transactionTime"].startswith(earliest)


def test_a_late_registration_does_not_set_the_status_back(tables: Tables) -> None:
    payment = name()
    tables.send(booked(payment, at(minutes=3), "FAILED"), registered(payment, at(minutes=1)))
    story = tables.story(payment)
    assert story is not None
    assert (story["transactionStatus"], story["bookingStatus"]) == ("FAILED", "FAILED")


def test_until_it_is_booked_a_transaction_reads_as_registered(tables: Tables) -> None:
    payment = name()
    tables.send(registered(payment, at(minutes=3)))
    story = tables.story(payment)
    assert story is not None
    assert (story["transactionStatus"], story["bookedAt"]) == (None, None)
    (asked,) = tables.ask_question(4, transaction=payment)
    assert (asked["status"], asked["processing_time_ms"]) == ("REGISTERED", None)


def test_the_stored_processing_time_equals_the_difference_of_the_merged_columns(tables: Tables) -> None:
    told, untold = name(), name()
    tables.send(booked(told, at(minutes=4), registeredAt=at(minutes=9)), registered(told, at(minutes=9)))
    tables.send(booked(untold, at(minutes=4)), registered(untold, at(minutes=9)))
    for payment, stored in ((told, 300_000), (untold, None)):
        difference = "CAST(bookedAt AS LONG) - CAST(registeredAt AS LONG)"
        sql = f"SELECT processingTimeMs AS stored, {difference} AS merged FROM {ANALYTICS}"  # noqa: S608 - the test's own
        (found,) = tables.ask(f"{sql} WHERE transactionId = '{payment}'")
        assert found == {"stored": stored, "merged": 300_000}
        (asked,) = tables.ask_question(4, transaction=payment)
        assert asked["processing_time_ms"] == 300_000


@pytest.mark.parametrize("before", [["registered"], ["booked"], ["registered", "booked"]])
def test_an_erased_transaction_stays_hidden_from_late_and_newer_events(
    tables: Tables, before: list[str]
) -> None:
    payment, other = name(), name()
    early = {"registered": registered(payment, at(minutes=9)), "booked": booked(payment, at(minutes=8))}
    tables.send(*(early[kind] for kind in before), registered(other, at(minutes=9)))
    assert tables.story(payment) is not None
    tables.send(*erased(payment))
    assert tables.story(payment) is None
    tables.send(booked(payment, at(seconds=4)), registered(payment, at(seconds=5)))
    assert tables.story(payment) is None
    assert tables.story(other) is not None


def test_append_tables_store_no_erasure(tables: Tables) -> None:
    payment = name()
    tables.send(*erased(payment))
    assert (tables.count(WALLET, payment), tables.count(BOOKED, payment)) == (0, 0)


def test_one_erasure_order_is_not_enough_which_is_why_there_are_two(tables: Tables) -> None:
    payment = name()
    tables.send(registered(payment, at(minutes=9)), erased(payment)[0])
    assert tables.story(payment) is None
    tables.send(booked(payment, at(minutes=2)))
    assert tables.story(payment) is not None


def test_an_event_far_ahead_does_not_make_the_tables_forget_what_they_have_seen(tables: Tables) -> None:
    payment, ahead = name(), name()
    first = registered(payment, at(minutes=5))
    tables.send(first, registered(ahead, "2068-01-01T00:00:00.000Z"), first)
    assert tables.count(WALLET, payment) == 1
    assert tables.story(ahead) is None
