"""Values of the official Pinot chart 1.0.0: for the release with everything, and for further pools.

Pure: no Pulumi. The chart ignores a value whose path it does not know, so `unknown_value_paths` holds every
path against the list of those that it reads.
"""

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from components.pinot_chart_roles import (
    CONTAINER_SECURITY,
    JUTE_MAXBUFFER,
    POD_SECURITY,
    Values,
    affinity,
    resources,
    role_values,
    tolerations,
)
from components.pinot_configuration import DATA, GRACE_SECONDS
from components.pinot_deployment import PINOT_ROLE_ARN, ZOOKEEPER_METRICS_PORT, PinotDeployment
from components.pinot_sizes import HOT, PoolSize

VALUE_PATHS: Final = Path(__file__).with_name("pinot_chart_values.txt")
ROLE_ANNOTATION: Final = "eks.amazonaws.com/role-arn"
"""Annotation of a ServiceAccount by which its pods get an AWS role's credentials (IRSA)."""


class ChartValuesError(ValueError):
    """Values that the chart would ignore or misread."""


def release_values(deployment: PinotDeployment) -> Values:
    """Return the main release's values: controller, broker, ZooKeeper, minion, hot pool of servers."""
    plan = deployment.plan
    values = {
        **_common(deployment, HOT),
        "serviceAccount": {
            "create": True,
            "name": deployment.settings.release,
            "annotations": {ROLE_ANNOTATION: PINOT_ROLE_ARN},
        },
        "controller": _controller(deployment),
        "broker": role_values(deployment, "broker", plan.broker)
        | {"external": {"enabled": False}, "configureBrokerPort": deployment.settings.tls is None},
        "server": _server(deployment, HOT),
        "minion": role_values(deployment, "minion", plan.minion)
        | {
            "enabled": True,
            # Below the mount: a starting minion empties its directory, and a volume's own holds lost+found.
            "dataDir": f"{DATA.format(role='minion')}/tasks",
        },
        "minionStateless": {"enabled": False},
        "zookeeper": _zookeeper(deployment),
    }
    return checked(values)


def pool_values(deployment: PinotDeployment, pool: str) -> Values:
    """Return the values of a further release that has nothing but servers, for the same cluster."""
    values = {
        **_common(deployment, pool),
        # The main release's: one AWS role, one trust policy with one subject.
        "serviceAccount": {"create": False, "name": deployment.settings.release},
        "controller": {"replicaCount": 0, "external": {"enabled": False}, "pdb": {"enabled": False}},
        "broker": {"replicaCount": 0, "external": {"enabled": False}, "pdb": {"enabled": False}},
        "server": _server(deployment, pool),
        "minion": {"enabled": False, "replicaCount": 0},
        "minionStateless": {"enabled": False},
        "zookeeper": {"enabled": False, "urlOverride": deployment.zookeeper},
    }
    return checked(values)


def _common(deployment: PinotDeployment, pool: str) -> Values:
    settings = deployment.settings
    return {
        # Else the chart's names would depend on whether the release's name contains "pinot".
        "fullnameOverride": deployment.release(pool),
        "image": {
            "repository": settings.image.repository,
            "tag": settings.image.pinned_tag,
            "pullPolicy": "IfNotPresent",
        },
        "imagePullSecrets": [{"name": name} for name in settings.image_pull_secrets],
        "cluster": {"name": settings.cluster_name},
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        # Its entries would stand in clear in a ConfigMap; the users are in ZooKeeper, the first one in a
        # Secret.
        "pinotAuth": {"enabled": False},
    }


def _controller(deployment: PinotDeployment) -> Values:
    values = role_values(deployment, "controller", deployment.plan.controller)
    values |= {
        # A value and never a line of configuration: that would be joined to the chart's own line.
        "data": {"dir": deployment.deep_store.uri},
        "external": {"enabled": False},
        "configureControllerPort": deployment.settings.tls is None,
        "vip": {
            "enabled": True,
            "host": f"{deployment.settings.release}-controller",
            "port": deployment.controller_port,
        },
    }
    access = deployment.settings.controller_access
    if access.way == "ingress":
        values["ingress"] = {
            "v1": {
                "enabled": True,
                "ingressClassName": access.ingress_class,
                "annotations": dict(access.annotations),
                "hosts": [access.host],
                "tls": [{"hosts": [access.host], "secretName": access.tls_secret}],
                "port": deployment.controller_port,
            }
        }
    return values


def _server(deployment: PinotDeployment, pool: str) -> Values:
    return role_values(deployment, "server", deployment.plan.pools[pool], pool)


def _zookeeper(deployment: PinotDeployment) -> Values:
    size = deployment.plan.zookeeper
    given = deployment.settings.sizes.zookeeper or PoolSize()
    image = deployment.settings.zookeeper_image
    disk = f"{size.disk_gib}Gi"
    # Not `size`: data.size and datalog.size have defaults of their own, which hide it.
    persistence: Values = {"enabled": True, "data": {"size": disk}, "datalog": {"size": disk}}
    if given.storage_class is not None:
        persistence["storageClass"] = given.storage_class
    metrics = (
        "metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider"
        f" metricsProvider.httpPort={ZOOKEEPER_METRICS_PORT}"
    )
    return {
        "enabled": True,
        "replicaCount": size.replicas,
        "image": {"repository": image.repository, "tag": image.pinned_tag, "pullPolicy": "IfNotPresent"},
        "heapSize": str(size.heap_mib),
        "jvmFlags": f"-Djute.maxbuffer={JUTE_MAXBUFFER} -XX:+ExitOnOutOfMemoryError",
        "resources": resources(size),
        "persistence": persistence,
        "podSecurityContext": POD_SECURITY,
        "containerSecurityContext": CONTAINER_SECURITY,
        "extraEnv": [{"name": "ZOO_CFG_EXTRA", "value": metrics}],
        "affinity": affinity(
            deployment.settings.release, "zookeeper", required=deployment.settings.spread == "require"
        ),
        "nodeSelector": dict(given.node_selector),
        "tolerations": tolerations(given),
    }


def checked(values: Values) -> Values:
    """Return the values.

    Raises:
        ChartValuesError: the chart would ignore some of them; it names their paths and the likely spelling.

    """
    if unknown := tuple(unknown_value_paths(values)):
        known = sorted(_known_paths())
        lines = []
        for path in unknown:
            near = difflib.get_close_matches(path, known, n=1)
            lines.append(f"{path}: the chart ignores it." + (f" Did you mean {near[0]}?" if near else ""))
        message = "Values for the Pinot chart 1.0.0 under paths that it does not read:\n" + "\n".join(lines)
        raise ChartValuesError(message)
    return values


def unknown_value_paths(values: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield the paths of values that the chart does not read: neither listed, nor below a listed map."""
    for key, value in values.items():
        place = f"{path}.{key}" if path else key
        if place in _known_paths():
            continue
        if isinstance(value, Mapping) and value:
            yield from unknown_value_paths(value, place)
        else:
            yield place


@cache
def _known_paths() -> frozenset[str]:
    lines = VALUE_PATHS.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith(("#", "=")))
