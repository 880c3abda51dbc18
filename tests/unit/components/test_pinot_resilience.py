"""Autoscaling of brokers, ZooKeeper's disruption budget, PodMonitors."""

import pytest

from components.pinot_resilience import broker_autoscaler, pod_monitors, zookeeper_disruption_budget
from components.pinot_sizes import BrokerSize, PinotClusterSizes
from tests.unit.components.pinot_deployments import deployment

pytestmark = pytest.mark.unit


def test_brokers_are_added_by_cpu_and_go_one_by_one() -> None:
    sizes = PinotClusterSizes(brokers=BrokerSize(replicas=4, most_replicas=10, target_cpu_percent=70))
    spec = broker_autoscaler(deployment(sizes=sizes))
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "pinot-broker"}
    assert (spec["minReplicas"], spec["maxReplicas"]) == (4, 10)
    assert spec["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    assert spec["behavior"]["scaleDown"]["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 600}]


def test_never_fewer_brokers_than_copies() -> None:
    assert broker_autoscaler(deployment())["minReplicas"] == 3


def test_zookeeper_loses_one_at_a_time() -> None:
    spec = zookeeper_disruption_budget(deployment())
    assert spec["maxUnavailable"] == 1
    assert spec["selector"]["matchLabels"] == {"app": "pinot", "release": "pinot", "component": "zookeeper"}


def test_every_pods_metrics_are_read_once_under_the_roles_job() -> None:
    monitors = pod_monitors(deployment())
    read = {name: spec["selector"]["matchExpressions"][1]["values"] for name, spec in monitors.items()}
    assert read == {"pinot": ["controller", "broker", "server", "minion"], "zookeeper": ["zookeeper"]}
    for spec in monitors.values():
        assert spec["selector"]["matchExpressions"][0]["values"] == ["pinot", "pinot-warm", "pinot-cold"]
        (endpoint,) = spec["podMetricsEndpoints"]
        assert endpoint["relabelings"][0]["replacement"] == "pinot-$1"
    assert monitors["pinot"]["podMetricsEndpoints"][0]["port"] == "metrics"
    assert monitors["zookeeper"]["podMetricsEndpoints"][0]["portNumber"] == 7000
