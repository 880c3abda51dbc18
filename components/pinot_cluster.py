"""The Pinot cluster: where controller and brokers answer, and what its tenants wait for and select."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.pinot_settings import TenantSettings
from components.settings import Settings
from pinot_as_code.tenant import InstanceSelector


@dataclass(frozen=True, slots=True, kw_only=True)
class PinotReadiness:
    """What must be there before something is made in Pinot, and which instances a tenant has."""

    controller: Sequence[pulumi.Resource]
    """What schemas wait for."""
    tenants: Mapping[str, Sequence[pulumi.Resource]] = field(default_factory=dict)
    """What a tenant waits for, by its name, where that differs from the controller."""
    instances: Mapping[str, InstanceSelector] = field(default_factory=dict)
    """A tenant's instances by its name, where the cluster knows them; else the settings say."""

    def before_tenant(self, tenant: str) -> Sequence[pulumi.Resource]:
        """Return what a tenant waits for."""
        return self.tenants.get(tenant, self.controller)

    def instances_of(self, pool: TenantSettings) -> InstanceSelector:
        """Return the instances of a tenant."""
        chosen = self.instances.get(pool.tenant)
        return chosen or InstanceSelector(names=pool.instances, count=pool.count)


class PinotCluster(pulumi.ComponentResource):
    """A Pinot 1.5.1. In mode `external` it runs already, and nothing of it is made here."""

    controller_url: str
    broker_url: str
    readiness: PinotReadiness

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        role_arn: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Install the cluster, or note the endpoints.

        Args:
            name: Pulumi's name of the component.
            settings: the stack's settings: the cluster, and how to reach its controller.
            role_arn: the AWS role of Pinot's pods, needed in mode `kubernetes`.
            opts: options of the component.

        """
        super().__init__("payments:pinot_cluster:PinotCluster", name, None, opts)
        self.controller_url = settings.controller.controller_url
        self.broker_url = settings.broker_url
        self.readiness = PinotReadiness(controller=[self])
        if settings.pinot.mode == "kubernetes" and role_arn is not None:
            # Imported only where there is such a cluster: its SDK is the largest of all.
            from components.pinot_installation import install  # noqa: PLC0415

            self.readiness = install(name, settings, role_arn, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"controllerUrl": self.controller_url, "brokerUrl": self.broker_url})
