"""A Pinot cluster on Kubernetes as decided: settings, sizes, tenants, deep store. Pure: no Pulumi."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from components.kubernetes_settings import KubernetesSettings
from components.pinot_sizes import HOT
from components.pinot_sizing import ClusterPlan, Shape, plan_cluster
from components.store_settings import SEGMENTS

CREDENTIALS_SECRET: Final = "@(credentials-secret)"  # noqa: S105 - stands for the Secret's name
PINOT_ROLE_ARN: Final = "@(pinot-role-arn)"
KMS_KEY_ARN: Final = "@(kms-key-arn)"
"""What stands in the values for what Pulumi knows later; `pinot_kubernetes` puts the outputs in their
places."""

ADMIN_USER: Final = "admin"
ADMIN_PASSWORD: Final = "PINOT_ADMIN_PASSWORD"  # noqa: S105 - a name
AUTH_TOKEN: Final = "PINOT_AUTH_TOKEN"  # noqa: S105 - a name
KEYSTORE_PASSWORD: Final = "PINOT_KEYSTORE_PASSWORD"  # noqa: S105 - a name
KAFKA_JAAS: Final = "KAFKA_JAAS_SECRET"
"""Keys of the Secret, and names of environment variables. Every process of Pinot logs its whole environment
when it starts and shows it under /appconfigs, and masks only names that end in password, secret, token or
api key (org.apache.pinot.spi.utils.Obfuscator): a table's `sasl.jaas.config` must be
`${KAFKA_JAAS_SECRET}`."""

CONTROLLER_PORT: Final = 9000
CONTROLLER_TLS_PORT: Final = 9443
BROKER_PORT: Final = 8099
BROKER_TLS_PORT: Final = 8443
SERVER_PORT: Final = 8098
SERVER_TLS_PORT: Final = 8091
SERVER_ADMIN_PORT: Final = 8097
SERVER_ADMIN_TLS_PORT: Final = 7443
QUERY_SERVER_PORT: Final = 7321
QUERY_RUNNER_PORT: Final = 7732
MINION_PORT: Final = 9514
ZOOKEEPER_PORT: Final = 2181
ZOOKEEPER_PEER_PORTS: Final = (2888, 3888)
ZOOKEEPER_METRICS_PORT: Final = 7000
METRICS_PORT: Final = 8008


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepStoreLocation:
    """Where Pinot keeps its segments on S3."""

    bucket: str
    region: str
    prefix: str = SEGMENTS
    named_key: bool = False
    """Whether Pinot names the KMS key with each object, or leaves it to the bucket's default encryption."""

    @property
    def uri(self) -> str:
        """Return the address as Pinot takes it."""
        return f"s3://{self.bucket}/{self.prefix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PinotDeployment:
    """Everything that decides on the values of the releases."""

    settings: KubernetesSettings
    plan: ClusterPlan
    deep_store: DeepStoreLocation
    broker_tenant: str = "payment_broker"
    server_tenants: Mapping[str, str]
    """Tenant of each pool of the plan."""
    kafka_login: bool = True
    """Whether the brokers of Kafka ask for SASL, so that controllers and servers need a JAAS entry."""

    def release(self, pool: str = HOT) -> str:
        """Return the release that holds a pool; the hot one comes with everything else."""
        return self.settings.release if pool == HOT else f"{self.settings.release}-{pool}"

    @property
    def releases(self) -> tuple[str, ...]:
        """Return the names of all releases."""
        return tuple(self.release(pool) for pool in self.plan.pools)

    @property
    def zookeeper(self) -> str:
        """Return ZooKeeper's address for every process of the cluster."""
        return f"{self.settings.release}-zookeeper:{ZOOKEEPER_PORT}"

    def server_instances(self, pool: str) -> str:
        """Return the pattern of a pool's instance ids, as a tenant selects them."""
        return f"Server_{self.release(pool)}-server-*"

    @property
    def broker_instances(self) -> str:
        """Return the pattern of the brokers' instance ids."""
        return f"Broker_{self.settings.release}-broker-*"

    @property
    def controller_url(self) -> str:
        """Return the address that `pinot:controllerUrl` must be, by the way that the settings choose."""
        access = self.settings.controller_access
        scheme = "http" if self.settings.tls is None else "https"
        match access.way:
            case "ingress":
                return f"https://{access.host}"
            case "port-forward":
                return f"{scheme}://127.0.0.1:{access.port}"
        return f"{scheme}://{self.service('controller')}:{self.controller_port}"

    @property
    def broker_url(self) -> str:
        """Return the address of the brokers inside of the cluster."""
        scheme = "http" if self.settings.tls is None else "https"
        return f"{scheme}://{self.service('broker')}:{self.broker_port}"

    def service(self, role: str) -> str:
        """Return the full name of a role's Service."""
        return f"{self.settings.release}-{role}.{self.settings.namespace}.svc.cluster.local"

    @property
    def controller_port(self) -> int:
        """Return the port of the controller's API."""
        return CONTROLLER_PORT if self.settings.tls is None else CONTROLLER_TLS_PORT

    @property
    def broker_port(self) -> int:
        """Return the port of the brokers' API."""
        return BROKER_PORT if self.settings.tls is None else BROKER_TLS_PORT

    @property
    def port_forward(self) -> str:
        """Return the command that opens the controller's port on this machine."""
        return (
            f"kubectl --context {self.settings.context} --namespace {self.settings.namespace} port-forward"
            f" service/{self.settings.release}-controller"
            f" {self.settings.controller_access.port}:{self.controller_port}"
        )


def plan_deployment(
    settings: KubernetesSettings,
    shape: Shape,
    deep_store: DeepStoreLocation,
    *,
    tenants: Mapping[str, str],
    kafka_login: bool,
) -> PinotDeployment:
    """Return the deployment of a cluster.

    Args:
        settings: the cluster's settings.
        shape: partitions, copies and tiers.
        deep_store: where the segments go.
        tenants: the tenant of the brokers ("broker"), and of each pool of servers ("hot", "warm", "cold").
        kafka_login: whether Kafka asks for SASL.

    Raises:
        BrokenRuleError: the load needs what no cluster has (`key` is relative to the settings).

    """
    plan = plan_cluster(settings.load, shape, settings.sizes)
    return PinotDeployment(
        settings=settings,
        plan=plan,
        deep_store=deep_store,
        broker_tenant=tenants["broker"],
        server_tenants={pool: tenants[pool] for pool in plan.pools},
        kafka_login=kafka_login,
    )
