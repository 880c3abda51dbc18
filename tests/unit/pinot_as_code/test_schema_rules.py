"""Each rule for schemas and logical tables: it finds its mistake, says where and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pinot_as_code.validation.expressions import ExpressionError, read
from pinot_as_code.validation.logical_table_rules import check_logical_table
from pinot_as_code.validation.schema_rules import check_schema

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.unit

Document = dict[str, Any]


def dimension(schema: Document, **spec: object) -> Document:
    """Add a dimension."""
    schema["dimensionFieldSpecs"].append(spec)
    return schema


def time(schema: Document, **spec: object) -> None:
    """Add a time column, of which None leaves a key out."""
    plain = {"name": "t", "dataType": "TIMESTAMP", "format": "TIMESTAMP", "granularity": "1:MILLISECONDS"}
    spec = {key: value for key, value in {**plain, **spec}.items() if value is not None}
    schema["dateTimeFieldSpecs"].append(spec)


MISTAKES: list[tuple[str, Callable[[Document], object], str]] = [
    ("no name", lambda s: s.pop("schemaName"), "schemaName: is missing"),
    (
        "typo",
        lambda s: dimension(s, name="a", dataType="STRING", singelValueField=True),
        "did you mean singleValueField?",
    ),
    ("type", lambda s: dimension(s, name="a", dataType="STRNG"), "did you mean STRING?"),
    ("no type", lambda s: dimension(s, name="a"), "dimensionFieldSpecs[a].dataType: is missing"),
    (
        "text metric",
        lambda s: s["metricFieldSpecs"].append({"name": "a", "dataType": "STRING"}),
        "allowed for METRIC",
    ),
    ("nameless", lambda s: dimension(s, dataType="STRING"), ".name: is missing"),
    ("space", lambda s: dimension(s, name="a b", dataType="STRING"), "no white space"),
    ("dollar", lambda s: dimension(s, name="$docId", dataType="STRING"), "begins Pinot's own columns"),
    (
        "twice",
        lambda s: dimension(s, name="CURRENCY", dataType="STRING"),
        "has the name of dimensionFieldSpecs[currency]",
    ),
    (
        "old time",
        lambda s: s.update(timeFieldSpec={"incomingGranularitySpec": {}}),
        "timeFieldSpec: is deprecated",
    ),
    (
        "json list",
        lambda s: dimension(s, name="a", dataType="JSON", singleValueField=False),
        "one value a row",
    ),
    (
        "metric list",
        lambda s: s["metricFieldSpecs"].append({"name": "a", "dataType": "LONG", "singleValueField": False}),
        "METRIC columns hold one value a row",
    ),
    ("no format", lambda s: time(s, format=None), "dateTimeFieldSpecs[t].format: is missing"),
    ("format", lambda s: time(s, dataType="LONG"), "is TIMESTAMP, but the column is LONG"),
    ("epoch", lambda s: time(s, format="1:DAYS:EPOCH"), "a TIMESTAMP column has the format TIMESTAMP"),
    ("no granularity", lambda s: time(s, granularity=None), "granularity: is missing"),
    ("granularity", lambda s: time(s, granularity="1:WEEKS"), "wanted: size:UNIT"),
    ("key", lambda s: s.update(primaryKeyColumns=["transactionID"]), "did you mean transactionId?"),
    (
        "key list",
        lambda s: (
            dimension(s, name="a", dataType="STRING", singleValueField=False),
            s.update(primaryKeyColumns=["a"]),
        ),
        "a key holds one",
    ),
    (
        "empty",
        lambda s: [s.pop(key) for key in ("dimensionFieldSpecs", "metricFieldSpecs", "dateTimeFieldSpecs")],
        "has no columns",
    ),
]


@pytest.mark.parametrize(
    ("spoil", "message"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_mistake_of_a_schema_is_found_and_told(
    accepted: Callable[[str], Document], spoil: Callable[[Document], object], message: str
) -> None:
    schema = accepted("schema-transaction_booked_rt")
    assert [str(finding) for finding in check_schema(schema)] == []

    spoil(schema)

    found = [str(finding) for finding in check_schema(schema)]
    assert any(message in text for text in found), found


LOGICAL_MISTAKES: list[tuple[str, Callable[[Document], object], str]] = [
    ("broker", lambda t: t.pop("brokerTenant"), "brokerTenant: is missing"),
    ("members", lambda t: t.update(physicalTableConfigMap={}), "physicalTableConfigMap: is missing"),
    ("suffix", lambda t: t["physicalTableConfigMap"].update(x={}), "must end in _OFFLINE or _REALTIME"),
    (
        "no reference",
        lambda t: t.pop("refOfflineTableName"),
        "refOfflineTableName: is missing; name the member",
    ),
    ("reference", lambda t: t.update(refRealtimeTableName="x_REALTIME"), "which is no member of that kind"),
    ("quota", lambda t: t.update(quota={"storage": "1G"}), "set it on the members"),
    ("no boundary", lambda t: t.pop("timeBoundaryConfig"), "where OFFLINE ends and REALTIME begins"),
    ("strategy", lambda t: t["timeBoundaryConfig"].update(boundaryStrategy="max"), "is 'max'; allowed: min"),
    ("included", lambda t: t["timeBoundaryConfig"].update(parameters={}), "name the OFFLINE members"),
    (
        "not included",
        lambda t: t["timeBoundaryConfig"].update(parameters={"includedTables": ["x_OFFLINE"]}),
        "names x_OFFLINE, which is no OFFLINE member",
    ),
    ("typo", lambda t: t.update(brokerTennant="x"), "did you mean brokerTenant?"),
]


@pytest.mark.parametrize(
    ("spoil", "message"), [case[1:] for case in LOGICAL_MISTAKES], ids=[case[0] for case in LOGICAL_MISTAKES]
)
def test_a_mistake_of_a_logical_table_is_found_and_told(
    accepted: Callable[[str], Document], spoil: Callable[[Document], object], message: str
) -> None:
    table = accepted("logical-transaction_booked")
    assert [str(finding) for finding in check_logical_table(table)] == []

    spoil(table)

    found = [str(finding) for finding in check_logical_table(table)]
    assert any(message in text for text in found), found


@pytest.mark.parametrize(
    ("text", "calls", "columns"),
    [
        ("isDistinctFrom(\"type\",'a''b,(') OR isNull(x)", ["isDistinctFrom/2", "isNull/1"], ["type", "x"]),
        ("f(g(a, 1), h())", ["g/2", "h/0", "f/2"], ["a"]),
        ("a + b * (c - 2)", [], ["a", "b", "c"]),
        ("NOT(regexpLike(h,'^[0-9]{64}$'))", ["regexpLike/2", "NOT/1"], ["h"]),
        ("CASE WHEN a THEN b ELSE null END", [], ["a", "b"]),
        ('"a ""b"""', [], ['a "b"']),
    ],
)
def test_what_an_expression_uses(text: str, calls: list[str], columns: list[str]) -> None:
    expression = read(text)

    assert [f"{call.name}/{call.arguments}" for call in expression.calls] == calls
    assert expression.columns == columns


@pytest.mark.parametrize("text", ["", "  ", "f(a", "f(a))", "'a", '"a'])
def test_what_no_reader_could_read(text: str) -> None:
    with pytest.raises(ExpressionError):
        read(text)
