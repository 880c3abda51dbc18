"""Disagreements beyond the origin's mistakes: each rule is broken once, and its message is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from product_model.__main__ import main
from product_model.checks.statements import ALL_RULES
from tests.unit.product_model import mistakes_between_files, mistakes_in_statements, mistakes_in_tables

if TYPE_CHECKING:
    from tests.unit.product_model.conftest import ProductCopy

pytestmark = pytest.mark.unit

BOOKED = "pinot-tables/transaction-booked-rt-table.json"
OFFLINE = "pinot-tables/transaction-booked-offline-table.json"
DESCRIPTOR = "payment-service-data-product.yaml"
BROKEN = mistakes_between_files.BROKEN | mistakes_in_tables.BROKEN | mistakes_in_statements.BROKEN


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_mistake_is_found_by_its_rule_and_said(product_copy: ProductCopy, mistake: str) -> None:
    file, make, rule, said = BROKEN[mistake]
    make(product_copy, file)
    found = product_copy.broken(rule)
    assert any(said in broken.what for broken in found), [str(broken) for broken in found]
    assert all(broken.allowed and broken.key and broken.file for broken in found)


def test_every_rule_says_what_it_holds_and_what_happens_without_it() -> None:
    assert all(rule.why and rule.name and rule.holds.endswith(".") for rule in ALL_RULES)
    assert len({rule.name for rule in ALL_RULES}) == len(ALL_RULES)


def test_every_rule_is_broken_somewhere_here_or_among_the_origins_mistakes() -> None:
    elsewhere = {"kept", "foreign", "functions", "fields", "clear-text", "deduplication", "money"}
    assert {rule.name for rule in ALL_RULES} - {case[2] for case in BROKEN.values()} == elsewhere


def test_a_foreign_kind_that_becomes_a_row_is_found(product_copy: ProductCopy) -> None:
    kind = "isDistinctFrom(eventType,'com.paymentic.payments.transaction-booked.v1') OR "
    product_copy.edit_text(BOOKED, kind, "")
    gate = r"isNotDistinctFrom(\"type\",\'com.paymentic.payments.transaction-booked.v1\') AND ".replace(
        "\\'", "'"
    )
    product_copy.edit_text(BOOKED, gate, "")
    found = [broken.what for broken in product_copy.broken("foreign")]
    assert "transactionBooked: an event of type 'com.example.other.v1' becomes a row" in found


def test_the_program_says_what_holds_together(
    product_copy: ProductCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(product_copy.directory)]) == 0
    said = capsys.readouterr().out
    assert all(f"ok  {rule.name}" in said for rule in ALL_RULES)
    assert "5 tables, 2 logical tables, 7 questions" in said


def test_the_program_says_what_disagrees_and_fails(
    product_copy: ProductCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    product_copy.edit_text(OFFLINE, '"retentionTimeValue": "2557"', '"retentionTimeValue": "2555"')
    assert main([str(product_copy.directory)]) == 1
    said = capsys.readouterr().out
    assert "1 wrong  retention" in said
    place = f"{OFFLINE}: segmentsConfig.retentionTimeValue (line 8)"
    assert f"{place}: found 2555 days; allowed: 2557, as {DESCRIPTOR} says" in said


def test_the_program_says_which_file_is_wrong_and_fails(
    product_copy: ProductCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    (product_copy.directory / BOOKED).write_text("{", encoding="utf-8")
    assert main([str(product_copy.directory)]) == 1
    assert f"{BOOKED}: line 1: it is not JSON" in capsys.readouterr().out


def test_the_program_lists_its_rules_with_their_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rules"]) == 0
    assert (
        "deduplication: otherwise a redelivered event is a payment counted twice" in capsys.readouterr().out
    )
