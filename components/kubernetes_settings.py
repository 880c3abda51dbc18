"""Settings of Pinot on Kubernetes: cluster, chart and image, who may reach it, how it is watched."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from components.pinot_sizes import LabelKey, LabelValue, Load, PinotClusterSizes
from components.setting_errors import BrokenRuleError
from components.setting_kinds import FilePath, Kind, Name, SettingsPart, Url

CHART: Final = "Chart.yaml"

KubernetesName = Annotated[
    str,
    # RFC 1123 label, as Kubernetes wants names of namespaces and services.
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"),
    Kind("at most 63 lower-case letters, digits or '-', beginning and ending with a letter or digit"),
]
ReleaseName = Annotated[
    str,
    # Helm allows 53 characters; the chart appends up to 26 and cuts at 63 without a word.
    StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$"),
    Kind("a letter, then at most 29 lower-case letters, digits or '-'"),
]
ClusterName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$"),
    Kind("a letter, then at most 62 letters, digits, '_' or '-'"),
]
ImageRepository = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9._/:-]{0,254}$"),
    Kind("an image's name without tag, for example apachepinot/pinot"),
]
ImageTag = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"),
    Kind("an image's tag that names a version, such as 1.5.1"),
]
ImageDigest = Annotated[
    str,
    StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$"),
    Kind("sha256: and 64 hexadecimal digits"),
]
ChartVersion = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$"),
    Kind("one exact version, for example 1.0.0; no range"),
]
Cidr = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/([0-9]|[12][0-9]|3[0-2])$"),
    Kind("an address range such as 10.0.0.0/16"),
]
Port = Annotated[int, Field(ge=1, le=65_535), Kind("a whole number from 1 to 65535", unit="TCP port")]
HostName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"),
    Kind("a host's full name"),
]
SecretKey = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,253}$"), Kind("a key of a Kubernetes Secret")
]
SetupSeconds = Annotated[int, Field(ge=60, le=7200), Kind("a whole number from 60 to 7200", unit="seconds")]


class ImageSettings(SettingsPart):
    """A container image."""

    repository: ImageRepository = Field(
        description="The image's name, in a mirror of yours where you have one."
    )
    tag: ImageTag = Field(description="The image's tag.")
    digest: ImageDigest | None = Field(
        default=None,
        description="The image's digest, so that a tag moved later runs nothing new; needed in prod.",
    )

    @model_validator(mode="after")
    def _names_a_version(self) -> Self:
        if self.tag.split("-")[0] in {"latest", "nightly"}:
            raise BrokenRuleError(
                key="tag", found=f"{self.tag}, another image every day", allowed="a version, such as 1.5.1"
            )
        return self

    @property
    def pinned_tag(self) -> str:
        """Return what the chart appends to the name and a colon."""
        return self.tag if self.digest is None else f"{self.tag}@{self.digest}"


class ChartSettings(SettingsPart):
    """The official Helm chart of Apache Pinot."""

    name: Annotated[
        str, StringConstraints(min_length=1, max_length=1024), Kind("a chart's name, path or oci:// address")
    ] = Field(default="pinot", description="The chart's name in its repository, or a path or oci:// address.")
    repository: Url | None = Field(
        default="https://raw.githubusercontent.com/apache/pinot/master/helm",
        description="The chart's repository; none when `name` is a path or an oci:// address.",
    )
    version: Literal["1.0.0"] = Field(
        default="1.0.0", description="The chart's version: the one whose values this program knows."
    )
    timeout_seconds: SetupSeconds = Field(
        default=1800, description="How long one release may take until all its pods are ready."
    )

    @model_validator(mode="after")
    def _can_be_loaded(self) -> Self:
        """See that name and repository fit; Helm would look for the one in the other, and fail late."""
        place = self.name.startswith(("oci://", "/", "./", "../"))
        if place and self.repository is not None:
            raise BrokenRuleError(
                key="repository",
                found="a repository beside a name that is a path or an oci:// address",
                allowed="null",
            )
        if not place and self.repository is None:
            raise BrokenRuleError(
                key="name",
                found="a name without a repository",
                allowed="a repository, or a path (/…, ./…) or an oci:// address of the chart",
            )
        path = Path(self.name)
        if place and not self.name.startswith("oci://") and not (path.is_file() or (path / CHART).is_file()):
            raise BrokenRuleError(
                key="name",
                found=f"{self.name}, which is no archive and no directory with a {CHART}",
                allowed="the path of the chart, from the directory of Pulumi.yaml",
            )
        return self


class ClientSettings(SettingsPart):
    """Pods that may reach a port, wherever they are in the cluster."""

    namespace: KubernetesName = Field(description="The namespace of the pods.")
    pods: Mapping[LabelKey, LabelValue] = Field(
        default_factory=dict, description="Labels of the pods; none: every pod of the namespace."
    )


class EgressSettings(SettingsPart):
    """Addresses outside of the cluster that Pinot's pods may reach."""

    cidrs: tuple[Cidr, ...] = Field(default=("0.0.0.0/0",), description="Address ranges.")
    ports: tuple[Port, ...] = Field(description="TCP ports.")


class NetworkSettings(SettingsPart):
    """Who may reach which port; everything else is closed by NetworkPolicies."""

    controller_clients: tuple[ClientSettings, ...] = Field(
        default=(), description="Who may reach the controller: the runner of Pulumi, the loader, an ingress."
    )
    broker_clients: tuple[ClientSettings, ...] = Field(
        default=(), description="Who may send queries to the brokers: the readers' proxy or ingress."
    )
    metrics_clients: tuple[ClientSettings, ...] = Field(
        default=(), description="Who may read the metrics: Prometheus."
    )
    egress: tuple[EgressSettings, ...] = Field(
        default=(EgressSettings(ports=(443, 9096)),),
        description="Where Pinot's pods may go outside of the cluster: S3 and STS (443), Kafka (9096).",
    )


