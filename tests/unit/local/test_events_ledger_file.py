"""The ledger on disk: nothing is lost on the way, and it never vouches for what it does not know."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from local.events.disturbances import USUAL, disturb
from local.events.generator import Plan, generate
from local.events.hostile import generate_hostile
from local.events.ledger import Ledger
from local.events.ledger_file import LedgerFile
from local.failure import LocalFailureError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.unit

END = datetime(2026, 11, 20, 12, tzinfo=UTC)


def some_ledger(seed: int) -> Ledger:
    ledger = Ledger()
    ledger.apply(disturb(generate(Plan(200, seed, END, timedelta(hours=1))), USUAL, seed))
    ledger.apply(generate_hostile(64, seed, END))
    return ledger


def fill(file: LedgerFile, topic: str, seed: int) -> None:
    with file.sending(topic) as ledger:
        ledger.apply(disturb(generate(Plan(200, seed, END, timedelta(hours=1))), USUAL, seed))
        ledger.apply(generate_hostile(64, seed, END))


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    assert not file.exists()
    fill(file, "topic-1", 1)
    assert file.read() == ("topic-1", some_ledger(1))


def test_a_second_run_adds_to_the_first(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    fill(file, "topic-1", 1)
    fill(file, "topic-1", 2)
    both = some_ledger(1)
    both.apply(disturb(generate(Plan(200, 2, END, timedelta(hours=1))), USUAL, 2))
    both.apply(generate_hostile(64, 2, END))
    assert file.read()[1] == both


def test_a_topic_made_anew_starts_the_ledger_anew(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    fill(file, "topic-1", 1)
    fill(file, "topic-2", 2)
    assert file.read() == ("topic-2", some_ledger(2))


def test_a_run_cut_short_is_remembered_until_the_topic_is_made_anew(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    fill(file, "topic-1", 1)
    with pytest.raises(RuntimeError, match="pulled"), file.sending("topic-1"):
        raise RuntimeError("the plug was pulled")  # noqa: EM101, TRY003
    with pytest.raises(LocalFailureError, match="cut short"):
        file.read()
    with pytest.raises(LocalFailureError, match="cut short"):
        fill(file, "topic-1", 2)
    fill(file, "topic-2", 2)
    assert file.read() == ("topic-2", some_ledger(2))


def test_two_processes_do_not_write_at_once(tmp_path: Path) -> None:
    with (
        LedgerFile(tmp_path).sending("topic-1"),
        pytest.raises(LocalFailureError, match="Another process"),
        LedgerFile(tmp_path).sending("topic-1"),
    ):
        pytest.fail("both were let in")


@pytest.mark.parametrize("damage", ["truncated", "a row less", "another format", "not gzip"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    file = LedgerFile(tmp_path)
    fill(file, "topic-1", 1)
    path = tmp_path / "events" / "ledger.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage == "a row less":
        path.write_bytes(gzip.compress(b"".join(lines[:-1])))
    elif damage == "another format":
        path.write_bytes(gzip.compress(json.dumps(json.loads(lines[0]) | {"format": 9}).encode() + b"\n"))
    else:
        path.write_bytes(b"no gzip")
    with pytest.raises(LocalFailureError, match=r"ledger\.jsonl\.gz is damaged"):
        file.read()


def test_nothing_was_sent_yet(tmp_path: Path) -> None:
    with pytest.raises(LocalFailureError, match="make events"):
        LedgerFile(tmp_path).read()


def test_the_file_holds_no_clear_personal_data(tmp_path: Path) -> None:
    fill(LedgerFile(tmp_path), "topic-1", 1)
    text = gzip.decompress((tmp_path / "events" / "ledger.jsonl.gz").read_bytes()).decode()
    assert "transactionId" in text
    assert "@" not in text
