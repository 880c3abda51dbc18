"""What the settings of Pinot on Kubernetes may not say: refused with what is found and allowed."""

from typing import Any, Literal

import pytest
from pydantic import ValidationError

from components.kubernetes_rules import ControllerLogin, broken_kubernetes_rules
from components.kubernetes_settings import (
    ChartSettings,
    ClientSettings,
    ControllerAccessSettings,
    EgressSettings,
    ImageSettings,
    NetworkSettings,
    TlsSettings,
)
from components.pinot_sizes import BrokerSize, PinotClusterSizes, PoolSize
from components.pinot_sizing import Shape
from components.setting_errors import BrokenRuleError
from tests.unit.components.pinot_deployments import TIERS, deployment

pytestmark = pytest.mark.unit

PASSWORD = "g5uJ0mMZ3q1xkVdT9sWb2Q=="  # noqa: S105 - made up
URL = "http://pinot-controller.pinot.svc.cluster.local:9000"
LOGIN = ControllerLogin(url=URL, username="admin", password=PASSWORD)
DIGEST = "sha256:" + "0f" * 32
EGRESS = (EgressSettings(cidrs=("10.0.0.0/16",), ports=(9096,)), EgressSettings(ports=(443,)))
NETWORK = NetworkSettings(
    controller_clients=(ClientSettings(namespace="pulumi"),),
    broker_clients=(ClientSettings(namespace="bi"),),
    egress=EGRESS,
)
DISKS = PinotClusterSizes(
    controllers=PoolSize(disk_gib=20),
    minions=PoolSize(disk_gib=100),
    zookeeper=PoolSize(disk_gib=20),
    servers=PoolSize(disk_gib=250),
    warm=PoolSize(disk_gib=650),
    cold=PoolSize(disk_gib=2600),
)
PROD: dict[str, Any] = {
    "network": NETWORK,
    "sizes": DISKS,
    "image": ImageSettings(repository="apachepinot/pinot", tag="1.5.1", digest=DIGEST),
    "zookeeper_image": ImageSettings(repository="zookeeper", tag="3.9.3", digest=DIGEST),
}
DEV: dict[str, Any] = {"network": NETWORK, "spread": "prefer"}
TLS = TlsSettings(secret="pinot-tls")  # noqa: S106 - a Secret's name


def broken(
    *,
    environment: Literal["dev", "prod"] = "prod",
    login: ControllerLogin = LOGIN,
    replication: int = 3,
    scheme: Literal["http", "https"] = "http",
    **changes: Any,  # noqa: ANN401 - any field of the settings
) -> dict[str, BrokenRuleError]:
    tiers = TIERS if environment == "prod" else {}
    base = PROD if environment == "prod" else DEV
    chosen = deployment(replication=replication, tiers=tiers, **(base | changes))
    shape = Shape(partitions=12, replication=replication, tiers=tiers)
    rules = broken_kubernetes_rules(
        chosen, shape, login, environment=environment, peer_download_scheme=scheme
    )
    return {rule.key: rule for rule in rules}


def test_prods_and_devs_settings_break_no_rule() -> None:
    assert broken() == {}
    assert broken(environment="dev", replication=1) == {}


