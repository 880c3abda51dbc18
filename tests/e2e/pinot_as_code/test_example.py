"""The example in another directory, with the package installed, through Pulumi's real engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pinot_as_code.programs import Program
from tests.engine.pinot_as_code.page_views import views

if TYPE_CHECKING:
    from tests.engine.pinot_as_code.page_views import Cluster

pytestmark = pytest.mark.e2e

TABLE = "page_views_history.table.json"
PASSWORD = "correct horse battery staple"  # noqa: S105 - planted, to be searched for
SASL = 'org.apache.kafka… password="hunter2";'  # planted, to be searched for


def test_the_package_that_runs_is_the_installed_one(program: Program) -> None:
    code = "import pinot_as_code.table as t, pathlib; print(pathlib.Path(t.__file__).parents[1])"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env=dict(program.environment),
        cwd=program.directory,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    assert found == program.environment["PYTHONPATH"]


def test_from_nothing_to_nothing(cluster: Cluster, program: Program) -> None:
    nobody = {**program.environment, "PINOT_CONTROLLER_URL": "http://127.0.0.1:9"}

    before_the_cluster = Program(program.directory, nobody).preview()
    assert "does not answer yet" in before_the_cluster
    assert "7 to create" in before_the_cluster

    said = program.up()
    assert "7 created" in said
    program.assert_nothing_to_do()
    cluster.load("page_views_history", views(10))
    assert cluster.count("page_views") == 10

    refused = program.destroy(fails=True)
    assert "its 1 segments are deleted. They cannot be read from Pinot any more" in refused
    assert 'put "delete-data" into allow of this resource and run `pulumi up` first' in refused
    assert cluster.count("page_views_history") == 10

    program.change(
        "__main__.py", "PinotTableArgs(table_json", 'PinotTableArgs(allow=["delete-data"], table_json'
    )
    program.up()
    program.destroy()
    assert cluster.get("/tables/page_views_history") is None
    assert cluster.get("/schemas/page_views") is None
    assert not [tag for tag in cluster.tags("Server_a_8098") if tag.startswith("web_")]
    program.up()
    program.assert_nothing_to_do()


def test_a_change_shows_exactly_itself_and_is_rolled_out(cluster: Cluster, program: Program) -> None:
    program.up()
    cluster.load("page_views_history", views(10))
    program.change(TABLE, '"inverted": {}', '"inverted": {}, "bloom": {"fpp": 0.01}')

    plan = json.loads(program.preview("--json"))
    changed = [step["urn"].rpartition("::")[2] for step in plan["steps"] if step["op"] != "same"]
    assert changed == ["page_views_history"]
    assert "bloom" in program.preview("--diff")

    said = program.up()

    assert "1 updated" in said
    assert "table page_views_history: 1 of 1 segments are loaded again" in said
    assert cluster.table("page_views_history")["fieldConfigList"][0]["indexes"]["bloom"] == {"fpp": 0.01}
    program.assert_nothing_to_do()


def test_drift_is_shown_by_refresh_and_repaired_by_up(cluster: Cluster, program: Program) -> None:
    program.up()
    shown = cluster.table("page_views_history")
    shown["fieldConfigList"] = []
    shown["quota"] = {"storage": "1G"}
    cluster.put("/tables/page_views_history", shown)
    cluster.call("DELETE", "/logicalTables/page_views")
    cluster.put("/instances/Server_b_8098/updateTags", tags="web_OFFLINE")

    program.preview("--refresh", "--expect-no-changes", fails=True)
    said = program.refresh()
    assert "2 updated" in said
    assert "1 deleted" in said
    said = program.up()

    assert "1 created" in said
    assert "2 updated" in said
    assert "quota" not in cluster.table("page_views_history")
    assert cluster.tags("Server_b_8098") == ["web_OFFLINE", "web_REALTIME"]
    program.assert_nothing_to_do()


def test_a_schema_that_somebody_widened_is_narrowed_only_with_a_word(
    cluster: Cluster, program: Program
) -> None:
    program.up()
    shown = cluster.get("/schemas/page_views_history")
    shown["dimensionFieldSpecs"].append({"name": "surprise", "dataType": "STRING"})
    cluster.put("/schemas/page_views_history", shown)

    program.preview("--refresh", "--expect-no-changes", fails=True)
    assert "1 updated" in program.refresh()
    refused = program.up(fails=True)
    assert "column surprise is removed. The stored values can no longer be read" in refused
    assert 'put "remove-column" into allow of this resource' in refused
    assert "surprise" in str(cluster.get("/schemas/page_views_history"))

    program.change(
        "__main__.py", "PinotSchemaArgs(schema_json", 'PinotSchemaArgs(allow=["remove-column"], schema_json'
    )
    program.up()
    assert "surprise" not in str(cluster.get("/schemas/page_views_history"))
    program.assert_nothing_to_do()


def test_what_another_stack_made_is_adopted_or_refused(cluster: Cluster, program: Program) -> None:
    program.up()
    program.pulumi("stack", "rm", "dev", "--yes", "--force", "--preserve-config")
    program.pulumi("stack", "init", "dev")

    assert "7 created" in program.up()
    program.assert_nothing_to_do()

    shown = cluster.table("page_views_history")
    shown["segmentsConfig"]["retentionTimeValue"] = "400"
    cluster.put("/tables/page_views_history", shown)
    program.pulumi("stack", "rm", "dev", "--yes", "--force", "--preserve-config")
    program.pulumi("stack", "init", "dev")
    refused = program.up(fails=True)
    assert 'segmentsConfig.retentionTimeValue: "400" → "365"' in refused
    assert 'set adopt="take-over"' in refused


def test_mistakes_are_told_in_the_preview_without_the_documents(program: Program) -> None:
    program.change(TABLE, '"loadMode"', '"laodMode"')
    program.change(TABLE, '"365"', '"7", "retentionTimeUnit": "YEARS", "x": "y"')

    said = program.preview(fails=True)

    assert "has the key 'retentionTimeUnit' twice in one object: keep one of them" in said
    program.change(TABLE, '"retentionTimeUnit": "DAYS",', "")
    said = program.preview(fails=True)
    assert "tableIndexConfig.laodMode: is no key of Pinot's (did you mean loadMode?)" in said
    assert "segmentsConfig.retentionTimeUnit: is 'YEARS'; allowed: " in said
    assert '"viewedAt"' not in said


def test_secrets_are_neither_in_the_state_nor_in_what_is_shown(cluster: Cluster, program: Program) -> None:
    main = program.directory / "__main__.py"
    main.write_text(
        main.read_text("utf-8").replace(
            "import pulumi\n", "import pulumi\n\nfrom pinot_as_code import user\n", 1
        )
        + f"""
