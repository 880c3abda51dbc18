"""Tables: hashing and filtering, judged by what their functions make of an event."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from policy.data_policies import clear_personal_data
from tests.policy.stacks import changed, context, none, one, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy.resources import Resource

pytestmark = pytest.mark.policy


@pytest.mark.parametrize("name", ["transaction_booked_rt", "transaction_booked_offline", "payment_analytics"])
def test_the_products_tables_hash_and_filter(name: str) -> None:
    assert none(clear_personal_data, tables()[name])


def table_with(name: str, change: Callable[[dict[str, Any]], None]) -> Resource:
    original = tables()[name]
    table = json.loads(original.props["table_json"])
    change(table["ingestionConfig"])
    return changed(original, table_json=json.dumps(table))


def functions(ingestion: dict[str, Any]) -> dict[str, str]:
    """Return the functions of the enrichment that fills the columns."""
    found: dict[str, str] = ingestion["enrichmentConfigs"][1]["properties"]["fieldToFunctionMap"]
    return found


def test_a_hash_column_that_is_filled_in_clear() -> None:
    def change(ingestion: dict[str, Any]) -> None:
        functions(ingestion)["buyerEmailHash"] = "jsonPathString(data,'$.buyer.email')"
        ingestion["filterConfig"]["filterFunction"] = "isNull(eventId)"

    sentences = list(clear_personal_data(table_with("transaction_booked_rt", change), context()))
    assert sentences[0].startswith(
        "stores data.buyer.email in clear in transaction_booked_rt.buyerEmailHash; hash it"
    )
    assert len([sentence for sentence in sentences if "holds no hash" in sentence]) == 5


def test_another_column_that_carries_the_clear_value() -> None:
    def change(ingestion: dict[str, Any]) -> None:
        functions(ingestion)["merchantId"] = "jsonPathString(data,'$.seller.name')"
        ingestion["filterConfig"]["filterFunction"] = "isNull(eventId)"  # its form of ids would drop the row

    sentences = list(clear_personal_data(table_with("transaction_booked_rt", change), context()))
    assert sentences[0].startswith(
        "stores data.seller.name in clear in transaction_booked_rt.merchantId; hash it"
    )


@pytest.mark.parametrize("name", ["transaction_booked_rt", "transaction_booked_offline"])
def test_a_filter_that_forgets_a_hash_column(name: str) -> None:
    def change(ingestion: dict[str, Any]) -> None:
        text = ingestion["filterConfig"]["filterFunction"]
        part = r" OR \(isNotNull\(sellerNameHash\) AND NOT\(regexpLike\(sellerNameHash,'[^']+'\)\)\)"
        ingestion["filterConfig"]["filterFunction"], times = re.subn(part, "", text)
        assert times == 1

    sentence = one(clear_personal_data, table_with(name, change))
    assert sentence.startswith(f"keeps a row whose {name}.sellerNameHash holds no hash; add to the filter")


def test_a_filter_that_is_the_wrong_way_round() -> None:
    def change(ingestion: dict[str, Any]) -> None:
        filtered = ingestion["filterConfig"]
        filtered["filterFunction"] = f"NOT({filtered['filterFunction']})"

    assert "keeps no event of the contract" in " ".join(
        clear_personal_data(table_with("transaction_booked_rt", change), context())
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ingestion: ingestion.pop("filterConfig"), "filterConfig: Field required."),
        (
            lambda ingestion: functions(ingestion).update(buyerNameHash="mysteriousFunction(data)"),
            "mysterious",
        ),
        (lambda ingestion: functions(ingestion).update(buyerNameHash="sha256(("), "cannot be judged"),
    ],
)
def test_a_table_that_cannot_be_judged_is_refused(
    change: Callable[[dict[str, Any]], None], message: str
) -> None:
    sentence = one(clear_personal_data, table_with("transaction_booked_rt", change))
    assert sentence.startswith("cannot be judged, so that nobody knows what it stores of a person: ")
    assert message in sentence


def test_a_table_that_is_not_known_yet_is_judged_later() -> None:
    assert none(clear_personal_data, changed(tables()["payment_analytics"], table_json=None))


def test_no_sentence_repeats_the_tables_text() -> None:
    def change(ingestion: dict[str, Any]) -> None:
        functions(ingestion)["buyerEmailHash"] = "jsonPathString(data,'$.buyer.email')"

    for sentence in clear_personal_data(table_with("transaction_booked_rt", change), context()):
        assert len(sentence) < 400
