"""The services of the local platform: what each is, how it is started, and when it is ready."""

from __future__ import annotations

import itertools
import socket
import sys
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import yaml
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from local import pinot_engine
from local.environment import LOOPBACK, REPOSITORY, LocalEnvironment
from local.java import jdk
from local.kafka import broker
from local.s3_client import S3_LOGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ServiceName = Literal["kafka", "s3", "pinot", "archiver", "loader"]

# In the order in which they are started; the engine reads from Kafka.
PLATFORM: Final[tuple[ServiceName, ...]] = ("kafka", "s3", "pinot")
# What runs beside a stack, and needs what the stack makes: topic, bucket, tables.
OPERATIONS: Final[tuple[ServiceName, ...]] = ("archiver", "loader")
SERVICES: Final = (*PLATFORM, *OPERATIONS)

# Hours of sample events are long over: nobody waits for their late ones, and readers shall see them at once.
_ARCHIVER_PACE: Final = ("--batch-seconds", "2", "--closing-seconds", "1")
_LOADER_PACE: Final = ("--every", "2")

# A busy machine takes a while to answer; that is no failure yet.
_PATIENCE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class ServiceSpecification:
    """One service: its ports by the variable that sets each, how it is started, and when it is ready."""

    name: ServiceName
    title: str
    ports: tuple[tuple[str, int], ...]
    directory: Path
    ready: Callable[[], bool]
    # Builds what is missing, writes configuration, and returns the command line.
    prepare: Callable[[], list[str]]
    # From its start to its first answer; longer is a failure.
    ready_seconds: int
    stop_seconds: int
    variables: Mapping[str, str] = field(default_factory=dict)


def specification(name: ServiceName, environment: LocalEnvironment) -> ServiceSpecification:
    """Return the specification of one service in `environment`."""
    return _SPECIFICATIONS[name](environment)


def _kafka(environment: LocalEnvironment) -> ServiceSpecification:
    return ServiceSpecification(
        name="kafka",
        title="Kafka",
        ports=(
            ("PAYMENTS_KAFKA_PORT", environment.kafka_port),
            ("PAYMENTS_KAFKA_CONTROLLER_PORT", environment.kafka_controller_port),
        ),
        directory=REPOSITORY,
        ready=lambda: _kafka_answers(environment.kafka_port),
        prepare=lambda: broker.prepare(environment, jdk()),
        ready_seconds=60,
        stop_seconds=20,
    )


def _s3(environment: LocalEnvironment) -> ServiceSpecification:
    journal = environment.home / "s3" / "journal"
    port = str(environment.s3_port)
    command = [sys.executable, "-m", "local.s3_server", "--host", LOOPBACK, "--port", port, "--journal"]
    return ServiceSpecification(
        name="s3",
        title="S3",
        ports=(("PAYMENTS_S3_PORT", environment.s3_port),),
        directory=REPOSITORY,
        ready=lambda: _answers(environment.s3_endpoint),
        prepare=lambda: [*command, str(journal)],
        ready_seconds=30,
        stop_seconds=5,
    )


def _pinot(environment: LocalEnvironment) -> ServiceSpecification:
    return ServiceSpecification(
        name="pinot",
        title="Pinot",
        ports=(
            ("PAYMENTS_CONTROLLER_PORT", environment.controller_port),
            ("PAYMENTS_BROKER_PORT", environment.broker_port),
        ),
        directory=REPOSITORY,
        ready=lambda: (
            _answers(f"{environment.controller_url}/health") and _answers(f"{environment.broker_url}/health")
        ),
        prepare=lambda: pinot_engine.installation(environment.cache).command(
            *pinot_engine.serve_arguments(
                environment.home / "pinot", environment.controller_port, environment.broker_port
            )
        ),
        ready_seconds=90,
        stop_seconds=30,
        variables=pinot_engine.MEMORY_SETTINGS,
    )


def _archiver(environment: LocalEnvironment) -> ServiceSpecification:
    port = str(environment.archiver_port)
    told = {
        "--bootstrap-servers": environment.kafka_bootstrap,
        "--bucket": archive_bucket(),
        "--s3-endpoint": environment.s3_endpoint,
        "--metrics-port": port,
    }
    command = [sys.executable, "-m", "operations.archive", "run", *itertools.chain(*told.items())]
    return ServiceSpecification(
        name="archiver",
        title="Archiver",
        ports=(("PAYMENTS_ARCHIVER_PORT", environment.archiver_port),),
        directory=REPOSITORY,
        ready=lambda: _answers(f"http://{LOOPBACK}:{port}/health"),
        prepare=lambda: [*command, *_ARCHIVER_PACE],
        ready_seconds=60,
        stop_seconds=20,
        variables=S3_LOGIN,
    )


def _loader(environment: LocalEnvironment) -> ServiceSpecification:
    told = {
        "--archive-bucket": archive_bucket(),
        "--s3-endpoint": environment.s3_endpoint,
        "--controller": environment.controller_url,
        "--broker": environment.broker_url,
    }
    command = [sys.executable, "-m", "operations.offline", "run", *itertools.chain(*told.items())]
    return ServiceSpecification(
        name="loader",
        title="Loader",
        ports=(),
        directory=REPOSITORY,
        ready=lambda: True,  # nobody calls it
        prepare=lambda: [*command, *_LOADER_PACE],
        ready_seconds=60,
        stop_seconds=20,
        variables=S3_LOGIN,
    )


_SPECIFICATIONS: Final[Mapping[ServiceName, Callable[[LocalEnvironment], ServiceSpecification]]] = {
    "kafka": _kafka,
    "s3": _s3,
    "pinot": _pinot,
    "archiver": _archiver,
    "loader": _loader,
}


def archive_bucket() -> str:
    """Return the name of the local stack's archive bucket."""
    stack = yaml.safe_load((REPOSITORY / "Pulumi.local.yaml").read_text(encoding="utf-8"))
    return str(stack["config"]["payments:archive"]["bucket"])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS):  # noqa: S310 - http to this machine
            return True
    except OSError:  # refused, reset, timed out, or an HTTP error status
        return False


def _kafka_answers(port: int) -> bool:
    try:
        # The client would go on trying for as long as it may; a refusal is an answer.
        socket.create_connection((LOOPBACK, port), timeout=_PATIENCE_SECONDS).close()
        client = AdminClient({"bootstrap.servers": f"{LOOPBACK}:{port}", "log_level": 0})
        return bool(client.list_topics(timeout=_PATIENCE_SECONDS).brokers)
    except (OSError, KafkaException):
        return False
