"""A platform of a benchmark's own, and the product's tables on it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local.environment import REPOSITORY, LocalEnvironment
from local.events.reconcile import count_rows
from local.pinot_engine import healthy, installation, serve_arguments
from local.platform import Platform
from local.processes import resident_bytes
from local.progress import say
from product_model import load_product
from product_model.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.events.broker import Broker
    from local.services import ServiceName
    from product_model.assets import Assets

_SECONDS = 60
_TELL_SECONDS = 5.0


@contextmanager
def own_platform(*services: ServiceName) -> Iterator[Platform]:
    """Start services on free ports with a home of their own; stop them and remove it at the end."""
    home = Path(tempfile.mkdtemp(prefix="payments-bench-"))
    platform = Platform(LocalEnvironment.ephemeral(home))
    try:
        platform.start(*services)
        yield platform
    finally:
        platform.stop()
        shutil.rmtree(home)


@dataclass(frozen=True)
class RunningEngine:
    """An engine with a heap of its own size, beside a platform's Kafka."""

    environment: LocalEnvironment
    process: subprocess.Popen[bytes]

    def resident_bytes(self) -> int:
        """Return the engine's resident memory."""
        return resident_bytes(self.process.pid) or 0


@contextmanager
def own_engine(heap: str, *services: ServiceName) -> Iterator[RunningEngine]:
    """Start services (Kafka if none is named) and an engine with a heap of up to `heap` (as -Xmx says it)."""
    with own_platform(*(services or ("kafka",))) as platform:
        environment = platform.environment
        arguments = serve_arguments(
            environment.home / "pinot", environment.controller_port, environment.broker_port
        )
        command = installation(environment.cache).command(*arguments)
        command = [f"-Xmx{heap}" if part.startswith("-Xmx") else part for part in command]
        with (environment.logs / "pinot.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            while not healthy(environment.controller_port):
                if process.poll() is not None:
                    message = f"the engine ended with status {process.returncode} while it was starting"
                    raise RuntimeError(message)
                time.sleep(0.1)
            yield RunningEngine(environment, process)
        finally:
            process.terminate()
            process.wait(_SECONDS)


def make_topic(environment: LocalEnvironment, topic: str, partitions: int) -> None:
    """Create a topic."""
    admin = AdminClient({"bootstrap.servers": environment.kafka_bootstrap, "log_level": 0})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(_SECONDS)


def tag_instances(environment: LocalEnvironment) -> None:
    """Give the engine's instances to the product's tenants."""
    url = f"{environment.controller_url}/instances"
    for instance in requests.get(url, timeout=_SECONDS).json()["instances"]:
        servers = "payment_server_OFFLINE,payment_server_REALTIME"
        tags = "payment_broker_BROKER" if instance.startswith("Broker_") else servers
        query = {"tags": tags, "updateBrokerResource": "true"}
        answer = requests.put(f"{url}/{instance}/updateTags", params=query, timeout=_SECONDS)
        answer.raise_for_status()


def render(environment: LocalEnvironment, topic: str, segment_rows: int | None = None) -> Assets:
    """Render the product's files for the platform."""
    return load_product(REPOSITORY / "data-product").render(
        Environment(
            bootstrap_servers=environment.kafka_bootstrap,
            topic=topic,
            replication=1,
            peer_download_scheme=None,
            segment_rows=segment_rows,
        )
    )


def create_tables(
    environment: LocalEnvironment, topic: str, tables: Sequence[str], *, segment_rows: int | None = None
) -> None:
    """Create some of the product's REALTIME tables, which begin at once to read what the topic holds."""
    assets = render(environment, topic, segment_rows)
    for asset in assets.tables:
        if asset.name in tables:
            for path, body in (("schemas", asset.schema_json), ("tables", asset.table_json)):
                post(environment, path, body)


def delete_tables(environment: LocalEnvironment, tables: Sequence[str]) -> None:
    """Delete REALTIME tables, and wait until they are gone."""
    for table in tables:
        url = f"{environment.controller_url}/tables/{table}"
        requests.delete(url, params={"type": "realtime"}, timeout=_SECONDS).raise_for_status()
        while requests.get(f"{url}/externalview", timeout=_SECONDS).status_code == requests.codes.ok:
            time.sleep(0.1)


def post(environment: LocalEnvironment, path: str, body: str) -> None:
    """Post JSON to the controller; an answer that is not 200 is an error with its text."""
    headers = {"Content-Type": "application/json"}
    url = f"{environment.controller_url}/{path}"
    answer = requests.post(url, data=body.encode(), headers=headers, timeout=_SECONDS)
    if answer.status_code != requests.codes.ok:
        message = f"{path} was refused ({answer.status_code}): {answer.text[:500]}"
        raise RuntimeError(message)


def wait_for_count(broker: Broker, expected: dict[str, int], timeout_seconds: float) -> dict[str, float]:
    """Return when (monotonic seconds) each table first showed its rows, telling how far they are.

    Raises:
        RuntimeError: a table has too few rows after the time

    """
    reached: dict[str, float] = {}
    deadline = time.monotonic() + timeout_seconds
    told = time.monotonic()
    while len(reached) < len(expected):
        counts = {table: count_rows(table, broker) for table in expected if table not in reached}
        now = time.monotonic()
        reached |= {table: now for table, count in counts.items() if count >= expected[table]}
        if now > deadline:
            message = f"rows are missing after {timeout_seconds:.0f} s: {counts} of {expected}"
            raise RuntimeError(message)
        if now - told > _TELL_SECONDS:
            told = now
            say(
                "  … "
                + ", ".join(f"{table} {count:,} of {expected[table]:,}" for table, count in counts.items())
            )
        time.sleep(0.1)
    return reached
