"""Pinot on Kubernetes by the stack's settings: deployment, credentials, and its tenants' instances."""

from pathlib import Path

import pulumi

from components.kubernetes_plan import JAAS_PROPERTY, planned_deployment
from components.monitoring import Monitoring
from components.pinot_cluster import PinotReadiness
from components.pinot_deployment import PinotDeployment
from components.pinot_kubernetes import KubernetesPinotCluster, PinotAccess
from components.pinot_sizes import HOT
from components.product_files import read_monitoring
from components.settings import Settings
from components.stream_rights import PINOT
from pinot_as_code.tenant import InstanceSelector


def install(
    name: str, settings: Settings, role_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> PinotReadiness:
    """Install the cluster and return what waits for which of its releases."""
    deployment = planned_deployment(settings)
    password = settings.controller.password
    if password is None:
        message = "pinot:password is needed in mode kubernetes."
        raise LookupError(message)
    jaas = kafka_jaas(settings)
    cluster = KubernetesPinotCluster(
        name,
        deployment,
        PinotAccess(
            role_arn=role_arn,
            admin_password=pulumi.Output.secret(password.get_secret_value()),
            kafka_jaas=None if jaas is None else pulumi.Output.secret(jaas),
        ),
        protect=settings.guards.protect,
        opts=opts,
    )
    monitoring = deployment.settings.monitoring
    if monitoring.rules or monitoring.dashboards:
        Monitoring(
            f"{name}-monitoring",
            monitoring,
            read_monitoring(Path(settings.product.directory)),
            # Not depends_on the cluster: that waits for all its children, this one among them.
            namespace=cluster.namespace,
            provider=cluster.provider,
            opts=pulumi.ResourceOptions(parent=cluster),
        )
    releases = cluster.releases
    return PinotReadiness(
        controller=[releases[HOT]],
        tenants={tenant: [releases[pool]] for pool, tenant in deployment.server_tenants.items()},
        instances=tenant_instances(deployment),
    )


def tenant_instances(deployment: PinotDeployment) -> dict[str, InstanceSelector]:
    """Return each tenant's instances.

    Servers are counted: a tenant waits until all of its pool have joined, and one more in the pool is one
    more in the tenant. Brokers come and go with the autoscaler and tag themselves.
    """
    servers = {
        tenant: InstanceSelector(
            names=(deployment.server_instances(pool),), count=deployment.plan.pools[pool].replicas
        )
        for pool, tenant in deployment.server_tenants.items()
    }
    brokers = InstanceSelector(names=(deployment.broker_instances,), elastic=True)
    return servers | {deployment.broker_tenant: brokers}


def kafka_jaas(settings: Settings) -> str | None:
    """Return the value of `sasl.jaas.config` for Pinot's user; none when Kafka asks for no login."""
    access = settings.kafka.access
    if JAAS_PROPERTY not in settings.kafka.pinot_properties or access is None or access.pinot is None:
        return None
    # In JAAS a quoted value escapes quotes and backslashes.
    password = access.pinot.password.get_secret_value().replace("\\", "\\\\").replace('"', '\\"')
    return (
        "org.apache.kafka.common.security.scram.ScramLoginModule required"
        f' username="{PINOT}" password="{password}";'
    )
