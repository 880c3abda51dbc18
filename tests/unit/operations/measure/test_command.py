"""The command: mistakes in its call, and an environment that does not answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from operations.measure.__main__ import main
from operations.measure.failure import MeasureError
from operations.measure.progress import Controller
from operations.measure.run import Effort, Target, _Run
from operations.measure.stream import Topic

pytestmark = pytest.mark.unit

PRODUCT = Path(__file__).parents[4] / "data-product"
NOBODY = "http://127.0.0.1:9"
AWAY = ("--controller", NOBODY, "--broker", NOBODY, "--kafka", "127.0.0.1:9", "--product", str(PRODUCT))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--questions", "-1"), "'-1' was given; a whole number from 0 on is needed"),
        (("--probe-rate", "0"), "'0' was given; a number above 0 is needed"),
        (("--probe-rate", "nan"), "a number above 0 is needed"),
        (("--hours", "two"), "a whole number"),
    ],
)
def test_a_wrong_number_is_told(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([*arguments])
    assert end.value.code == 2
    assert told in capsys.readouterr().err


def test_a_wrong_day_of_a_credential_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*AWAY, "--credential", "kafka=yesterday"]) == 1
    assert "--credential: 'kafka=yesterday' was given; allowed: NAME=YYYY-MM-DD" in capsys.readouterr().err


def test_a_product_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--product", str(tmp_path / "nowhere")]) == 1
    assert "there is no such directory" in capsys.readouterr().err


def test_an_environment_that_does_not_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {kind: tmp_path / f"report.{kind}" for kind in ("json", "prometheus", "html")}
    written = [text for kind, file in files.items() for text in (f"--{kind}", str(file))]
    effort = (
        "--questions",
        "5",
        "--question-rate",
        "100",
        "--probes",
        "0",
        "--credential",
        "kafka=2026-01-02",
    )
    assert main([*AWAY, *effort, *written]) == 3
    text = capsys.readouterr().out
    found = {one["name"]: one for one in json.loads(files["json"].read_text())["objectives"]}
    assert found["availability"]["value"] == 0
    assert found["query-latency"]["result"] == "not measured"
    assert found["accuracy"]["result"] == "not measured"
    assert "does not answer" in found["accuracy"]["reason"]
    assert "FAIL" in text
    samples = files["prometheus"].read_text()
    assert 'payments_credential_issued_timestamp_seconds{credential="kafka"} 1767312000' in samples
    assert "payments_quality_broken_rows" not in samples
    assert "not measured" in files["html"].read_text()
    assert not list(tmp_path.glob(".*")), "no half of a file stays behind"


def test_a_clock_that_is_off_stops_the_reconciliation(monkeypatch: pytest.MonkeyPatch) -> None:
    # No test may set this machine's clock; what is put in place of it is the one figure that comes of it.
    monkeypatch.setattr(Controller, "clock_offset_seconds", lambda _self, _now: 7.0)
    run = _Run(Target("test", Topic("127.0.0.1:9", "payments"), NOBODY, NOBODY, PRODUCT), Effort())
    with pytest.raises(MeasureError, match=r"clock and Pinot's differ by \+7 s.*set the clock"):
        run._reconciliation()
