"""Events through Kafka: rows and answers are what the ledger says, whatever happens between."""

from __future__ import annotations

import copy
import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from local import queries
from local.environment import PORTS, LocalEnvironment
from local.events.broker import Broker
from local.events.disturbances import USUAL
from local.events.generator import Plan
from local.events.history import History
from local.events.ledger import REGISTERED_TABLE, Ledger
from local.events.ledger_file import LedgerFile
from local.events.reconcile import reconcile, wait_for_rows
from local.events.sample import sample, send
from local.platform import Platform
from local.s3_client import S3_LOGIN
from local.services import OPERATIONS, archive_bucket
from operations.archive.store import ArchiveStore
from product_model.questions import load_questions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.stack import LocalStack

pytestmark = pytest.mark.e2e

EVENTS = 9_000
SEED = 7
ANSWERED = (1, 2, 3, 4, 5, 6, 7)


@pytest.fixture(scope="module")
def environment(stack: LocalStack) -> Iterator[LocalEnvironment]:
    """Send events in two halves; while the first one is being consumed, archived and loaded, kill the engine.

    The platform does not start it again by itself: `make up` does.
    """
    platform = Platform(stack.environment)
    platform.start(*OPERATIONS)
    plan = Plan(EVENTS, SEED, datetime.now(UTC), timedelta(hours=8))
    records = sample(plan, replace(USUAL, duplicates=0.05, late=0.05))
    send(stack.environment, islice(records, EVENTS // 2))
    pid = platform.pid("pinot")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while platform.pid("pinot") == pid:
        time.sleep(0.02)
    send(stack.environment, records)
    platform.start("pinot")
    yield stack.environment
    platform.stop(*OPERATIONS)


@pytest.fixture(scope="module")
def ledger(environment: LocalEnvironment) -> Ledger:
    """Read what was sent, once the tables have taken it in."""
    _, found = LedgerFile(environment.home).read()
    wait_for_rows(found, Broker(environment.broker_url), 60)
    return found


def test_after_a_kill_every_row_is_as_the_ledger_says(environment: LocalEnvironment, ledger: Ledger) -> None:
    assert ledger.outcomes["duplicate"] > 200
    results = reconcile(ledger, Broker(environment.broker_url))
    assert "\n".join(line for result in results if not result.equal for line in result.lines()) == ""
    assert all(result.found > EVENTS / 3 for result in results)


@pytest.fixture(scope="module")
def history(environment: LocalEnvironment, ledger: Ledger) -> History:
    with pytest.MonkeyPatch.context() as monkeypatch:
        as_in_a_shell(environment, monkeypatch)
        store = ArchiveStore(archive_bucket(), endpoint=environment.s3_endpoint)
    return History(ledger, store, Broker(environment.broker_url))


def test_archive_offline_and_logical_tables_have_every_row_of_closed_hours(history: History) -> None:
    results = history.reconcile(60)
    assert "\n".join(line for result in results if not result.equal for line in result.lines()) == ""
    assert [result.table for result in results] == [
        "archive of transaction-wallet-registered",
        "archive of transaction-booked",
        "transaction_wallet_registered_offline",
        "transaction_booked_offline",
        "transaction_wallet_registered",
        "transaction_booked",
    ]
    assert all(result.found > EVENTS / 3 for result in results)


def test_an_amount_that_is_a_cent_off_is_told_of_each_place(history: History) -> None:
    changed = copy.deepcopy(history.ledger)
    row = min(changed.rows[REGISTERED_TABLE].values(), key=lambda found: str(found["registeredAt"]))
    assert isinstance(row["amount"], Decimal)
    row["amount"] += Decimal("0.01")
    told = {result.table: result.cells for result in replace(history, ledger=changed).reconcile(60)}
    assert {table for table, cells in told.items() if cells == {"amount": 1}} == {
        "archive of transaction-wallet-registered",
        "transaction_wallet_registered_offline",
        "transaction_wallet_registered",
    }
    assert sum(cells.total() for cells in told.values()) == 3


@pytest.mark.parametrize("number", ANSWERED)
def test_an_answer_is_not_empty_and_equals_the_ledgers(
    environment: LocalEnvironment, ledger: Ledger, history: History, number: int
) -> None:
    (question,) = [found for found in load_questions(queries.QUESTIONS) if found.number == number]
    checked = queries.ask(question, Broker(environment.broker_url), ledger, history)
    assert checked.difference == ""
    assert checked.answer.rows


def test_make_query_shows_every_answer_and_says_that_all_is_equal(
    environment: LocalEnvironment,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del ledger  # the rows are there
    as_in_a_shell(environment, monkeypatch)
    assert queries.main([]) == 0
    shown = capsys.readouterr().out
    for question in load_questions(queries.QUESTIONS):
        assert f"{question.number}. {question.title}" in shown
    assert shown.count("✓ equal to the ledger") == len(ANSWERED)
    assert shown.count(" rows, amounts ") == 9
    assert "✗" not in shown


def test_a_ledger_that_differs_by_a_cent_or_a_millisecond_is_told(
    environment: LocalEnvironment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """The comparison would see it: the same tables against a ledger with one cell changed."""
    topic, changed = LedgerFile(environment.home).read()
    row = max(changed.rows[REGISTERED_TABLE].values(), key=lambda found: str(found["registeredAt"]))
    amount, event_time = row["amount"], row["eventTime"]
    assert isinstance(amount, Decimal)
    assert isinstance(event_time, int)
    row["amount"], row["eventTime"] = amount + Decimal("0.01"), event_time + 1
    with LedgerFile(tmp_path).sending(topic) as empty:
        empty.rows.update(changed.rows)
    as_in_a_shell(replace(environment, home=tmp_path), monkeypatch)
    assert queries.main([]) == 3
    shown = capsys.readouterr().out
    assert f"differs from the ledger: {row['transactionType']}: value 2 differs" in shown
    assert "amount differs in 1 rows" in shown
    assert "eventTime differs in 1 rows" in shown


def as_in_a_shell(environment: LocalEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTS_HOME", str(environment.home))
    for field, variable, _ in PORTS:
        monkeypatch.setenv(variable, str(getattr(environment, field)))
    for variable, value in S3_LOGIN.items():
        monkeypatch.setenv(variable, value)
