"""Settings of the product's own programs on Kubernetes: archiver, loader, measuring run."""

from collections.abc import Mapping
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from components.access_settings import ServiceAccountSettings
from components.kubernetes_settings import ClientSettings, ImageSettings, KubernetesName, SecretKey
from components.pinot_sizes import LabelKey, LabelValue, Mebibytes, Millicores
from components.setting_errors import BrokenRuleError
from components.setting_kinds import Kind, SettingsPart, Url

ARCHIVER: Final = "archiver"
LOADER: Final = "loader"
MEASURE: Final = "measure"
"""The programs: names of their workloads, their ServiceAccounts, and of their users in Kafka and Pinot."""
PROGRAM: Final = "app.kubernetes.io/name"
"""Label of a pod with the program that it runs."""
SERVICE_LABELS: Final = 3
"""Parts of the host of a Service at the least: <service>.<namespace>.svc."""

CronSchedule = Annotated[
    str,
    # Five fields as Kubernetes takes them; its own parser judges the numbers.
    StringConstraints(pattern=r"^[0-9*,/-]+( [0-9A-Za-z*,/?-]+){4}$"),
    Kind("a cron schedule of five fields in UTC, for example 20 * * * *"),
]
Archivers = Annotated[int, Field(ge=1, le=100), Kind("a whole number from 1 to 100", unit="pods")]
Loaders = Annotated[int, Field(ge=1, le=2), Kind("1 or 2", unit="pods")]
Questions = Annotated[int, Field(ge=0, le=100_000), Kind("a whole number from 0 to 100000", unit="questions")]
Probes = Annotated[int, Field(ge=0, le=100_000), Kind("a whole number from 0 to 100000", unit="probes")]
MeasuredHours = Annotated[int, Field(ge=0, le=168), Kind("a whole number from 0 to 168", unit="hours")]
RunSeconds = Annotated[int, Field(ge=60, le=21_600), Kind("a whole number from 60 to 21600", unit="seconds")]


class ArchiverSettings(SettingsPart):
    """The archiver: the topic's events, hashed, to the archive bucket."""

    replicas: Archivers = Field(
        default=2, description="How many share the topic's partitions; at least 2 in prod."
    )
    cpu_millicores: Millicores = Field(
        default=200, description="CPU that a pod requests: 200 archive some 5,000 events a second."
    )
    memory_mib: Mebibytes = Field(
        default=384, description="Memory of a pod, requested and at most; 257 were measured at full load."
    )


class LoaderSettings(SettingsPart):
    """The loader: closed hours of the archive to the offline tables, built by Pinot's minions."""

    replicas: Loaders = Field(
        default=1, description="How many load; a second does the same work, and is there when a node goes."
    )
    cpu_millicores: Millicores = Field(default=250, description="CPU that a pod requests.")
    memory_mib: Mebibytes = Field(
        default=2560,
        description="Memory of a pod, requested and at most. An hour of 36,000 rows took 274, one of 900,000"
        " (the design's peak for a whole hour, every value different) 1,947.",
    )
    scratch_mib: Mebibytes = Field(
        default=1024,
        description="Most that the file of an hour may take of the node's disk; 272 at the peak.",
    )


class MeasureSettings(SettingsPart):
    """The measuring run, which holds the objectives against what the environment really does."""

    schedule: CronSchedule = Field(
        default="20 * * * *",
        description="When it runs. An alert comes when nothing was measured for two hours.",
    )
    questions: Questions = Field(default=200, description="Questions to ask; 0: none.")
    probes: Probes = Field(default=300, description="Probe events to send, which no table keeps; 0: none.")
    hours: MeasuredHours = Field(
        default=2, description="Closed hours in which every table is held against the topic; 0: none."
    )
    deadline_seconds: RunSeconds = Field(
        default=1800, description="How long a run may take before it is ended, and counts as failed."
    )
    cpu_millicores: Millicores = Field(default=500, description="CPU that the pod requests.")
    memory_mib: Mebibytes = Field(default=1024, description="Memory of the pod, requested and at most.")
    pushgateway: Url | None = Field(
        default=None,
        description="Prometheus' Pushgateway, to which a run gives its figures: a Service of the cluster."
        " None: they stand in the pod's log alone, and rules that need them never fire.",
    )

    @property
    def pushgateway_place(self) -> tuple[str, int] | None:
        """Return namespace and port of the Pushgateway."""
        if self.pushgateway is None:
            return None
        parts = urlsplit(self.pushgateway)
        return str(parts.hostname).split(".")[1], parts.port or (443 if parts.scheme == "https" else 80)

    @model_validator(mode="after")
    def _pushgateway_is_a_service(self) -> Self:
        if self.pushgateway is None:
            return self
        labels = str(urlsplit(self.pushgateway).hostname).split(".")
        if len(labels) < SERVICE_LABELS or labels[2] != "svc":
            raise BrokenRuleError(
                key="pushgateway",
                found="a host that is no Service of the cluster, to which the network policies open no way",
                allowed="http://<service>.<namespace>.svc.cluster.local:<port>",
            )
        return self


class AuthoritySettings(SettingsPart):
    """Certificate authorities that are no public ones."""

    secret: KubernetesName = Field(description="The Secret, in the operations' namespace.")
    key: SecretKey = Field(default="ca.crt", description="Its key with the PEM text of all of them.")


class OperationsSettings(SettingsPart):
    """The product's own programs, on the Kubernetes cluster that Pinot is on.

    Where they may go, who reads their metrics, and how pods keep apart is said once, for Pinot and for them:
    pinot.kubernetes.network, .monitoring and .spread.
    """

    namespace: KubernetesName = Field(default="payments", description="The namespace, made by the stack.")
    image: ImageSettings = Field(description="The image, as operations/README.md tells to build it.")
    image_pull_secrets: tuple[KubernetesName, ...] = Field(
        default=(), description="Secrets of the namespace to pull the image with."
    )
    archiver: ArchiverSettings = Field(default=ArchiverSettings(), description="The archiver.")
    loader: LoaderSettings = Field(default=LoaderSettings(), description="The loader.")
    measure: MeasureSettings | None = Field(
        default=None, description="The measuring run; none: nothing is measured from outside."
    )
    authority: AuthoritySettings | None = Field(
        default=None,
        description="Who signed the certificates of Kafka and Pinot, unless it is a public authority; needed"
        " with kafka.security.caFile or pinot.kubernetes.tls.",
    )
    node_selector: Mapping[LabelKey, LabelValue] = Field(
        default_factory=dict, description="Labels of the nodes that the pods may run on."
    )

    def account(self, program: str) -> ServiceAccountSettings:
        """Return the service account of a program."""
        return ServiceAccountSettings(namespace=self.namespace, name=program)

    def clients(self, *programs: str) -> tuple[ClientSettings, ...]:
        """Return the pods of some programs as those who may reach a port of Pinot."""
        return tuple(ClientSettings(namespace=self.namespace, pods={PROGRAM: name}) for name in programs)
