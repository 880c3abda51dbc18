"""Who may reach which port of Pinot: NetworkPolicies beside the chart, which has none. Pure: no Pulumi.

Pinot checks users at the controller's API and in front of the brokers' tables; netty, most of the servers'
and minions' admin API and ZooKeeper are open to whoever reaches them (Pinot 1.5.1). So everything is
closed, in both directions, and each door is opened for those who need it.
"""

from collections.abc import Iterable
from typing import Any, Final

from components.kubernetes_settings import ClientSettings
from components.pinot_deployment import (
    METRICS_PORT,
    MINION_PORT,
    QUERY_RUNNER_PORT,
    QUERY_SERVER_PORT,
    SERVER_ADMIN_PORT,
    SERVER_ADMIN_TLS_PORT,
    SERVER_PORT,
    SERVER_TLS_PORT,
    ZOOKEEPER_METRICS_PORT,
    ZOOKEEPER_PEER_PORTS,
    ZOOKEEPER_PORT,
    PinotDeployment,
)

Spec = dict[str, Any]

DNS_PORT: Final = 53
NODE_LOCAL_DNS: Final = "169.254.20.10/32"
"""Where a node's own DNS cache listens in clusters that have one (Kubernetes, "NodeLocal DNSCache")."""
PROCESSES: Final = ("controller", "broker", "server", "minion")


def network_policies(deployment: PinotDeployment) -> dict[str, Spec]:
    """Return the specifications of the policies, by name."""
    network = deployment.settings.network
    secured = deployment.settings.tls is not None
    processes = _pods(deployment, *PROCESSES)
    inside = {"podSelector": processes}
    server_ports = [SERVER_ADMIN_PORT, QUERY_SERVER_PORT, QUERY_RUNNER_PORT]
    server_ports += [SERVER_TLS_PORT, SERVER_ADMIN_TLS_PORT] if secured else [SERVER_PORT]
    policies = {
        "closed": {
            "podSelector": _pods(deployment),
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": _egress(deployment),
        },
        "controller": _ingress(
            _pods(deployment, "controller"),
            _rule([inside, *peers(network.controller_clients)], [deployment.controller_port]),
        ),
        "broker": _ingress(
            _pods(deployment, "broker"),
            _rule([inside, *peers(network.broker_clients)], [deployment.broker_port]),
            _rule([inside], [QUERY_RUNNER_PORT]),
        ),
        "server": _ingress(_pods(deployment, "server"), _rule([inside], sorted(server_ports))),
        "minion": _ingress(
            _pods(deployment, "minion"),
            _rule([{"podSelector": _pods(deployment, "controller")}], [MINION_PORT]),
        ),
        "zookeeper": _ingress(
            _pods(deployment, "zookeeper"),
            _rule([inside], [ZOOKEEPER_PORT]),
            _rule([{"podSelector": _pods(deployment, "zookeeper")}], [*ZOOKEEPER_PEER_PORTS]),
        ),
    }
    if watchers := peers(network.metrics_clients):
        policies |= {
            "metrics": _ingress(processes, _rule(watchers, [METRICS_PORT])),
            "zookeeper-metrics": _ingress(
                _pods(deployment, "zookeeper"), _rule(watchers, [ZOOKEEPER_METRICS_PORT])
            ),
        }
    return policies


def _pods(deployment: PinotDeployment, *components: str) -> Spec:
    """Select pods of all releases, by component; none given: every pod of Pinot."""
    expressions = [{"key": "release", "operator": "In", "values": [*deployment.releases]}]
    if components:
        expressions.append({"key": "component", "operator": "In", "values": [*components]})
    return {"matchLabels": {"app": "pinot"}, "matchExpressions": expressions}


def peers(clients: Iterable[ClientSettings]) -> list[Spec]:
    """Return the clients: a namespace and, in it, the pods with these labels."""
    peers = []
    for client in clients:
        # One entry with both selectors means "and"; two entries would mean "or".
        peer: Spec = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": client.namespace}}}
        if client.pods:
            peer["podSelector"] = {"matchLabels": dict(client.pods)}
        peers.append(peer)
    return peers


def _rule(peers: list[Spec], ports: list[int]) -> Spec:
    return {"from": peers, "ports": tcp(ports)}


def tcp(ports: Iterable[int]) -> list[Spec]:
    """Return TCP ports as policies take them."""
    return [{"protocol": "TCP", "port": port} for port in ports]


def dns_rule() -> Spec:
    """Return the way to the cluster's DNS, which every pod needs."""
    return {
        "to": [{"namespaceSelector": {}}, {"ipBlock": {"cidr": NODE_LOCAL_DNS}}],
        "ports": [{"protocol": "UDP", "port": DNS_PORT}, *tcp([DNS_PORT])],
    }


def _ingress(pods: Spec, *rules: Spec) -> Spec:
    return {"podSelector": pods, "policyTypes": ["Ingress"], "ingress": list(rules)}


def _egress(deployment: PinotDeployment) -> list[Spec]:
    outside = [
        {"to": [{"ipBlock": {"cidr": cidr}} for cidr in way.cidrs], "ports": tcp(way.ports)}
        for way in deployment.settings.network.egress
    ]
    return [dns_rule(), {"to": [{"podSelector": _pods(deployment)}]}, *outside]
