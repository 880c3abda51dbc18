"""Configuration of Pinot's processes, as text for the chart's `extra.configs`. Pure: no Pulumi.

Sources: the configuration classes of Pinot 1.5.1 (`ControllerConf`, `CommonConstants`,
`ListenerConfigUtil`, `S3Config`). The chart puts the text behind lines of its own, and Pinot joins a key
that stands twice with a comma instead of taking the last: what the chart writes itself must never be here.
"""

from collections.abc import Mapping
from typing import Final

from components.pinot_deployment import (
    ADMIN_PASSWORD,
    ADMIN_USER,
    AUTH_TOKEN,
    BROKER_PORT,
    BROKER_TLS_PORT,
    CONTROLLER_PORT,
    CONTROLLER_TLS_PORT,
    KEYSTORE_PASSWORD,
    KMS_KEY_ARN,
    QUERY_RUNNER_PORT,
    QUERY_SERVER_PORT,
    SERVER_ADMIN_PORT,
    SERVER_ADMIN_TLS_PORT,
    SERVER_TLS_PORT,
    PinotDeployment,
)

GRACE_SECONDS: Final = 600
"""What a pod gets to stop: servers drain their queries and hand over what they consume."""
SHUTDOWN_MS: Final = (GRACE_SECONDS - 60) * 1000
"""A server's own deadline to stop, so that it is through before Kubernetes kills it."""
CATCH_UP_MS: Final = 300_000
"""How long a starting server may read the topic before it calls itself ready; by default it does not wait
at all."""
QUERY_TIMEOUT_MS: Final = 10_000
SERVER_RESPONSE_BYTES: Final = 100 * 1024 * 1024
"""Largest answer of one server to one query: a query for everything fails instead of filling a broker's
memory."""
DATA: Final = "/var/pinot/{role}/data"
TLS_DIRECTORY: Final = "/etc/pinot/tls"

WRITTEN_BY_CHART: Final[Mapping[str, frozenset[str]]] = {
    "controller": frozenset(
        {
            "controller.helix.cluster.name",
            "controller.port",
            "controller.vip.host",
            "controller.vip.port",
            "controller.data.dir",
            "controller.zk.str",
        }
    ),
    "broker": frozenset({"pinot.broker.client.queryPort", "pinot.broker.routing.table.builder.class"}),
    "server": frozenset(
        {
            "pinot.server.netty.port",
            "pinot.server.adminapi.port",
            "pinot.server.instance.dataDir",
            "pinot.server.instance.segmentTarDir",
        }
    ),
    "minion": frozenset({"pinot.minion.port", "dataDir"}),
}
"""Keys that the chart's ConfigMaps have before `extra.configs`."""

_PREFIX: Final = {role: f"pinot.{role}" for role in WRITTEN_BY_CHART}
_TLS_PREFIX: Final = {
    **{role: f"pinot.{role}.tls" for role in WRITTEN_BY_CHART},
    "controller": "controller.tls",
}


def configuration(deployment: PinotDeployment, role: str) -> str:
    """Return the text of a role: controller, broker, server or minion."""
    # Kept from the chart's own block, which ours replaces: without it every restart makes a new instance.
    entries = {"pinot.set.instance.id.to.hostname": "true"}
    match role:
        case "controller":
            entries |= _controller()
        case "broker":
            entries |= _broker(deployment.broker_tenant)
        case "server":
            entries |= _server(deployment.deep_store.uri)
    if role != "broker":
        entries |= _deep_store(deployment, _PREFIX[role])
    secrets = _secrets(role)
    if deployment.settings.tls is not None:
        entries |= _tls(role)
        secrets |= {
            f"{_TLS_PREFIX[role]}.keystore.password": KEYSTORE_PASSWORD,
            f"{_TLS_PREFIX[role]}.truststore.password": KEYSTORE_PASSWORD,
        }
    if secrets:
        # Pinot looks these keys' values up in its environment.
        entries |= {"dynamic.env.config": ",".join(secrets)} | secrets
    return text_of(role, entries)


def text_of(role: str, entries: Mapping[str, str]) -> str:
    """Return the lines of a role's configuration.

    Raises:
        ValueError: a key is one that the chart writes itself, which would end as "one,other".

    """
    if doubled := sorted(WRITTEN_BY_CHART[role] & entries.keys()):
        message = (
            f"{role}.extra.configs: found {', '.join(doubled)}, which the chart writes itself, so that Pinot"
            " would read two values joined by a comma; set the chart's own value instead."
        )
        raise ValueError(message)
    return "\n".join(f"{key}={value}" for key, value in entries.items())


def _controller() -> dict[str, str]:
    return {
        "controller.task.scheduler.enabled": "true",
        # New instances stay untagged until their tenant takes them; must stand before the first start.
        "cluster.tenant.isolation.enable": "false",
        "controller.local.temp.dir": f"{DATA.format(role='controller')}/local",
        # A segment that was committed while S3 was away is uploaded later, from the servers that have it.
        "controller.realtime.segment.deepStoreUploadRetryEnabled": "true",
        "controller.disable.ingestion.groovy": "true",
        "controller.admin.access.control.factory.class": (
            "org.apache.pinot.controller.api.access.ZkBasicAuthAccessControlFactory"
        ),
        "access.control.init.username": ADMIN_USER,
    }


