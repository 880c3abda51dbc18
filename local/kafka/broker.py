"""Kafka 4.1 as one process: broker and KRaft controller in one JVM, on a class path of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.build_cache import cached, content_key, writing_to
from local.environment import LOOPBACK, LocalEnvironment
from local.failure import LocalFailureError
from local.java import Jdk, maven, write_class_path
from local.progress import step

if TYPE_CHECKING:
    from collections.abc import Mapping

_POM: Final = Path(__file__).resolve().parent / "pom.xml"

# Every local broker is a cluster of its own; the id only has to stay the same over a home's life.
_CLUSTER_ID: Final = "payments-local-cluster"

# 160 MB resident idle, below 450 MB under the benchmark's load.
_JVM_FLAGS: Final = (
    "-Xms64m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    # Two cores have better things to do than to optimise a broker: it starts sooner and takes less memory.
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
)


def class_path(cache: Path) -> Path:
    """Return Java's argument file with the broker's class path, fetching the artefacts on first use."""
    key = content_key(_POM.parent, [_POM], str(cache))
    return cached(cache, "kafka", key, _fetch) / "class-path.args"


def _fetch(into: Path) -> None:
    with step("fetching Kafka with Maven (first run only)"):
        maven(
            _POM,
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            f"-DoutputDirectory={into / 'lib'}",
        )
    finished = into.with_suffix("")
    jars = sorted((into / "lib").glob("*.jar"))
    write_class_path(into / "class-path.args", [finished / "lib" / jar.name for jar in jars])


def settings(environment: LocalEnvironment) -> Mapping[str, str]:
    """Return the broker's server.properties."""
    controller = f"{LOOPBACK}:{environment.kafka_controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "listeners": f"PLAINTEXT://{environment.kafka_bootstrap},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{environment.kafka_bootstrap}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.quorum.voters": f"1@{controller}",
        "log.dirs": str(_data(environment)),
        # Topics are the stack's business: one that a client's typo made would hide the mistake.
        "auto.create.topics.enable": "false",
        # After a kill the controller waits so long for the broker that is gone; by default 9 seconds.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        # One broker, few groups: fewer files and threads, and no waiting for members that never come.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": str(4 * 2**20),
    }


def prepare(environment: LocalEnvironment, jdk: Jdk) -> list[str]:
    """Write the configuration, format the storage if it is new, and return the broker's command."""
    home = environment.home / "kafka"
    properties = home / "server.properties"
    with writing_to(home):
        home.mkdir(parents=True, exist_ok=True)
        lines = (f"{name}={value}\n" for name, value in settings(environment).items())
        properties.write_text("".join(lines), encoding="utf-8")
    java = [jdk.java, *_JVM_FLAGS, f"@{class_path(environment.cache)}"]
    if not (_data(environment) / "meta.properties").is_file():
        _format(environment, java, properties)
    return [*java, "kafka.Kafka", str(properties)]


def _data(environment: LocalEnvironment) -> Path:
    return environment.home / "kafka" / "data"


def _format(environment: LocalEnvironment, java: list[str], properties: Path) -> None:
    data = _data(environment)
    shutil.rmtree(
        data, ignore_errors=True
    )  # without meta.properties it is half of a format that was cut short
    tool = ["kafka.tools.StorageTool", "format", "--cluster-id", _CLUSTER_ID, "--config", str(properties)]
    run = subprocess.run([*java, *tool], capture_output=True, text=True, check=False, env={**os.environ})
    if run.returncode != 0:
        said = "\n".join((run.stdout + run.stderr).strip().splitlines()[:5])
        message = f"Kafka's storage at {data} could not be formatted:\n{said}"
        raise LocalFailureError(message)
