"""What is changed behind the program's back is seen by a refresh and repaired by the next `up`; adoption."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pinot_as_code.errors import PinotError
from tests.engine.pinot_as_code.page_views import columns, logical, offline, unused_name, views
from tests.engine.pinot_as_code.pulumi_run import (
    Declared,
    RefusedArgumentsError,
    Run,
    logical_table,
    schema,
    settings,
    table,
    tenant,
    user,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.pinot_as_code.page_views import Cluster, Document

pytestmark = pytest.mark.engine

OTHER = "another password"


@pytest.fixture
def name() -> str:
    """Give a name that no other test has."""
    return unused_name()


@pytest.fixture
def program(name: str) -> dict[str, Declared]:
    """Give one resource of every kind."""
    return {
        "tenant": tenant(f"{name}_tenant", "SERVER", "Server_hot-*"),
        "schema": schema(columns(name)),
        "all schema": schema(columns(f"{name}_all")),
        "table": table(offline(name), columns(name)),
        "logical": logical_table(logical(f"{name}_all", name)),
        "user": user(name, "correct horse", tables=[name]),
        "settings": settings(**{f"{name}.a": "1", f"{name}.b": "2"}),
    }


def update(cluster: Cluster, name: str, change: Callable[[Document], object]) -> None:
    """Change a table by hand."""
    shown = cluster.table(name)
    change(shown)
    cluster.put(f"/tables/{name}", shown)


def widen(cluster: Cluster, name: str) -> None:
    """Add a column by hand."""
    shown = cluster.get(f"/schemas/{name}")
    shown["dimensionFieldSpecs"].append({"name": "surprise", "dataType": "STRING"})
    cluster.put(f"/schemas/{name}", shown)


def take_tag(cluster: Cluster, name: str, instance: str) -> None:
    """Take a tenant's tag away from an instance."""
    left = [tag for tag in cluster.tags(instance) if tag != f"{name}_tenant_OFFLINE"]
    cluster.put(f"/instances/{instance}/updateTags", tags=",".join(left))


def change_user(cluster: Cluster, name: str, **changes: object) -> None:
    """Change a user by hand."""
    shown = {
        "username": name,
        "component": "BROKER",
        "role": "USER",
        "tables": [name],
        "permissions": ["READ"],
    }
    body = {**shown, "password": "correct horse", **changes}
    cluster.put(f"/users/{name}", body, component="BROKER", passwordChanged="true")


OUT_OF_BAND: list[tuple[str, str, Callable[[Cluster, str], object]]] = [
    (
        "table",
        "a key changed",
        lambda c, n: update(c, n, lambda t: t["segmentsConfig"].update(retentionTimeValue="400")),
    ),
    ("table", "an index removed", lambda c, n: update(c, n, lambda t: t.update(fieldConfigList=[]))),
    ("table", "a quota added", lambda c, n: update(c, n, lambda t: t.update(quota={"storage": "1G"}))),
    (
        "table",
        "an index added",
        lambda c, n: update(c, n, lambda t: t["tableIndexConfig"].update(bloomFilterColumns=["path"])),
    ),
    ("tenant", "a tag taken away", lambda c, n: take_tag(c, n, "Server_hot-1_8098")),
    ("user", "tables changed", lambda c, n: change_user(c, n, tables=["other"])),
    ("user", "made an administrator", lambda c, n: change_user(c, n, role="ADMIN")),
    ("user", "password changed", lambda c, n: change_user(c, n, password=OTHER)),
    ("settings", "a value changed", lambda c, n: c.call("POST", "/cluster/configs", {f"{n}.a": "9"})),
    ("settings", "a key removed", lambda c, n: c.call("DELETE", f"/cluster/configs/{n}.b")),
]


