"""What the roles of the Pinot chart have in common: pods, memory, probes, placement. Pure: no Pulumi."""

from typing import Any, Final

from components.pinot_configuration import TLS_DIRECTORY, configuration
from components.pinot_deployment import (
    ADMIN_PASSWORD,
    AUTH_TOKEN,
    CREDENTIALS_SECRET,
    KAFKA_JAAS,
    KEYSTORE_PASSWORD,
    METRICS_PORT,
    PinotDeployment,
)
from components.pinot_sizes import HOT, PoolSize
from components.pinot_sizing import PodSize

Values = dict[str, Any]

USER: Final = 1000
"""User and group of every container; the ZooKeeper image's own, and any other than root for Pinot's."""
LOG_DIRECTORY: Final = "/var/log/pinot"
EXPORTER: Final = "/opt/pinot/etc/jmx_prometheus_javaagent"
JUTE_MAXBUFFER: Final = 4_000_000
"""Bytes of the largest ZooKeeper node; the same in every process of the cluster, or large tables break it."""
ENVIRONMENT: Final = {
    "controller": (ADMIN_PASSWORD, AUTH_TOKEN),
    "broker": (),
    "server": (AUTH_TOKEN,),
    "minion": (AUTH_TOKEN,),
}
"""Keys of the credentials' Secret that each role needs, and no more."""
READ_STREAM: Final = frozenset({"controller", "server"})
"""Roles that connect to Kafka."""
STARTUP_MINUTES: Final = {"controller": 5, "broker": 10, "server": 20, "minion": 5}


def role_values(deployment: PinotDeployment, role: str, size: PodSize, pool: str = HOT) -> Values:
    """Return the values that every role has."""
    given = _given(deployment, role, pool)
    values: Values = {
        "replicaCount": size.replicas,
        "jvmOpts": jvm_options(role, size),
        "extra": {"configs": configuration(deployment, role)},
        "extraEnv": environment(deployment, role),
        "persistence": _volumes(deployment),
        "podSecurityContext": POD_SECURITY,
        "securityContext": CONTAINER_SECURITY,
        "probes": probes(role),
        "resources": resources(size),
        "service": {"extraPorts": _ports(deployment, role)},
        "pdb": {"enabled": True, "maxUnavailable": 1},
        "automaticReload": {"enabled": True},
        "affinity": affinity(deployment.release(pool), role, required=_apart(deployment)),
        "nodeSelector": dict(given.node_selector),
        "tolerations": tolerations(given),
    }
    if size.disk_gib:
        values["persistence"] |= {"enabled": True, "size": f"{size.disk_gib}Gi"}
        if given.storage_class is not None:
            values["persistence"]["storageClass"] = given.storage_class
    return values


def _given(deployment: PinotDeployment, role: str, pool: str) -> PoolSize:
    sizes = deployment.settings.sizes
    given = {
        "controller": sizes.controllers,
        "broker": sizes.brokers,
        "server": sizes.pool(pool),
        "minion": sizes.minions,
    }[role]
    return given or PoolSize()


def _apart(deployment: PinotDeployment) -> bool:
    return deployment.settings.spread == "require"


POD_SECURITY: Final[Values] = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    # Without it the kubelet walks every file of a volume of terabytes before the pod starts.
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY: Final[Values] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}
"""Together what Kubernetes' Pod Security Standard `restricted` asks for."""


