"""The product's programs as workloads of Kubernetes: what runs, with what, how watched and kept apart.

Pure: no Pulumi.
"""

from collections.abc import Mapping
from typing import Any, Final

from components.operations_plan import AUTHORITY_DIRECTORY, AUTHORITY_FILE, OperationsPlan
from components.operations_settings import ARCHIVER, LOADER, MEASURE, PROGRAM

Spec = dict[str, Any]

PART_OF: Final = {"app.kubernetes.io/part-of": "payment-service-data-product"}
USER: Final = 10001
"""User and group of every container; operations/Dockerfile makes the same."""
METRICS_PORT: Final = 9464
LOGIN_SECRET: Final[Mapping[str, str]] = {
    ARCHIVER: "@(archiver-login)",
    LOADER: "@(loader-login)",
    MEASURE: "@(measure-login)",
}
"""What stands in a specification for the name of a program's Secret, which Pulumi knows later."""
KAFKA_PROPERTIES: Final = "kafka.properties"
PINOT_USER: Final = "pinot-user"
PINOT_PASSWORD: Final = "pinot-password"  # noqa: S105 - a key's name
"""Keys of the Secrets."""
LOGIN_DIRECTORY: Final = "/etc/login"
STOPPING_SECONDS: Final = 60
"""What is begun is ended in seconds, or left as it is and begun again by whoever comes next."""


def labels(program: str) -> dict[str, str]:
    """Return the labels of a program's objects and pods."""
    return {PROGRAM: program, **PART_OF}


def selector(program: str) -> Spec:
    """Select a program's pods."""
    return {"matchLabels": {PROGRAM: program}}


def archiver(plan: OperationsPlan) -> Spec:
    """Return the specification of the archivers' Deployment."""
    size = plan.settings.archiver
    environment = {
        "ARCHIVE_BOOTSTRAP_SERVERS": ",".join(plan.kafka_servers),
        "ARCHIVE_TOPIC": plan.topic,
        "ARCHIVE_QUARANTINE_TOPIC": plan.quarantine,
        "ARCHIVE_KAFKA_PROPERTIES": f"{LOGIN_DIRECTORY}/{KAFKA_PROPERTIES}",
        "ARCHIVE_BUCKET": plan.archive_bucket,
        "ARCHIVE_METRICS_HOST": "0.0.0.0",  # noqa: S104 - a pod's network policy says who reaches it
        "ARCHIVE_METRICS_PORT": str(METRICS_PORT),
    }
    container = {
        "command": ["python", "-m", "operations.archive", "run"],
        "env": [*_plain(environment), *_plain(_aws(plan))],
        "resources": _resources(size.cpu_millicores, size.memory_mib),
        **_watched(),
    }
    return _deployment(plan, ARCHIVER, size.replicas, container, scratch_mib=64, login_file=True)


def loader(plan: OperationsPlan) -> Spec:
    """Return the specification of the loaders' Deployment."""
    size = plan.settings.loader
    environment = {
        "ARCHIVE_BUCKET": plan.archive_bucket,
        "STAGING_BUCKET": plan.staging_bucket,
        "PINOT_CONTROLLER_URL": plan.pinot_controller_url,
        "PINOT_BROKER_URL": plan.pinot.broker_url,
    }
    command = ["python", "-m", "operations.offline", "run"]
    command += ["--metrics-host", "0.0.0.0", "--metrics-port", str(METRICS_PORT)]  # noqa: S104 - as above
    container = {
        "command": command,
        "env": [
            *_plain(environment),
            *_plain(_aws(plan)),
            *_plain(_authority(plan)),
            *_pinot_login(LOADER, "PINOT_USER", "PINOT_PASSWORD"),
        ],
        "resources": _resources(size.cpu_millicores, size.memory_mib, scratch_mib=size.scratch_mib),
        **_watched(),
    }
    return _deployment(plan, LOADER, size.replicas, container, scratch_mib=size.scratch_mib, login_file=False)


