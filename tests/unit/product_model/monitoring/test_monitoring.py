"""Rules made of the descriptor: golden, complete, and refused where the descriptor cannot be kept."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from product_model import ProductError, load_product
from product_model.monitoring import load_monitoring
from product_model.monitoring.__main__ import main
from product_model.monitoring.burn_rates import BURNS, WINDOWS, budget, duration, period_seconds

if TYPE_CHECKING:
    from product_model.monitoring import Monitoring

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[4]
PRODUCT = ROOT / "data-product"
DESCRIPTOR = "payment-service-data-product.yaml"
ALERTS = "monitoring/alerts.yaml"
INDICATORS = "monitoring/indicators.yaml"
DASHBOARDS = "monitoring/dashboards.yaml"
SECTIONS = (
    "## What it means for readers",
    "## How to see it",
    "## First moves",
    "## When to call whom",
    "## How it was tested",
)


@pytest.fixture(scope="module")
def monitoring() -> Monitoring:
    return load_monitoring(load_product(PRODUCT))


def test_the_committed_files_are_what_the_descriptor_asks_for(monitoring: Monitoring) -> None:
    for name, text in monitoring.files().items():
        assert (PRODUCT / name).read_text() == text, f"{name}: run `make monitoring`"


def test_a_stale_file_is_told_and_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / "data-product"
    shutil.copytree(PRODUCT, directory)
    rules = directory / "monitoring" / "rules" / "alerts.yaml"
    kept = rules.read_text()
    rules.write_text(kept.replace("> 300000", "> 400000"))
    assert main([str(directory), "--check"]) == 1
    assert "monitoring/rules/alerts.yaml is not what the descriptor asks for" in capsys.readouterr().out
    assert main([str(directory)]) == 0
    assert rules.read_text() == kept
    assert main([str(directory), "--check"]) == 0


def test_burn_rates_are_those_of_the_workbook(monitoring: Monitoring) -> None:
    availability = monitoring.product.descriptor.objectives[0]
    month = period_seconds(availability)
    assert [burn.factor(month) for burn in BURNS] == pytest.approx([14.4, 6, 1])
    assert [(burn.severity, duration(burn.long), duration(burn.short)) for burn in BURNS] == [
        ("page", "1h", "5m"),
        ("page", "6h", "30m"),
        ("ticket", "3d", "6h"),
    ]
    assert [duration(window) for window in WINDOWS] == ["5m", "30m", "1h", "6h", "3d"]


def test_budgets_come_from_the_targets(monitoring: Monitoring) -> None:
    budgets = {one.name: budget(one) for one in monitoring.product.descriptor.objectives}
    assert budgets == {
        "availability": 0.001,
        "query-latency": 0.05,
        "freshness": 0.01,
        "accuracy": 0.0001,
        "completeness": 0.001,
    }


def test_the_thresholds_are_the_descriptor_s(tmp_path: Path) -> None:
    changed = edited(tmp_path, DESCRIPTOR, "data-freshness, above: 5, unit", "data-freshness, above: 7, unit")
    rule = next(
        one
        for one in load_monitoring(load_product(changed)).rules()
        if one.get("alert") == "PaymentsDataStale"
    )
    assert "> 420000" in rule["expr"]
    assert "> 420" in rule["expr"].split(" or ")[1]
    assert rule["annotations"]["summary"].endswith("more than 7 minutes behind the stream.")


def test_every_alert_says_what_an_operator_needs(monitoring: Monitoring) -> None:
    for rule in monitoring.rules():
        if "alert" not in rule:
            continue
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["labels"]["owner"] in {"payment-engineering", "platform-engineering"}
        assert set(rule["annotations"]) == {"summary", "impact", "runbook", "dashboard"}
        assert all(len(text) > 10 for text in rule["annotations"].values())
        assert (ROOT / rule["annotations"]["runbook"]).is_file(), rule["alert"]


def test_each_runbook_belongs_to_an_alert_and_is_complete(monitoring: Monitoring) -> None:
    pages = {page.stem: page.read_text() for page in (ROOT / "docs" / "runbooks").glob("Payments*.md")}
    assert set(pages) == set(monitoring.alert_names())
    for name, text in pages.items():
        parts = re.split(r"^(## .*)$", text, flags=re.MULTILINE)
        assert tuple(parts[1::2]) == SECTIONS, name
        assert all(len(part.strip()) > 15 for part in parts[2::2]), f"{name} has an empty section"


def test_each_link_of_a_runbook_resolves() -> None:
    for page in (ROOT / "docs" / "runbooks").glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def edited(tmp_path: Path, file: str, old: str, new: str) -> Path:
    directory = tmp_path / "data-product"
    shutil.copytree(PRODUCT, directory)
    text = (directory / file).read_text()
    assert old in text
    (directory / file).write_text(text.replace(old, new, 1))
    return directory


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (DESCRIPTOR, "target: 99.9, unit: percent, window: 30d, description: Share of q",
         "target: 99.9, window: 30d, description: Share of q",
         r"objectives\[0\]\.unit \(line \d+\): the key is missing"),
        (DESCRIPTOR, "unit: percent, window: 30d, description: Share of q",
         "unit: percent, description: Share of q",
         r"objectives\[0\]\.window \(line \d+\): the key is missing"),
        (DESCRIPTOR, "target: 99.9, unit: percent, window: 30d, description: Share of q",
         "target: 100, unit: percent, window: 30d, description: Share of q",
         "leaves no budget; allowed: below 100"),
        (DESCRIPTOR, "target: 99.9, unit: percent, window: 30d, description: Share of q",
         "target: 90, unit: percent, window: 30d, description: Share of q",
         "its alert over 1h would want 144 % bad events, which cannot be"),
        (DESCRIPTOR, "target: 100, unit: milliseconds, percentile: 95,", "target: 100, unit: milliseconds,",
         "'query-latency' in milliseconds has no percentile"),
        (DESCRIPTOR, "above: 500, unit: milliseconds", "above: 50, unit: milliseconds",
         "fires above 50 ms, while objective 'query-latency' still allows 100 ms; allowed: a thre"),
        (DESCRIPTOR, "ingestion-errors, above: 1,", "ingestion-errors, above: 0.05,",
         "fires above 0.05 %, while objective 'completeness' still allows 0.1 %"),
        (DESCRIPTOR, "ingestion-errors, above: 1,", "ingestion-errors, above: 100,", "can never fire"),
        (DESCRIPTOR, "{name: data-freshness,", "{name: data-age,",
         "alert 'data-freshness' is none of the descriptor's; allowed: data-age"),
        (ALERTS, "promise: breaking-schema-change", "promise: ingestion-errors", "stands twice"),
        (ALERTS, "    promise: data-freshness\n", "", "nothing alerts on 'data-freshness'"),
        (ALERTS, "pinot_server_streamDataLoss_Value", "pinot_server_streamDatalost_Value",
         r"rule PaymentsStreamDataLoss: expr: unknown metric .* allowed: pinot_server_streamDataLoss_Value"),
        (ALERTS, "severity: page", "severity: urgent", r"alerts\[0\]\.severity .* 'page' or 'ticket'"),
        (ALERTS, "name: PaymentsAuditGap", "name: PaymentsClockOff", "alert PaymentsClockOff stands twice"),
        (DASHBOARDS, "(payments_measured_passed)", "(payments_measured_pass)",
         "unknown metric 'payments_measured_pass'; allowed: payments_measured_passed"),
        (DASHBOARDS, ", alerts: [PaymentsClockOff]", "", "no panel explains PaymentsClockOff"),
        (DASHBOARDS, "alerts: [PaymentsClockOff]", "alerts: [PaymentsClockOff, PaymentsPinotDown]",
         "alert PaymentsPinotDown is on another panel too"),
        (DASHBOARDS, "kind: stat", "kind: gauge", "allowed: 'timeseries' or 'stat'"),
        (INDICATORS, "objective: availability", "objective: uptime", "'uptime' is none of the descriptor's"),
        (INDICATORS, "objective: accuracy\n", "objective: completeness\n", "'completeness' stands twice"),
        (INDICATORS, "[{window}]", "[{windows}]", r"\{windows\} has no value here; allowed: \{window\}"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused(tmp_path: Path, file: str, old: str, new: str, told: str) -> None:
    directory = edited(tmp_path, file, old, new)
    with pytest.raises(ProductError) as refusal:
        load_monitoring(load_product(directory))
    assert re.search(told, str(refusal.value)), str(refusal.value)
