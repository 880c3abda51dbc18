"""The benchmarks' own arithmetic and page; the measuring itself is not for tests."""

from __future__ import annotations

import pytest

from bench.__main__ import BENCHMARKS, main, page
from bench.machine import machine
from bench.measure import mebibytes, milliseconds, percentile
from bench.pulumi_runs import _imports

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("p", "expected"), [(1, 1.0), (50, 50.0), (95, 95.0), (99, 99.0), (100, 100.0)])
def test_percentiles_are_by_nearest_rank(p: float, expected: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], p) == expected


def test_a_single_sample_is_every_percentile() -> None:
    assert percentile([7.0], 1) == percentile([7.0], 99) == 7.0


def test_figures_carry_their_units() -> None:
    assert milliseconds([0.001, 0.002, 1.5]) == "p50 2.0 ms, p95 1,500.0 ms, p99 1,500.0 ms, max 1,500.0 ms"
    assert mebibytes(3 * 2**20) == "3 MiB"


def test_the_page_has_a_table_for_each_benchmark_that_has_figures() -> None:
    results = {
        "questions-registered": {
            "title": "Questions",
            "machine": "2 cores",
            "busy": "load average 0.1",
            "day": "2026-11-24",
            "seconds": 7,
            "measures": [["first question", "p95 3.0 ms", "p95 ≤ 100 ms"]],
        }
    }
    text = page(results)
    assert "| first question | p95 3.0 ms | p95 ≤ 100 ms |" in text
    assert "2 cores; load average 0.1" in text
    assert text.count("## ") == 1


def test_an_unknown_benchmark_is_named_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nope"]) == 2
    said = capsys.readouterr().err
    assert "'nope'" in said
    assert all(name in said for name in BENCHMARKS)


def test_the_machine_says_what_it_is() -> None:
    assert "cores of" in machine()
    assert "GiB" in machine()


def test_the_bare_program_imports_what_the_real_one_does() -> None:
    imports = list(_imports())
    assert "import pulumi" in imports
    assert any(line.startswith("from components") for line in imports)
