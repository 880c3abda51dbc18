"""What settings of Pinot on Kubernetes contradict each other, and what prod does not allow. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from components.kubernetes_settings import KubernetesSettings
from components.pinot_deployment import ADMIN_USER, PinotDeployment
from components.pinot_sizes import PinotClusterSizes, PoolSize
from components.pinot_sizing import PodSize, Shape, broken_sizes
from components.setting_errors import BrokenRuleError

PROD_REPLICATION: Final = 3
EVERYWHERE: Final = "0.0.0.0/0"
HTTPS: Final = 443
PASSWORD: Final = re.compile(r"[A-Za-z0-9/+=_.~-]{20,128}")
"""Without a colon, which ends the user's name in basic authentication, and without what Pinot's
configuration reads as something else: a comma parts a list, a backslash or ${ escapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerLogin:
    """What the stack's `pinot:` keys say about the controller. `password` is shown nowhere."""

    url: str
    username: str | None
    password: str | None


def broken_kubernetes_rules(
    deployment: PinotDeployment,
    shape: Shape,
    login: ControllerLogin,
    *,
    environment: Literal["local", "dev", "prod"],
    peer_download_scheme: Literal["http", "https"] | None,
) -> Iterator[BrokenRuleError]:
    """Yield the broken rules; keys are relative to the stack's settings (`pinot.kubernetes…`)."""
    settings = deployment.settings
    for rule in broken_sizes(deployment.plan, settings.load, shape, settings.sizes):
        yield _below("pinot.kubernetes", rule)
    yield from _broken_login(deployment, login)
    yield from _broken_network(settings)
    scheme = "http" if settings.tls is None else "https"
    if peer_download_scheme not in {None, scheme}:
        yield BrokenRuleError(
            key="pinot.peerDownloadScheme",
            found=f"{peer_download_scheme}, which the servers do not speak"
            f" {'without' if settings.tls is None else 'with'} pinot.kubernetes.tls",
            allowed=scheme,
        )
    if environment == "prod":
        for rule in _broken_in_prod(deployment, shape):
            yield _below("pinot.kubernetes", rule)


def _below(part: str, rule: BrokenRuleError) -> BrokenRuleError:
    return BrokenRuleError(key=f"{part}.{rule.key}", found=rule.found, allowed=rule.allowed)


def _broken_login(deployment: PinotDeployment, login: ControllerLogin) -> Iterator[BrokenRuleError]:
    access = deployment.settings.controller_access
    if login.url.rstrip("/") != deployment.controller_url:
        command = f" (beside `{deployment.port_forward}`)" if access.way == "port-forward" else ""
        yield BrokenRuleError(
            key="controller.controllerUrl",
            found=f"{login.url}, which is not the controller that pinot.kubernetes.controllerAccess leads to",
            allowed=f"{deployment.controller_url} with way {access.way}{command}",
        )
    if login.username != ADMIN_USER:
        yield BrokenRuleError(
            key="controller.username",
            found="none" if login.username is None else "another name",
            allowed=f"{ADMIN_USER}: the user that Pinot makes when it starts for the first time",
        )
    if login.password is None or not PASSWORD.fullmatch(login.password):
        yield BrokenRuleError(
            key="controller.password",
            found="none"
            if login.password is None
            else f"{len(login.password)} characters, or such as Pinot's configuration misreads",
            allowed="20 to 128 letters, digits or / + = _ . ~ -, by chance: `pulumi config set --secret"
            ' pinot:password "$(openssl rand -base64 24)"`',
        )


def _broken_network(settings: KubernetesSettings) -> Iterator[BrokenRuleError]:
    if settings.controller_access.way != "port-forward" and not settings.network.controller_clients:
        yield BrokenRuleError(
            key="pinot.kubernetes.network.controllerClients",
            found=f"nobody, so that Pulumi has no way {settings.controller_access.way} to the controller",
            allowed="the namespace of Pulumi's runner or of the ingress controller",
        )
    if not settings.network.broker_clients:
        yield BrokenRuleError(
            key="pinot.kubernetes.network.brokerClients",
            found="nobody, so that no query reaches the brokers",
            allowed="the namespaces of the readers' proxies or of the ingress controller",
        )


def _broken_in_prod(deployment: PinotDeployment, shape: Shape) -> Iterator[BrokenRuleError]:
    settings, plan = deployment.settings, deployment.plan
    for key, image in (("image", settings.image), ("zookeeperImage", settings.zookeeper_image)):
        if image.digest is None:
            yield BrokenRuleError(
                key=f"{key}.digest",
                found="none in prod, where a tag that is moved would run what nobody has tried",
                allowed=f"the digest of {image.repository}:{image.tag}, as the registry shows it",
            )
    if settings.spread != "require":
        yield BrokenRuleError(
            key="spread",
            found=f"{settings.spread} in prod: one node's loss could take every copy",
            allowed="require",
        )
    if shape.replication < PROD_REPLICATION:
        yield BrokenRuleError(
            key="sizes",
            found=f"{shape.replication} copies of each segment in prod",
            allowed=f"{PROD_REPLICATION}",
        )
    for key, size in (
        ("zookeeper", plan.zookeeper),
        ("controllers", plan.controller),
        ("brokers", plan.broker),
    ):
        if size.replicas < PROD_REPLICATION:
            yield BrokenRuleError(
                key=f"sizes.{key}.replicas",
                found=f"{size.replicas} in prod, where one may be lost while another restarts",
                allowed=f"at least {PROD_REPLICATION}",
            )
    yield from _open_disks(deployment)
    for way in settings.network.egress:
        if EVERYWHERE in way.cidrs and set(way.ports) - {HTTPS}:
            yield BrokenRuleError(
                key="network.egress",
                found=f"a way to every address on port {min(set(way.ports) - {HTTPS})} in prod, out of pods"
                " that hold all payments",
                allowed=f"the address ranges of the brokers; {EVERYWHERE} for port {HTTPS} alone, by which S3"
                " and STS are reached",
            )


def _open_disks(deployment: PinotDeployment) -> Iterator[BrokenRuleError]:
    """Yield the roles whose disks are left to the plan.

    Kubernetes refuses any change of a StatefulSet's volumes, so that a plan that moves with the load, or
    with the next version of this program, would stop every upgrade of the release.
    """
    sizes, plan = deployment.settings.sizes, deployment.plan
    planned: dict[str, tuple[PoolSize | None, PodSize]] = {
        "controllers": (sizes.controllers, plan.controller),
        "minions": (sizes.minions, plan.minion),
        "zookeeper": (sizes.zookeeper, plan.zookeeper),
    } | {PinotClusterSizes.key_of(pool): (sizes.pool(pool), size) for pool, size in plan.pools.items()}
    for key, (given, size) in planned.items():
        if given is None or given.disk_gib is None:
            yield BrokenRuleError(
                key=f"sizes.{key}.diskGib",
                found="none in prod, where a plan that changes later would ask for what Kubernetes refuses",
                allowed=f"a number, fixed once the volumes are made; the load needs {size.disk_gib}",
            )
