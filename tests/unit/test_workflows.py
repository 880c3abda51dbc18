"""The checks of pull requests: actions pinned, least permissions, steps that run by hand too."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FILES = [*WORKFLOWS, *sorted((ROOT / ".github" / "actions").glob("*/action.yml"))]
USES = re.compile(r"^\s*- uses: (?P<action>\S+)(?P<comment>.*)$", re.MULTILINE)
PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40}")
MAKE = re.compile(r"make ([a-z-]+)")


def steps(file: Path) -> Iterator[dict[str, Any]]:
    document = yaml.safe_load(file.read_text())
    parts = document["jobs"].values() if "jobs" in document else [document["runs"]]
    for part in parts:
        yield from part.get("steps", ())


def workflow(name: str) -> dict[str, Any]:
    """Return a workflow by its file's name; YAML 1.1 reads its key `on` as true."""
    document: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    return document


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_actions_are_pinned_by_commit_with_their_version_beside(file: Path) -> None:
    found = list(USES.finditer(file.read_text()))
    assert len(found) == sum("uses" in step for step in steps(file))
    for use in found:
        if use["action"].startswith("./"):
            assert (ROOT / use["action"] / "action.yml").is_file()
            continue
        assert PINNED.fullmatch(use["action"]), use["action"]
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", use["comment"]), use[0]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_step_is_a_make_target_and_no_job_waits_for_ever(file: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for step in steps(file):
        if "run" in step:
            command = MAKE.match(step["run"])
            assert command is not None, step["run"]
            assert command[1] in targets
    for job in yaml.safe_load(file.read_text())["jobs"].values():
        # A job that calls another workflow has that one's limits; GitHub takes none of its own.
        assert "uses" in job or job["timeout-minutes"] <= 120


def test_what_needs_credentials_takes_them_from_an_environment_and_only_there() -> None:
    """Roles by OIDC, no stored key; nothing runs for a fork, nor where nobody has set it up."""
    cloud = [file for file in WORKFLOWS if file.name != "pull-request.yml"]
    assert {file.stem for file in cloud} == {"cloud-preview", "drift", "deploy", "deploy-stack"}
    for file in cloud:
        text = file.read_text()
        document = yaml.safe_load(text)
        assert document["permissions"] == {}, "each job says what it needs"
        assert "secrets." not in text
        assert "pull_request_target" not in text
        for job in document["jobs"].values():
            assert job["permissions"].pop("id-token") == "write"
            assert job["permissions"].pop("contents") == "read"
            comments = {"pull-requests": "write"} if file.stem == "cloud-preview" else {}
            assert job["permissions"] == comments
            assert "uses" in job or "environment" in job
    assert "head.repo.full_name == github.repository" in workflow("cloud-preview")["jobs"]["preview"]["if"]
    for name, job in (("cloud-preview", "preview"), ("drift", "drift"), ("deploy", "dev")):
        assert "vars.CLOUD_DEPLOYMENTS == 'true'" in workflow(name)["jobs"][job]["if"]


def test_a_deployment_carries_out_the_plan_that_its_reviewers_saw() -> None:
    jobs = workflow("deploy-stack")["jobs"]
    assert jobs["apply"]["needs"] == "plan"
    assert (jobs["plan"]["environment"], jobs["apply"]["environment"]) == (
        "${{ inputs.stack }}-preview",
        "${{ inputs.stack }}",
    )
    saved, fetched = (
        next(step["with"] for step in jobs[job]["steps"] if f"/{verb}-artifact@" in step.get("uses", ""))
        for job, verb in (("plan", "upload"), ("apply", "download"))
    )
    assert saved["name"] == fetched["name"] == "plan-${{ inputs.stack }}"
    assert saved["path"] == f"{fetched['path']}/${{{{ inputs.stack }}}}.json"
    makefile = (ROOT / "Makefile").read_text()
    assert "SAVED_PLAN = .plans/$(STACK).json" in makefile
    assert workflow("deploy")["jobs"]["prod"]["needs"] == "dev"
    assert workflow("deploy")["concurrency"]["cancel-in-progress"] is False


def test_a_command_with_credentials_never_runs_on_a_stack_that_was_not_named() -> None:
    for target in ("save-plan", "deploy", "drift"):
        for stack in ("", "local", "prod2"):
            done = subprocess.run(
                ["make", "--dry-run", target, f"STACK={stack}"],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode != 0
            assert f'STACK is "{stack}"; name a deployed stack: STACK=dev or STACK=prod' in done.stderr


def test_the_command_line_has_the_sdks_version() -> None:
    pinned = re.search(r"^pulumi==(\S+)", (ROOT / "requirements" / "program.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    action = yaml.safe_load((ROOT / ".github" / "actions" / "cloud" / "action.yml").read_text())
    (step,) = (s for s in action["runs"]["steps"] if s.get("uses", "").startswith("pulumi/actions@"))
    assert step["with"] == {"pulumi-version": pinned[1]}


def test_a_pull_request_from_a_fork_needs_no_secret_and_may_change_nothing() -> None:
    text = (ROOT / ".github" / "workflows" / "pull-request.yml").read_text()
    document = yaml.safe_load(text)
    assert document["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    assert "pull_request_target" not in text
    assert {"test", "preview", "contracts"} == document["jobs"].keys()
    assert document["jobs"]["preview"]["strategy"]["matrix"] == {"stack": ["dev", "prod"]}
