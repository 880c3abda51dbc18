"""Pinot on Kubernetes: the Helm releases, and what the chart does not bring."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler
from pulumi_kubernetes.core.v1 import Namespace, Secret
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components.pinot_chart import pool_values, release_values
from components.pinot_deployment import (
    ADMIN_PASSWORD,
    ADMIN_USER,
    AUTH_TOKEN,
    CREDENTIALS_SECRET,
    KAFKA_JAAS,
    KMS_KEY_ARN,
    PINOT_ROLE_ARN,
    PinotDeployment,
)
from components.pinot_network import network_policies
from components.pinot_resilience import broker_autoscaler, pod_monitors, zookeeper_disruption_budget
from components.pinot_sizes import HOT

_REFERENCE: Final = re.compile(r"@\([a-z-]+\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PinotAccess:
    """What Pinot's processes log in with and as."""

    role_arn: pulumi.Input[str]
    """The AWS role whose trust policy names this cluster's ServiceAccount."""
    admin_password: pulumi.Input[str]
    """Password of Pinot's first user, and of its processes among themselves."""
    kafka_jaas: pulumi.Input[str] | None = None
    """The value of `sasl.jaas.config`; none when Kafka asks for no login."""
    kms_key_arn: pulumi.Input[str] | None = None
    """The key that Pinot names with each object, when the deep store's location says so."""


