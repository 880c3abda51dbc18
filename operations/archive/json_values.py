"""Events' JSON as Pinot's decoder (Jackson) reads it, where that is more, or less, than orjson takes.

Jackson takes UTF-16 and UTF-32, a byte order mark, lone surrogates and anything behind the first value, keeps
whole numbers of any size, and refuses what is nested deeper than 1,000 levels or has numbers of more than
1,000 characters (StreamReadConstraints). RFC 8259 and orjson know none of this.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST: Final = 1000
_LONGEST_NUMBER: Final = 1000
_LONGEST_NAME: Final = 50_000
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_LONG_NUMBER_BYTES: Final = re.compile(rb"[0-9][0-9.eE+-]{999}")
_LONG_VALUE: Final = 1000
_BLANKS: Final = " \t\r\n"
_BYTE_ORDER_MARKS: Final = (
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xef\xbb\xbf", "utf-8"),
)
# Where zeros stand in the first four bytes tells an encoding that has no mark.
_ZEROS: Final = {"000x": "utf-32-be", "x000": "utf-32-le", "0x0x": "utf-16-be", "x0x0": "utf-16-le"}


class NotJsonError(ValueError):
    """A value that is no JSON; its text says why and holds nothing of the value."""


def suspicious(value: bytes) -> bool:
    """Tell whether orjson may take what Jackson refuses: very deep, or very long somewhere."""
    return len(value) > _LONG_VALUE and (
        value.count(b"{") + value.count(b"[") >= _DEEPEST
        or len(value) > _LONGEST_NAME
        or _LONG_NUMBER_BYTES.search(value) is not None
    )


def decoded(value: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return the first JSON value in `value`; objects keep the last of members of one name.

    Raises:
        NotJsonError: Jackson would refuse it, too

    """
    text = _text(value)
    if _depth(value) > _DEEPEST:
        message = f"nested deeper than {_DEEPEST} levels"
        raise NotJsonError(message)
    start = len(text) - len(text.lstrip(_BLANKS))
    decoder = json.JSONDecoder(
        parse_constant=_no_constant, parse_int=_whole, parse_float=_fraction, object_pairs_hook=_members
    )
    with deep_recursion():
        try:
            found, _ = decoder.raw_decode(text, start)
        except NotJsonError:
            raise
        except (ValueError, RecursionError):
            message = "not JSON"
            raise NotJsonError(message) from None
    return found


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Let functions go as deep as JSON may be nested."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 20 * _DEEPEST))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _text(value: bytes) -> str:
    encoding, skipped = _encoding(value)
    try:
        text = value[skipped:].decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        message = f"no {encoding.upper()} text"
        raise NotJsonError(message) from None
    if any("\ud800" <= character <= "\udfff" for character in text):
        # Java's strings are UTF-16: two halves that were written apart are one character.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return text


def _encoding(value: bytes) -> tuple[str, int]:
    """Tell the encoding as Jackson's ByteSourceJsonBootstrapper does, and how long a byte order mark is."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if value.startswith(mark):
            return encoding, len(mark)
    zeros = "".join("0" if byte == 0 else "x" for byte in value[:4])
    return _ZEROS.get(zeros, "utf-8"), 0


def _depth(value: bytes) -> int:
    if value.count(b"{") + value.count(b"[") <= _DEEPEST:
        return 0
    deepest = depth = 0
    for found in _BRACKETS.finditer(value):
        if found[0] in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in b"}]":
            depth -= 1
            if depth == 0:
                break
    return deepest


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if any(len(name) > _LONGEST_NAME for name, _ in pairs):
        message = f"a name of more than {_LONGEST_NAME} characters"
        raise NotJsonError(message)
    return dict(pairs)


def _whole(text: str) -> int:
    _check_length(text)
    return int(text)


def _fraction(text: str) -> float:
    _check_length(text)
    return float(text)


def _check_length(text: str) -> None:
    if len(text) > _LONGEST_NUMBER:
        message = f"a number of more than {_LONGEST_NUMBER} characters"
        raise NotJsonError(message)


def _no_constant(name: str) -> None:
    message = f"{name} is no JSON"
    raise NotJsonError(message)
