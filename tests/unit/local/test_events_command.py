"""The command line of the events: what it refuses, and what it says when Kafka is not there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from local.environment import free_ports
from local.events.__main__ import main
from local.events.disturbances import USUAL
from local.events.generator import Plan, generate
from local.events.sample import sample

pytestmark = pytest.mark.unit

PLAN = Plan(1_000, 4, datetime(2026, 11, 20, tzinfo=UTC), timedelta(hours=4))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["produce", "--count", "0"], "a whole number of 1 or more"),
        (["produce", "--count", "many"], "a whole number of 1 or more"),
        (["produce", "--window", "2 days"], "a number and s, m, h or d, such as 48h"),
        (["produce", "--late", "2"], "a number from 0 to 1"),
        (["produce", "--broken", "some"], "a number from 0 to 1"),
        (["consume"], "invalid choice"),
        ([], "required"),
    ],
)
def test_a_wrong_argument_is_named_with_what_is_allowed(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_without_kafka_one_paragraph_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    (port,) = free_ports(1)
    monkeypatch.setattr("local.events.produce._CONNECT_SECONDS", 0.3)
    monkeypatch.setenv("PAYMENTS_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("PAYMENTS_KAFKA_PORT", str(port))
    assert main(["produce", "--count", "5"]) == 1
    said = capsys.readouterr().err
    assert f"error: Kafka at 127.0.0.1:{port} does not answer" in said
    assert "make up" in said
    assert "rdkafka" not in said


def test_reconciling_without_events_says_how_to_send_some(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.setenv("PAYMENTS_HOME", str(tmp_path_factory.mktemp("home")))
    assert main(["reconcile"]) == 1
    assert "make events" in capsys.readouterr().err


def test_a_sample_holds_every_ordinary_event_and_spreads_the_hostile_ones() -> None:
    ordinary = {record.value for record in generate(PLAN)}
    records = list(sample(PLAN, USUAL, hostile=0.1))
    assert ordinary <= {record.value for record in records}
    hostile = [place for place, record in enumerate(records) if b"planted" in (record.value or b"")]
    assert 50 < len(hostile) <= 100
    halves = sum(place < len(records) / 2 for place in hostile)
    assert 0.3 < halves / len(hostile) < 0.7


def test_a_sample_is_made_as_it_is_sent() -> None:
    """A large one must not be held in memory first."""
    endless = Plan(10**9, 4, PLAN.end, timedelta(days=90))
    first = list(islice(sample(endless, USUAL), 10))
    assert all(json.loads(record.value or b"")["specversion"] for record in first)
