"""What the product's programs on Kubernetes are told by the settings, and what contradicts it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from components.kubernetes_plan import planned_deployment
from components.kubernetes_settings import EgressSettings, KubernetesSettings
from components.operations_settings import ARCHIVER, MEASURE, OperationsSettings
from components.pinot_deployment import PinotDeployment
from components.setting_errors import BrokenRuleError
from components.settings import Settings
from components.stream_access_settings import PrincipalSettings
from components.stream_settings import KafkaSettings

PROD_ARCHIVERS: Final = 2
AUTHORITY_DIRECTORY: Final = "/etc/authority"
AUTHORITY_FILE: Final = f"{AUTHORITY_DIRECTORY}/ca.crt"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsPlan:
    """Everything that decides on the workloads, but secrets."""

    settings: OperationsSettings
    environment: str
    kafka_servers: Sequence[str]
    topic: str
    quarantine: str
    archive_bucket: str
    staging_bucket: str
    region: str
    pinot: PinotDeployment

    @property
    def kubernetes(self) -> KubernetesSettings:
        """Return the settings of the cluster."""
        return self.pinot.settings

    @property
    def pinot_controller_url(self) -> str:
        """Return the controller's address inside of the cluster, whatever way Pulumi takes."""
        scheme = "http" if self.kubernetes.tls is None else "https"
        return f"{scheme}://{self.pinot.service('controller')}:{self.pinot.controller_port}"

    @property
    def kafka_ports(self) -> frozenset[int]:
        """Return the ports on which the brokers listen."""
        return frozenset(int(server.rpartition(":")[2]) for server in self.kafka_servers)


def planned_operations(settings: Settings) -> OperationsPlan:
    """Return the plan of a stack that has operations.

    Raises:
        LookupError: it has none.

    """
    if settings.operations is None:
        message = "payments:operations is not set: there is nothing to plan."
        raise LookupError(message)
    return OperationsPlan(
        settings=settings.operations,
        environment=settings.environment,
        kafka_servers=settings.kafka.pinot_bootstrap_servers or settings.kafka.bootstrap_servers,
        topic=settings.kafka.topic.name,
        quarantine=settings.kafka.quarantine.name,
        archive_bucket=settings.archive.bucket,
        staging_bucket=settings.deep_store.bucket,
        region=settings.aws.region,
        pinot=planned_deployment(settings),
    )


def kafka_login(
    kafka: KafkaSettings, user: str, principal: PrincipalSettings | None, ca_file: str | None
) -> str:
    """Return the file with which a program logs in to Kafka: librdkafka's settings, `name=value` a line."""
    lines = [f"security.protocol={kafka.security.protocol}"]
    if principal is not None and kafka.security.protocol.startswith("SASL"):
        lines += [
            f"sasl.mechanisms={kafka.security.mechanism}",
            f"sasl.username={user}",
            f"sasl.password={principal.password.get_secret_value()}",
        ]
    if ca_file is not None:
        lines.append(f"ssl.ca.location={ca_file}")
    return "\n".join(lines) + "\n"


def egress_without(ways: Sequence[EgressSettings], ports: frozenset[int]) -> list[EgressSettings]:
    """Return the ways out of the cluster but for some ports."""
    left = [(way, tuple(port for port in way.ports if port not in ports)) for way in ways]
    return [way.model_copy(update={"ports": kept}) for way, kept in left if kept]


def broken_rules_of_operations(settings: Settings) -> Iterator[BrokenRuleError]:
    """Yield what the settings of a stack with operations contradict."""
    operations = settings.operations
    if operations is None:
        return
    if settings.pinot.kubernetes is None:
        yield BrokenRuleError(
            key="operations",
            found=f"workloads with pinot.mode {settings.pinot.mode}, which names no Kubernetes cluster to run"
            " them on",
            allowed="pinot.mode kubernetes, or no operations (`make up` starts the programs itself)",
        )
        return
    if operations.namespace == settings.pinot.kubernetes.namespace:
        yield BrokenRuleError(
            key="operations.namespace",
            found="Pinot's namespace, in which every way between pods is Pinot's own",
            allowed="a namespace of its own",
        )
    if settings.access.archiver is not None:
        yield BrokenRuleError(
            key="access.archiver",
            found="another archiver beside the one that operations run",
            allowed=f"none: the role is made for {operations.namespace}/{ARCHIVER}",
        )
    if settings.product.personal_data == "keyed":
        yield BrokenRuleError(
            key="operations",
            found="workloads with product.personalData keyed: the archiver hashes what it reads, and would"
            " hash what is hashed already",
            allowed="no operations, or personalData sha256",
        )
    if operations.authority is None:
        yield from _broken_trust(settings, settings.pinot.kubernetes)
    if operations.archiver.replicas > settings.kafka.topic.partitions:
        yield BrokenRuleError(
            key="operations.archiver.replicas",
            found=f"{operations.archiver.replicas} for {settings.kafka.topic.partitions} partitions, so that"
            " some would have nothing to do",
            allowed=f"at most {settings.kafka.topic.partitions}",
        )
    yield from _broken_logins(settings, operations)
    if settings.environment == "prod":
        yield from _broken_in_prod(operations)


def _broken_trust(settings: Settings, kubernetes: KubernetesSettings) -> Iterator[BrokenRuleError]:
    reasons = {
        "kafka.security.caFile": settings.kafka.security.ca_file is not None,
        "pinot.kubernetes.tls": kubernetes.tls is not None,
    }
    for reason, holds in reasons.items():
        if holds:
            yield BrokenRuleError(
                key="operations.authority",
                found=f"none with {reason}, whose certificates the programs' containers would refuse",
                allowed="the Secret with the authority's certificate",
            )
            return


def _broken_logins(settings: Settings, operations: OperationsSettings) -> Iterator[BrokenRuleError]:
    access = settings.kafka.access
    users = {ARCHIVER: None if access is None else access.archiver}
    if operations.measure is not None:
        users[MEASURE] = None if access is None else access.measure
    for user, principal in users.items():
        if principal is None:
            yield BrokenRuleError(
                key=f"kafka.access.{user}",
                found=f"none with operations, whose {user} logs in to Kafka as {user}",
                allowed="an object with the password",
            )
            continue
        password = principal.password.get_secret_value()
        if password != password.strip() or len(password.splitlines()) != 1:
            yield BrokenRuleError(
                key=f"kafka.access.{user}.password",
                found="space at an end, or several lines, which a file of librdkafka's settings cannot hold",
                allowed="one line without space at its ends",
            )


def _broken_in_prod(operations: OperationsSettings) -> Iterator[BrokenRuleError]:
    if operations.image.digest is None:
        yield BrokenRuleError(
            key="operations.image.digest",
            found="none in prod, where a tag that is moved would run what nobody has tried",
            allowed=f"the digest of {operations.image.repository}:{operations.image.tag}, as the registry"
            " shows it",
        )
    if operations.archiver.replicas < PROD_ARCHIVERS:
        yield BrokenRuleError(
            key="operations.archiver.replicas",
            found=f"{operations.archiver.replicas} in prod, where one node's loss would stop the archive",
            allowed=f"at least {PROD_ARCHIVERS}",
        )
