"""The cluster on Kubernetes that a stack's settings ask for, and what contradicts it. Pure."""

from collections.abc import Iterator
from typing import Final

from components.kubernetes_rules import ControllerLogin, broken_kubernetes_rules
from components.kubernetes_settings import KubernetesSettings
from components.operations_settings import LOADER, MEASURE
from components.pinot_deployment import KAFKA_JAAS, DeepStoreLocation, PinotDeployment, plan_deployment
from components.pinot_sizes import HOT
from components.pinot_sizing import Shape
from components.setting_errors import BrokenRuleError
from components.settings import Settings

JAAS_PROPERTY: Final = "sasl.jaas.config"
JAAS_REFERENCE: Final = f"${{{KAFKA_JAAS}}}"
"""How a table names its login: by the environment variable that the pods get."""


def planned_deployment(settings: Settings) -> PinotDeployment:
    """Return the cluster's deployment.

    Raises:
        BrokenRuleError: the load needs what no cluster has.

    """
    return _planned(settings, _with_operations(settings, _kubernetes(settings)), shape_of(settings))


def shape_of(settings: Settings) -> Shape:
    """Return what decides on the cluster's sizes beside the load."""
    pinot = settings.pinot
    pools = {"warm": pinot.warm, "cold": pinot.cold}
    return Shape(
        partitions=settings.kafka.topic.partitions,
        replication=pinot.replication,
        tiers={name: pool.after_days for name, pool in pools.items() if pool is not None},
    )


def broken_rules_on_kubernetes(settings: Settings) -> Iterator[BrokenRuleError]:
    """Yield what the settings of a stack with Pinot on Kubernetes contradict."""
    kubernetes, shape = _kubernetes(settings), shape_of(settings)
    yield from _broken_login_of_kafka(settings)
    for key, value in (("aws.account", settings.aws.account), ("aws.oidcIssuer", settings.aws.oidc_issuer)):
        if value is None:
            yield BrokenRuleError(
                key=key,
                found="none with pinot.mode kubernetes, where Pinot's pods take on a role to reach S3",
                allowed="the account's number and the cluster's OIDC issuer",
            )
    try:
        deployment = _planned(settings, kubernetes, shape)
    except BrokenRuleError as rule:
        yield BrokenRuleError(key=f"pinot.kubernetes.{rule.key}", found=rule.found, allowed=rule.allowed)
        return
    controller = settings.controller
    password = controller.password
    yield from broken_kubernetes_rules(
        deployment,
        shape,
        ControllerLogin(
            url=controller.controller_url,
            username=controller.username,
            password=None if password is None else password.get_secret_value(),
        ),
        environment=settings.environment,
        peer_download_scheme=settings.pinot.peer_download_scheme,
    )


def _kubernetes(settings: Settings) -> KubernetesSettings:
    kubernetes = settings.pinot.kubernetes
    if kubernetes is None:
        message = f"pinot.mode is {settings.pinot.mode}: there is no cluster to plan."
        raise LookupError(message)
    return kubernetes


def _with_operations(settings: Settings, kubernetes: KubernetesSettings) -> KubernetesSettings:
    """Return the cluster's settings with the doors that this stack's own programs need."""
    operations = settings.operations
    if operations is None:
        return kubernetes
    programs = operations.clients(LOADER, *([] if operations.measure is None else [MEASURE]))
    network = kubernetes.network
    opened = network.model_copy(
        update={
            "controller_clients": (*network.controller_clients, *programs),
            "broker_clients": (*network.broker_clients, *programs),
        }
    )
    return kubernetes.model_copy(update={"network": opened})


def _planned(settings: Settings, kubernetes: KubernetesSettings, shape: Shape) -> PinotDeployment:
    pinot = settings.pinot
    pools = {HOT: pinot.servers, "warm": pinot.warm, "cold": pinot.cold}
    return plan_deployment(
        kubernetes,
        shape,
        DeepStoreLocation(bucket=settings.deep_store.bucket, region=settings.aws.region),
        tenants={"broker": pinot.brokers.tenant}
        | {name: pool.tenant for name, pool in pools.items() if pool is not None},
        kafka_login=JAAS_PROPERTY in settings.kafka.pinot_properties,
    )


def _broken_login_of_kafka(settings: Settings) -> Iterator[BrokenRuleError]:
    properties, access = settings.kafka.pinot_properties, settings.kafka.access
    if properties.get("security.protocol", "").startswith("SASL") and (
        properties.get(JAAS_PROPERTY) != JAAS_REFERENCE
    ):
        yield BrokenRuleError(
            key="kafka.pinotProperties",
            found=f"no {JAAS_PROPERTY} that refers to the variable which Pinot's pods get",
            allowed=f"{JAAS_PROPERTY}: {JAAS_REFERENCE}",
        )
    if JAAS_PROPERTY in properties and (access is None or access.pinot is None):
        yield BrokenRuleError(
            key="kafka.access.pinot",
            found=f"no password of Pinot's user, from which {JAAS_PROPERTY} is made",
            allowed="an object with the password",
        )
