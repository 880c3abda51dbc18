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
from xdist.scheduler import LoadScopeScheduling

from local import environment
from local.environment import LocalEnvironment
from local.platform import Platform
from local.processes import heed_interrupts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

ON_THE_LOCAL_STACK = frozenset(
    f"tests/e2e/{name}.py"
    for name in (
        "operations/test_restore",
        "test_answers",
        "test_audit",
        "test_consumer",
        "test_deploy",
        "test_privacy",
        "test_program",
        "test_stack",
    )
)
"""Files whose tests use the session's fixture `stack`, a whole platform with everything on it."""


@dataclass(frozen=True)
class RunningPinot:
    """The session's Pinot engine. `platform` is for tests that end it and start it again."""

    controller_url: str
    broker_url: str
    platform: Platform


def pytest_configure() -> None:
    """Begin a process of the run: `make test` has two.

    Each finds free ports in a range of its own: they are free when found, and taken when a service starts.
    """
    heed_interrupts()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker:
        low, high = environment._FREE_PORT_RANGE
        share = (high - low) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        first = low + int(worker.removeprefix("gw")) * share
        environment._FREE_PORT_RANGE = (first, first + share)


class FilesTogether(LoadScopeScheduling):  # type: ignore[misc] # xdist comes without types
    """Gives whole files to the processes, and to one of them all files that share what is dear to make."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "the local stack" if file in ON_THE_LOCAL_STACK else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesTogether:
    """Say how the tests are shared; --dist loadgroup does nothing with pytest 9 (xdist 3.8)."""
    return FilesTogether(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long runs out unless markers are chosen by hand (`make soak`)."""
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
