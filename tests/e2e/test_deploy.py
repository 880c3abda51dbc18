"""`data-product/deploy.sh`: it checks, plans, carries out exactly its plan, and deletes nothing, ever."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from local.stack import LocalStack

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
PROGRAM = (
    "Pulumi.yaml",
    "Pulumi.local.yaml",
    "__main__.py",
    "components",
    "payment_outputs",
    "pinot_as_code",
    "product_model",
    "data-product",
)
SCHEMA = "data-product/pinot-schemas/transaction-booked-schema.json"
TABLE = "data-product/pinot-tables/transaction-booked-rt-table.json"


@pytest.fixture
def copied(stack: LocalStack, tmp_path: Path) -> Iterator[LocalStack]:
    """Give the same stack with a copy of the program that a test may edit; afterwards it is as it was."""
    for part in PROGRAM:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, tmp_path / part)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    yield LocalStack(stack.environment, tmp_path)
    stack.up()


def deploy(stack: LocalStack, *arguments: str) -> tuple[int, str]:
    """Run the script; return its exit code and all that it says."""
    stack._prepare()
    run = subprocess.run(
        [
            str(stack.project / "data-product" / "deploy.sh"),
            *arguments,
            "--stack",
            "local",
            "--",
            "--config-file",
            str(stack.configuration),
        ],
        env={**stack._environment(), "PYTHONPATH": str(stack.project)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return run.returncode, run.stdout


def there(stack: LocalStack) -> dict[str, list[str]]:
    """Return what there is in Pinot."""
    url = stack.environment.controller_url
    return {
        "tables": sorted(requests.get(f"{url}/tables", timeout=30).json()["tables"]),
        "schemas": sorted(requests.get(f"{url}/schemas", timeout=30).json()),
        "logical": sorted(requests.get(f"{url}/logicalTables", timeout=30).json()),
    }


def edit(stack: LocalStack, file: str, old: str, new: str) -> None:
    """Change a file of the copied program."""
    path = stack.project / file
    text = path.read_text("utf-8")
    assert old in text, (file, old)
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_change_is_planned_and_carried_out(copied: LocalStack) -> None:
    edit(copied, TABLE, '"maxLeafRecords": 10000', '"maxLeafRecords": 20000')

    code, said = deploy(copied, "--validate-only")
    assert code == 0, said
    assert "update  transaction_booked_rt" in said
    assert "valid; nothing was changed" in said
    assert "maxLeafRecords" not in said
    copied.capture("refresh", "--preview-only", "--expect-no-changes")

    code, said = deploy(copied)
    assert code == 0, said
    assert "1 updated" in said
    table = requests.get(
        f"{copied.environment.controller_url}/tables/transaction_booked_rt", timeout=30
    ).json()
    assert table["REALTIME"]["tableIndexConfig"]["starTreeIndexConfigs"][0]["maxLeafRecords"] == 20000
    assert deploy(copied)[0] == 0


def test_files_that_disagree_are_refused_before_anything_is_asked(copied: LocalStack) -> None:
    edit(copied, TABLE, '"retentionTimeValue": "30"', '"retentionTimeValue": "31"')
    before = there(copied)

    code, said = deploy(copied)

    assert code == 3, said
    assert "retention" in said
    assert "planning" not in said
    assert there(copied) == before


def test_a_mistake_that_the_validation_finds_ends_the_plan(copied: LocalStack) -> None:
    edit(copied, "Pulumi.local.yaml", "replication: 1\n    brokers", "replicaton: 1\n    brokers")

    code, said = deploy(copied)

    assert code == 4, said
    assert "replicaton" in said
    assert "nothing was changed" in said


def test_a_plan_that_would_delete_is_refused(copied: LocalStack) -> None:
    """A table that is no longer declared would be deleted by `pulumi up`; here it stays."""
    before = there(copied)
    main = copied.project / "components" / "data_assets.py"
    text = main.read_text("utf-8")
    main.write_text(text.replace("        self._logical_tables(", "        lambda *_: (", 1), "utf-8")

    code, said = deploy(copied)

    assert code == 5, said
    assert "would be lost: " in said
    assert there(copied) == before


def test_schemas_only_changes_the_schemas_and_leaves_the_rest_alone(copied: LocalStack) -> None:
    edit(copied, TABLE, '"maxLeafRecords": 10000', '"maxLeafRecords": 30000')
    edit(copied, SCHEMA, '{"name": "merchantId", ', '{"name": "merchantId", "maxLength": 256, ')

    code, said = deploy(copied, "--schemas-only")

    assert code == 0, said
    url = copied.environment.controller_url
    shown = requests.get(f"{url}/schemas/transaction_booked_rt", timeout=30).json()
    assert 256 in [spec.get("maxLength") for spec in shown["dimensionFieldSpecs"]]
    table = requests.get(f"{url}/tables/transaction_booked_rt", timeout=30).json()
    assert table["REALTIME"]["tableIndexConfig"]["starTreeIndexConfigs"][0]["maxLeafRecords"] == 10000


def test_schemas_only_works_on_a_stack_that_has_nothing_yet(copied: LocalStack, tmp_path: Path) -> None:
    """Its schemas are there already, made by another stack, and equal: they are adopted."""
    (tmp_path / "state").mkdir()
    copied._prepare()
    salt = copied.configuration.read_text("utf-8")
    (copied.project / "Pulumi.fresh.yaml").write_text(salt.partition("encryptionsalt")[0], "utf-8")
    environment = {**copied._environment(), "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}"}

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=copied.project, env=environment, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("pulumi", "stack", "init", "fresh")
    run("data-product/deploy.sh", "--schemas-only", "--stack", "fresh")

    exported = json.loads(run("pulumi", "stack", "export", "--stack", "fresh"))
    types = [resource["type"] for resource in exported["deployment"]["resources"]]
    assert types.count("pulumi-python:dynamic/pinot:Schema") == 7
    assert "pulumi-python:dynamic/pinot:Table" not in types


def test_a_deployment_that_stops_half_way_leaves_what_is_there(copied: LocalStack) -> None:
    """The brief's origin deleted every table when its script ended on an error."""
    edit(copied, TABLE, '"maxLeafRecords": 10000', '"maxLeafRecords": 40000')
    before = there(copied)
    tables = copied.capture("stack", "export")
    wrapper = copied.project / "pulumi"
    wrapper.write_text(
        '#!/usr/bin/env bash\n[[ $1 == up ]] && { echo "error: the controller went away"; exit 255; }\n'
        f'exec "{shutil.which("pulumi", path=copied._environment()["PATH"])}" "$@"\n',
        "utf-8",
    )
    wrapper.chmod(0o755)

    class Broken(LocalStack):
        def _environment(self) -> dict[str, str]:
            variables = super()._environment()
            return {**variables, "PATH": f"{self.project}:{variables['PATH']}"}

    code, said = deploy(Broken(copied.environment, copied.project))

    assert code == 6, said
    assert "the controller went away" in said
    assert "run it again to go on" in said
    assert there(copied) == before
    assert json.loads(copied.capture("stack", "export")) == json.loads(tables)


@pytest.mark.parametrize("arguments", [("--nope",), ("--stack",)])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    run = subprocess.run(
        [str(ROOT / "data-product" / "deploy.sh"), *arguments], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "deploy.sh: " in run.stderr