def jvm_options(role: str, size: PodSize) -> str:
    """Return the JVM's options.

    The chart's own give every role two processors and a heap that has nothing to do with the pod's memory,
    and no time zone, so that a timestamp without one would mean another time on another node.
    """
    cores = max(1, -(-size.cpu_millicores // 1000))
    return " ".join(
        (
            f"-XX:ActiveProcessorCount={cores}",
            f"-Xms{size.heap_mib}M",
            f"-Xmx{size.heap_mib}M",
            f"-XX:MaxDirectMemorySize={size.direct_mib}M",
            "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=200",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Xlog:gc*:file={LOG_DIRECTORY}/gc.log:time,uptime,level,tags:filecount=5,filesize=10M",
            "-Duser.timezone=UTC",
            f"-Djute.maxbuffer={JUTE_MAXBUFFER}",
            f"-javaagent:{EXPORTER}/jmx_prometheus_javaagent.jar={METRICS_PORT}:{EXPORTER}/configs/{role}.yml",
        )
    )


def environment(deployment: PinotDeployment, role: str) -> list[Values]:
    """Return the environment: log level and directory, and the secrets that the role needs."""
    entries: list[Values] = [
        {"name": "LOG4J_CONSOLE_LEVEL", "value": "info"},
        {"name": "LOG_DIR", "value": LOG_DIRECTORY},
    ]
    keys = [*ENVIRONMENT[role]]
    if deployment.kafka_login and role in READ_STREAM:
        keys.append(KAFKA_JAAS)
    entries += [_from_secret(key, CREDENTIALS_SECRET, key) for key in keys]
    if (tls := deployment.settings.tls) is not None:
        entries.append(_from_secret(KEYSTORE_PASSWORD, tls.secret, tls.password))
    return entries


def _from_secret(name: str, secret: str, key: str) -> Values:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def _volumes(deployment: PinotDeployment) -> Values:
    volumes: list[Values] = [{"name": "logs", "emptyDir": {"sizeLimit": "1Gi"}}]
    mounts: list[Values] = [{"name": "logs", "mountPath": LOG_DIRECTORY}]
    if (tls := deployment.settings.tls) is not None:
        items = [
            {"key": tls.keystore, "path": "keystore.p12"},
            {"key": tls.truststore, "path": "truststore.p12"},
        ]
        volumes.append({"name": "tls", "secret": {"secretName": tls.secret, "items": items}})
        mounts.append({"name": "tls", "mountPath": TLS_DIRECTORY, "readOnly": True})
    return {"extraVolumes": volumes, "extraVolumeMounts": mounts}


def _ports(deployment: PinotDeployment, role: str) -> list[Values]:
    ports: list[Values] = [{"containerPort": METRICS_PORT, "protocol": "TCP", "name": "metrics"}]
    if deployment.settings.tls is not None and role in {"controller", "broker"}:
        port = deployment.controller_port if role == "controller" else deployment.broker_port
        ports.append({"containerPort": port, "protocol": "TCP", "name": "https"})
    return ports


def probes(role: str) -> Values:
    """Return all three probes.

    No number may be 0: the chart reads it as absent and takes 60 seconds instead. Until the startup probe
    has succeeded the others do not run, so that a server with a long list of segments is not killed while
    it loads.
    """
    common = {"initialDelaySeconds": 10, "periodSeconds": 10, "timeoutSeconds": 5, "successThreshold": 1}
    return {
        "livenessEnabled": True,
        "readinessEnabled": True,
        "startupEnabled": True,
        "liveness": {**common, "failureThreshold": 6},
        "readiness": {**common, "failureThreshold": 3},
        "startup": {**common, "failureThreshold": STARTUP_MINUTES[role] * 6},
    }


def resources(size: PodSize) -> Values:
    """Return requests and limits: all memory is asked for, so that no neighbour's peak can take it away.

    CPU has no limit: a throttled JVM misses its latency objective although the node is idle.
    """
    memory = f"{size.memory_mib}Mi"
    return {
        "requests": {"cpu": f"{size.cpu_millicores}m", "memory": memory},
        "limits": {"memory": memory},
    }


def affinity(release: str, component: str, *, required: bool) -> Values:
    """Return how pods of one role keep apart: one a node, and over the zones as evenly as there is room.

    The chart has no topologySpreadConstraints. The preference has the same effect for up to as many pods as
    there are zones; beyond, the scheduler counts each pod that is already there, which still evens them
    out.
    """
    selector = {"matchLabels": {"app": "pinot", "release": release, "component": component}}

    def term(topology: str) -> Values:
        return {"labelSelector": selector, "topologyKey": topology}

    node, zone = term("kubernetes.io/hostname"), term("topology.kubernetes.io/zone")
    preferred = [{"weight": 100, "podAffinityTerm": zone}]
    if required:
        return {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [node],
                "preferredDuringSchedulingIgnoredDuringExecution": preferred,
            }
        }
    preferred.append({"weight": 50, "podAffinityTerm": node})
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


def tolerations(given: PoolSize) -> list[Values]:
    """Return the taints that the pods put up with."""
    return [
        {"key": taint.key, "operator": "Exists", "effect": taint.effect}
        if taint.value is None
        else {"key": taint.key, "operator": "Equal", "value": taint.value, "effect": taint.effect}
        for taint in given.tolerations
    ]
