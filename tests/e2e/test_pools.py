"""Pools of servers: a new cluster is waited for, each pool becomes its tenant, one number adds a server.

The instance ids and patterns are those that the chart's releases have in prod; the engine stands in for the
cluster, started again with more ids where a pod would join.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from components.kubernetes_plan import planned_deployment
from local.environment import LocalEnvironment
from local.failure import LocalFailureError
from local.pinot_engine import healthy, installation, serve_arguments
from local.platform import Platform
from local.stack import LocalStack
from tests.unit.components.stack_files import load, stack_file

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
DEPLOYMENT = planned_deployment(load(stack_file("prod")))
PROGRAM = ("components", "payment_outputs", "pinot_as_code", "product_model", "data-product")
UP = ("up", "--yes", "--skip-preview", "--color", "never", "--suppress-outputs")
SECONDS = 90
TAGS = ("_OFFLINE", "_REALTIME")


def server(pool: str, number: int) -> str:
    """Return the id that the chart gives a pool's server."""
    release, namespace = DEPLOYMENT.release(pool), DEPLOYMENT.settings.namespace
    return f"Server_{release}-server-{number}.{release}-server-headless.{namespace}.svc.cluster.local_8098"


class Cluster:
    """A platform whose engine shows chosen instances, and the product's stack on it."""

    def __init__(self, directory: Path) -> None:
        """Start Kafka and S3; the engine is not there yet."""
        self.environment = LocalEnvironment.ephemeral(directory / "home")
        self.platform = Platform(self.environment)
        self.project = directory / "project"
        self.project.mkdir()
        (self.project / ".venv").symlink_to(ROOT / ".venv")
        for part in PROGRAM:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, self.project / part, ignore=ignored)
        for part in ("Pulumi.yaml", "__main__.py"):
            shutil.copyfile(ROOT / part, self.project / part)
        self.stack = LocalStack(self.environment, self.project)
        self.engine: subprocess.Popen[bytes] | None = None
        self.platform.start("kafka", "s3")

    def configure(self, counts: dict[str, int], *, quarantine: int = 3) -> None:
        """Write the stack's file: tenants on prod's patterns with a number of servers each, all protected."""
        document = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text(encoding="utf-8"))
        pinot = document["config"]["payments:pinot"]
        ages = {"warm": {"afterDays": 90}, "cold": {"afterDays": 365}}
        for pool, count in counts.items():
            pinot["servers" if pool == "hot" else pool] = {
                "tenant": DEPLOYMENT.server_tenants[pool],
                "instances": [DEPLOYMENT.server_instances(pool)],
                "count": count,
                **ages.get(pool, {}),
            }
        pinot["minions"] = True
        document["config"]["payments:guards"]["protect"] = True
        document["config"]["payments:kafka"]["quarantine"]["partitions"] = quarantine
        (self.project / "Pulumi.local.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        self.stack._prepare()

    def start(self, *servers: str) -> None:
        """Start the engine with these servers, in place of the one that runs."""
        self.stop()
        arguments = serve_arguments(
            self.environment.home / "pinot", self.environment.controller_port, self.environment.broker_port
        )
        for name in servers:
            arguments += ["--server-instance", name]
        arguments += ["--minion-instance", "Minion_pinot-minion-0_9514"]
        command = installation(self.environment.cache).command(*arguments)
        with (self.environment.home / "logs" / "pools.log").open("ab") as log:
            self.engine = subprocess.Popen(command, stdout=log, stderr=log)
        until(lambda: healthy(self.environment.controller_port), "the engine answers")

    def stop(self) -> None:
        """Stop the engine."""
        if self.engine is not None:
            self.engine.terminate()
            self.engine.wait(30)
            self.engine = None

    def tags(self) -> dict[str, set[str]]:
        """Return the tags of every server."""
        url = f"{self.environment.controller_url}/instances"
        names = requests.get(url, timeout=10).json()["instances"]
        return {
            name: set(requests.get(f"{url}/{name}", timeout=10).json()["tags"])
            for name in names
            if name.startswith("Server_")
        }


def until(holds: Any, what: str) -> None:  # noqa: ANN401 - any question without arguments
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"after {SECONDS} s it is not so that {what}"
        time.sleep(0.1)


def carries(pool: str) -> set[str]:
    return {f"{DEPLOYMENT.server_tenants[pool]}{suffix}" for suffix in TAGS}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    directory = Path(tempfile.mkdtemp(prefix="payments-"))
    made = Cluster(directory)
    try:
        yield made
    finally:
        made.stop()
        made.platform.stop()
        shutil.rmtree(directory)


def test_a_new_cluster_is_waited_for_and_each_pool_becomes_its_tenant(cluster: Cluster) -> None:
    cluster.configure({"hot": 2, "warm": 1, "cold": 1})
    # Planned before there is anything to ask, as a first deployment by a saved plan is.
    plan, log = (cluster.environment.home / name for name in ("first.json", "up.log"))
    cluster.stack.capture("preview", "--save-plan", str(plan))
    others = [server("warm", 0), server("cold", 0)]
    with log.open("wb") as output:
        up = subprocess.Popen(
            cluster.stack._command(*UP, "--plan", str(plan)),
            cwd=cluster.project,
            env=cluster.stack._environment(),
            stdout=output,
            stderr=output,
        )
    try:
        until(
            lambda: "tenant payment_server: waits for the controller to answer" in log.read_text(), "up waits"
        )
        cluster.start(server("hot", 0), *others)
        until(
            lambda: (
                "tenant payment_server: waits for instances to join (1 more that match)" in log.read_text()
            ),
            "up waits for the second server",
        )
        assert up.poll() is None
        cluster.start(server("hot", 0), server("hot", 1), *others)
        assert up.wait(SECONDS) == 0, log.read_text()
    finally:
        up.kill()
    assert cluster.tags() == {
        server("hot", 0): carries("hot"),
        server("hot", 1): carries("hot"),
        server("warm", 0): carries("warm"),
        server("cold", 0): carries("cold"),
    }
    url = f"{cluster.environment.controller_url}/tables"
    offline = requests.get(f"{url}/transaction_booked_offline", timeout=10).json()["OFFLINE"]
    assert [tier["serverTag"] for tier in offline["tierConfigs"]] == [
        "payment_warm_OFFLINE",
        "payment_cold_OFFLINE",
    ]
    merged = requests.get(f"{url}/payment_analytics", timeout=10).json()["REALTIME"]
    assert list(merged["task"]["taskTypeConfigsMap"]) == ["UpsertCompactionTask"]


def test_one_number_adds_a_server_by_a_plan_that_was_saved_before_it_joined(cluster: Cluster) -> None:
    others, joined = [server("warm", 0), server("cold", 0)], server("hot", 2)
    cluster.stack.preview("--expect-no-changes")
    cluster.configure({"hot": 3, "warm": 1, "cold": 1})
    plan = cluster.environment.home / "plan.json"
    said = cluster.stack.capture("preview", "--color", "never", "--save-plan", str(plan))
    assert "1 to update" in said
    cluster.start(server("hot", 0), server("hot", 1), joined, *others)
    assert not cluster.tags()[joined] & carries("hot"), "nobody has asked for it yet"
    cluster.stack.capture(*UP, "--plan", str(plan))
    assert cluster.tags()[joined] == carries("hot")
    cluster.stack.preview("--expect-no-changes")


def test_fewer_partitions_are_refused_in_the_preview(cluster: Cluster) -> None:
    # The provider would delete the topic and make another one, so that it is no update that a hook sees.
    cluster.configure({"hot": 3, "warm": 1, "cold": 1}, quarantine=2)
    with pytest.raises(LocalFailureError) as error:
        cluster.stack.capture("preview", "--color", "never")
    said = " ".join(str(error.value).split())
    assert "payments.quarantine" in said
    assert "marked for protection" in said
