"""dev and prod previewed without any credential: the real program, the real engine, the policy pack."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from local.failure import LocalFailureError
from local.offline_preview import PLACEHOLDER, STACKS, offline_stack
from local.planned_resources import GOLDEN_PLANS, plan_text, planned_resources
from policy.access_policies import PROTECTED

if TYPE_CHECKING:
    from pathlib import Path

    from local.environment import LocalEnvironment

pytestmark = pytest.mark.e2e

ROOT = GOLDEN_PLANS.parents[2]


@pytest.fixture(scope="module")
def plans(local_environment: LocalEnvironment) -> dict[str, dict[str, Any]]:
    """Preview each stack once."""
    found = {}
    for stack in STACKS:
        with offline_stack(stack, local_environment.cache) as offline:
            found[stack] = offline.plan()
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_is_made_of_the_resources_that_were_reviewed(
    stack: str, plans: dict[str, dict[str, Any]]
) -> None:
    golden = (GOLDEN_PLANS / f"{stack}.json").read_text(encoding="utf-8")
    assert json.loads(plan_text(plans[stack])) == json.loads(golden), (
        "the plan differs from the reviewed one; if that is meant, run `make plans` and read the difference"
    )


@pytest.mark.parametrize("stack", STACKS)
def test_what_holds_data_is_protected(stack: str, plans: dict[str, dict[str, Any]]) -> None:
    resources = planned_resources(plans[stack])
    holding = [title for title in resources if title.split()[0] in PROTECTED]
    assert {title.split()[0] for title in holding} == PROTECTED.keys()
    assert [title for title in holding if not resources[title]["protect"]] == []


@pytest.mark.parametrize("stack", STACKS)
def test_no_secret_is_in_a_plan(stack: str, plans: dict[str, dict[str, Any]]) -> None:
    plan = json.dumps(plans[stack])
    token = base64.b64encode(f"admin:{PLACEHOLDER}".encode()).decode()
    # Pulumi hands the stack's configuration on, each encrypted key as "[secret]".
    assert PLACEHOLDER not in plan
    assert token not in plan
    assert "[secret]" in plan


def test_no_secret_is_in_a_diff_or_a_saved_plan(local_environment: LocalEnvironment, tmp_path: Path) -> None:
    """What a pull request's comment shows, and what waits for an approval as an artifact."""
    saved = tmp_path / "plan.json"
    with offline_stack("prod", local_environment.cache) as offline:

        def preview(*flags: str) -> str:
            done = subprocess.run(
                offline.command("--diff", *flags),
                cwd=offline.project,
                env=dict(offline.environment),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout + done.stderr

        assert PLACEHOLDER in preview("--show-secrets"), "the search would find it"
        said = preview("--save-plan", str(saved))
    assert "[secret]" in said
    plan = saved.read_text(encoding="utf-8")
    assert "kubernetes:core/v1:Secret" in plan
    golden = "".join(path.read_text(encoding="utf-8") for path in GOLDEN_PLANS.iterdir())
    for place, text in (("the diff", said), ("the saved plan", plan), ("the golden plans", golden)):
        for secret in (PLACEHOLDER, base64.b64encode(f"admin:{PLACEHOLDER}".encode()).decode()):
            assert secret not in text, f"a secret is in {place}"


def test_make_preview_says_loudly_what_it_is_and_leaves_the_stack_file_alone() -> None:
    file = ROOT / "Pulumi.prod.yaml"
    before = file.read_bytes()
    real = {"AWS_ACCESS_KEY_ID": "AKIAPLANTED", "KUBECONFIG": "/nowhere", "PULUMI_ACCESS_TOKEN": "planted"}
    done = subprocess.run(
        [sys.executable, "-m", "local", "offline-preview", "prod", "--color", "never"],
        cwd=ROOT,
        env={**os.environ, **real},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert done.stderr.count("OFFLINE PREVIEW of prod") == 2
    for provider in ("aws", "kafka", "kubernetes"):
        assert f"a stand-in answers for the {provider} provider" in said
    assert "payment-service-data-product@v1.0.0" in said, "the policy pack did not run"
    assert PLACEHOLDER not in said
    assert file.read_bytes() == before


def test_nothing_of_the_shells_credentials_reaches_a_preview(
    local_environment: LocalEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "KAFKA_BOOTSTRAP_SERVERS", "PINOT_TOKEN", "PULUMI_ACCESS_TOKEN"):
        monkeypatch.setenv(name, "planted")
    with offline_stack("dev", local_environment.cache) as offline:
        assert "planted" not in offline.environment.values()
        assert offline.environment["PULUMI_BACKEND_URL"].startswith(f"file://{offline.directory}")
        left = offline.directory
    assert not left.exists()


def test_a_stack_without_an_offline_preview_is_refused(local_environment: LocalEnvironment) -> None:
    with (
        pytest.raises(LocalFailureError, match="'local'; offline previews are there for dev and prod"),
        offline_stack("local", local_environment.cache),
    ):
        pass


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "cannotBeUndone: true",
            "cannotBeUndone: false",
            "payments:archive.objectLock.cannotBeUndone: found COMPLIANCE",
        ),
        (
            "      compliance-team:",
            "      marketing:",
            "payments:access.readers.marketing: found no reader of the product; allowed is",
        ),
        (
            "    replication: 3\n",
            "    replication: 3\n    retentionDays: {transaction_booked_rt: 14}\n",
            "retention_days.transaction_booked_rt: found 14 days; allowed: more than 14: twice",
        ),
    ],
)
def test_a_mistake_in_prods_file_is_said_in_the_preview(
    local_environment: LocalEnvironment, tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    for part in ("__main__.py", "Pulumi.yaml", ".venv", "components", "data-product", "payment_outputs"):
        (tmp_path / part).symlink_to(ROOT / part)
    for part in ("pinot_as_code", "policy", "product_model", "local"):
        (tmp_path / part).symlink_to(ROOT / part)
    text = (ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "Pulumi.prod.yaml").write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with (
        offline_stack("prod", local_environment.cache, tmp_path) as offline,
        pytest.raises(LocalFailureError) as error,
    ):
        offline.plan()
    assert said in " ".join(str(error.value).split())
