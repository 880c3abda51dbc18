"""Each resource from its first `up` to `destroy`: made, unchanged, read, changed, deleted, deleted again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pinot_as_code.errors import PinotError, TimeLimitError
from pinot_as_code.table import PinotTableProvider
from pinot_as_code.tenant import PinotTenantProvider
from pinot_as_code.transport import Deadline
from tests.engine import accepted_tables
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
    from tests.engine.pinot_as_code.page_views import Cluster

pytestmark = pytest.mark.engine

ACCEPTED = accepted_tables.DATA / "accepted"


def declare_page_views(name: str, **arguments: Any) -> dict[str, Declared]:  # noqa: ANN401 - any argument
    """Declare two schemas, a table and a logical table over it."""
    return {
        f"schema {name}": schema(columns(name)),
        f"schema {name}_all": schema(columns(f"{name}_all")),
        f"table {name}": table(offline(name), columns(name), **arguments),
        f"logical {name}": logical_table(logical(f"{name}_all", name)),
    }


def test_everything_is_made_stays_the_same_and_goes(cluster: Cluster, stack: Run) -> None:
    name = unused_name()
    program = {
        "tenant": tenant(f"{name}_tenant", "SERVER", "Server_hot-*"),
        **declare_page_views(name, allow=["delete-data"]),
        "user": user(name, "correct horse", tables=[name]),
        "settings": settings(**{f"{name}.key": "on"}),
    }

    assert {stack.up(key, declared) for key, declared in program.items()} == {"create"}
    assert {stack.up(key, declared) for key, declared in program.items()} == {"same"}
    assert {stack.refresh(key) for key in program} == {"same"}
    assert {stack.up(key, declared) for key, declared in program.items()} == {"same"}

    assert stack.state[f"table {name}"].outputs["name_with_type"] == f"{name}_OFFLINE"
    assert stack.state["tenant"].outputs["tagged_instances"] == ["Server_hot-0_8098", "Server_hot-1_8098"]
    cluster.load(name, views(10))
    assert cluster.count(f"{name}_all") == 10

    held = list(stack.state.values())
    stack.destroy()

    assert cluster.get(f"/tables/{name}") is None
    assert cluster.get(f"/schemas/{name}") is None
    assert cluster.get(f"/logicalTables/{name}_all") is None
    assert f"{name}_BROKER" not in cluster.get("/users")["users"]
    assert f"{name}.key" not in cluster.get("/cluster/configs")
    assert not [tag for tag in cluster.tags("Server_hot-0_8098") if name in tag]
    for resource in held:
        assert stack.provider(resource.declared.provider).read(resource.id, dict(resource.outputs)).id == ""
        stack.provider(resource.declared.provider).delete(resource.id, dict(resource.outputs))


def test_the_tables_of_a_real_cluster_with_a_stream(cluster: Cluster, stack: Run, kafka: str) -> None:
    """REALTIME tables with dedup, upsert, star-trees and every index: nothing of them drifts by itself."""
    del cluster
    topic = accepted_tables.make_topic(kafka, unused_name("topic"), 2)
    for name in (accepted_tables.WALLET, accepted_tables.BOOKED, accepted_tables.ANALYTICS):
        document = accepted_tables.table(name, kafka, topic)
        document["tenants"] = {"broker": "web", "server": "web"}
        document["segmentsConfig"]["replication"] = "1"
        spec = json.loads((ACCEPTED / f"schema-{name}.json").read_text("utf-8"))
        program = {f"schema {name}": schema(spec), f"table {name}": table(document, spec)}
        assert [stack.up(key, declared) for key, declared in program.items()] == ["create"] * 2
        assert [stack.refresh(key) for key in program] == ["same"] * 2
        assert [stack.up(key, declared) for key, declared in program.items()] == ["same"] * 2
    stack.destroy()


def test_a_table_before_its_schema_is_refused_as_pinot_refuses_it(stack: Run) -> None:
    name = unused_name()

    with pytest.raises(PinotError, match=f"POST /tables: refused .*schema.*{name}"):
        stack.up("table", table(offline(name), columns(name)))
    assert stack.state == {}


def test_a_schema_in_use_stays(cluster: Cluster, stack: Run) -> None:
    name = unused_name()
    for key, declared in declare_page_views(name).items():
        stack.up(key, declared)

    with pytest.raises(PinotError, match=f"schema {name} cannot be deleted: .*Delete that table first"):
        stack.destroy(f"schema {name}")
    with pytest.raises(PinotError, match=f"table {name}_OFFLINE cannot be deleted: .*logical table first"):
        stack.destroy(f"table {name}")
    assert cluster.get(f"/schemas/{name}") is not None
    stack.destroy()


def test_a_table_is_made_again_right_after_it_was_deleted(stack: Run) -> None:
    name = unused_name()
    program = declare_page_views(name)
    for _ in range(3):
        for key, declared in program.items():
            stack.up(key, declared)
        stack.destroy(f"logical {name}", f"table {name}")
    stack.destroy()


def test_the_arguments_alone_can_change_without_a_call(cluster: Cluster, stack: Run) -> None:
    """A word for a later `destroy` gets into the state; the table itself is left alone."""
    name = unused_name()
    for key, declared in declare_page_views(name).items():
        stack.up(key, declared)
    shown = cluster.table(name)

    assert stack.up(f"table {name}", table(offline(name), columns(name), allow=["delete-data"])) == "update"

    assert stack.state[f"table {name}"].outputs["allow"] == ["delete-data"]
    assert cluster.table(name) == shown


def test_a_name_is_changed_only_with_a_word_and_data_goes_only_with_another(
    cluster: Cluster, stack: Run
) -> None:
    name, other = unused_name(), unused_name()
    for key, declared in declare_page_views(name).items():
        stack.up(key, declared)
    stack.destroy(f"logical {name}")
    stack.up("other schema", schema(columns(other)))
    cluster.load(name, views(5))
    renamed = offline(other)

    with pytest.raises(RefusedArgumentsError, match='put "replace" into allow'):
        stack.up(f"table {name}", table(renamed, columns(other)))
    with pytest.raises(PinotError, match='put "delete-data" into allow'):
        stack.up(f"table {name}", table(renamed, columns(other), allow=["replace"]))
    assert cluster.count(name) == 5

    stack.up(f"table {name}", table(offline(name), columns(name), allow=["delete-data"]))
    assert (
        stack.up(f"table {name}", table(renamed, columns(other), allow=["replace", "delete-data"]))
        == "replace"
    )
    assert cluster.get(f"/tables/{name}") is None
    assert cluster.get(f"/tables/{other}") is not None


def test_a_resource_whose_pulumi_name_changes_keeps_its_table(cluster: Cluster, stack: Run) -> None:
    """Pulumi makes the new resource, which adopts the table, and then deletes the old one in the same run."""
    name = unused_name()
    for key, declared in declare_page_views(name).items():
        stack.up(key, declared)
    held = stack.state[f"table {name}"]

    provider = stack.provider(PinotTableProvider)
    provider.create(dict(held.inputs))
    provider.delete(held.id, dict(held.outputs))

    assert cluster.get(f"/tables/{name}") is not None


def test_brokers_that_come_and_go_by_themselves_are_no_change(cluster: Cluster, stack: Run) -> None:
    elastic, counted = (
        tenant("come", "BROKER", "Broker_*", elastic=True),
        tenant("stay", "BROKER", "Broker_*"),
    )
    stack.up("elastic", elastic)
    stack.up("counted", counted)
    tags = cluster.get("/instances/Broker_b_8099")["tags"]
    assert {"come_BROKER", "stay_BROKER"} <= set(tags)
    gone = [tag for tag in tags if tag not in {"come_BROKER", "stay_BROKER"}]
    provider = stack.provider(PinotTableProvider)
    provider.client.update_tags("Broker_b_8099", tuple(gone), Deadline.after(10))
    assert (stack.refresh("elastic"), stack.preview("elastic", elastic)) == ("same", "same")
    assert (stack.refresh("counted"), stack.preview("counted", counted)) == ("update", "update")


def test_a_plan_says_the_same_before_and_after_instances_have_joined(stack: Run) -> None:
    # Else one that was saved before would be refused when it is carried out.
    one, two = (tenant("later", "SERVER", "Server_hot-*", count=count) for count in (1, 2))
    stack.up("later", one)
    held, provider = stack.state["later"], stack.provider(PinotTenantProvider)
    assert held.inputs.keys() == one.inputs.keys()
    inputs = provider.check(dict(held.inputs), dict(two.inputs)).inputs
    assert inputs == two.inputs
    assert provider.diff(held.id, dict(held.outputs), inputs).changes


def test_instances_that_never_join_are_named(stack: Run) -> None:
    with pytest.raises(
        TimeLimitError, match=r"did not join in time \(Server_x_8098\).*there are: Server_hot-0_8098"
    ):
        stack.up("tenant", tenant("t", "SERVER", "Server_x_8098", timeout_seconds=0.3))
    with pytest.raises(TimeLimitError, match=r"3 more that match"):
        stack.up("tenant", tenant("t", "SERVER", "Server_hot-*", count=5, timeout_seconds=0.3))
