"""Where the product's programs may go, and who reads their metrics: NetworkPolicies. Pure: no Pulumi.

Everything is closed in both directions, and each program gets the ways that its work needs: the archiver to
Kafka and S3, the loader to S3 and Pinot, the measuring run to Kafka and Pinot.
"""

from collections.abc import Iterable
from typing import Any, Final

from components.kubernetes_settings import EgressSettings
from components.operations_plan import OperationsPlan, egress_without
from components.operations_settings import ARCHIVER, LOADER, MEASURE
from components.operations_workloads import METRICS_PORT, selector
from components.pinot_network import dns_rule, peers, tcp

Spec = dict[str, Any]

HTTPS: Final = frozenset({443})


def network_policies(plan: OperationsPlan) -> dict[str, Spec]:
    """Return the specifications of the policies, by name."""
    kubernetes = plan.kubernetes
    ways = kubernetes.network.egress
    policies = {
        "closed": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": [dns_rule()],
        },
        ARCHIVER: _egress(ARCHIVER, _outside(ways)),
        LOADER: _egress(LOADER, [*_outside(egress_without(ways, plan.kafka_ports)), *_pinot(plan)]),
    }
    if plan.settings.measure is not None:
        rules = [*_outside(egress_without(ways, HTTPS)), *_pinot(plan)]
        if (place := plan.settings.measure.pushgateway_place) is not None:
            namespace, port = place
            rules.append({"to": [{"namespaceSelector": _namespace(namespace)}], "ports": tcp([port])})
        policies[MEASURE] = _egress(MEASURE, rules)
    if watchers := peers(kubernetes.network.metrics_clients):
        policies["metrics"] = {
            "podSelector": {
                "matchExpressions": [
                    {"key": "app.kubernetes.io/name", "operator": "In", "values": [ARCHIVER, LOADER]}
                ]
            },
            "policyTypes": ["Ingress"],
            "ingress": [{"from": watchers, "ports": tcp([METRICS_PORT])}],
        }
    return policies


def _egress(program: str, rules: list[Spec]) -> Spec:
    return {"podSelector": selector(program), "policyTypes": ["Egress"], "egress": rules}


def _outside(ways: Iterable[EgressSettings]) -> list[Spec]:
    return [
        {"to": [{"ipBlock": {"cidr": cidr}} for cidr in way.cidrs], "ports": tcp(way.ports)} for way in ways
    ]


def _pinot(plan: OperationsPlan) -> list[Spec]:
    """Return the ways to Pinot's controllers and brokers."""
    pinot = plan.pinot
    return [
        {
            "to": [
                {
                    "namespaceSelector": _namespace(plan.kubernetes.namespace),
                    "podSelector": {
                        "matchLabels": {"app": "pinot", "release": pinot.release(), "component": component}
                    },
                }
            ],
            "ports": tcp([port]),
        }
        for component, port in (("controller", pinot.controller_port), ("broker", pinot.broker_port))
    ]


def _namespace(name: str) -> Spec:
    return {"matchLabels": {"kubernetes.io/metadata.name": name}}
