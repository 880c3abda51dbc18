"""Who may reach which port: the policies are read as Kubernetes reads them, pod by pod and port by port."""

from typing import Any

import pytest

from components.kubernetes_settings import ClientSettings, EgressSettings, NetworkSettings, TlsSettings
from components.pinot_deployment import PinotDeployment
from components.pinot_network import network_policies
from tests.unit.components.pinot_deployments import deployment

pytestmark = pytest.mark.unit

RUNNER = ClientSettings(namespace="pulumi", pods={"app": "runner"})
READERS = ClientSettings(namespace="readers")
PROMETHEUS = ClientSettings(namespace="monitoring", pods={"app": "prometheus"})
NETWORK = NetworkSettings(
    controller_clients=(RUNNER,), broker_clients=(READERS,), metrics_clients=(PROMETHEUS,)
)
TLS = TlsSettings(secret="pinot-tls")  # noqa: S106 - a Secret's name

Pod = dict[str, str]


def pinot(component: str, release: str = "pinot") -> Pod:
    return {"namespace": "pinot", "app": "pinot", "release": release, "component": component}


def selects(selector: dict[str, Any], labels: Pod) -> bool:
    """Return whether a label selector of Kubernetes fits."""
    exact = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    listed = all(labels.get(e["key"]) in e["values"] for e in selector.get("matchExpressions", []))
    return exact and listed


def is_peer(peer: dict[str, Any], pod: Pod) -> bool:
    namespace = {"kubernetes.io/metadata.name": pod["namespace"]}
    if "namespaceSelector" in peer:
        return selects(peer["namespaceSelector"], namespace) and selects(peer.get("podSelector", {}), pod)
    return pod["namespace"] == "pinot" and selects(peer["podSelector"], pod)


def reaches(chosen: PinotDeployment, source: Pod, target: Pod, port: int) -> bool:
    """Return whether the policies let a connection through; a pod that no policy selects would be open."""
    policies = [p for p in network_policies(chosen).values() if selects(p["podSelector"], target)]
    assert any("Ingress" in policy["policyTypes"] for policy in policies)
    return any(
        any(is_peer(peer, source) for peer in rule["from"])
        and any(entry["port"] == port for entry in rule["ports"])
        for policy in policies
        for rule in policy["ingress"]
    )


INSIDE = [
    (pinot("server"), pinot("controller"), 9000),
    (pinot("controller"), pinot("broker"), 8099),
    (pinot("server"), pinot("broker"), 7732),
    (pinot("broker"), pinot("server"), 8098),
    (pinot("broker"), pinot("server", "pinot-cold"), 8098),
    (pinot("server", "pinot-warm"), pinot("server"), 8097),
    (pinot("broker"), pinot("server"), 7321),
    (pinot("server"), pinot("server", "pinot-cold"), 7732),
    (pinot("controller"), pinot("minion"), 9514),
    (pinot("minion"), pinot("controller"), 9000),
    (pinot("server", "pinot-warm"), pinot("zookeeper"), 2181),
    (pinot("zookeeper"), pinot("zookeeper"), 2888),
    (pinot("zookeeper"), pinot("zookeeper"), 3888),
]


@pytest.mark.parametrize(("source", "target", "port"), INSIDE)
def test_the_processes_reach_each_other(source: Pod, target: Pod, port: int) -> None:
    assert reaches(deployment(network=NETWORK), source, target, port)


OUTSIDE = [
    {"namespace": "pulumi", "app": "runner"},
    {"namespace": "pulumi", "app": "other"},
    {"namespace": "readers", "app": "dashboard"},
    {"namespace": "monitoring", "app": "prometheus"},
    {"namespace": "default", "app": "pinot", "release": "pinot", "component": "server"},
    {"namespace": "pinot", "app": "stray"},
]
PORTS = (
    80,
    2181,
    2888,
    3888,
    7000,
    7321,
    7443,
    7732,
    8008,
    8090,
    8091,
    8097,
    8098,
    8099,
    8443,
    9000,
    9443,
    9514,
)


def test_everyone_else_reaches_just_what_is_meant_for_them() -> None:
    chosen = deployment(network=NETWORK)
    opened = {
        (source["namespace"], source["app"], target["component"], port)
        for source in OUTSIDE
        for target in (
            *map(pinot, ("controller", "broker", "server", "minion", "zookeeper")),
            pinot("server", "pinot-cold"),
        )
        for port in PORTS
        if reaches(chosen, source, target, port)
    }
    assert opened == {
        ("pulumi", "runner", "controller", 9000),
        ("readers", "dashboard", "broker", 8099),
        ("monitoring", "prometheus", "controller", 8008),
        ("monitoring", "prometheus", "broker", 8008),
        ("monitoring", "prometheus", "server", 8008),
        ("monitoring", "prometheus", "minion", 8008),
        ("monitoring", "prometheus", "zookeeper", 7000),
    }


def test_without_clients_nobody_outside_reaches_anything() -> None:
    chosen = deployment()
    opened = [
        (source, port)
        for source in OUTSIDE
        for component in ("controller", "broker", "server", "minion", "zookeeper")
        for port in PORTS
        if reaches(chosen, source, pinot(component), port)
    ]
    assert opened == []


def test_with_tls_the_plain_doors_are_closed() -> None:
    chosen = deployment(network=NETWORK, tls=TLS)
    runner, reader = OUTSIDE[0], OUTSIDE[2]
    assert reaches(chosen, runner, pinot("controller"), 9443)
    assert reaches(chosen, reader, pinot("broker"), 8443)
    assert reaches(chosen, pinot("broker"), pinot("server"), 8091)
    assert reaches(chosen, pinot("server"), pinot("server"), 7443)
    assert not reaches(chosen, runner, pinot("controller"), 9000)
    assert not reaches(chosen, pinot("server"), pinot("controller"), 9000)
    assert not reaches(chosen, reader, pinot("broker"), 8099)
    assert not reaches(chosen, pinot("broker"), pinot("server"), 8098)


@pytest.mark.parametrize("release", ["pinot", "pinot-warm", "pinot-cold"])
@pytest.mark.parametrize("component", ["controller", "broker", "server", "minion", "zookeeper"])
def test_every_pod_is_closed_in_both_directions(component: str, release: str) -> None:
    closed = network_policies(deployment(network=NETWORK))["closed"]
    assert selects(closed["podSelector"], pinot(component, release))
    assert closed["ingress"] == []


def test_pods_go_out_only_where_they_must() -> None:
    network = NetworkSettings(egress=(EgressSettings(cidrs=("10.1.0.0/16",), ports=(9096,)),))
    closed = network_policies(deployment(network=network))["closed"]
    assert closed["policyTypes"] == ["Ingress", "Egress"]
    dns, inside, kafka = closed["egress"]
    assert {(entry["protocol"], entry["port"]) for entry in dns["ports"]} == {("UDP", 53), ("TCP", 53)}
    assert "ports" not in inside
    assert all(
        is_peer(inside["to"][0], pinot(role, release))
        for role in ("server", "zookeeper")
        for release in ("pinot", "pinot-cold")
    )
    assert kafka == {
        "to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}],
        "ports": [{"protocol": "TCP", "port": 9096}],
    }
