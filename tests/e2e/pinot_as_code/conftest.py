"""A cluster for programs that only want Pinot as code, and the tool chain to run them with."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pinot_as_code.programs import EXAMPLE, ROOT, STACK, Program, install_package
from tests.engine.engine_process import ADMIN, EngineProcess
from tests.engine.pinot_as_code.page_views import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.environment import LocalEnvironment


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give a running cluster with authentication."""
    arguments = [
        "--auth",
        ADMIN[0],
        "--server-instance",
        "Server_a_8098",
        "--server-instance",
        "Server_b_8098",
        "--broker-instance",
        "Broker_a_8099",
    ]
    cluster = Cluster(
        EngineProcess(tmp_path_factory.mktemp("e2e-pinot") / "data", arguments), ADMIN, arguments
    )
    yield cluster
    cluster.engine.stop()


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the directory into which the package is installed."""
    return install_package(tmp_path_factory.mktemp("package"))


@pytest.fixture
def program(
    cluster: Cluster, package: Path, local_environment: LocalEnvironment, tmp_path: Path
) -> Iterator[Program]:
    """Give a copy of the example in a directory of its own, with an empty stack."""
    directory = tmp_path / "program"
    shutil.copytree(EXAMPLE, directory)
    (directory / ".venv").symlink_to(ROOT / ".venv")
    state = tmp_path / "state"
    state.mkdir()
    before = cluster.everything()
    environment = {
        **local_environment.pulumi_environment(),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PYTHONPATH": str(package),
        "PINOT_CONTROLLER_URL": cluster.engine.url(""),
        "PINOT_USERNAME": cluster.credentials[0],
        "PINOT_PASSWORD": cluster.credentials[1],
    }
    made = Program(directory, environment)
    made.pulumi("stack", "init", STACK)
    yield made
    cluster.clear(before)
