"""What a report says, and what it must never say."""

from __future__ import annotations

import json

import pytest

from operations.measure.page import page
from operations.measure.quality import QualityResult, QualityRule
from operations.measure.reconcile import HourResult, Reconciliation
from operations.measure.report import Measured, Report, figure
from product_model.monitoring.metric_names import known_metrics

pytestmark = pytest.mark.unit

HOUR = 1_760_000_400_000  # 2025-10-09T09:00:00Z


def accuracy(bad: int, events: int = 100_000) -> Measured:
    return Measured("accuracy", 99.99, "percent", 0.0001, 100 * (events - bad) / events, events, bad)


def full() -> Report:
    differing = HourResult("transaction_booked_rt", HOUR, cents=(1234, 2468))
    differing.add("missing", "e-1")
    return Report(
        "test",
        1000.0,
        measured=[
            accuracy(1),
            Measured("freshness", 1000, "milliseconds", 0.01, 85.2, 300, 0),
            Measured("availability", 99.9, "percent", 0.001, reason="nobody answers"),
            Measured("completeness", 99.9, "percent", 0.001, reason="not asked for", asked=False),
        ],
        reconciliation=Reconciliation(
            {"transaction_booked_rt": 100_000}, 24, [differing], {"valid": 9, "broken": 1, "other": 5}
        ),
        quality=[
            QualityResult(QualityRule("payment_analytics", "time-order", "bookedAt < registeredAt"), 2),
            QualityResult(QualityRule("payment_analytics", "amount-format", "TRUE"), None, "no answer"),
        ],
        newest_record={"payments": 990.0},
        business=[("payments_success_percent", {"currency": 'E"UR'}, 91.5)],
    )


def test_one_row_of_a_hundred_thousand_is_not_hidden_by_rounding() -> None:
    assert figure(100 * 99_999 / 100_000, "percent") == "99.999 %"
    assert figure(100 * 9_999_999 / 10_000_000, "percent") == "99.99999 %"
    assert figure(99.999_999_9, "percent") == "99.99999 %"
    assert figure(100.0, "percent") == "100 %"


def test_a_promise_is_kept_at_its_very_target() -> None:
    assert accuracy(10).passed is True
    assert accuracy(11).passed is False
    assert accuracy(10).budget_used == pytest.approx(1)
    assert Measured("freshness", 1000, "milliseconds", 0.01, 1000, 1, 0).passed is True
    assert Measured("freshness", 1000, "milliseconds", 0.01, 1000.1, 1, 1).passed is False


def test_what_was_not_measured_is_never_passed() -> None:
    report = Report("test", 0.0, measured=[Measured("accuracy", 99.99, "percent", 0.0001, reason="no")])
    assert report.measured[0].passed is None
    assert report.code == 4
    assert "not measured: no" in report.text()
    assert "pass" not in report.text().replace("passed", "")
    assert json.loads(report.json())["objectives"][0]["result"] == "not measured"
    assert "payments_measured_passed" not in report.prometheus()
    assert "payments_measured_timestamp_seconds" not in report.prometheus()
    assert 'payments_measurement_failed{objective="accuracy"} 1' in report.prometheus()
    assert Report("test", 0.0).code == 4


def test_exit_codes() -> None:
    assert Report("test", 0.0, measured=[accuracy(0)]).code == 0
    assert Report("test", 0.0, measured=[accuracy(11)]).code == 3
    broken = QualityResult(QualityRule("t", "r", "x"), 1)
    assert Report("test", 0.0, measured=[accuracy(0)], quality=[broken]).code == 3
    unasked = QualityResult(QualityRule("t", "r", "x"), None, "away")
    assert Report("test", 0.0, measured=[accuracy(0)], quality=[unasked]).code == 4


def test_the_text_names_hour_table_and_key() -> None:
    text = full().text()
    assert "✗ 2025-10-09T09:00Z transaction_booked_rt: 1 missing (e-1); amounts 12.34 of 24.68" in text
    assert "✗ payment_analytics time-order: 2 rows" in text
    assert "? payment_analytics amount-format: no answer" in text
    assert "Quality rules: 2 asked, 1 broken, 1 not measured" in text


def test_every_sample_has_a_name_that_rules_may_ask_for() -> None:
    lines = full().prometheus().splitlines()
    names = {line.partition("{")[0] for line in lines if not line.startswith("#")}
    assert names <= known_metrics()
    assert 'payments_reconciled_rows{table="transaction_booked_rt",finding="missing"} 1' in lines
    assert 'payments_stream_events{judged="broken"} 1' in lines
    assert 'payments_success_percent{currency="E\\"UR"} 91.5' in lines
    assert not [line for line in lines if "other" in line]
    assert not [line for line in lines if "completeness" in line], "what was not asked for is no failure"
    assert len({line for line in lines if line.startswith("# TYPE")}) == len(names)


def test_the_page_shows_what_the_report_says_and_escapes_it() -> None:
    html = page(full())
    assert "99.999 %" in html
    assert "not measured" in html
    assert "nobody answers" in html
    assert 'class="card open"' in html
    assert "E&quot;UR" in html
    assert "<script" not in html
