"""JSON documents."""

from __future__ import annotations

import pytest

from pinot_as_code.arguments import canonical_input, words
from pinot_as_code.documents import DocumentError, canonical, parse

pytestmark = pytest.mark.unit


def test_one_text_for_one_meaning() -> None:
    text = '{ "b": [1, 0.01], "a": "é" }'

    assert canonical(text) == '{"a":"é","b":[1,0.01]}'
    assert canonical({"b": [1, 0.01], "a": "é"}) == canonical(text)
    assert canonical_input(text) == canonical(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{not json", "is not JSON: Expecting property name"),
        ('{"a":1,"a":2}', "has the key 'a' twice"),
        ('{"a":NaN}', "holds NaN"),
        ("[1]", "must be a JSON object, found an array"),
        ('"x"', "must be a JSON object, found a text"),
        ("null", "must be a JSON object, found null"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_document_is_told_and_travels_unchanged_to_the_check(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        parse(text)
    assert canonical(text) == text


def test_words_are_a_sequence_and_their_order_says_nothing() -> None:
    assert words(("b", "a", "b")) == ["a", "b"]
    with pytest.raises(TypeError, match=r"write allow=\('delete-data',\)"):
        words("delete-data")
