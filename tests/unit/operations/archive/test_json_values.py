"""JSON as Pinot's reader takes it, where orjson or RFC 8259 differ."""

from __future__ import annotations

import json

import pytest

from operations.archive.json_values import NotJsonError, decoded, suspicious

pytestmark = pytest.mark.unit

EVENT = {"id": "é", "n": 1}
TEXT = json.dumps(EVENT, ensure_ascii=False)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_every_encoding_of_unicode_is_read(encoding: str) -> None:
    assert decoded(TEXT.encode(encoding)) == EVENT


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b'{"a":1} and more', {"a": 1}),
        (b' \r\n\t{"a":1}', {"a": 1}),
        (b'{"a":1,"b":2,"a":3}', {"a": 3, "b": 2}),
        (b'{"a":123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        (b'{"a":"\xed\xa0\xbd\xed\xb8\x80"}', {"a": "\U0001f600"}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a":"\\ud800"}', {"a": "\ud800"}),
        (b'{"a":' * 999 + b"1" + b"}" * 999, None),
    ],
)
def test_what_pinot_takes_is_read(value: bytes, read: object) -> None:
    found = decoded(value)
    if read is not None:
        assert found == read


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a":NaN}', "NaN is no JSON"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":"\n"}', "not JSON"),
        (b"\xff\xfe\xff", "UTF-16"),
        (b'{"a":"\xff"}', "no UTF-8 text"),
        (b'{"a":' * 1001 + b"1" + b"}" * 1001, "deeper than 1000"),
        (b'{"a":' + b"1" * 1001 + b"}", "a number of more than 1000"),
        (b'{"' + b"a" * 50_001 + b'":1}', "a name of more than 50000"),
    ],
)
def test_what_pinot_refuses_is_refused_without_quoting_it(value: bytes, said: str) -> None:
    with pytest.raises(NotJsonError, match=said) as refused:
        decoded(value)
    assert len(str(refused.value)) < 60


def test_brackets_in_texts_are_no_depth() -> None:
    assert decoded(json.dumps({"a": "[" * 2000}).encode()) == {"a": "[" * 2000}


@pytest.mark.parametrize(
    ("value", "odd"),
    [
        (TEXT.encode(), False),
        (b'{"a":"' + b"x" * 3000 + b'"}', False),
        (b'{"a":' * 1000 + b"1" + b"}" * 1000, True),
        (b'{"a":' + b"1" * 1001 + b"}", True),
        (b'{"a":"' + b"x" * 60_000 + b'"}', True),
    ],
)
def test_what_orjson_may_read_otherwise_is_noticed(value: bytes, odd: bool) -> None:  # noqa: FBT001 - a table's column
    assert suspicious(value) is odd
