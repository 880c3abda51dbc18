"""Tables against their published contracts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from policy.contract_policies import INSTEAD, broken_contract
from tests.policy.stacks import changed, context, none, one, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy.resources import Resource

pytestmark = pytest.mark.policy

BOOKED = "transaction_booked_rt"
PROMISE = "the contract bookings 1.0.0"


def _with(document: str, change: Callable[[Any], object], name: str = BOOKED) -> Resource:
    original = tables()[name]
    content = json.loads(original.props[document])
    change(content)
    return changed(original, **{document: json.dumps(content)})


@pytest.mark.parametrize("name", sorted(tables()))
def test_the_products_tables_keep_their_contracts(name: str) -> None:
    assert none(broken_contract, tables()[name])


def test_a_column_that_is_gone() -> None:
    broken = _with("schema_json", lambda schema: schema["metricFieldSpecs"].pop(0))
    assert (
        one(broken_contract, broken) == f"has no column {BOOKED}.amount, which {PROMISE} promises; {INSTEAD}"
    )


def test_a_column_of_another_type() -> None:
    broken = _with("schema_json", lambda schema: schema["metricFieldSpecs"][0].update(dataType="DOUBLE"))
    assert (
        one(broken_contract, broken) == f"has {BOOKED}.amount as DOUBLE, {PROMISE} as BIG_DECIMAL; {INSTEAD}"
    )


def test_a_column_that_may_be_null() -> None:
    broken = _with("schema_json", lambda schema: schema["metricFieldSpecs"][0].pop("notNull"))
    assert (
        one(broken_contract, broken) == f"lets {BOOKED}.amount be null, which {PROMISE} does not; {INSTEAD}"
    )


def test_a_further_column_is_no_breach() -> None:
    more = _with(
        "schema_json", lambda s: s["dimensionFieldSpecs"].append({"name": "x", "dataType": "STRING"})
    )
    assert none(broken_contract, more)


def test_rows_that_end_too_early_in_prod() -> None:
    broken = _with("table_json", lambda table: table["segmentsConfig"].update(retentionTimeValue="20"))
    said = f"keeps {BOOKED} 20 DAYS, {PROMISE} promises 30 DAYS; {INSTEAD}"
    assert one(broken_contract, broken) == said
    assert list(broken_contract(broken, context("dev"))) == []


def test_a_table_without_a_contract() -> None:
    stray = _with("table_json", lambda table: table.update(tableName="payouts"))
    said = "payouts has no published contract; describe it, and run `make contracts`."
    assert one(broken_contract, stray) == said


def test_what_is_not_known_yet_is_judged_later() -> None:
    assert none(broken_contract, changed(tables()[BOOKED], schema_json=None))
