"""The image's packages and files: what the programs import is there, in the versions that are tested."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from components.operations_workloads import USER

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
COPIED = ("operations", "product_model")
DOCKERFILE = (ROOT / "operations" / "Dockerfile").read_text(encoding="utf-8")


def pinned(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def imported() -> set[str]:
    """Return the top-level packages that the image's programs import."""
    found = set()
    for path in (path for room in COPIED for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def test_every_package_that_a_program_imports_is_in_the_image() -> None:
    others = imported() - sys.stdlib_module_names - set(COPIED)
    assert {"boto3", "confluent_kafka", "pyarrow"} <= others
    distributions = packages_distributions()
    lacking = {
        package
        for package in others
        if not {name.lower().replace("_", "-") for name in distributions.get(package, ())}
        & pinned("operations.txt").keys()
    }
    assert lacking == set(), "add it to requirements/operations.in and lock again (operations/README.md)"


def test_the_image_has_the_versions_that_the_tests_run_with() -> None:
    tested = pinned("dev.txt")
    assert {name: tested.get(name) for name in pinned("operations.txt")} == pinned("operations.txt")


def test_the_image_runs_as_the_user_that_the_pods_ask_for() -> None:
    assert f"USER {USER}:{USER}\n" in DOCKERFILE
    for room in (*COPIED, "data-product"):
        assert f"COPY {room}/ {room}/\n" in DOCKERFILE