@pytest.mark.parametrize(
    ("key", "change"), [(case[0], case[2]) for case in OUT_OF_BAND], ids=[c[1] for c in OUT_OF_BAND]
)
def test_a_change_by_hand_is_seen_and_repaired(
    cluster: Cluster,
    stack: Run,
    name: str,
    program: dict[str, Declared],
    key: str,
    change: Callable[[Cluster, str], object],
) -> None:
    needs = {"table": ["schema"]}.get(key, [])
    for needed in (*needs, key):
        stack.up(needed, program[needed])
    wanted = program[key]
    change(cluster, name)

    assert stack.refresh(key) == "update"
    assert stack.preview(key, wanted) == "update"
    assert stack.up(key, wanted) == "update"
    assert stack.refresh(key) == "same"
    assert stack.preview(key, wanted) == "same"


def test_a_widened_schema_is_seen_and_narrowed_only_with_a_word(
    cluster: Cluster, stack: Run, name: str, program: dict[str, Declared]
) -> None:
    stack.up("schema", program["schema"])

    widen(cluster, name)

    assert stack.refresh("schema") == "update"
    with pytest.raises(
        RefusedArgumentsError, match=r'column surprise is removed.*put "remove-column" into allow'
    ):
        stack.up("schema", program["schema"])
    wider = columns(name)
    wider["dimensionFieldSpecs"].append({"name": "surprise", "dataType": "STRING"})
    assert stack.preview("schema", schema(wider)) == "same"

    assert stack.up("schema", schema(columns(name), allow=["remove-column"])) == "update"
    assert "surprise" not in str(cluster.get(f"/schemas/{name}"))
    assert stack.refresh("schema") == "same"


@pytest.mark.parametrize(
    ("key", "path", "parameters"),
    [
        ("logical", "/logicalTables/{}_all", {}),
        ("table", "/tables/{}", {"type": "offline"}),
        ("schema", "/schemas/{}", {}),
        ("user", "/users/{}", {"component": "BROKER"}),
    ],
)
def test_what_was_dropped_by_hand_is_seen_and_made_again(
    cluster: Cluster,
    stack: Run,
    program: dict[str, Declared],
    key: str,
    path: str,
    parameters: dict[str, str],
) -> None:
    name = str(json.loads(program["schema"].inputs["schema_json"])["schemaName"])
    needs = {"logical": ["schema", "all schema", "table"], "table": ["schema"]}.get(key, [])
    for needed in (*needs, key):
        stack.up(needed, program[needed])

    assert cluster.call("DELETE", path.format(name), **parameters)[0] == 200

    assert stack.refresh(key) == "delete"
    assert stack.up(key, program[key]) == "create"
    assert stack.refresh(key) == "same"


def test_what_was_dropped_without_a_refresh_is_made_again_by_an_update(
    cluster: Cluster, stack: Run, name: str, program: dict[str, Declared]
) -> None:
    for key, declared in program.items():
        stack.up(key, declared)
    cluster.call("DELETE", f"/logicalTables/{name}_all")
    cluster.call("DELETE", f"/tables/{name}", type="offline")
    cluster.call("DELETE", f"/users/{name}", component="BROKER")
    other = offline(name)
    other["quota"] = {"storage": "1G"}

    assert stack.up("table", table(other, columns(name))) == "update"
    assert stack.up("logical", logical_table(logical(f"{name}_all", name), timeout_seconds=31.0)) == "update"
    assert stack.up("user", user(name, "other", tables=[name])) == "update"

    assert cluster.table(name)["quota"] == {"storage": "1G"}
    assert {stack.refresh(key) for key in program} == {"same"}


def test_nothing_drifts_by_itself_after_a_restart(
    cluster: Cluster, stack: Run, name: str, program: dict[str, Declared]
) -> None:
    for key, declared in program.items():
        stack.up(key, declared)
    cluster.load(name, views(5))

    cluster.restart()
    stack.configuration = cluster.configuration

    assert {stack.refresh(key) for key in program} == {"same"}
    assert {stack.preview(key, declared) for key, declared in program.items()} == {"same"}


