"""Rules and dashboards as the cluster gets them: all of them, unchanged, and only where asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi_kubernetes as kubernetes
import pytest

from components.kubernetes_settings import MonitoringSettings
from components.monitoring import Monitoring, with_runbooks
from components.product_files import ProductFilesError, read_monitoring
from product_model import load_product
from product_model.monitoring import load_monitoring

if TYPE_CHECKING:
    from tests.unit.components.conftest import Build, Program

pytestmark = pytest.mark.unit

PRODUCT = Path(__file__).parents[3] / "data-product"


def made(build: Build, settings: MonitoringSettings) -> Program:
    def program() -> None:
        Monitoring(
            "monitoring",
            settings,
            read_monitoring(PRODUCT),
            namespace="pinot",
            provider=kubernetes.Provider("cluster"),
        )

    return build(program)


def test_nothing_is_made_unless_asked(build: Build) -> None:
    program = made(build, MonitoringSettings())
    assert program.names("PrometheusRule") == program.names("ConfigMap") == []


def test_one_rule_object_with_every_alert(build: Build) -> None:
    settings = MonitoringSettings(
        rules=True, labels={"release": "prometheus"}, runbooks="https://git.example.com/payments/blob/main/"
    )
    inputs = made(build, settings).one("PrometheusRule", "monitoring-rules").inputs
    assert inputs["metadata"]["labels"] == {"release": "prometheus"}
    rules = [rule for group in inputs["spec"]["groups"] for rule in group["rules"]]
    found = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in rules if "alert" in rule}
    assert set(found) == set(load_monitoring(load_product(PRODUCT)).alert_names())
    assert found["PaymentsClockOff"] == (
        "https://git.example.com/payments/blob/main/docs/runbooks/PaymentsClockOff.md"
    )


def test_each_dashboard_is_a_config_map_that_grafana_s_sidecar_finds(build: Build) -> None:
    program = made(build, MonitoringSettings(dashboards=True))
    assert program.names("ConfigMap") == [
        "monitoring-payments-business",
        "monitoring-payments-ingestion",
        "monitoring-payments-objectives",
        "monitoring-payments-query",
        "monitoring-payments-storage",
    ]
    inputs = program.one("ConfigMap", "monitoring-payments-objectives").inputs
    assert inputs["metadata"]["labels"] == {"grafana_dashboard": "1"}
    assert json.loads(inputs["data"]["payments-objectives.json"])["uid"] == "payments-objectives"


def test_without_an_address_rules_stay_as_they_are() -> None:
    groups = read_monitoring(PRODUCT).groups
    assert with_runbooks(groups, None) is groups


def test_a_product_without_rules_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        ProductFilesError, match="has no rules or no dashboards; `make monitoring` makes them"
    ):
        read_monitoring(tmp_path)
