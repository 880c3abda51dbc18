"""The generated rules under Prometheus' own evaluation: what fires, at which minute, and nothing else."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from local import promtool
from local.environment import default_cache
from local.failure import LocalFailureError
from product_model import load_product
from product_model.monitoring import load_monitoring
from tests.engine.rule_cases import NONE, RuleCase, rule_cases

if TYPE_CHECKING:
    from product_model.monitoring import Monitoring

pytestmark = pytest.mark.engine

PRODUCT = Path(__file__).parents[2] / "data-product"
TIMEOUT = 120


@pytest.fixture(scope="module")
def program() -> Path:
    import os

    try:
        return promtool.install(default_cache(os.environ))
    except LocalFailureError as error:
        pytest.skip(f"no promtool: {error}")


@pytest.fixture(scope="module")
def monitoring() -> Monitoring:
    return load_monitoring(load_product(PRODUCT))


@pytest.fixture
def rule_files(tmp_path: Path, monitoring: Monitoring) -> list[str]:
    return written(tmp_path, monitoring.rule_files())


def written(directory: Path, files: dict[str, str]) -> list[str]:
    paths = {directory / Path(name).name: text for name, text in files.items()}
    for path, text in paths.items():
        path.write_text(text)
    return [str(path) for path in paths]


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT
    )


def outcome(
    program: Path, directory: Path, case: RuleCase, rules: list[dict[str, Any]], files: list[str]
) -> str:
    """Return what promtool has against a case; empty when all is as the case says."""
    file = directory / f"{abs(hash((case.alert, case.when)))}.test.yaml"
    file.write_text(yaml.safe_dump(case.promtool(rules, files), sort_keys=False, width=1000))
    result = run(program, "test", "rules", str(file))
    return "" if result.returncode == 0 else f"{case.alert}: {case.when}\n{result.stdout}{result.stderr}"


def test_the_committed_rules_are_valid(program: Path) -> None:
    files = [str(file) for file in sorted((PRODUCT / "monitoring" / "rules").glob("*.yaml"))]
    assert len(files) == 2
    result = run(program, "check", "rules", *files)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_query_of_a_dashboard_is_promql(program: Path, tmp_path: Path) -> None:
    queries = [
        target["expr"]
        for file in sorted((PRODUCT / "monitoring" / "dashboards").glob("*.json"))
        for panel in json.loads(file.read_text())["panels"]
        for target in panel["targets"]
    ]
    assert len(queries) > 50
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    result = run(program, "check", "rules", str(file))
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_has_a_case_that_fires_and_one_that_must_not(monitoring: Monitoring) -> None:
    alerts = set(monitoring.alert_names())
    assert {case.alert for case in rule_cases() if case.fires} == alerts
    assert {case.alert for case in rule_cases() if not case.fires} - {NONE} == alerts


def test_each_alert_fires_at_its_minute_and_nothing_else_does(
    program: Path, tmp_path: Path, monitoring: Monitoring, rule_files: list[str]
) -> None:
    rules = monitoring.rules()
    with ThreadPoolExecutor(2) as pool:
        outcomes = pool.map(lambda case: outcome(program, tmp_path, case, rules, rule_files), rule_cases())
        wrong = [told for told in outcomes if told]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("old", "new", "alert"),
    [
        ("> 300000", "> 240000", "PaymentsDataStale"),
        ("< 100\n    for: 5m", "< 100\n    for: 4m", "PaymentsSegmentsUnavailable"),
        pytest.param(
            "> 14.4 * 0.001", "> 13 * 0.001", "PaymentsAvailabilityBudgetBurn", marks=pytest.mark.soak
        ),
        pytest.param("> 6 * 0.001", "> 5 * 0.001", "PaymentsAvailabilityBudgetBurn", marks=pytest.mark.soak),
        ("> 0.5", "> 0.3", "PaymentsClockOff"),
    ],
)
def test_a_changed_threshold_is_seen(
    program: Path, tmp_path: Path, monitoring: Monitoring, old: str, new: str, alert: str
) -> None:
    files = monitoring.rule_files()
    changed = {name: text.replace(old, new) for name, text in files.items()}
    assert changed != files, f"no rule holds {old!r}"
    rules = written(tmp_path, changed)
    cases = [case for case in rule_cases() if case.alert == alert]
    told = [outcome(program, tmp_path, case, monitoring.rules(), rules) for case in cases]
    assert any(told), f"{old!r} became {new!r}, and every case of {alert} still passes"