def _broker(tenant: str) -> dict[str, str]:
    return {
        "pinot.query.server.port": str(QUERY_SERVER_PORT),
        "pinot.query.runner.port": str(QUERY_RUNNER_PORT),
        # Brokers that the autoscaler adds belong to the tenant at once, without Pulumi.
        "pinot.broker.instance.tags": f"{tenant}_BROKER",
        "pinot.broker.enforce.instance.tags": "true",
        "pinot.broker.timeoutMs": str(QUERY_TIMEOUT_MS),
        "pinot.broker.max.server.response.size.bytes": str(SERVER_RESPONSE_BYTES),
        "pinot.broker.request.client.ip.logging": "true",
        "pinot.broker.access.control.class": "org.apache.pinot.broker.broker.ZkBasicAuthAccessControlFactory",
    }


def _server(segment_store: str) -> dict[str, str]:
    return {
        "pinot.server.instance.realtime.alloc.offheap": "true",
        "pinot.query.server.port": str(QUERY_SERVER_PORT),
        "pinot.query.runner.port": str(QUERY_RUNNER_PORT),
        # Only for clients that this product has none of.
        "pinot.server.grpc.enable": "false",
        "pinot.server.instance.segment.store.uri": segment_store,
        "pinot.server.starter.realtimeConsumptionCatchupWaitMs": str(CATCH_UP_MS),
        "pinot.server.starter.enableRealtimeFreshnessBasedConsumptionStatusChecker": "true",
        "pinot.server.shutdown.timeoutMs": str(SHUTDOWN_MS),
        "pinot.server.admin.access.control.factory.class": (
            "org.apache.pinot.server.access.ZkBasicAuthAccessFactory"
        ),
    }


def _deep_store(deployment: PinotDeployment, prefix: str) -> dict[str, str]:
    protocols = "file,http,s3" if deployment.settings.tls is None else "file,http,https,s3"
    entries = {
        f"{prefix}.storage.factory.class.s3": "org.apache.pinot.plugin.filesystem.S3PinotFS",
        f"{prefix}.storage.factory.s3.region": deployment.deep_store.region,
        f"{prefix}.segment.fetcher.protocols": protocols,
        f"{prefix}.segment.fetcher.s3.class": "org.apache.pinot.common.utils.fetcher.PinotFSSegmentFetcher",
    }
    if deployment.deep_store.named_key:
        entries |= {
            f"{prefix}.storage.factory.s3.serverSideEncryption": "aws:kms",
            f"{prefix}.storage.factory.s3.ssekmsKeyId": KMS_KEY_ARN,
        }
    return entries


def _secrets(role: str) -> dict[str, str]:
    """Return keys whose value is the name of an environment variable.

    `pinot.server.instance.auth.token` must not be among them: `HelixInstanceDataManagerConfig` logs every
    key and value below `pinot.server.instance.` in clear.
    """
    return {
        "controller": {
            "access.control.init.password": ADMIN_PASSWORD,
            "pinot.controller.segment.fetcher.auth.token": AUTH_TOKEN,
            "controller.broker.auth.token": AUTH_TOKEN,
        },
        "broker": {},
        "server": {
            "pinot.server.segment.fetcher.auth.token": AUTH_TOKEN,
            "pinot.server.segment.uploader.auth.token": AUTH_TOKEN,
        },
        "minion": {
            "pinot.minion.segment.fetcher.auth.token": AUTH_TOKEN,
            "task.auth.token": AUTH_TOKEN,
        },
    }[role]


def _tls(role: str) -> dict[str, str]:
    """Return the listeners and stores.

    The first listener is the one that a process registers for the others. The plain one stays for the
    kubelet's probes, which the chart can only send without TLS; NetworkPolicies close it. A server's plain
    admin port stays open inside: Pinot prefers it for the controller's calls while there is one.
    """
    prefix = _TLS_PREFIX[role]
    entries = {
        f"{prefix}.keystore.path": f"{TLS_DIRECTORY}/keystore.p12",
        f"{prefix}.keystore.type": "PKCS12",
        f"{prefix}.truststore.path": f"{TLS_DIRECTORY}/truststore.p12",
        f"{prefix}.truststore.type": "PKCS12",
    }
    match role:
        case "controller":
            entries |= _listeners("controller", CONTROLLER_TLS_PORT, CONTROLLER_PORT)
            entries |= {"controller.vip.protocol": "https", "controller.broker.protocol": "https"}
        case "broker":
            entries |= _listeners("pinot.broker.client", BROKER_TLS_PORT, BROKER_PORT)
            entries |= {
                "pinot.broker.nettytls.enabled": "true",
                "pinot.multistage.engine.tls.enabled": "true",
            }
        case "server":
            entries |= _listeners("pinot.server.adminapi", SERVER_ADMIN_TLS_PORT, SERVER_ADMIN_PORT)
            entries |= {
                "pinot.server.netty.enabled": "false",
                "pinot.server.nettytls.enabled": "true",
                "pinot.server.nettytls.port": str(SERVER_TLS_PORT),
                "pinot.server.segment.uploader.protocol": "https",
                "pinot.multistage.engine.tls.enabled": "true",
            }
    return entries


def _listeners(namespace: str, tls_port: int, probe_port: int) -> dict[str, str]:
    return {
        f"{namespace}.access.protocols": "internal,probe",
        f"{namespace}.access.protocols.internal.protocol": "https",
        f"{namespace}.access.protocols.internal.port": str(tls_port),
        f"{namespace}.access.protocols.probe.protocol": "http",
        f"{namespace}.access.protocols.probe.port": str(probe_port),
    }