def measure(plan: OperationsPlan) -> Spec | None:
    """Return the specification of the measuring run's CronJob; None where nothing is measured.

    A run is not repeated: a promise that was missed (exit code 3) or not measured (4) is what it found, and
    the failed Job is there to be seen.
    """
    size = plan.settings.measure
    if size is None:
        return None
    command = ["python", "-m", "operations.measure", "--environment", plan.environment]
    command += ["--kafka", ",".join(plan.kafka_servers), "--topic", plan.topic]
    command += ["--kafka-properties", f"{LOGIN_DIRECTORY}/{KAFKA_PROPERTIES}"]
    command += ["--controller", plan.pinot_controller_url, "--broker", plan.pinot.broker_url]
    command += ["--questions", str(size.questions), "--probes", str(size.probes), "--hours", str(size.hours)]
    if size.pushgateway is not None:
        command += ["--push", size.pushgateway]
    container = {
        "command": command,
        "env": [
            *_plain(_authority(plan)),
            *_pinot_login(MEASURE, "MEASURE_PINOT_USER", "MEASURE_PINOT_PASSWORD"),
        ],
        "resources": _resources(size.cpu_millicores, size.memory_mib),
    }
    pod = _pod(plan, MEASURE, container, scratch_mib=64, login_file=True)
    return {
        "schedule": size.schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "metadata": {"labels": labels(MEASURE)},
            "spec": {
                "backoffLimit": 0,
                "activeDeadlineSeconds": size.deadline_seconds,
                "ttlSecondsAfterFinished": 86_400,
                "template": {
                    "metadata": {"labels": labels(MEASURE)},
                    "spec": {**pod, "restartPolicy": "Never"},
                },
            },
        },
    }


def disruption_budget(program: str) -> Spec:
    """Return a program's PodDisruptionBudget: one at a time, also where there is one alone.

    A budget that kept the only pod would stop the upgrade of its node; a loader that is away for a minute is
    no loss.
    """
    return {"maxUnavailable": 1, "selector": selector(program)}


def pod_monitor() -> Spec:
    """Return the PodMonitor's specification: archivers and loaders, the program as the job."""
    return {
        "selector": {"matchExpressions": [{"key": PROGRAM, "operator": "In", "values": [ARCHIVER, LOADER]}]},
        "podMetricsEndpoints": [
            {
                "port": "metrics",
                "interval": "30s",
                "relabelings": [
                    {
                        "sourceLabels": ["__meta_kubernetes_pod_label_app_kubernetes_io_name"],
                        "targetLabel": "job",
                        "replacement": "payments-$1",
                    }
                ],
            }
        ],
    }


def _deployment(
    plan: OperationsPlan, program: str, replicas: int, container: Spec, *, scratch_mib: int, login_file: bool
) -> Spec:
    return {
        "replicas": replicas,
        "selector": selector(program),
        # One after the other, and none beside: a version never works on what another one has just begun
        # with more instances than there were.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "minReadySeconds": 10,
        "revisionHistoryLimit": 5,
        "template": {
            "metadata": {"labels": labels(program)},
            "spec": _pod(plan, program, container, scratch_mib=scratch_mib, login_file=login_file),
        },
    }