user.PinotUser("reader", user.PinotUserArgs(username="reader", component="BROKER", password={PASSWORD!r}))
password = {{"customConfigs": {{"password": {SASL!r}}}}}
secret = pulumi.Output.secret({{**json.loads(history), "tableName": "secretive", "metadata": password}})
spec = {{**columns, "schemaName": "secretive"}}
other = PinotSchema("secretive", PinotSchemaArgs(schema_json=spec))
PinotTable(
    "secretive",
    PinotTableArgs(table_json=secret, schema_json=spec),
    pulumi.ResourceOptions(depends_on=[brokers, servers, other]),
)
""",
        "utf-8",
    )

    said = program.preview("--diff") + program.up() + program.refresh() + program.preview("--diff")
    assert cluster.table("secretive")["metadata"]["customConfigs"]["password"] == SASL
    main.write_text(
        main.read_text("utf-8").replace(PASSWORD, f"{PASSWORD} 2").replace(SASL, f"{SASL} 2"), "utf-8"
    )
    said += program.preview("--diff", "--debug") + program.up() + program.refresh()
    program.assert_nothing_to_do()
    whole = main.read_text("utf-8")
    for mistake, told in (
        ('"tableTyp": "x"', "tableTyp: is no key of Pinot's"),
        ('"tenants": {"broker": "web", "server": "nobody"}', "No instance found with tag: nobody_OFFLINE"),
    ):
        main.write_text(
            whole.replace('"tableName": "secretive",', f'"tableName": "secretive", {mistake},'), "utf-8"
        )
        refused = program.up(fails=True)
        assert told in refused
        said += refused

    kept = program.state()
    files = [
        file
        for file in Path(program.environment["PULUMI_BACKEND_URL"].removeprefix("file://")).rglob("*")
        if file.is_file()
    ]
    assert len(files) > 5
    kept += "".join(file.read_text("utf-8") for file in files)
    hashes = cluster.get("/users/reader", component="BROKER")["reader_BROKER"]["password"]
    for secret in (PASSWORD, SASL, "hunter2", hashes, cluster.credentials[1]):
        assert secret not in said
        assert secret not in kept
    assert "reader" in kept
