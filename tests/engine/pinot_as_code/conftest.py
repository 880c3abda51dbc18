"""A cluster of these tests' own: three servers, two brokers, authentication on; and stacks on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.engine_process import ADMIN, EngineProcess
from tests.engine.pinot_as_code.page_views import Cluster
from tests.engine.pinot_as_code.pulumi_run import Run, tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS = ("Server_hot-0_8098", "Server_hot-1_8098", "Server_warm-0_8098")
BROKERS = ("Broker_a_8099", "Broker_b_8099")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give a running cluster with a tenant ``web`` on all its servers and brokers."""
    arguments = ["--auth", ADMIN[0]]
    for name in SERVERS:
        arguments += ["--server-instance", name]
    for name in BROKERS:
        arguments += ["--broker-instance", name]
    engine = EngineProcess(tmp_path_factory.mktemp("pinot") / "data", arguments)
    cluster = Cluster(engine, ADMIN, arguments)
    stack = Run(cluster.configuration)
    stack.up("servers", tenant("web", "SERVER"))
    stack.up("brokers", tenant("web", "BROKER"))
    yield cluster
    cluster.engine.stop()


@pytest.fixture
def stack(cluster: Cluster) -> Iterator[Run]:
    """Give an empty stack on it; what a test leaves behind is deleted, whatever its guards say."""
    before = cluster.everything()
    run = Run(cluster.configuration)
    yield run
    cluster.clear(before)
