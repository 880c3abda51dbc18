"""What keeps Pinot answering beside the chart: brokers by load, ZooKeeper's quorum, metrics.

Pure: no Pulumi.
"""

from typing import Any, Final

from components.pinot_deployment import ZOOKEEPER_METRICS_PORT, PinotDeployment
from components.pinot_network import PROCESSES
from components.pinot_sizes import BrokerSize

Spec = dict[str, Any]

SCALE_DOWN_SECONDS: Final = 600
"""How long the load must be low before a broker goes, and the time between two that go: one at a time."""


def broker_autoscaler(deployment: PinotDeployment) -> Spec:
    """Return the specification of the brokers' HorizontalPodAutoscaler.

    An upgrade of the release sets the StatefulSet back to the fewest brokers, because the chart always
    writes a number; the autoscaler is back within a minute.
    """
    given = deployment.settings.sizes.brokers or BrokerSize()
    return {
        "scaleTargetRef": {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "name": f"{deployment.release()}-broker",
        },
        "minReplicas": deployment.plan.broker.replicas,
        "maxReplicas": deployment.plan.most_brokers,
        "metrics": [
            {
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": given.target_cpu_percent},
                },
            }
        ],
        "behavior": {
            "scaleUp": {
                "stabilizationWindowSeconds": 60,
                "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}],
            },
            "scaleDown": {
                "stabilizationWindowSeconds": SCALE_DOWN_SECONDS,
                "policies": [{"type": "Pods", "value": 1, "periodSeconds": SCALE_DOWN_SECONDS}],
            },
        },
    }


def zookeeper_disruption_budget(deployment: PinotDeployment) -> Spec:
    """Return ZooKeeper's PodDisruptionBudget: the one role for which the chart has none."""
    labels = {"app": "pinot", "release": deployment.release(), "component": "zookeeper"}
    return {"maxUnavailable": 1, "selector": {"matchLabels": labels}}


def pod_monitors(deployment: PinotDeployment) -> dict[str, Spec]:
    """Return the specifications of the PodMonitors, by name.

    Pods and not services, because the chart has two services a role and each pod would be read twice. The
    job is `pinot-<role>`, as alerting rules want it.
    """
    relabelings = [
        {
            "sourceLabels": ["__meta_kubernetes_pod_label_component"],
            "targetLabel": "job",
            "replacement": "pinot-$1",
        },
        {"sourceLabels": ["__meta_kubernetes_pod_label_release"], "targetLabel": "release"},
    ]

    def monitor(components: tuple[str, ...], endpoint: Spec) -> Spec:
        return {
            "selector": {
                "matchLabels": {"app": "pinot"},
                "matchExpressions": [
                    {"key": "release", "operator": "In", "values": [*deployment.releases]},
                    {"key": "component", "operator": "In", "values": [*components]},
                ],
            },
            "podMetricsEndpoints": [{**endpoint, "interval": "30s", "relabelings": relabelings}],
        }

    return {
        "pinot": monitor(PROCESSES, {"port": "metrics"}),
        # The chart gives ZooKeeper's container no name for this port.
        "zookeeper": monitor(("zookeeper",), {"portNumber": ZOOKEEPER_METRICS_PORT}),
    }
