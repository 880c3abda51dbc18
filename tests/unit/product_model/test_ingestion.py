"""The checks' reading of Pinot's pipeline has its traps. That it equals Pinot's, the engine's tests show."""

from __future__ import annotations

from typing import Any

import pytest

from product_model.expressions import parse
from product_model.ingestion import STREAM_MARKER, Ingestion, UnknownFunctionError, compiled
from product_model.pinot_table import IngestionConfig

pytestmark = pytest.mark.unit

NOW_MS = 1_767_225_600_000
JODA = "'yyyy-MM-dd''T''HH:mm:ss.SSSZZ'"


def _value(text: str, **record: Any) -> Any:  # noqa: ANN401 - Pinot's Object
    return compiled(parse(text))(record, NOW_MS)


def _ingestion(
    *, enrich: dict[str, str] | None = None, transform: dict[str, str] | None = None, drop: str = "false"
) -> Ingestion:
    config = {
        "enrichmentConfigs": [
            {
                "enricherType": "generateColumn",
                "properties": {"fieldToFunctionMap": enrich or {}},
                "preComplexTypeTransform": False,
            }
        ],
        "transformConfigs": [
            {"columnName": name, "transformFunction": text} for name, text in (transform or {}).items()
        ],
        "filterConfig": {"filterFunction": drop},
        "continueOnError": False,
        "rowTimeValueCheck": True,
    }
    return Ingestion(IngestionConfig.model_validate(config), ("a", "b", "c"))


def test_a_transform_is_skipped_where_the_record_has_the_field_and_an_enrichment_is_not() -> None:
    event = {"a": "clear", "data": {"x": "1"}}
    skipped = _ingestion(transform={"a": "jsonPathString(data,'$.x')"}).of_event(event, NOW_MS)
    assert skipped.row == {"a": "clear", "b": None, "c": None}
    replaced = _ingestion(enrich={"a": "jsonPathString(data,'$.x')"}).of_event(event, NOW_MS)
    assert replaced.row == {"a": "1", "b": None, "c": None}


def test_transforms_wait_for_the_columns_that_they_read() -> None:
    outcome = _ingestion(transform={"a": "lower(b)", "b": "jsonPathString(data,'$.x')"}).of_event(
        {"data": {"x": "AB"}}, NOW_MS
    )
    assert outcome.row == {"a": "ab", "b": "AB", "c": None}


def test_the_filter_drops_where_it_is_true_and_keeps_where_it_is_unknown() -> None:
    assert _ingestion(drop="isNull(a)").of_event({}, NOW_MS).row is None
    assert _ingestion(drop="regexpLike(a,'x')").of_event({}, NOW_MS).row is not None


def test_a_function_that_fails_is_told_apart_from_the_filter() -> None:
    outcome = _ingestion(transform={"a": "fromIso8601(b)"}).of_event({"b": "yesterday"}, NOW_MS)
    assert (outcome.row, outcome.failure) == (None, "ValueError")


def test_an_event_carries_the_mark_of_a_stream_and_cannot_fake_a_stored_row() -> None:
    ingestion = _ingestion(enrich={"a": f'caseWhen(isNull("{STREAM_MARKER}"),a)'})
    assert ingestion.of_event({"a": "clear", STREAM_MARKER: None}, NOW_MS).row == {
        "a": None,
        "b": None,
        "c": None,
    }
    assert ingestion.of_row({"a": "kept"}, NOW_MS).row == {"a": "kept", "b": None, "c": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null OR true", True),
        ("null OR false", None),
        ("null AND false", False),
        ("null AND true", None),
        ("NOT(regexpLike(x,'a'))", None),
        ("isDistinctFrom(x,'a')", True),
        ("isNotDistinctFrom(x,null)", True),
        ("caseWhen(x,'a')", None),
        ("caseWhen(x,'a','b')", "b"),
        ("nullIf('','')", None),
        ("trim('  a\t ')", "a\t"),
        ("lower('ÀB')", "àb"),
        ("regexpReplace('123.456-0','[^0-9]','')", "1234560"),
        ("regexpExtract('xyz','(q)',1,'')", ""),
        (r"regexpLike('ab','^ab\z')", True),
        ("startsWith('ab','a')", True),
        ("now() + 1 > now()", True),
        ("sub(5,3)", 2),
        ("fromIso8601('2025-03-14T09:26:53.5899Z')", 1_741_944_413_589),
        ("fromIso8601('2025-03-14t06:26:53.589-03:00')", 1_741_944_413_589),
        ("dateTrunc('HOUR',1741944413589)", 1_741_942_800_000),
        (f"fromDateTime('2025-03-14T09:26:53.589Z',{JODA},'UTC',7)", 1_741_944_413_589),
        (f"fromDateTime('2025-03-14T06:26:53.589-0300',{JODA},'UTC',7)", 1_741_944_413_589),
        (f"fromDateTime('2025-03-14T09:26:53Z',{JODA},'UTC',7)", 7),
        (f"fromDateTime('2025-02-30T09:26:53.589Z',{JODA},'UTC',7)", 7),
        (r"sha256(toUtf8('a'))", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
    ],
)
def test_functions_and_three_valued_logic(text: str, expected: object) -> None:
    assert _value(text) == expected


def test_a_line_feed_at_the_end_is_seen_as_java_sees_it() -> None:
    assert _value(r"regexpLike(x,'^ab\z')", x="ab\n") is False


@pytest.mark.parametrize("text", ["unheardOf(a)", "dateTrunc('DAY',1)"])
def test_an_unknown_function_is_refused_by_name(text: str) -> None:
    with pytest.raises(UnknownFunctionError, match="the check does not know"):
        _value(text)
