"""Pinot on Kubernetes in a preview without a cluster, under Pulumi's real engine."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.plugins.offline.serving import place

if TYPE_CHECKING:
    from local.environment import LocalEnvironment

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
PASSWORD = "planted-password-7c1d0e"  # noqa: S105 - planted, to be looked for
JAAS = "planted-jaas-entry-55aa"
PROJECT = "name: payments\nruntime: {{name: python, options: {{toolchain: pip, virtualenv: {virtualenv}}}}}\n"
PROGRAM = """
import sys

sys.path.insert(0, "{root}")
import pulumi
from components.pinot_kubernetes import KubernetesPinotCluster, PinotAccess
from tests.unit.components.pinot_deployments import deployment

role = pulumi.Output.from_input("arn:aws:iam::123456789012:role/pinot")
access = PinotAccess(role_arn=role, admin_password="{password}", kafka_jaas="{jaas}")
KubernetesPinotCluster("pinot", deployment({changes}), access, protect=True)
{more}
"""


@dataclass
class OfflineStack:
    """A stack with the stand-in for the kubernetes provider."""

    directory: Path
    environment: dict[str, str]

    def write(self, changes: str = "", more: str = "") -> None:
        """Write the program."""
        text = PROGRAM.format(root=ROOT, password=PASSWORD, jaas=JAAS, changes=changes, more=more)
        (self.directory / "__main__.py").write_text(text)

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        return subprocess.run(
            ["pulumi", *arguments, "--stack", "prod", "--non-interactive"],
            cwd=self.directory,
            env={**self.environment, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def stack(local_environment: LocalEnvironment, tmp_path_factory: pytest.TempPathFactory) -> OfflineStack:
    directory = tmp_path_factory.mktemp("kubernetes")
    (directory / "Pulumi.yaml").write_text(PROJECT.format(virtualenv=ROOT / ".venv"))
    home, state = directory / "home", directory / "state"
    state.mkdir()
    place(home, "kubernetes", "local.plugins.kubernetes")
    environment = {
        **local_environment.pulumi_environment(),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{state}",
        # No cluster of whoever runs the tests.
        "KUBECONFIG": str(directory / "none"),
    }
    stack = OfflineStack(directory, environment)
    stack.write()
    assert stack.pulumi("stack", "init").returncode == 0
    return stack


def planned(said: str) -> dict[str, dict[str, Any]]:
    """Return the inputs of every resource of a `preview --json`, by type and name."""
    plan = json.JSONDecoder().raw_decode(said)[0]
    return {
        "::".join(step["urn"].split("::")[2:]).rsplit("$", 1)[-1]: step["newState"].get("inputs", {})
        for step in plan["steps"]
    }


def test_a_preview_without_a_cluster_shows_what_would_be_asked_for(stack: OfflineStack) -> None:
    stack.write()
    done = stack.pulumi("preview", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    resources = planned(done.stdout)
    secret = resources["kubernetes:core/v1:Secret::pinot-credentials"]
    for release in ("hot", "warm", "cold"):
        values = resources[f"kubernetes:helm.sh/v3:Release::pinot-{release}"]["values"]
        assert values["image"]["tag"] == "1.5.1"
        assert "@(" not in json.dumps(values), "a reference that nothing was put in the place of"
        assert (
            values["server"]["extraEnv"][-1]["valueFrom"]["secretKeyRef"]["name"]
            == secret["metadata"]["name"]
        )
    token = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    for planted in (PASSWORD, JAAS, token):
        assert planted not in done.stdout + done.stderr
    assert secret["stringData"] == "[secret]"


def test_an_update_is_refused_and_changes_nothing(stack: OfflineStack) -> None:
    stack.write()
    done = stack.pulumi("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert (
        "asked to make pinot-namespace (kubernetes:core/v1:Namespace) and never does"
        in done.stdout + done.stderr
    )
    state = json.loads(stack.pulumi("stack", "export").stdout)
    made = [
        r["type"] for r in state["deployment"].get("resources", []) if r["type"].startswith("kubernetes:")
    ]
    assert made == []
    assert PASSWORD not in json.dumps(state)
    shutil.rmtree(stack.directory / "state" / ".pulumi")
    assert stack.pulumi("stack", "init").returncode == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (  # the misspelt key travels through the SDK as it is
            "from pulumi_kubernetes.networking.v1 import NetworkPolicy as New\n"  # noqa: ISC004 - one program
            'New("x", spec={"podSelector": {}, "ingres": []})',
            "spec.ingres is unknown; known here are egress, ingress, podSelector, policyTypes.",
        ),
        (
            "from components.pinot_chart import checked\nchecked({'server': {'replicas': 3}})",
            "server.replicas: the chart ignores it. Did you mean server.replicaCount?",
        ),
    ],
)
def test_a_mistake_is_said_in_the_preview(stack: OfflineStack, more: str, message: str) -> None:
    stack.write(more=more)
    done = stack.pulumi("preview")
    assert done.returncode != 0
    said = " ".join((done.stdout + done.stderr).split())
    assert message in said
    assert "OFFLINE PREVIEW: a stand-in answers for the kubernetes provider" in said
