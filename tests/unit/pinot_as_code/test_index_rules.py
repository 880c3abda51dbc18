"""Rules for indexes, encodings and star-trees: each mistake is found and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.pinot_as_code.table_changes import assert_told, field, star_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.pinot_as_code.table_changes import Table

pytestmark = pytest.mark.unit

MISTAKES: list[tuple[str, Callable[[Table], object], str]] = [
    # indexes
    ("index typo", lambda t: field(t, "currency").update(indexes={"invertd": {}}), "did you mean inverted?"),
    (
        "index value",
        lambda t: field(t, "currency").update(indexes={"inverted": True}),
        "must be an object, found True",
    ),
    (
        "index key",
        lambda t: field(t, "eventId").update(indexes={"bloom": {"fp": 0.1}}),
        "bloom.fp: is no key",
    ),
    (
        "old index",
        lambda t: field(t, "currency").update(indexTypes=["INVERTED"]),
        "is deprecated; name the index in",
    ),
    ("no column", lambda t: field(t, "nope").update(encodingType="RAW"), "is 'nope', which is no column"),
    (
        "twice",
        lambda t: t["fieldConfigList"].append({"name": "currency"}),
        "fieldConfigList[currency]: stands twice",
    ),
    (
        "inverted on raw",
        lambda t: field(t, "currency").update(encodingType="RAW", indexes={"inverted": {}}),
        "the segment then never commits",
    ),
    (
        "inverted on raw by list",
        lambda t: t["tableIndexConfig"].update(
            noDictionaryColumns=["buyerEmail"], invertedIndexColumns=["buyerEmail"]
        ),
        "invertedIndexColumns: names buyerEmail",
    ),
    (
        "range on raw money",
        lambda t: field(t, "amount").update(encodingType="RAW", indexes={"range": {}}),
        "a range index on a RAW BIG_DECIMAL column cannot be built",
    ),
    (
        "range on raw text",
        lambda t: field(t, "eventId").update(indexes={"range": {}}),
        "a range index on a RAW STRING column cannot be built",
    ),
    (
        "json on number",
        lambda t: field(t, "amount").update(indexes={"json": {}}),
        "needs a single-value STRING, JSON",
    ),
    (
        "text on number",
        lambda t: field(t, "amount").update(indexes={"text": {}}),
        "a text index needs a STRING",
    ),
    ("fst on raw", lambda t: field(t, "eventId").update(indexes={"fst": {}}), "an FST index needs"),
    ("h3", lambda t: field(t, "currency").update(indexes={"h3": {}}), "an H3 index needs"),
    ("vector", lambda t: field(t, "currency").update(indexes={"vector": {}}), "a vector index needs"),
    (
        "timestamp",
        lambda t: field(t, "currency").update(timestampConfig={"granularities": ["DAY"]}),
        "is for single-value TIMESTAMP or LONG columns",
    ),
    (
        "granularity",
        lambda t: field(t, "bookedAt").update(timestampConfig={"granularities": ["DAYS"]}),
        "mean DAY?",
    ),
    (
        "listed",
        lambda t: t["tableIndexConfig"].update(bloomFilterColumns=["evntId"]),
        "did you mean eventId?",
    ),
    (
        "listed map",
        lambda t: t["tableIndexConfig"].update(jsonIndexConfigs={"nope": {}}),
        "jsonIndexConfigs: names nope",
    ),
    (
        "two sorted",
        lambda t: t["tableIndexConfig"].update(sortedColumn=["currency", "eventId"]),
        "is sorted by one",
    ),
    (
        "encodings disagree",
        lambda t: t["tableIndexConfig"].update(noDictionaryColumns=["currency"]),
        "fieldConfigList[currency].encodingType: is DICTIONARY while",
    ),
    # star-trees
    (
        "percentile",
        lambda t: star_tree(t, functionColumnPairs=["PERCENTILE95__amount"]),
        "skip the whole tree",
    ),
    (
        "distinct",
        lambda t: star_tree(t, functionColumnPairs=["DISTINCTCOUNT__currency"]),
        "which no star-tree can hold",
    ),
    ("no function", lambda t: star_tree(t, functionColumnPairs=["SUMM__amount"]), "which is no aggregation"),
    ("pair", lambda t: star_tree(t, functionColumnPairs=["SUM(amount)"]), "wanted: FUNCTION__column"),
    ("pair twice", lambda t: star_tree(t, functionColumnPairs=["SUM__amount", "sum__amount"]), "twice"),
    ("sum of rows", lambda t: star_tree(t, functionColumnPairs=["SUM__*"]), "only COUNT goes over rows"),
    ("pair column", lambda t: star_tree(t, functionColumnPairs=["SUM__amont"]), "did you mean amount?"),
    ("dimension", lambda t: star_tree(t, dimensionsSplitOrder=["currncy"]), "did you mean currency?"),
    ("raw dimension", lambda t: star_tree(t, dimensionsSplitOrder=["eventId"]), "which has no dictionary"),
    ("no dimension", lambda t: star_tree(t, dimensionsSplitOrder=None), "dimensionsSplitOrder: is missing"),
    (
        "skip",
        lambda t: star_tree(t, skipStarNodeCreationForDimensions=["eventId"]),
        "no dimension of the tree",
    ),
    (
        "both",
        lambda t: star_tree(t, aggregationConfigs=[]),
        "either functionColumnPairs or aggregationConfigs",
    ),
    (
        "config",
        lambda t: star_tree(
            t,
            functionColumnPairs=None,
            aggregationConfigs=[{"columnName": "amount", "aggregationFunction": "PERCENTILE"}],
        ),
        "aggregationConfigs[0]: uses PERCENTILE",
    ),
]


@pytest.mark.parametrize(
    ("spoil", "message"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_mistake_is_found_and_told(
    accepted: Callable[[str], Table], spoil: Callable[[Table], object], message: str
) -> None:
    assert_told(accepted, spoil, message)
