"""Names in PromQL, and the list of those that there are."""

from __future__ import annotations

import pytest

from product_model.monitoring.metric_names import known_metrics, unknown_metric
from product_model.monitoring.promql import metric_names

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("up", {"up"}),
        ('sum by (table) (rate(a_total{table=~"b|c", x!="y"}[5m])) / b', {"a_total", "b"}),
        ("sum(a) by (table, partition) > 85e6", {"a"}),
        ("a and on (x) b unless ignoring (y) c or d", {"a", "b", "c", "d"}),
        ("a / on (x) group_left (y) b", {"a", "b"}),
        ("a offset 15m > bool 1.5e3", {"a"}),
        ("predict_linear(slo:a:sum[1d], 7 * 86400) > 1", {"slo:a:sum"}),
        ('absent(up{job="pinot-broker"}) or vector(0)', {"up"}),
        ("time() - max(a) > 3 * 3600", {"a"}),
        ("label_replace(a, 'x', '$1', 'y', '(.*)')", {"a"}),
        ("max_over_time(a[30d:5m])", {"a"}),
    ],
)
def test_the_metrics_of_an_expression(expression: str, names: set[str]) -> None:
    assert metric_names(expression) == names


def test_the_reference_s_metrics_are_known() -> None:
    # Names that a running Pinot 1.5.1 exports by its own exporter files.
    assert {
        "pinot_server_endToEndRealtimeIngestionDelayMs_Value",
        "pinot_server_llcPartitionConsuming_Value",
        "pinot_server_realtime_consumptionExceptions_Count",
        "pinot_server_rowsWithErrors_Count",
        "pinot_server_upsertPrimaryKeysCount_Value",
        "pinot_controller_percentSegmentsAvailable_Value",
        "pinot_controller_missingConsumingSegmentTotalCount_Value",
        "pinot_controller_pinotControllerLeader_Value",
        "pinot_broker_queryTotalTimeMs_95thPercentile",
    } <= known_metrics()


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("pinot_server_realtimeIngestionDelay_Value > 1", "pinot_server_realtimeIngestionDelayMs_Value"),
        ("rate(pinot_server_rowsWithErrors_Value[5m])", "pinot_server_rowsWithErrors_"),
        ("sum(nobody_exports_this)", "a name of product_model/monitoring/metrics.json"),
    ],
)
def test_an_unknown_metric_is_told_with_what_is_meant(expression: str, wrong: str) -> None:
    problem = unknown_metric(expression)
    assert problem is not None
    assert problem.startswith("unknown metric")
    assert wrong in problem


def test_a_recorded_series_is_known() -> None:
    assert unknown_metric("slo:error:ratio > 1", {"slo:error:ratio"}) is None
