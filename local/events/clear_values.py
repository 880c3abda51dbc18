"""Searching for values that must stand nowhere in clear: in tables, logs, state and segment files.

Compressed segments are read by Pinot's own segment readers, compressed logs by Python's; every file is also
searched byte by byte. A place is told, never the value.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import tempfile
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import quote

from local.failure import LocalFailureError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from local.events.broker import Broker
    from local.pinot_engine import EngineInstallation

_PREFIX_BYTES = 6
_CHUNK_BYTES = 4 * 2**20
_MOST_ROWS = 10_000_000
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_SOURCE = Path(__file__).with_name("SegmentText.java")
# Pinot's buffers reach into the JDK; its own start scripts open the same.
_OPENS = ("java.base/java.nio", "java.base/sun.nio.ch", "java.base/java.lang", "java.base/java.util")


@dataclass(frozen=True)
class Finding:
    """Which of the values (by its place in the list that was searched for) stands where."""

    number: int
    place: str


class ClearValues:
    """Values to search for, without regard to case, as they are and as JSON and URLs spell them."""

    def __init__(self, values: Iterable[str]) -> None:
        """Take the values; each must be long enough not to be met by chance."""
        self._by_prefix: defaultdict[bytes, dict[bytes, int]] = defaultdict(dict)
        self._longest = 0
        for number, value in enumerate(values):
            if len(value.encode()) < _PREFIX_BYTES:
                message = (
                    f"value number {number} is shorter than {_PREFIX_BYTES} bytes: it would be met by chance"
                )
                raise ValueError(message)
            for spelling in _spellings(value):
                self._by_prefix[spelling[:_PREFIX_BYTES]].setdefault(spelling, number)
                self._longest = max(self._longest, len(spelling))
        # A look-ahead, so that a start inside another match is seen, too.
        starts = b"|".join(re.escape(prefix) for prefix in self._by_prefix)
        self._starts = re.compile(b"(?=(" + starts + b"))")

    def in_bytes(self, data: bytes) -> set[int]:
        """Return the numbers of the values that stand in `data`."""
        lower = data.lower()
        return {
            number
            for start in self._starts.finditer(lower)
            for spelling, number in self._by_prefix[start.group(1)].items()
            if lower.startswith(spelling, start.start())
        }

    def in_stream(self, stream: BinaryIO) -> set[int]:
        """Return the numbers of the values that stand in a stream, over the borders of single reads."""
        found: set[int] = set()
        kept = b""
        while chunk := stream.read(_CHUNK_BYTES):
            data = kept + chunk
            found |= self.in_bytes(data)
            kept = data[-self._longest :]
        return found


def search_tables(values: ClearValues, broker: Broker, tables: Iterable[str]) -> list[Finding]:
    """Search every column of every row, upsert's hidden rows included."""
    findings: set[Finding] = set()
    for table in tables:
        for hidden in ("false", "true"):
            sql = f"SELECT * FROM {table} LIMIT {_MOST_ROWS}"  # noqa: S608 - a table of ours
            answer = broker.query(sql, skipUpsert=hidden)
            for row in answer.rows:
                if values.in_bytes(_json(row)):
                    findings |= {
                        Finding(number, f"table {table}, column {column}")
                        for column, cell in zip(answer.columns, row, strict=True)
                        for number in values.in_bytes(_json(cell))
                    }
    return sorted(findings, key=lambda finding: (finding.place, finding.number))


def search_files(values: ClearValues, root: Path, skip: Iterable[Path] = ()) -> list[Finding]:
    """Search every file below `root`, names included; gzip and zip files are searched inside as well."""
    skipped = tuple(skip)
    findings = []
    for file in sorted(root.rglob("*")):
        if any(file.is_relative_to(place) for place in skipped) or file.is_symlink() or not file.is_file():
            continue
        place = file.relative_to(root)
        findings += [
            Finding(number, f"a file's name in {place.parent}")
            for number in values.in_bytes(file.name.encode())
        ]
        found: set[int] = set()
        for stream in _contents(file):
            found |= values.in_stream(stream)
        findings += [Finding(number, f"file {place}") for number in sorted(found)]
    return findings


def search_segments(values: ClearValues, root: Path, engine: EngineInstallation) -> list[Finding]:
    """Search the decompressed columns of every segment below `root`.

    Raises:
        LocalFailureError: a segment cannot be read

    """
    segments = segment_directories(root)
    if not segments:
        return []
    findings: set[Finding] = set()
    opens = [f"--add-opens={package}=ALL-UNNAMED" for package in _OPENS]
    command = [engine.java, *opens, f"@{engine.class_path}", str(_SOURCE), *map(str, segments)]
    with tempfile.TemporaryFile() as text:
        run = subprocess.run(command, stdout=text, stderr=subprocess.PIPE, check=False)
        if run.returncode:
            if not all(segment.is_dir() for segment in segments):
                return search_segments(values, root, engine)  # one was replaced meanwhile
            said = run.stderr.decode(errors="replace").strip().splitlines()[-1:]
            message = f"The segments below {root} cannot be read: {said}"
            raise LocalFailureError(message)
        text.seek(0)
        for line in text:
            for number in values.in_bytes(line):
                segment, column, _ = line.decode(errors="replace").split("\t", 2)
                findings.add(Finding(number, f"segment {segment}, column {column}"))
    return sorted(findings, key=lambda finding: (finding.place, finding.number))


def segment_directories(root: Path) -> list[Path]:
    """Return the directories of Pinot segments (version 3) below `root`."""
    return sorted(columns.parent.parent for columns in root.rglob("v3/columns.psf"))


def _contents(file: Path) -> Iterator[BinaryIO]:
    with file.open("rb") as whole:
        magic = whole.read(len(_ZIP))
        whole.seek(0)
        yield whole
    if magic.startswith(_GZIP):
        with gzip.open(file, "rb") as unpacked:
            yield cast("BinaryIO", unpacked)
    elif magic == _ZIP and zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    yield cast("BinaryIO", member)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _spellings(value: str) -> set[bytes]:
    forms = {value, value.lower(), value.upper(), json.dumps(value)[1:-1], quote(value)}
    return {form.encode().lower() for form in forms}
