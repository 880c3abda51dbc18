"""Deployments that the tests of Pinot on Kubernetes start from."""

from typing import Any

from components.kubernetes_settings import KubernetesSettings
from components.pinot_deployment import DeepStoreLocation, PinotDeployment
from components.pinot_sizing import Shape, plan_cluster

TIERS = {"warm": 90, "cold": 365}
TENANTS = {"hot": "payment_server", "warm": "payment_warm", "cold": "payment_cold"}


def settings(**changes: Any) -> KubernetesSettings:  # noqa: ANN401 - any field of the settings
    return KubernetesSettings(cluster_identifier="payments-prod", context="prod", **changes)


def deployment(
    *,
    partitions: int = 12,
    replication: int = 3,
    tiers: dict[str, int] | None = None,
    deep_store: DeepStoreLocation | None = None,
    **changes: Any,  # noqa: ANN401 - any field of the settings
) -> PinotDeployment:
    """Return prod's deployment with changed settings."""
    chosen = settings(**changes)
    shape = Shape(partitions=partitions, replication=replication, tiers=TIERS if tiers is None else tiers)
    plan = plan_cluster(chosen.load, shape, chosen.sizes)
    return PinotDeployment(
        settings=chosen,
        plan=plan,
        deep_store=deep_store or DeepStoreLocation(bucket="payments-deep-store", region="eu-central-1"),
        server_tenants={pool: TENANTS[pool] for pool in plan.pools},
    )
