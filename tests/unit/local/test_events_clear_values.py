"""The search for clear values finds what is planted: any case, any spelling, in files of every sort."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from local.events.clear_values import _CHUNK_BYTES, ClearValues, Finding, search_files
from local.events.hostile import planted_values

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.unit

VALUES = ("clara@planted.invalid", "Clarabella Evidência", "90351800017")


@pytest.mark.parametrize(
    "text",
    [
        "…clara@planted.invalid…",
        "CLARA@Planted.Invalid",
        quote("clara@planted.invalid"),
        json.dumps({"a": "clara@planted.invalid"}),
        "claraclara@planted.invalid",
    ],
)
def test_a_value_is_found_in_any_spelling(text: str) -> None:
    assert ClearValues(VALUES).in_bytes(text.encode()) == {0}


@pytest.mark.parametrize(
    "text", ["Clarabella Evidência", "CLARABELLA EVIDÊNCIA", json.dumps("Clarabella Evidência")]
)
def test_a_name_with_accents_is_found(text: str) -> None:
    assert ClearValues(VALUES).in_bytes(text.encode()) == {1}


def test_what_is_not_there_is_not_found() -> None:
    values = ClearValues(VALUES)
    assert values.in_bytes(b"clara@planted.invali 9035180001 Clarabella Evidencia") == set()
    assert values.in_bytes(b"") == set()


def test_a_value_across_two_reads_is_found() -> None:
    text = b"x" * (_CHUNK_BYTES - 5) + VALUES[0].encode() + b"y"
    assert ClearValues(VALUES).in_stream(io.BytesIO(text)) == {0}


def test_a_value_that_chance_could_bring_is_refused() -> None:
    with pytest.raises(ValueError, match="number 1 is shorter"):
        ClearValues(["long enough", "short"])


def test_files_are_searched_inside_archives_and_by_name(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "pinot.log").write_text(f"WARN {VALUES[2]} was dropped")
    with gzip.open(tmp_path / "logs" / "pinot.log.1.gz", "wt") as packed:
        packed.write(VALUES[0])
    with zipfile.ZipFile(tmp_path / "segment.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("columns.psf", VALUES[1] * 100)
    (tmp_path / f"state-of-{VALUES[0]}").write_text("fine")
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "00.log").write_text(VALUES[0])
    assert search_files(ClearValues(VALUES), tmp_path, skip=[tmp_path / "kafka"]) == [
        Finding(2, "file logs/pinot.log"),
        Finding(0, "file logs/pinot.log.1.gz"),
        Finding(1, "file segment.zip"),
        Finding(0, "a file's name in ."),
    ]


def test_each_planted_value_of_the_hostile_events_is_found_among_all() -> None:
    planted = planted_values()
    values = ClearValues(planted)
    for number, value in enumerate(planted):
        assert number in values.in_bytes(f"some text {value} and more".encode())
