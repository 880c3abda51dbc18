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
SCHEMA = "data-product/pinot-schemas/transaction-booked-schema.json"
TABLE = "data-product/pinot-tables/transaction-booked-rt-table.json"


@pytest.fixture
def deployed(stack: LocalStack, edited: LocalStack) -> Iterator[LocalStack]:
    """Give the copy to a test that deploys it; afterwards the stack is as the program says."""
    yield edited
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
    """Change a file of the edited program."""
    path = stack.project / file
    text = path.read_text("utf-8")
    assert old in text, (file, old)
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_change_is_planned_and_carried_out(deployed: LocalStack) -> None:
    edit(deployed, TABLE, '"maxLeafRecords": 10000', '"maxLeafRecords": 20000')

    code, said = deploy(deployed, "--validate-only")
    assert code == 0, said
    assert "update  transaction_booked_rt" in said
    assert "valid; nothing was changed" in said
    assert "maxLeafRecords" not in said
    deployed.capture("refresh", "--preview-only", "--expect-no-changes")

    code, said = deploy(deployed)
    assert code == 0, said
    assert "1 updated" in said
    table = requests.get(
        f"{deployed.environment.controller_url}/tables/transaction_booked_rt", timeout=30
    ).json()
    assert table["REALTIME"]["tableIndexConfig"]["starTreeIndexConfigs"][1]["maxLeafRecords"] == 20000
    assert deploy(deployed)[0] == 0


def test_files_that_disagree_are_refused_before_anything_is_asked(edited: LocalStack) -> None:
    edit(edited, TABLE, '"retentionTimeValue": "30"', '"retentionTimeValue": "31"')
    before = there(edited)

    code, said = deploy(edited)

    assert code == 3, said
    assert "retention" in said
    assert "planning" not in said
    assert there(edited) == before


def test_a_mistake_that_the_validation_finds_ends_the_plan(edited: LocalStack) -> None:
    edit(edited, "Pulumi.local.yaml", "replication: 1\n    brokers", "replicaton: 1\n    brokers")

    code, said = deploy(edited)

    assert code == 4, said
    assert "replicaton" in said
    assert "nothing was changed" in said


def test_a_plan_that_would_delete_is_refused(edited: LocalStack) -> None:
    """A table that is no longer declared would be deleted by `pulumi up`; here it stays."""
    before = there(edited)
    main = edited.project / "components" / "data_assets.py"
    text = main.read_text("utf-8")
    main.write_text(text.replace("        self._logical_tables(", "        lambda *_: (", 1), "utf-8")

    code, said = deploy(edited)

    assert code == 5, said
    assert "would be lost: " in said
    assert there(edited) == before


def test_schemas_only_changes_the_schemas_and_leaves_the_rest_alone(deployed: LocalStack) -> None:
    edit(deployed, TABLE, '"maxLeafRecords": 10000', '"maxLeafRecords": 30000')
    edit(deployed, SCHEMA, '{"name": "merchantId", ', '{"name": "merchantId", "maxLength": 256, ')

    code, said = deploy(deployed, "--schemas-only")

    assert code == 0, said
    url = deployed.environment.controller_url
    shown = requests.get(f"{url}/schemas/transaction_booked_rt", timeout=30).json()
    assert 256 in [spec.get("maxLength") for spec in shown["dimensionFieldSpecs"]]
    table = requests.get(f"{url}/tables/transaction_booked_rt", timeout=30).json()
    assert table["REALTIME"]["tableIndexConfig"]["starTreeIndexConfigs"][1]["maxLeafRecords"] == 10000


def test_schemas_only_works_on_a_stack_that_has_nothing_yet(edited: LocalStack, tmp_path: Path) -> None:
    """Its schemas are there already, made by another stack, and equal: they are adopted."""
    (tmp_path / "state").mkdir()
    edited._prepare()
    salt = edited.configuration.read_text("utf-8")
    (edited.project / "Pulumi.fresh.yaml").write_text(salt.partition("encryptionsalt")[0], "utf-8")
    environment = {**edited._environment(), "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}"}

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=edited.project, env=environment, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("pulumi", "stack", "init", "fresh")
    run("data-product/deploy.sh", "--schemas-only", "--stack", "fresh")

    exported = json.loads(run("pulumi", "stack", "export", "--stack", "fresh"))
    types = [resource["type"] for resource in exported["deployment"]["resources"]]
    assert types.count("pulumi-python:dynamic/pinot:Schema") == 7
    assert "pulumi-python:dynamic/pinot:Table" not in types


def test_a_deployment_that_stops_half_way_leaves_what_is_there(edited: LocalStack) -> None:
    """The brief's origin deleted every table when its script ended on an error."""
    edit(edited, TABLE, '"maxLeafRecords": 10000', '"maxLeafRecords": 40000')
    before = there(edited)
    tables = edited.capture("stack", "export")
    wrapper = edited.project / "pulumi"
    wrapper.write_text(
        '#!/usr/bin/env bash\n[[ $1 == up ]] && { echo "error: the controller went away"; exit 255; }\n'
        f'exec "{shutil.which("pulumi", path=edited._environment()["PATH"])}" "$@"\n',
        "utf-8",
    )
    wrapper.chmod(0o755)

    class Broken(LocalStack):
        def _environment(self) -> dict[str, str]:
            variables = super()._environment()
            return {**variables, "PATH": f"{self.project}:{variables['PATH']}"}

    code, said = deploy(Broken(edited.environment, edited.project))

    assert code == 6, said
    assert "the controller went away" in said
    assert "run it again to go on" in said
    assert there(edited) == before
    assert json.loads(edited.capture("stack", "export")) == json.loads(tables)


@pytest.mark.parametrize("arguments", [("--nope",), ("--stack",)])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    run = subprocess.run(
        [str(ROOT / "data-product" / "deploy.sh"), *arguments], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "deploy.sh: " in run.stderr
