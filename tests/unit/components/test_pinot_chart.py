"""What the releases of the Pinot chart are asked for: the rendered intent of each pool."""

import json
import re
from typing import Any

import pytest

from components.kubernetes_settings import ControllerAccessSettings, ImageSettings, TlsSettings
from components.pinot_chart import (
    VALUE_PATHS,
    ChartValuesError,
    checked,
    pool_values,
    release_values,
    unknown_value_paths,
)
from components.pinot_sizes import PinotClusterSizes, PoolSize, Toleration
from tests.unit.components.pinot_deployments import deployment

pytestmark = pytest.mark.unit

DIGEST = "sha256:" + "ab" * 32
ROLES = ("controller", "broker", "server", "minion")
TLS = TlsSettings(secret="pinot-tls")  # noqa: S106 - a Secret's name
INGRESS = ControllerAccessSettings(
    way="ingress",
    host="pinot.example.org",
    ingress_class="internal",
    tls_secret="pinot-ingress",  # noqa: S106 - a name
)
EVERYTHING: dict[str, Any] = {
    "tls": TLS,
    "controller_access": INGRESS,
    "image": ImageSettings(repository="mirror.example.org/pinot", tag="1.5.1", digest=DIGEST),
    "image_pull_secrets": ("mirror",),
    "sizes": PinotClusterSizes(
        servers=PoolSize(
            storage_class="gp3", node_selector={"pool": "hot"}, tolerations=(Toleration(key="pinot"),)
        ),
        zookeeper=PoolSize(storage_class="gp3"),
    ),
}


@pytest.mark.parametrize("changes", [{}, EVERYTHING])
def test_the_chart_reads_every_path(changes: dict[str, Any]) -> None:
    chosen = deployment(**changes)
    for values in (release_values(chosen), pool_values(chosen, "warm"), pool_values(chosen, "cold")):
        assert list(unknown_value_paths(values)) == []


def test_the_list_is_the_charts() -> None:
    """As rendered with Helm 3.20.2: 402 leaves, 8 further paths, 6 maps that are rendered whole."""
    leaves, further, whole = VALUE_PATHS.read_text().split("==\n")
    count = [
        len([line for line in part.splitlines() if line[:1] not in {"", "#"}])
        for part in (leaves, further, whole)
    ]
    assert count == [402, 8, 6]


@pytest.mark.parametrize(
    ("values", "path", "hint"),
    [
        ({"server": {"jvmOps": "-Xmx1G"}}, "server.jvmOps", "server.jvmOpts"),
        (
            {"controller": {"probes": {"liveness": {"periodSecond": 1}}}},
            "controller.probes.liveness.periodSecond",
            "periodSeconds",
        ),
        ({"server": {"topologySpreadConstraints": []}}, "server.topologySpreadConstraints", ""),
        ({"zookeeper": {"pdb": {"enabled": True}}}, "zookeeper.pdb.enabled", ""),
    ],
)
def test_a_path_that_the_chart_ignores_is_refused(values: dict[str, Any], path: str, hint: str) -> None:
    with pytest.raises(ChartValuesError, match=re.escape(path)) as error:
        checked(values)
    assert hint in str(error.value)