@pytest.mark.parametrize(
    ("changes", "key", "found", "allowed"),
    [
        (
            {"image": ImageSettings(repository="apachepinot/pinot", tag="1.5.1")},
            "pinot.kubernetes.image.digest",
            "none in prod",
            "the digest of apachepinot/pinot:1.5.1",
        ),
        (
            {"zookeeper_image": ImageSettings(repository="zookeeper", tag="3.9.3")},
            "pinot.kubernetes.zookeeperImage.digest",
            "none in prod",
            "the digest of zookeeper:3.9.3",
        ),
        ({"spread": "prefer"}, "pinot.kubernetes.spread", "prefer in prod", "require"),
        (
            {"sizes": DISKS.model_copy(update={"servers": None})},
            "pinot.kubernetes.sizes.servers.diskGib",
            "none in prod",
            "the load needs 250",
        ),
        (
            {"sizes": DISKS.model_copy(update={"zookeeper": PoolSize(replicas=1, disk_gib=20)})},
            "pinot.kubernetes.sizes.zookeeper.replicas",
            "1 in prod",
            "at least 3",
        ),
        (
            {"sizes": DISKS.model_copy(update={"brokers": BrokerSize(replicas=2)})},
            "pinot.kubernetes.sizes.brokers.replicas",
            "2 in prod",
            "at least 3",
        ),
        (
            {"sizes": DISKS.model_copy(update={"warm": PoolSize(replicas=1, disk_gib=900)})},
            "pinot.kubernetes.sizes.warm.replicas",
            "1 servers for 3 copies",
            "at least 3",
        ),
        (
            {"network": NETWORK.model_copy(update={"broker_clients": ()})},
            "pinot.kubernetes.network.brokerClients",
            "nobody",
            "readers' proxies",
        ),
        (
            {"network": NETWORK.model_copy(update={"controller_clients": ()})},
            "pinot.kubernetes.network.controllerClients",
            "no way in-cluster to the controller",
            "Pulumi's runner",
        ),
        (
            {"login": ControllerLogin(url="http://localhost:9000", username="admin", password=PASSWORD)},
            "controller.controllerUrl",
            "http://localhost:9000, which is not the controller",
            f"{URL} with way in-cluster",
        ),
        (
            {"controller_access": ControllerAccessSettings(way="port-forward", port=19000)},
            "controller.controllerUrl",
            "which is not the controller",
            "`kubectl --context prod --namespace pinot port-forward service/pinot-controller 19000:9000`",
        ),
        (
            {"login": ControllerLogin(url=URL, username="root", password=PASSWORD)},
            "controller.username",
            "another name",
            "admin: the user that Pinot makes",
        ),
        (
            {"login": ControllerLogin(url=URL, username="admin", password=None)},
            "controller.password",
            "none",
            "openssl rand -base64 24",
        ),
        ({"scheme": "https"}, "pinot.peerDownloadScheme", "https, which the servers do not speak", "http"),
        (
            {
                "tls": TLS,
                "login": ControllerLogin(
                    url="https://pinot-controller.pinot.svc.cluster.local:9443",
                    username="admin",
                    password=PASSWORD,
                ),
            },
            "pinot.peerDownloadScheme",
            "http, which the servers do not speak with pinot.kubernetes.tls",
            "https",
        ),
    ],
)
def test_what_breaks_a_rule_is_named(changes: dict[str, Any], key: str, found: str, allowed: str) -> None:
    rules = broken(**changes)
    assert list(rules) == [key]
    assert found in rules[key].found
    assert allowed in rules[key].allowed


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "with,a,comma,0123456789",
        "01234567890123456789,late",
        "with:a:colon:0123456789",
        "${PATH}0123456789abcdef",
    ],
)
def test_a_password_that_pinot_would_misread_is_refused_and_never_shown(password: str) -> None:
    rule = broken(login=ControllerLogin(url=URL, username="admin", password=password))["controller.password"]
    assert f"{len(password)} characters" in rule.found
    assert password not in str(rule)


def test_two_copies_are_too_few_in_prod() -> None:
    sizes = DISKS.model_copy(update={"brokers": BrokerSize(replicas=3)})
    rules = broken(replication=2, sizes=sizes)
    assert "2 copies of each segment in prod" in rules["pinot.kubernetes.sizes"].found


def test_dev_may_have_one_of_each() -> None:
    assert broken(environment="dev", replication=1, image=ImageSettings(repository="p", tag="1.5.1")) == {}


@pytest.mark.parametrize("tag", ["latest", "latest-11", "nightly"])
def test_an_image_that_changes_every_day_is_refused(tag: str) -> None:
    with pytest.raises(ValidationError, match="another image every day"):
        ImageSettings(repository="apachepinot/pinot", tag=tag)


def test_another_version_of_the_chart_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"1\.0\.0"):
        ChartSettings.model_validate({"version": "0.3.5"})


def test_an_ingress_without_certificate_is_refused() -> None:
    with pytest.raises(ValidationError, match="tlsSecret"):
        ControllerAccessSettings(way="ingress", host="pinot.example.org", ingress_class="internal")