def test_an_equal_object_is_adopted(cluster: Cluster, stack: Run, program: dict[str, Declared]) -> None:
    first = Run(cluster.configuration)
    for key, declared in program.items():
        first.up(key, declared)

    assert {stack.up(key, declared) for key, declared in program.items()} == {"create"}
    assert {stack.refresh(key) for key in program} == {"same"}


def test_a_different_object_is_refused_with_a_diff_and_taken_over_when_asked(
    cluster: Cluster, stack: Run, name: str, program: dict[str, Declared]
) -> None:
    for key, declared in program.items():
        Run(cluster.configuration).up(key, declared)
    other_table, other_columns = offline(name), columns(name)
    other_table["segmentsConfig"]["retentionTimeValue"] = "500"
    other_columns["dimensionFieldSpecs"].append({"name": "referrer", "dataType": "STRING"})
    other_logical = logical(f"{name}_all", name) | {"query": {"timeoutMs": 5000}}
    cases: list[tuple[str, Callable[..., Declared], str]] = [
        ("schema", lambda **a: schema(other_columns, **a), r"dimensionFieldSpecs\[referrer\]: \(absent\) → "),
        (
            "table",
            lambda **a: table(other_table, columns(name), **a),
            'segmentsConfig.retentionTimeValue: "365" → "500"',
        ),
        ("logical", lambda **a: logical_table(other_logical, **a), r"query: \(absent\) → "),
        ("user", lambda **a: user(name, "x", tables=["t"], **a), r'tables: \["' + name + r'"\] → \["t"\]'),
        ("settings", lambda **a: settings(**a, **{f"{name}.a": "9"}), f'{name}.a: "1" → "9"'),
    ]
    for key, declare, difference in cases:
        shown = cluster.everything()
        with pytest.raises(PinotError, match=difference) as caught:
            stack.up(key, declare())
        assert 'set adopt="take-over"' in str(caught.value)
        assert "Nothing was changed" in str(caught.value)
        assert cluster.everything() == shown
        assert stack.up(key, declare(adopt="take-over")) == "create"
        assert stack.refresh(key) == "same"


def test_taking_over_is_guarded_like_any_change(
    cluster: Cluster, stack: Run, name: str, program: dict[str, Declared]
) -> None:
    for key in ("schema", "table"):
        Run(cluster.configuration).up(key, program[key])
    cluster.load(name, views(5, days_ago=40))
    shorter = offline(name)
    shorter["segmentsConfig"]["retentionTimeValue"] = "30"

    with pytest.raises(
        PinotError, match="rows are kept for 30 days instead of for 365 days, and rows as old as 40"
    ):
        stack.up("table", table(shorter, columns(name), adopt="take-over"))
    assert cluster.table(name)["segmentsConfig"]["retentionTimeValue"] == "365"

    stack.up("table", table(shorter, columns(name), adopt="take-over", allow=["lower-retention"]))
    assert cluster.table(name)["segmentsConfig"]["retentionTimeValue"] == "30"


def test_a_tenant_follows_the_instances_that_join(cluster: Cluster, stack: Run, name: str) -> None:
    """New replicas arrive untagged; the next `up` shows them in its preview and tags them."""
    everyone = tenant(name, "SERVER", "Server_hot-*")
    one = tenant(name, "SERVER", "Server_hot-*", count=1)
    cluster.put("/instances/Server_hot-1_8098/updateTags", tags="server_untagged")
    stack.up("tenant", one)
    # Of two that match, the one that nobody has.
    assert stack.state["tenant"].outputs["tagged_instances"] == ["Server_hot-1_8098"]
    assert stack.up("tenant", one) == "same"

    assert stack.preview("tenant", everyone) == "update"
    stack.up("tenant", everyone)

    assert cluster.tags("Server_hot-1_8098") == [f"{name}_OFFLINE", f"{name}_REALTIME"]
    assert set(cluster.tags("Server_hot-0_8098")) == {
        f"{name}_OFFLINE",
        f"{name}_REALTIME",
        "web_OFFLINE",
        "web_REALTIME",
    }
    stack.destroy()
    assert cluster.tags("Server_hot-1_8098") == ["server_untagged"]
