"""The services of the local platform: what each is, how it is started, and when it is ready."""

from __future__ import annotations

import socket
import sys
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from local import pinot_engine
from local.environment import LOOPBACK, REPOSITORY, LocalEnvironment
from local.java import jdk
from local.kafka import broker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ServiceName = Literal["kafka", "s3", "pinot"]

# In the order in which they are started; the engine reads from Kafka.
SERVICES: Final[tuple[ServiceName, ...]] = ("kafka", "s3", "pinot")

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
    if name == "kafka":
        return ServiceSpecification(
            name=name,
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
    if name == "s3":
        journal = environment.home / "s3" / "journal"
        port = str(environment.s3_port)
        command = [sys.executable, "-m", "local.s3_server", "--host", LOOPBACK, "--port", port, "--journal"]
        return ServiceSpecification(
            name=name,
            title="S3",
            ports=(("PAYMENTS_S3_PORT", environment.s3_port),),
            directory=REPOSITORY,
            ready=lambda: _answers(environment.s3_endpoint),
            prepare=lambda: [*command, str(journal)],
            ready_seconds=30,
            stop_seconds=5,
        )
    return ServiceSpecification(
        name=name,
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
