"""The product's own programs on Kubernetes: archiver, loader of the offline tables, measuring run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.batch.v1 import CronJob
from pulumi_kubernetes.core.v1 import Namespace, Secret, ServiceAccount
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components import operations_workloads as workloads
from components.operations_logins import OperationsLogins
from components.operations_network import network_policies
from components.operations_plan import AUTHORITY_FILE, kafka_login, planned_operations
from components.operations_settings import ARCHIVER, LOADER, MEASURE
from components.pinot_kubernetes import with_references
from components.settings import Settings
from product_model.descriptor import Descriptor

Entries = Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True)
class OperationsArgs:
    """What runs, as whom, and what must be there before."""

    settings: Settings
    """The stack's, with operations."""
    descriptor: Descriptor
    archiver_role: pulumi.Input[str] | None
    loader_role: pulumi.Input[str] | None
    """ARN of each program's role; known once its bucket takes files as it should."""
    before_archiver: Sequence[pulumi.Resource]
    """The topics, its user and its rights."""
    before_loader: Sequence[pulumi.Resource]
    """The tables."""
    before_measure: Sequence[pulumi.Resource]
    """Both."""


class Operations(pulumi.ComponentResource):
    """Namespace, identities, workloads, and who may go where."""

    def __init__(self, name: str, args: OperationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make them.

        Args:
            name: Pulumi's name of the component.
            args: what runs.
            opts: options of the component.

        """
        super().__init__("payments:operations:Operations", name, None, opts)
        self._name = name
        self._args = args
        self._plan = planned_operations(args.settings)
        self._provider = self._make_provider()
        namespace = self._make_namespace()
        policies = [
            self._network_policy(policy, spec, namespace)
            for policy, spec in network_policies(self._plan).items()
        ]
        self._before: list[pulumi.Resource] = [namespace, *policies]
        logins = OperationsLogins(
            f"{name}-logins",
            descriptor=args.descriptor,
            rotation=args.settings.access.password_rotation,
            timeout_seconds=args.settings.pinot.timeout_seconds,
            measured=self._plan.settings.measure is not None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.before_loader)),
        )
        self._make_archiver()
        self._make_loader(logins)
        self._make_measure(logins)
        if self._plan.kubernetes.monitoring.pod_monitor:
            self._make_pod_monitor(namespace)
        self.register_outputs({"namespace": namespace.metadata.name})

    def _make_provider(self) -> kubernetes.Provider:
        cluster = self._plan.kubernetes
        return kubernetes.Provider(
            f"{self._name}-kubernetes",
            cluster_identifier=cluster.cluster_identifier,
            context=cluster.context,
            kubeconfig=cluster.kubeconfig,
            namespace=self._plan.settings.namespace,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _options(
        self, depends_on: Sequence[pulumi.Resource], *, protect: bool | None = None
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, provider=self._provider, depends_on=list(depends_on), protect=protect
        )

    def _metadata(self, name: str, **more: Any) -> Any:  # noqa: ANN401 - the SDK's types take the same dictionary
        return {
            "name": name,
            "namespace": self._plan.settings.namespace,
            "labels": workloads.labels(name),
            **more,
        }

    def _make_namespace(self) -> Namespace:
        return Namespace(
            f"{self._name}-namespace",
            metadata={
                "name": self._plan.settings.namespace,
                "labels": {**workloads.PART_OF, "pod-security.kubernetes.io/enforce": "restricted"},
            },
            opts=self._options([], protect=self._args.settings.guards.protect),
        )

    def _network_policy(self, name: str, spec: Any, namespace: Namespace) -> NetworkPolicy:  # noqa: ANN401 - as above
        return NetworkPolicy(
            f"{self._name}-network-{name}",
            metadata={"name": name, "namespace": self._plan.settings.namespace},
            spec=spec,
            opts=self._options([namespace]),
        )

    def _make_archiver(self) -> None:
        login = self._secret(ARCHIVER, self._kafka_entries(ARCHIVER))
        account = self._service_account(ARCHIVER, self._args.archiver_role)
        spec = with_references(workloads.archiver(self._plan), {workloads.LOGIN_SECRET[ARCHIVER]: login})
        self._deployment(ARCHIVER, spec, [account, *self._args.before_archiver])

    def _make_loader(self, logins: OperationsLogins) -> None:
        login = self._secret(LOADER, _pinot_entries(LOADER, logins))
        account = self._service_account(LOADER, self._args.loader_role)
        spec = with_references(workloads.loader(self._plan), {workloads.LOGIN_SECRET[LOADER]: login})
        self._deployment(LOADER, spec, [account, logins, *self._args.before_loader])

    def _make_measure(self, logins: OperationsLogins) -> None:
        run = workloads.measure(self._plan)
        if run is None:
            return
        login = self._secret(MEASURE, {**self._kafka_entries(MEASURE), **_pinot_entries(MEASURE, logins)})
        account = self._service_account(MEASURE, None)
        CronJob(
            f"{self._name}-{MEASURE}",
            metadata=self._metadata(MEASURE),
            spec=with_references(run, {workloads.LOGIN_SECRET[MEASURE]: login}),
            opts=self._options([*self._before, account, logins, *self._args.before_measure]),
        )

    def _kafka_entries(self, user: str) -> Entries:
        kafka, authority = self._args.settings.kafka, self._plan.settings.authority
        principals = (
            {} if kafka.access is None else {ARCHIVER: kafka.access.archiver, MEASURE: kafka.access.measure}
        )
        text = kafka_login(kafka, user, principals.get(user), None if authority is None else AUTHORITY_FILE)
        return {workloads.KAFKA_PROPERTIES: pulumi.Output.secret(text)}

    def _secret(self, program: str, entries: Entries) -> pulumi.Output[str]:
        """Make a program's Secret; return its name.

        Pulumi gives it a name that changes with its content: a new password makes a new Secret, rolls the
        pods, which refer to it, and deletes the old one last.
        """
        return Secret(
            f"{self._name}-{program}-login",
            metadata={"namespace": self._plan.settings.namespace, "labels": workloads.labels(program)},
            string_data=entries,
            immutable=True,
            opts=self._options(self._before[:1]),
        ).metadata.name

    def _service_account(self, program: str, role_arn: pulumi.Input[str] | None) -> ServiceAccount:
        annotations = {} if role_arn is None else {"annotations": {"eks.amazonaws.com/role-arn": role_arn}}
        return ServiceAccount(
            f"{self._name}-{program}",
            metadata=self._metadata(program, **annotations),
            automount_service_account_token=False,
            opts=self._options(self._before[:1]),
        )

    def _deployment(self, program: str, spec: Any, depends_on: Sequence[pulumi.Resource]) -> None:  # noqa: ANN401 - as above
        budget: Any = workloads.disruption_budget(program)
        PodDisruptionBudget(
            f"{self._name}-{program}",
            metadata=self._metadata(program),
            spec=budget,
            opts=self._options(self._before[:1]),
        )
        Deployment(
            f"{self._name}-{program}",
            metadata=self._metadata(program),
            spec=spec,
            opts=self._options([*self._before, *depends_on]),
        )

    def _make_pod_monitor(self, namespace: Namespace) -> None:
        CustomResource(
            f"{self._name}-monitor",
            api_version="monitoring.coreos.com/v1",
            kind="PodMonitor",
            metadata={
                "name": "operations",
                "namespace": self._plan.settings.namespace,
                "labels": dict(self._plan.kubernetes.monitoring.labels),
            },
            spec=workloads.pod_monitor(),
            opts=self._options([namespace]),
        )


def _pinot_entries(program: str, logins: OperationsLogins) -> Entries:
    return {
        workloads.PINOT_USER: program,
        workloads.PINOT_PASSWORD: logins.passwords[program],
    }
