"""The archive's rows are Pinot's: ordinary, disturbed and hostile events through both, cell by cell."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from local.environment import REPOSITORY
from local.events.disturbances import Shares
from local.events.generator import Plan
from local.events.sample import sample
from local.pinot_engine import installation
from operations.archive.layout import Kind
from operations.archive.rows import Fate, Rows
from product_model import Environment, Product, load_product

if TYPE_CHECKING:
    from pathlib import Path

    from operations.archive.rows import Verdict

pytestmark = pytest.mark.engine

_SHARES: Final = Shares(duplicates=0.0, late=0.02, foreign=0.03, broken=0.15)
_HAND_READ: Final = REPOSITORY / "tests/data/product-rows/events.jsonl"

Cells = dict[str, Any]


@pytest.fixture(scope="module")
def product() -> Product:
    return load_product(REPOSITORY / "data-product")


@pytest.fixture(scope="module")
def values() -> list[str]:
    """More than 10,000 values as texts: Pinot's command reads lines of JSON."""
    plan = Plan(5_200, seed=606, end=datetime.now(UTC), window=timedelta(hours=30))
    found = []
    for record in sample(plan, _SHARES, hostile=0.8):
        try:
            found.append((record.value or b"").decode())
        except UnicodeDecodeError:
            continue
    found += [json.loads(line)["value"] or "" for line in _HAND_READ.read_text("utf-8").splitlines()]
    found += _numbers()
    assert len(found) > 10_000
    return found


def _numbers() -> list[str]:
    """Events with numbers where texts stand, in every spelling that Java has of its own."""
    event = json.loads(json.loads(_HAND_READ.read_text("utf-8").splitlines()[0])["value"])
    texts = []
    for number in (
        0,
        -0.0,
        1.5,
        1e7,
        9999999.5,
        12345678901.0,
        1e-3,
        9.9e-4,
        1e300,
        -2.5e12,
        10**30,
        12345678901,
    ):
        for place in ("buyer", "metadata", "paymentOrderId", "merchantId"):
            data = {**event["data"]}
            data[place] = (
                {"id": "b-1", "email": number, "note": number} if place in {"buyer", "metadata"} else number
            )
            texts.append(json.dumps({**event, "data": data}))
    return texts


def _of_pinot(product: Product, kind: Kind, values: list[str], place: Path) -> list[Cells | None]:
    assets = product.render(
        Environment(bootstrap_servers="127.0.0.1:9092", replication=1, peer_download_scheme=None)
    )
    asset = next(asset for asset in assets.tables if asset.name == kind.realtime_table)
    (place / "schema.json").write_text(asset.schema_json, encoding="utf-8")
    (place / "table.json").write_text(asset.table_json, encoding="utf-8")
    lines = "".join(f"{json.dumps({'key': 'k', 'value': value})}\n" for value in values)
    (place / "events.jsonl").write_text(lines, encoding="utf-8")
    command = installation().command(
        *("rows", "--schema", str(place / "schema.json"), "--table", str(place / "table.json")),
        *("--events", str(place / "events.jsonl"), "--records"),
    )
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(values)
    return [line.get("row") for line in found]


def _cells(product: Product, kind: Kind, row: tuple[Any, ...] | Cells) -> Cells:
    """Read either side's row as values that can be compared."""
    columns = product.schema(kind.schema_name).schema.columns
    cells: Cells = {}
    for number, column in enumerate(columns):
        value = row[column.name] if isinstance(row, dict) else row[number]
        if value is not None and column.data_type == "BIG_DECIMAL":
            value = Decimal(value)
        elif value is not None and column.data_type == "JSON":
            value = json.loads(value)
        elif isinstance(value, str) and column.data_type == "TIMESTAMP":
            value = round(datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp() * 1000)
        cells[column.name] = value
    return cells


@pytest.mark.parametrize("kind", list(Kind))
def test_the_archive_keeps_the_rows_that_pinot_keeps_and_no_other(
    product: Product, values: list[str], tmp_path: Path, kind: Kind
) -> None:
    pinots = _of_pinot(product, kind, values, tmp_path)
    judges = {"usual": Rows(product), "by definition": Rows(product, usual=False)}
    now_ms = time.time_ns() // 1_000_000
    fates: Counter[str] = Counter()
    differences = []
    for number, (value, pinot) in enumerate(zip(values, pinots, strict=True)):
        for way, judge in judges.items():
            verdict = judge.judge(value.encode("utf-8", "replace"), now_ms)
            stored = verdict.fate is Fate.STORED and verdict.kind is kind
            fates[_told(verdict, kind)] += 1
            row = _cells(product, kind, verdict.row) if stored else None
            expected = None if pinot is None else _cells(product, kind, pinot)
            if row != expected:
                columns = [] if row is None or expected is None else [c for c in row if row[c] != expected[c]]
                differences.append((number, way, stored, columns))
    assert differences == [], [values[number][:2000] for number, *_ in differences[:3]]
    assert fates["stored"] > 5_000
    assert fates["flagged"] > 50
    assert fates["rejected"] > 1_000


def _told(verdict: Verdict, kind: Kind) -> str:
    if verdict.kind is not kind:
        return "of another kind"
    if verdict.fate is Fate.STORED:
        return "flagged" if verdict.breaches else "stored"
    return str(verdict.fate.value)


def test_what_is_rejected_says_why_and_holds_nothing_of_the_event(
    product: Product, values: list[str]
) -> None:
    judge = Rows(product)
    now_ms = time.time_ns() // 1_000_000
    for value in values:
        verdict = judge.judge(value.encode("utf-8", "replace"), now_ms)
        assert (verdict.fate is Fate.REJECTED) <= bool(verdict.breaches)
        for breach in verdict.breaches:
            assert breach.rule.split(":")[0] in {"json", "contract", "time", "table", "privacy"}
            assert "@" not in breach.reason
            digits = set(re.findall(r"[0-9]+", breach.reason))
            assert digits <= {"1972", "1000", "8259", "50000"}, breach