class KubernetesPinotCluster(pulumi.ComponentResource):
    """A Pinot cluster from the official chart: one release with everything, and one for each further pool."""

    controller_url: str
    broker_url: str
    provider: kubernetes.Provider
    namespace: pulumi.Output[str]
    """Its name, once it is there."""
    releases: Mapping[str, Release]
    """By pool; a tenant depends on the release of its instances."""

    def __init__(
        self,
        name: str,
        deployment: PinotDeployment,
        access: PinotAccess,
        *,
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Install the cluster.

        Args: name: Pulumi's name of the component. deployment: what to install. access: credentials and
        roles; what is secret goes into one Secret and nowhere else. protect: whether Pulumi refuses to
        delete the namespace and the releases, with whose ZooKeeper every table would go. opts: options of
        the component.

        """
        super().__init__("payments:pinot_kubernetes:KubernetesPinotCluster", name, None, opts)
        self._name = name
        self._deployment = deployment
        self.controller_url = deployment.controller_url
        self.broker_url = deployment.broker_url
        self.provider = self._make_provider()
        namespace = self._make_namespace(protect=protect)
        self.namespace = namespace.metadata.name
        policies = self._make_network_policies(namespace)
        credentials = self._make_credentials(access, namespace)
        references = {
            CREDENTIALS_SECRET: credentials.metadata.name,
            PINOT_ROLE_ARN: access.role_arn,
            KMS_KEY_ARN: access.kms_key_arn,
        }
        main = self._make_release(
            HOT,
            with_references(release_values(deployment), references),
            [*policies, credentials],
            protect=protect,
        )
        further = {
            pool: self._make_release(
                pool, with_references(pool_values(deployment, pool), references), [main], protect=protect
            )
            for pool in deployment.plan.pools
            if pool != HOT
        }
        self.releases = {HOT: main} | further
        self._make_resilience(namespace, main)
        self.register_outputs({"controllerUrl": self.controller_url, "brokerUrl": self.broker_url})

    def _make_provider(self) -> kubernetes.Provider:
        settings = self._deployment.settings
        return kubernetes.Provider(
            f"{self._name}-kubernetes",
            cluster_identifier=settings.cluster_identifier,
            context=settings.context,
            kubeconfig=settings.kubeconfig,
            namespace=settings.namespace,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _options(self, *depends_on: pulumi.Resource, protect: bool | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, provider=self.provider, depends_on=list(depends_on), protect=protect
        )

    def _make_namespace(self, *, protect: bool) -> Namespace:
        name = self._deployment.settings.namespace
        return Namespace(
            f"{self._name}-namespace",
            metadata={
                "name": name,
                "labels": {
                    "app.kubernetes.io/part-of": "payment-service-data-product",
                    "pod-security.kubernetes.io/enforce": "restricted",
                },
            },
            opts=self._options(protect=protect),
        )

    def _make_network_policies(self, namespace: Namespace) -> list[NetworkPolicy]:
        specs: dict[str, Any] = network_policies(self._deployment)
        return [
            NetworkPolicy(
                f"{self._name}-network-{policy}",
                metadata=self._metadata(f"{self._deployment.release()}-{policy}"),
                spec=spec,
                opts=self._options(namespace),
            )
            for policy, spec in specs.items()
        ]

    def _metadata(self, name: str) -> Any:  # noqa: ANN401 - the SDK's types take the same dictionary
        return {"name": name, "namespace": self._deployment.settings.namespace}

    def _make_credentials(self, access: PinotAccess, namespace: Namespace) -> Secret:
        """Make the Secret, without a name of ours.

        Pulumi gives it one that changes with its content: a new password makes a new Secret, rolls the
        pods, which refer to it, and deletes the old one last.
        """
        password = pulumi.Output.secret(access.admin_password)
        entries: dict[str, pulumi.Input[str]] = {
            ADMIN_PASSWORD: password,
            AUTH_TOKEN: password.apply(basic_token),
        }
        if access.kafka_jaas is not None:
            entries[KAFKA_JAAS] = pulumi.Output.secret(access.kafka_jaas)
        return Secret(
            f"{self._name}-credentials",
            metadata={"namespace": self._deployment.settings.namespace},
            string_data=entries,
            immutable=True,
            opts=self._options(namespace),
        )

    def _make_release(
        self, pool: str, values: Mapping[str, Any], depends_on: list[pulumi.Resource], *, protect: bool
    ) -> Release:
        settings = self._deployment.settings
        chart = settings.chart
        return Release(
            f"{self._name}-{pool}",
            name=self._deployment.release(pool),
            namespace=settings.namespace,
            chart=chart.name,
            version=chart.version,
            repository_opts=None if chart.repository is None else RepositoryOptsArgs(repo=chart.repository),
            values=values,
            atomic=True,
            timeout=chart.timeout_seconds,
            max_history=10,
            opts=self._options(*depends_on, protect=protect),
        )

    def _make_resilience(self, namespace: Namespace, main: Release) -> None:
        deployment = self._deployment
        autoscaler: Any = broker_autoscaler(deployment)
        budget: Any = zookeeper_disruption_budget(deployment)
        HorizontalPodAutoscaler(
            f"{self._name}-brokers",
            metadata=self._metadata(f"{deployment.release()}-broker"),
            spec=autoscaler,
            opts=self._options(main),
        )
        PodDisruptionBudget(
            f"{self._name}-zookeeper",
            metadata=self._metadata(f"{deployment.release()}-zookeeper"),
            spec=budget,
            opts=self._options(namespace),
        )
        if deployment.settings.monitoring.pod_monitor:
            for monitor, spec in pod_monitors(deployment).items():
                CustomResource(
                    f"{self._name}-monitor-{monitor}",
                    api_version="monitoring.coreos.com/v1",
                    kind="PodMonitor",
                    metadata={
                        **self._metadata(f"{deployment.release()}-{monitor}"),
                        "labels": dict(deployment.settings.monitoring.labels),
                    },
                    spec=spec,
                    opts=self._options(namespace),
                )


def basic_token(password: str) -> str:
    """Return the header's value with which Pinot's processes call each other."""
    return "Basic " + base64.b64encode(f"{ADMIN_USER}:{password}".encode()).decode()


def with_references(values: Mapping[str, Any], references: Mapping[str, pulumi.Input[str] | None]) -> Any:  # noqa: ANN401 - as deep as the values
    """Return values in which every text with a reference is an output; all others stay as they are.

    Only the texts with references are unknown in a preview before the first `up`, and not the whole of the
    values.

    Raises: LookupError: a text refers to something that is not given.

    """
    return {key: _resolved(value, references) for key, value in values.items()}


def _resolved(value: Any, references: Mapping[str, pulumi.Input[str] | None]) -> Any:  # noqa: ANN401 - as deep as the values
    if isinstance(value, Mapping):
        return with_references(value, references)
    if isinstance(value, list):
        return [_resolved(item, references) for item in value]
    if not isinstance(value, str) or not (names := _REFERENCE.findall(value)):
        return value
    found: dict[str, pulumi.Input[str]] = {}
    for name in names:
        reference = references.get(name)
        if reference is None:
            message = (
                f"{name}: the values refer to it, and it is not given; known are {', '.join(references)}."
            )
            raise LookupError(message)
        found[name] = reference
    return pulumi.Output.all(**found).apply(
        lambda known: _REFERENCE.sub(lambda match: known[match.group()], value)
    )
