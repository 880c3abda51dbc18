"""The language host that is built here, seen through the engine: programs, their errors, policy packs."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from local.environment import REPOSITORY, LocalEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Preview = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.e2e

PROJECT = "name: trial\nruntime:\n  name: python\n  options: {{toolchain: pip, virtualenv: {venv}{more}}}\n"
TOPIC = """
import pulumi, pulumi_kafka
provider = pulumi_kafka.Provider("p", bootstrap_servers=["127.0.0.1:1"])
options = pulumi.ResourceOptions(provider=provider)
pulumi_kafka.Topic("t", name="t", partitions=3, replication_factor=1, opts=options)
"""
PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def few(args, report):
    if args.resource_type == "kafka:index/topic:Topic" and args.props["partitions"] < 12:
        report(f"{args.props['partitions']:.0f} partitions are too few")

policy = ResourceValidationPolicy(name="partitions", description="enough partitions", validate=few)
PolicyPack("trial-pack", policies=[policy], enforcement_level=EnforcementLevel.MANDATORY)
"""


@pytest.fixture
def preview(tmp_path: Path, local_environment: LocalEnvironment) -> Preview:
    """Give a function that previews a program on a stack of its own."""

    def run(program: str, *flags: str, options: str = "") -> subprocess.CompletedProcess[str]:
        project = PROJECT.format(venv=REPOSITORY / ".venv", more=options)
        (tmp_path / "Pulumi.yaml").write_text(project, encoding="utf-8")
        (tmp_path / "__main__.py").write_text(program, encoding="utf-8")
        environment = local_environment.pulumi_environment()

        def pulumi(*arguments: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                ["pulumi", "--non-interactive", *arguments],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )

        pulumi("stack", "select", "--create", tmp_path.name)
        return pulumi("preview", *flags)

    return run


def test_a_program_without_configuration_runs_and_sees_an_empty_one(preview: Preview) -> None:
    done = preview("import pulumi\npulumi.export('x', pulumi.Config().get('x') or 'nothing set')\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'x: "nothing set"' in done.stdout


def test_an_error_of_the_program_is_shown_once_and_not_as_an_exit_code(preview: Preview) -> None:
    done = preview("raise ValueError('the topic has no name')\n")
    assert done.returncode != 0
    shown = done.stdout + done.stderr
    assert shown.count("ValueError: the topic has no name") == 1
    assert "exit code" not in shown


def test_a_program_that_ends_itself_is_told_with_its_exit_code(preview: Preview) -> None:
    done = preview("import sys\nsys.exit(3)\n")
    assert done.returncode != 0
    assert "the Python program ended with exit code 3" in done.stdout + done.stderr


def test_an_option_that_the_host_does_not_know_is_named(preview: Preview) -> None:
    done = preview("", options=", typechecker: mypy")
    assert done.returncode != 0
    assert "runtime.options.typechecker is not known to this language host" in done.stdout + done.stderr
    assert "allowed are virtualenv and toolchain" in done.stdout + done.stderr


def test_a_policy_pack_in_python_sees_the_resources_and_stops_the_preview(
    preview: Preview, tmp_path: Path
) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    runtime = f"runtime: {{name: python, options: {{virtualenv: {REPOSITORY / '.venv'}}}}}\n"
    (pack / "PulumiPolicy.yaml").write_text(runtime, encoding="utf-8")
    (pack / "__main__.py").write_text(PACK, encoding="utf-8")
    done = preview(TOPIC, "--policy-pack", str(pack))
    assert done.returncode != 0
    assert "3 partitions are too few" in done.stdout