@pytest.mark.parametrize(
    "values",
    [
        {"server": {"resources": {"limits": {"memory": "1Gi"}}}},
        {"controller": {"affinity": {"podAntiAffinity": {}}}},
        {"serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "x"}}},
    ],
)
def test_what_stands_below_a_listed_map_is_read(values: dict[str, Any]) -> None:
    assert checked(values) == values


def test_defaults_that_must_not_stay() -> None:
    values = release_values(deployment())
    assert values["image"] == {
        "repository": "apachepinot/pinot",
        "tag": "1.5.1",
        "pullPolicy": "IfNotPresent",
    }
    assert values["cluster"]["name"] == "payments"
    assert values["terminationGracePeriodSeconds"] == 600
    assert values["controller"]["external"] == values["broker"]["external"] == {"enabled": False}
    assert values["minion"]["enabled"] is True
    assert values["minionStateless"] == {"enabled": False}
    assert values["zookeeper"]["replicaCount"] == 3
    assert values["pinotAuth"] == {"enabled": False}
    for role in ROLES:
        assert values[role]["pdb"] == {"enabled": True, "maxUnavailable": 1}
        assert values[role]["automaticReload"] == {"enabled": True}
        for probe in ("liveness", "readiness", "startup"):
            assert values[role]["probes"][f"{probe}Enabled"] is True


def test_replicas_are_the_plans() -> None:
    values = release_values(deployment())
    assert {role: values[role]["replicaCount"] for role in ROLES} == {
        "controller": 3,
        "broker": 3,
        "server": 6,
        "minion": 2,
    }


def test_no_probe_has_a_zero_that_the_chart_takes_for_absent() -> None:
    values = release_values(deployment())
    for role in ROLES:
        for probe in ("liveness", "readiness", "startup"):
            assert all(number > 0 for number in values[role]["probes"][probe].values())


@pytest.mark.parametrize("role", ROLES)
def test_jvm_options(role: str) -> None:
    values = release_values(deployment())[role]
    options = values["jvmOpts"].split()
    assert "-Duser.timezone=UTC" in options
    assert "-Djute.maxbuffer=4000000" in options
    exporter = "/opt/pinot/etc/jmx_prometheus_javaagent"
    agent = f"-javaagent:{exporter}/jmx_prometheus_javaagent.jar=8008:{exporter}/configs/{role}.yml"
    assert agent in options
    (heap,) = (int(option[4:-1]) for option in options if option.startswith("-Xmx"))
    assert f"-Xms{heap}M" in options
    (direct,) = (int(o.split("=")[1][:-1]) for o in options if o.startswith("-XX:MaxDirectMemorySize"))
    assert int(values["resources"]["limits"]["memory"][:-2]) > heap + direct
    assert values["resources"]["requests"]["memory"] == values["resources"]["limits"]["memory"]
    assert "cpu" not in values["resources"]["limits"]
    (processors,) = (int(o.split("=")[1]) for o in options if o.startswith("-XX:ActiveProcessorCount"))
    assert values["resources"]["requests"]["cpu"] == f"{processors * 1000}m"


def test_zookeepers_own_limits_fit_pinots() -> None:
    zookeeper = release_values(deployment())["zookeeper"]
    assert "-Djute.maxbuffer=4000000" in zookeeper["jvmFlags"].split()
    # Each hides `size`, which would change nothing.
    assert "size" not in zookeeper["persistence"]
    assert zookeeper["persistence"]["data"] == zookeeper["persistence"]["datalog"] == {"size": "20Gi"}


def test_deep_store_is_a_value_and_no_line() -> None:
    values = release_values(deployment())
    assert values["controller"]["data"] == {"dir": "s3://payments-deep-store/segments"}
    assert "controller.data.dir" not in values["controller"]["extra"]["configs"]
    assert values["serviceAccount"] == {
        "create": True,
        "name": "pinot",
        "annotations": {"eks.amazonaws.com/role-arn": "@(pinot-role-arn)"},
    }


def test_secrets_come_from_the_environment_and_each_role_has_its_own_only() -> None:
    values = release_values(deployment())
    from_secret = {
        role: {
            entry["name"]: entry["valueFrom"]["secretKeyRef"]
            for entry in values[role]["extraEnv"]
            if "valueFrom" in entry
        }
        for role in ROLES
    }
    assert {role: sorted(names) for role, names in from_secret.items()} == {
        "controller": ["KAFKA_JAAS_SECRET", "PINOT_ADMIN_PASSWORD", "PINOT_AUTH_TOKEN"],
        "broker": [],
        "server": ["KAFKA_JAAS_SECRET", "PINOT_AUTH_TOKEN"],
        "minion": ["PINOT_AUTH_TOKEN"],
    }
    for names in from_secret.values():
        assert all(
            reference == {"name": "@(credentials-secret)", "key": name} for name, reference in names.items()
        )


def test_every_environment_variable_with_a_secret_has_a_name_that_pinot_masks() -> None:
    values = release_values(deployment(tls=TLS))
    names = [e["name"] for role in ROLES for e in values[role]["extraEnv"] if "valueFrom" in e]
    assert names
    assert [name for name in names if not re.search(r"(PASSWORD|SECRET|TOKEN)$", name)] == []


@pytest.mark.parametrize("role", ROLES)
def test_pods_keep_apart(role: str) -> None:
    rules = release_values(deployment())[role]["affinity"]["podAntiAffinity"]
    (node,) = rules["requiredDuringSchedulingIgnoredDuringExecution"]
    assert node["topologyKey"] == "kubernetes.io/hostname"
    assert node["labelSelector"]["matchLabels"] == {"app": "pinot", "release": "pinot", "component": role}
    (zone,) = rules["preferredDuringSchedulingIgnoredDuringExecution"]
    assert zone["podAffinityTerm"]["topologyKey"] == "topology.kubernetes.io/zone"


def test_where_nodes_are_few_pods_only_should_keep_apart() -> None:
    rules = release_values(deployment(spread="prefer"))["server"]["affinity"]["podAntiAffinity"]
    assert list(rules) == ["preferredDuringSchedulingIgnoredDuringExecution"]
    assert len(rules["preferredDuringSchedulingIgnoredDuringExecution"]) == 2


@pytest.mark.parametrize("pool", ["warm", "cold"])
def test_a_further_pool_has_servers_and_nothing_else(pool: str) -> None:
    values = pool_values(deployment(), pool)
    assert values["zookeeper"] == {"enabled": False, "urlOverride": "pinot-zookeeper:2181"}
    for role in ("controller", "broker"):
        assert values[role] == {
            "replicaCount": 0,
            "external": {"enabled": False},
            "pdb": {"enabled": False},
        }
    assert values["minion"]["enabled"] is values["minionStateless"]["enabled"] is False
    assert values["fullnameOverride"] == f"pinot-{pool}"
    assert values["serviceAccount"] == {"create": False, "name": "pinot"}
    labels = values["server"]["affinity"]["podAntiAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ][0]
    assert labels["labelSelector"]["matchLabels"]["release"] == f"pinot-{pool}"


def test_pools_join_the_same_cluster_with_the_same_image() -> None:
    chosen = deployment(image=ImageSettings(repository="pinot", tag="1.5.1", digest=DIGEST))
    main = release_values(chosen)
    for pool in ("warm", "cold"):
        values = pool_values(chosen, pool)
        assert values["cluster"] == main["cluster"]
        assert (
            values["image"]
            == main["image"]
            == {
                "repository": "pinot",
                "tag": f"1.5.1@{DIGEST}",
                "pullPolicy": "IfNotPresent",
            }
        )


def test_each_pool_has_its_own_size_and_place() -> None:
    chosen = deployment(
        sizes=PinotClusterSizes(
            cold=PoolSize(
                replicas=9,
                storage_class="st1",
                node_selector={"pool": "cold"},
                tolerations=(Toleration(key="pinot", value="cold"), Toleration(key="spot")),
            )
        )
    )
    hot, warm, cold = (
        release_values(chosen)["server"],
        pool_values(chosen, "warm")["server"],
        pool_values(chosen, "cold")["server"],
    )
    assert (hot["replicaCount"], warm["replicaCount"], cold["replicaCount"]) == (6, 3, 9)
    assert cold["persistence"]["storageClass"] == "st1"
    assert "storageClass" not in hot["persistence"]
    assert cold["nodeSelector"] == {"pool": "cold"}
    assert cold["tolerations"] == [
        {"key": "pinot", "operator": "Equal", "value": "cold", "effect": "NoSchedule"},
        {"key": "spot", "operator": "Exists", "effect": "NoSchedule"},
    ]
    assert hot["nodeSelector"] == warm["nodeSelector"] == {}


def test_instance_patterns_of_the_pools_do_not_overlap() -> None:
    import fnmatch

    chosen = deployment()
    hosts = {
        pool: f"Server_{name}-server-0.{name}-server-headless.pinot.svc.cluster.local_8098"
        for pool, name in zip(chosen.plan.pools, chosen.releases, strict=True)
    }
    for pool in hosts:
        matched = [
            name for name, host in hosts.items() if fnmatch.fnmatch(host, chosen.server_instances(pool))
        ]
        assert matched == [pool]


def test_tls_leaves_the_plain_listener_to_the_probes() -> None:
    values = release_values(deployment(tls=TLS))
    assert values["controller"]["configureControllerPort"] is values["broker"]["configureBrokerPort"] is False
    assert values["controller"]["vip"] == {"enabled": True, "host": "pinot-controller", "port": 9443}
    ports = {port["name"]: port["containerPort"] for port in values["broker"]["service"]["extraPorts"]}
    assert ports == {"metrics": 8008, "https": 8443}
    for role in ROLES:
        volume = values[role]["persistence"]["extraVolumes"][1]
        assert volume["secret"]["secretName"] == "pinot-tls"
        assert values[role]["persistence"]["extraVolumeMounts"][1] == {
            "name": "tls",
            "mountPath": "/etc/pinot/tls",
            "readOnly": True,
        }


def test_an_internal_ingress_is_one_with_tls() -> None:
    ingress = release_values(deployment(controller_access=INGRESS))["controller"]["ingress"]["v1"]
    assert ingress["enabled"] is True
    assert ingress["ingressClassName"] == "internal"
    assert ingress["hosts"] == ["pinot.example.org"]
    assert ingress["tls"] == [{"hosts": ["pinot.example.org"], "secretName": "pinot-ingress"}]
    assert "ingress" not in release_values(deployment())["controller"]


@pytest.mark.parametrize(
    ("access", "tls", "url"),
    [
        (ControllerAccessSettings(), None, "http://pinot-controller.pinot.svc.cluster.local:9000"),
        (ControllerAccessSettings(), TLS, "https://pinot-controller.pinot.svc.cluster.local:9443"),
        (ControllerAccessSettings(way="port-forward", port=19000), None, "http://127.0.0.1:19000"),
        (INGRESS, None, "https://pinot.example.org"),
    ],
)
def test_the_controllers_address_follows_the_way_to_it(
    access: ControllerAccessSettings, tls: TlsSettings | None, url: str
) -> None:
    assert deployment(controller_access=access, tls=tls).controller_url == url


def test_pods_meet_the_restricted_standard() -> None:
    values = release_values(deployment())
    contexts = [(values[role]["podSecurityContext"], values[role]["securityContext"]) for role in ROLES]
    contexts.append(
        (values["zookeeper"]["podSecurityContext"], values["zookeeper"]["containerSecurityContext"])
    )
    for pod, container in contexts:
        assert pod["runAsNonRoot"] is True
        assert pod["runAsUser"] == 1000
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_values_are_plain_json() -> None:
    values = release_values(deployment(**EVERYTHING))
    assert json.loads(json.dumps(values)) == values
