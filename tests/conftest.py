"""What tests share: one local platform a session, each of its services started on first use."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local import environment
from local.environment import LocalEnvironment
from local.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class RunningPinot:
    """The session's Pinot engine. `platform` is for tests that end it and start it again."""

    controller_url: str
    broker_url: str
    platform: Platform


def pytest_configure() -> None:
    """Let the processes of one run (`make test` has two) find their free ports in ranges of their own.

    A port is free when it is found and taken when a service starts, a second later.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker:
        low, high = environment._FREE_PORT_RANGE
        share = (high - low) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        first = low + int(worker.removeprefix("gw")) * share
        environment._FREE_PORT_RANGE = (first, first + share)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process, and leave the long runs out unless markers are chosen by hand."""
    for item in items:
        # Files that share what is dear to make name a group of their own.
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    if config.option.markexpr:
        return
    soak = [item for item in items if item.get_closest_marker("soak")]
    if soak:
        config.hook.pytest_deselected(items=soak)
        items[:] = [item for item in items if item not in soak]


@pytest.fixture(scope="session")
def local_environment(request: pytest.FixtureRequest) -> Iterator[LocalEnvironment]:
    """Give an environment of the session's own: its home is new, its ports were free, nothing runs yet."""
    home = Path(tempfile.mkdtemp(prefix="payments-"))  # not tmp_path: a unix socket's path must stay short
    yield LocalEnvironment.ephemeral(home)
    if request.session.testsfailed:
        kept = f"\nThe local environment of the failed session is kept in {home} (logs in {home / 'logs'}).\n"
        sys.stderr.write(kept)
    else:
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def local_platform(local_environment: LocalEnvironment) -> Iterator[Platform]:
    """Give the session's platform, on which nothing runs until `kafka`, `s3` or `pinot` is asked for."""
    platform = Platform(local_environment)
    yield platform
    platform.stop()


@pytest.fixture(scope="session")
def kafka(local_platform: Platform) -> str:
    """Give the bootstrap servers of a running Kafka."""
    local_platform.start("kafka")
    return local_platform.environment.kafka_bootstrap


@pytest.fixture(scope="session")
def s3(local_platform: Platform) -> str:
    """Give the endpoint URL of a running S3 server."""
    local_platform.start("s3")
    return local_platform.environment.s3_endpoint


@pytest.fixture(scope="session")
def pinot(local_platform: Platform) -> RunningPinot:
    """Give a running Pinot engine. Tables that consume need `kafka` as well."""
    local_platform.start("pinot")
    environment = local_platform.environment
    return RunningPinot(environment.controller_url, environment.broker_url, local_platform)