class TlsSettings(SettingsPart):
    """TLS between Pinot's processes and towards their clients, from keystores in a Kubernetes Secret."""

    secret: KubernetesName = Field(
        description="The Secret with PKCS12 keystore and truststore, as by cert-manager; its"
        " certificate names services and pods (*.<release>-<role>-headless.<namespace>.svc.cluster.local)."
    )
    keystore: SecretKey = Field(default="keystore.p12", description="Key of the keystore in the Secret.")
    truststore: SecretKey = Field(
        default="truststore.p12", description="Key of the truststore in the Secret."
    )
    password: SecretKey = Field(default="password", description="Key of both stores' password in the Secret.")


class ControllerAccessSettings(SettingsPart):
    """How Pulumi reaches the controller; pinot:controllerUrl must be the address of that way."""

    way: Literal["in-cluster", "ingress", "port-forward"] = Field(
        default="in-cluster",
        description="in-cluster: Pulumi runs in the cluster and uses the controller's Service; ingress: an"
        " internal ingress with TLS; port-forward: somebody runs kubectl port-forward beside pulumi up.",
    )
    host: HostName | None = Field(default=None, description="ingress: its host.")
    ingress_class: KubernetesName | None = Field(
        default=None, description="ingress: an IngressClass that only the company's network reaches."
    )
    tls_secret: KubernetesName | None = Field(
        default=None, description="ingress: the Secret with the host's certificate."
    )
    annotations: Mapping[LabelKey, Name] = Field(
        default_factory=dict, description="ingress: its annotations, such as an internal scheme."
    )
    port: Port = Field(default=9000, description="port-forward: the port on this machine.")

    @model_validator(mode="after")
    def _ingress_is_complete(self) -> Self:
        for key, value in (
            ("host", self.host),
            ("ingressClass", self.ingress_class),
            ("tlsSecret", self.tls_secret),
        ):
            if self.way == "ingress" and value is None:
                raise BrokenRuleError(
                    key=key,
                    found="none with way ingress",
                    allowed="an ingress with host, class and certificate",
                )
        return self


class MonitoringSettings(SettingsPart):
    """Metrics, alerting rules and dashboards; every pod serves its metrics on port 8008 in any case."""

    pod_monitor: bool = Field(
        default=False, description="Whether to make PodMonitors; the Prometheus operator must be installed."
    )
    labels: Mapping[LabelKey, LabelValue] = Field(
        default_factory=dict, description="Labels by which the operator selects PodMonitors and rules."
    )
    rules: bool = Field(
        default=False,
        description="Whether to make a PrometheusRule of data-product/monitoring/rules; the Prometheus"
        " operator must be installed.",
    )
    dashboards: bool = Field(
        default=False,
        description="Whether to make ConfigMaps of data-product/monitoring/dashboards, which Grafana's"
        " sidecar finds.",
    )
    runbooks: Url | None = Field(
        default=None,
        description="Where this repository's files are read: what stands before docs/runbooks in an alert's"
        " runbook_url.",
    )


class KubernetesSettings(SettingsPart):
    """Pinot on Kubernetes, installed by its Helm chart."""

    cluster_identifier: Name = Field(
        description="A name of the Kubernetes cluster that never changes: while it stays, no change of the"
        " kubeconfig makes Pulumi replace what it has made."
    )
    context: Name = Field(description="The kubeconfig's context; never the current one by chance.")
    kubeconfig: FilePath | None = Field(
        default=None, description="The kubeconfig's file; none: KUBECONFIG or ~/.kube/config."
    )
    namespace: KubernetesName = Field(default="pinot", description="The namespace, made by the stack.")
    release: ReleaseName = Field(
        default="pinot", description="The Helm release; the pools' are <release>-warm and <release>-cold."
    )
    cluster_name: ClusterName = Field(
        default="payments", description="Pinot's cluster name in ZooKeeper; fixed for good."
    )
    image: ImageSettings = Field(
        default=ImageSettings(repository="apachepinot/pinot", tag="1.5.1"), description="Pinot's image."
    )
    zookeeper_image: ImageSettings = Field(
        default=ImageSettings(repository="zookeeper", tag="3.9.3"), description="ZooKeeper's image."
    )
    image_pull_secrets: tuple[KubernetesName, ...] = Field(
        default=(), description="Secrets of the namespace to pull the images with."
    )
    chart: ChartSettings = Field(default=ChartSettings(), description="The chart.")
    load: Load = Field(default=Load(), description="The load to size the cluster for.")
    sizes: PinotClusterSizes = Field(
        default=PinotClusterSizes(), description="Numbers in place of those computed from the load."
    )
    spread: Literal["require", "prefer"] = Field(
        default="require",
        description="Whether two pods of a role must not share a node, or only should not; zones are always"
        " preferred to differ.",
    )
    network: NetworkSettings = Field(default=NetworkSettings(), description="Who may reach which port.")
    tls: TlsSettings | None = Field(default=None, description="TLS inside of the cluster; none: plain HTTP.")
    controller_access: ControllerAccessSettings = Field(
        default=ControllerAccessSettings(), description="How Pulumi reaches the controller."
    )
    monitoring: MonitoringSettings = Field(default=MonitoringSettings(), description="Metrics.")
