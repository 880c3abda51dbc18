"""Pulumi.dev.yaml and Pulumi.prod.yaml: what they ask for, and what the same files may not say."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from components.kubernetes_plan import planned_deployment
from components.setting_errors import SettingsError
from tests.unit.components.stack_files import PLACEHOLDER, ROOT, Tree, load, stack_file

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.unit


def changed(tree: Tree, key: str, value: Any) -> Tree:  # noqa: ANN401 - any JSON
    """Return the tree with one place changed, `...` for removed."""
    tree = deepcopy(tree)
    *path, last = key.split("/")
    target = tree
    for part in path:
        target = target.setdefault(part, {})
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return tree


def said(tree: Tree) -> str:
    with pytest.raises(SettingsError) as error:
        load(tree)
    assert PLACEHOLDER not in str(error.value)
    return " ".join(str(error.value).split())


def test_prod_has_a_pool_for_each_age_of_segments() -> None:
    settings = load(stack_file("prod"))
    deployment = planned_deployment(settings)
    assert deployment.releases == ("pinot", "pinot-warm", "pinot-cold")
    assert deployment.server_tenants == {
        "hot": "payment_server",
        "warm": "payment_warm",
        "cold": "payment_cold",
    }
    assert {name: size.replicas for name, size in deployment.plan.pools.items()} == {
        "hot": 6,
        "warm": 3,
        "cold": 6,
    }
    assert deployment.kafka_login
    assert settings.broker_url == "http://pinot-broker.pinot.svc.cluster.local:8099"
    assert settings.guards.protect


def test_dev_is_the_same_with_one_pool() -> None:
    settings = load(stack_file("dev"))
    deployment = planned_deployment(settings)
    assert deployment.releases == ("pinot",)
    assert settings.archive.object_lock is None
    assert settings.controller.controller_url == deployment.controller_url == "http://127.0.0.1:9000"
    assert settings.kafka.security.protocol == "SASL_SSL"


def test_one_number_makes_a_pool_larger() -> None:
    tree = changed(stack_file("prod"), "payments:pinot/kubernetes/sizes/warm/replicas", 9)
    assert planned_deployment(load(tree)).plan.pools["warm"].replicas == 9


def test_a_chart_may_be_a_directory_or_an_address(tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("name: pinot")
    for name in (str(tmp_path), "oci://registry.example.org/charts/pinot"):
        chart = {"name": name, "repository": None}
        load(changed(stack_file("prod"), "payments:pinot/kubernetes/chart", chart))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_secret_is_in_a_committed_file(stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    config = yaml.safe_load(text)["config"]
    kafka = config["payments:kafka"]
    users = [user for user in kafka["access"].values() if isinstance(user, dict)]
    holders = [("password", kafka["security"]), *(("password", user) for user in users)]
    for key, holder in [*holders, ("pinot:password", config), ("pinot:token", config)]:
        # Whoever deploys adds secrets, encrypted by the stack's own key.
        assert key not in holder or set(holder[key]) == {"secure"}, key
    assert "secure:" not in text


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "payments:pinot/kubernetes/image/digest",
            ...,
            (
                "payments:pinot.kubernetes.image.digest: found none in prod, where a tag that is moved would"
                " run what nobody has tried; allowed is the digest of apachepinot/pinot:1.5.1"
            ),
        ),
        (
            "payments:pinot/kubernetes/sizes/servers/replicas",
            2,
            "payments:pinot.kubernetes.sizes.servers.replicas: found 2",
        ),
        (
            "payments:pinot/kubernetes/sizes/servers/heapMib",
            100_000,
            "payments:pinot.kubernetes.sizes.servers",
        ),
        (
            "payments:pinot/kubernetes/chart",
            {"version": "latest"},
            "payments:pinot.kubernetes.chart.version: found a text of 6 characters; allowed is one of 1.0.0",
        ),
        (
            "payments:pinot/kubernetes/chart",
            {"name": "./charts/pinot", "repository": None},
            "payments:pinot.kubernetes.chart.name: found ./charts/pinot, which is no archive",
        ),
        (
            "payments:pinot/kubernetes/chart",
            {"name": "oci://registry.example.org/pinot"},
            "payments:pinot.kubernetes.chart.repository: found a repository beside a name that is a path",
        ),
        (
            "payments:pinot/kubernetes/chart",
            {"repository": None},
            "payments:pinot.kubernetes.chart.name: found a name without a repository",
        ),
        (
            "payments:pinot/kubernetes/context",
            ...,
            "payments:pinot.kubernetes.context is missing",
        ),
        (
            "payments:pinot/servers/instances",
            ["Server_other-*"],
            "payments:pinot.servers.instances: found a choice of instances in mode kubernetes",
        ),
        (
            "pinot:controllerUrl",
            "http://elsewhere:9000",
            (
                "pinot:controllerUrl: found http://elsewhere:9000, which is not the controller that"
                " pinot.kubernetes.controllerAccess leads to; allowed is"
                " http://pinot-controller.pinot.svc.cluster.local:9000 with way in-cluster"
            ),
        ),
        ("payments:aws/oidcIssuer", ..., "payments:aws.oidcIssuer: found none with pinot.mode kubernetes"),
        (
            "payments:kafka/pinotProperties/sasl.jaas.config",
            "${OTHER}",
            "payments:kafka.pinotProperties: found no sasl.jaas.config that refers to the variable",
        ),
        (
            "payments:kafka/access",
            {"makeUsers": False},
            "payments:kafka.access.pinot: found no password of Pinot's user",
        ),
        (
            "payments:aws/storageKey",
            ...,
            "payments:deepStore.encryption.kmsKey: found no KMS key in prod",
        ),
        (
            "payments:archive/objectLock/cannotBeUndone",
            False,
            "payments:archive.objectLock.cannotBeUndone: found COMPLIANCE",
        ),
        (
            "payments:kafka/topic/minInsyncReplicas",
            4,
            "payments:kafka.topic.minInsyncReplicas: found 4, above replicationFactor 3",
        ),
        (
            "payments:pinot/kubernetes/network/egress",
            [{"ports": [443, 9096]}],
            (
                "payments:pinot.kubernetes.network.egress: found a way to every address on port 9096 in prod,"
                " out of pods that hold all payments; allowed is the address ranges of the brokers"
            ),
        ),
        (
            "payments:pinot/kubernetes/clusterIdentifier",
            ...,
            "payments:pinot.kubernetes.clusterIdentifier is missing",
        ),
        (
            "payments:access/permissionsBoundary",
            "arn:aws:iam::123456789012:role/boundary",
            (
                "payments:access.permissionsBoundary: found a text of 39 characters; allowed is the ARN of an"
                " IAM policy"
            ),
        ),
    ],
)
def test_prods_file_with_one_mistake_is_refused(key: str, value: object, message: str) -> None:
    assert message in said(changed(stack_file("prod"), key, value))
