"""Pinot's ingestion functions are read as Pinot reads them."""

from __future__ import annotations

import pytest

from product_model.expressions import (
    Call,
    ExpressionError,
    Identifier,
    Literal,
    alternatives,
    calls,
    identifiers,
    json_paths,
    parse,
    pinot_functions,
)

pytestmark = pytest.mark.unit


def test_calls_literals_and_identifiers() -> None:
    assert parse("""f("type", 'it''s', 5, 1.5, null, true, x)""") == Call(
        "f",
        (
            Identifier("type"),
            Literal("it's"),
            Literal(5),
            Literal(1.5),
            Literal(None),
            Literal(True),  # noqa: FBT003 - a literal of the language that is read
            Identifier("x"),
        ),
        "f",
    )


def test_and_binds_closer_than_or_and_not_closest() -> None:
    tree = parse("a OR NOT b AND c > 1 + 2")
    assert isinstance(tree, Call)
    assert [
        part if isinstance(part, Identifier) else part.name
        for part in tree.arguments
        if not isinstance(part, Literal)
    ] == [
        Identifier("a"),
        "and",
    ]
    conjunction = tree.arguments[1]
    assert isinstance(conjunction, Call)
    assert [part.name for part in conjunction.arguments if isinstance(part, Call)] == ["not", "greaterthan"]


def test_function_names_are_looked_up_as_pinot_does() -> None:
    assert [call.name for call in calls(parse("JSON_PATH_STRING(data,'$.a')"))] == ["jsonpathstring"]
    assert pinot_functions()["jsonpathstring"] == (2, 3)
    assert pinot_functions()["casewhen"] is None
    assert "groovy" not in pinot_functions()


def test_what_an_expression_reads() -> None:
    tree = parse("caseWhen(isNull(\"type\"),x,jsonPathString(data,'$.buyer.id'))")
    assert identifiers(tree) == {"type", "x", "data"}
    assert json_paths(tree) == {"data.buyer.id"}


def test_outermost_alternatives() -> None:
    assert len(alternatives(parse("a OR (b OR c) OR (d AND e)"), "or")) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("f(a", "it ends where , is expected"),
        ("f(a))", r"character 5: found '\)' where the end is expected"),
        ("f(a b)", "character 5: found 'b' where , is expected"),
        ("a AND", "it ends where a value is expected"),
        ("a # b", "character 2: ' # b' cannot be read"),
        ("", "it ends where a value is expected"),
        ("'open", "cannot be read"),
    ],
)
def test_what_is_no_expression_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        parse(text)