def _pod(plan: OperationsPlan, program: str, container: Spec, *, scratch_mib: int, login_file: bool) -> Spec:
    settings = plan.settings
    volumes: list[Spec] = [{"name": "scratch", "emptyDir": {"sizeLimit": f"{scratch_mib}Mi"}}]
    mounts: list[Spec] = [{"name": "scratch", "mountPath": "/tmp"}]  # noqa: S108 - the container's own
    if login_file:
        items = [{"key": KAFKA_PROPERTIES, "path": KAFKA_PROPERTIES}]
        secret = {"secretName": LOGIN_SECRET[program], "items": items, "defaultMode": 0o440}
        volumes.append({"name": "login", "secret": secret})
        mounts.append({"name": "login", "mountPath": LOGIN_DIRECTORY, "readOnly": True})
    if (authority := settings.authority) is not None:
        items = [{"key": authority.key, "path": AUTHORITY_FILE.rpartition("/")[2]}]
        volumes.append({"name": "authority", "secret": {"secretName": authority.secret, "items": items}})
        mounts.append({"name": "authority", "mountPath": AUTHORITY_DIRECTORY, "readOnly": True})
    pod: Spec = {
        "serviceAccountName": program,
        # The token for AWS is another one, which the cluster mounts by the account's annotation.
        "automountServiceAccountToken": False,
        # Variables of other Services would be taken for settings.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": STOPPING_SECONDS,
        "securityContext": POD_SECURITY,
        "topologySpreadConstraints": _spread(plan, program),
        "containers": [
            {
                "name": program,
                "image": f"{settings.image.repository}:{settings.image.pinned_tag}",
                "imagePullPolicy": "IfNotPresent",
                "securityContext": CONTAINER_SECURITY,
                "volumeMounts": mounts,
                **container,
            }
        ],
        "volumes": volumes,
    }
    if settings.image_pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in settings.image_pull_secrets]
    if settings.node_selector:
        pod["nodeSelector"] = dict(settings.node_selector)
    return pod


POD_SECURITY: Final[Spec] = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    # Secrets and the scratch are readable by this group alone.
    "fsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY: Final[Spec] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""Together what Kubernetes' Pod Security Standard `restricted` asks for, and a root that nobody writes."""


def _spread(plan: OperationsPlan, program: str) -> list[Spec]:
    """Return how a program's pods keep apart: over zones where there is room, over nodes as Pinot's do."""
    apart = "DoNotSchedule" if plan.kubernetes.spread == "require" else "ScheduleAnyway"
    return [
        {
            "maxSkew": 1,
            "topologyKey": topology,
            "whenUnsatisfiable": otherwise,
            "labelSelector": selector(program),
        }
        for topology, otherwise in (
            ("topology.kubernetes.io/zone", "ScheduleAnyway"),
            ("kubernetes.io/hostname", apart),
        )
    ]


def _watched() -> Spec:
    """Return port and probes. Alive is who makes progress, so the same answer serves all three."""
    probe = {"httpGet": {"path": "/health", "port": "metrics"}, "periodSeconds": 10, "timeoutSeconds": 5}
    return {
        "ports": [{"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"}],
        "startupProbe": {**probe, "failureThreshold": 30},
        "livenessProbe": {**probe, "failureThreshold": 6},
        "readinessProbe": {**probe, "failureThreshold": 3},
    }


def _resources(cpu_millicores: int, memory_mib: int, *, scratch_mib: int = 64) -> Spec:
    """Return requests and limits; CPU has no limit, so that what was missed is caught up on an idle node."""
    both = {"memory": f"{memory_mib}Mi", "ephemeral-storage": f"{scratch_mib + 64}Mi"}
    return {"requests": {"cpu": f"{cpu_millicores}m", **both}, "limits": both}


def _plain(variables: Mapping[str, str]) -> list[Spec]:
    return [{"name": name, "value": value} for name, value in variables.items()]


def _aws(plan: OperationsPlan) -> dict[str, str]:
    # The role and its token come by the ServiceAccount. STS is asked in the region, where an endpoint of the
    # network can be.
    return {"AWS_DEFAULT_REGION": plan.region, "AWS_STS_REGIONAL_ENDPOINTS": "regional"}


def _authority(plan: OperationsPlan) -> dict[str, str]:
    return {} if plan.settings.authority is None else {"PINOT_CA_FILE": AUTHORITY_FILE}


def _pinot_login(program: str, user: str, password: str) -> list[Spec]:
    return [
        {
            "name": variable,
            "valueFrom": {"secretKeyRef": {"name": LOGIN_SECRET[program], "key": key}},
        }
        for variable, key in ((user, PINOT_USER), (password, PINOT_PASSWORD))
    ]
