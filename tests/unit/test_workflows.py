"""The checks of pull requests: actions pinned, least permissions, steps that run by hand too."""

from __future__ import annotations

import re
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
MAKE = re.compile(r"make ([a-z]+)")


def steps(file: Path) -> Iterator[dict[str, Any]]:
    document = yaml.safe_load(file.read_text())
    parts = document["jobs"].values() if "jobs" in document else [document["runs"]]
    for part in parts:
        yield from part["steps"]


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
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for step in steps(file):
        if "run" in step:
            command = MAKE.match(step["run"])
            assert command is not None, step["run"]
            assert command[1] in targets
    for job in yaml.safe_load(file.read_text())["jobs"].values():
        assert job["timeout-minutes"] <= 60


def test_a_pull_request_from_a_fork_needs_no_secret_and_may_change_nothing() -> None:
    text = (ROOT / ".github" / "workflows" / "pull-request.yml").read_text()
    document = yaml.safe_load(text)
    assert document["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    assert "pull_request_target" not in text
    assert {"test", "preview"} == document["jobs"].keys()
    assert document["jobs"]["preview"]["strategy"]["matrix"] == {"stack": ["dev", "prod"]}
