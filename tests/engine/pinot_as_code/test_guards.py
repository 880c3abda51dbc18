"""Each guard twice: what a plain call loses, and that the same change through the resource is refused."""

from __future__ import annotations

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
    table,
    tenant,
    user,
)

if TYPE_CHECKING:
    from tests.engine.pinot_as_code.page_views import Cluster

pytestmark = pytest.mark.engine


def filled(cluster: Cluster, stack: Run, name: str, days_ago: float = 1) -> None:
    """Make a table with rows."""
    stack.up(f"schema {name}", schema(columns(name)))
    stack.up(f"table {name}", table(offline(name), columns(name)))
    cluster.load(name, views(10, days_ago), segment=f"{name}_0")


def test_delete_data(cluster: Cluster, stack: Run) -> None:
    lost, kept = unused_name(), unused_name()
    for name in (lost, kept):
        filled(cluster, stack, name)

    assert cluster.call("DELETE", f"/tables/{lost}")[0] == 200
    assert cluster.count(lost) == -1

    with pytest.raises(PinotError, match=r'its 1 segments are deleted.*put "delete-data" into allow'):
        stack.destroy(f"table {kept}")
    assert cluster.count(kept) == 10
    stack.up(f"table {kept}", table(offline(kept), columns(kept), allow=["delete-data"]))
    stack.destroy(f"table {kept}")
    assert cluster.count(kept) == -1


def test_replace(cluster: Cluster, stack: Run) -> None:
    """A rename is a new, empty table; the rows stay under the old name until that is deleted."""
    name, renamed = unused_name(), unused_name()
    filled(cluster, stack, name)
    stack.up("other", schema(columns(renamed)))

    assert cluster.call("POST", "/tables", offline(renamed))[0] == 200
    assert cluster.count(renamed) == 0

    with pytest.raises(RefusedArgumentsError, match=r'tableName changes.*put "replace" into allow'):
        stack.up(f"table {name}", table(offline(renamed), columns(renamed)))
    assert cluster.count(name) == 10


def test_lower_retention(cluster: Cluster, stack: Run) -> None:
    """Pinot takes it without a word; its retention manager (not in the local engine) deletes later."""
    lost, kept = unused_name(), unused_name()
    for name in (lost, kept):
        filled(cluster, stack, name, days_ago=40)
    shorter = offline(lost)
    shorter["segmentsConfig"]["retentionTimeValue"] = "30"

    cluster.put(f"/tables/{lost}", shorter)
    assert cluster.table(lost)["segmentsConfig"]["retentionTimeValue"] == "30"

    refused = "for 30 days instead of for 365 days, and rows as old as 40 days are stored"
    with pytest.raises(RefusedArgumentsError, match=refused):
        stack.up(f"table {kept}", table({**shorter, "tableName": kept}, columns(kept)))
    assert cluster.table(kept)["segmentsConfig"]["retentionTimeValue"] == "365"

    long_enough = offline(kept)
    long_enough["segmentsConfig"]["retentionTimeValue"] = "50"
    assert stack.up(f"table {kept}", table(long_enough, columns(kept))) == "update"


def test_lower_replication(cluster: Cluster, stack: Run) -> None:
    name = unused_name()
    replicated = offline(name)
    replicated["segmentsConfig"]["replication"] = "3"
    stack.up("schema", schema(columns(name)))
    stack.up("table", table(replicated, columns(name)))
    cluster.load(name, views(10))

    def copies() -> set[int]:
        view = cluster.get(f"/tables/{name}/externalview")["OFFLINE"]
        return {len(states) for states in view.values()}

    assert copies() == {3}
    cluster.put(f"/tables/{name}", offline(name))
    cluster.call(
        "POST", f"/tables/{name}/rebalance", type="OFFLINE", dryRun="false", reassignInstances="true"
    )
    assert copies() == {1}
    cluster.put(f"/tables/{name}", replicated)

    with pytest.raises(RefusedArgumentsError, match=r'held by 1 servers instead of 3.*"lower-replication"'):
        stack.up("table", table(offline(name), columns(name)))
    stack.up("table", table(offline(name), columns(name), allow=["lower-replication"]))
    assert copies() == {1}


def test_change_field_kind(cluster: Cluster, stack: Run) -> None:
    """Nulls of a metric are 0, those of a dimension the smallest number: sums over both are wrong."""
    lost, kept = unused_name(), unused_name()
    for name in (lost, kept):
        filled(cluster, stack, name)
    other = columns(lost)
    other["dimensionFieldSpecs"].append(other["metricFieldSpecs"].pop())
    without = [{key: value for key, value in row.items() if key != "milliseconds"} for row in views(1)]

    cluster.put(f"/schemas/{lost}", other)
    cluster.load(lost, without, segment=f"{lost}_1")
    cluster.load(kept, without, segment=f"{kept}_1")
    total = 'SELECT SUM(milliseconds) FROM "{}"'
    assert cluster.rows(total.format(kept)) == [[45]]
    assert cluster.rows(total.format(lost))[0][0] < -9e18

    refused = 'column milliseconds changes from METRIC to DIMENSION.*"change-field-kind"'
    with pytest.raises(RefusedArgumentsError, match=refused):
        stack.up(f"schema {kept}", schema({**other, "schemaName": kept}))


def test_remove_column(cluster: Cluster, stack: Run) -> None:
    """Pinot refuses it by itself; overruled with force, the stored values can no longer be read."""
    lost, kept = unused_name(), unused_name()
    for name in (lost, kept):
        filled(cluster, stack, name)
    fewer = columns(lost)
    fewer["dimensionFieldSpecs"] = [spec for spec in fewer["dimensionFieldSpecs"] if spec["name"] != "path"]
    paths = 'SELECT COUNT(DISTINCT path) FROM "{}"'

    assert cluster.call("PUT", f"/schemas/{lost}", fewer)[0] == 400
    cluster.put(f"/schemas/{lost}", fewer, force="true")
    with pytest.raises(AssertionError, match="path"):
        cluster.rows(paths.format(lost))

    declared = {**fewer, "schemaName": kept}
    with pytest.raises(
        RefusedArgumentsError, match=r'column path is removed.*put "remove-column" into allow'
    ):
        stack.up(f"schema {kept}", schema(declared))
    assert cluster.rows(paths.format(kept)) == [[10]]
    assert stack.up(f"schema {kept}", schema(declared, allow=["remove-column"])) == "update"
    assert stack.refresh(f"schema {kept}") == "same"


def test_retype_column(cluster: Cluster, stack: Run) -> None:
    """Overruled with force, Pinot answers over old and new segments with a part of the rows."""
    lost, kept = unused_name(), unused_name()
    for name in (lost, kept):
        filled(cluster, stack, name)
    retyped = columns(lost)
    retyped["dimensionFieldSpecs"][0] = {"name": "path", "dataType": "LONG"}
    numbered = [{**row, "path": number} for number, row in enumerate(views(3))]

    assert cluster.call("PUT", f"/schemas/{lost}", retyped)[0] == 400
    cluster.put(f"/schemas/{lost}", retyped, force="true")
    cluster.load(lost, numbered, segment=f"{lost}_1")
    cluster.load(kept, numbered, segment=f"{kept}_1")
    paths = 'SELECT path FROM "{}" LIMIT 20'
    with pytest.raises(AssertionError, match=r"Data schema mismatch .* drop block"):
        cluster.rows(paths.format(lost))
    assert len(cluster.rows(paths.format(kept))) == 13

    refused = 'column path changes from STRING to LONG.*put "retype-column" into allow'
    with pytest.raises(RefusedArgumentsError, match=refused):
        stack.up(f"schema {kept}", schema({**retyped, "schemaName": kept}))
    assert stack.up(f"schema {kept}", schema({**retyped, "schemaName": kept}, allow=["retype-column"]))


@pytest.mark.parametrize("kind", ["schema", "logical table"])
def test_a_new_name_makes_another_object_and_deletes_the_old_one(
    cluster: Cluster, stack: Run, kind: str
) -> None:
    member, lost, kept, other = (unused_name() for _ in range(4))
    filled(cluster, stack, member)

    def declare(name: str, **arguments: object) -> Declared:
        if kind == "schema":
            return schema(columns(name), **arguments)
        return logical_table(logical(name, member), **arguments)

    for name in (lost, kept):
        if kind == "logical table":
            stack.up(f"schema {name}", schema(columns(name)))
        stack.up(name, declare(name))
    path = {"schema": "/schemas/{}", "logical table": "/logicalTables/{}"}[kind]

    assert cluster.call("DELETE", path.format(lost))[0] == 200
    assert cluster.count(lost) == -1

    with pytest.raises(RefusedArgumentsError, match=f'changes from {kept} to {other}.*put "replace" into'):
        stack.up(kept, declare(other))
    assert cluster.get(path.format(kept)) is not None
    if kind == "logical table":
        assert cluster.count(kept) == 10
        stack.up("other schema", schema(columns(other)))
    assert stack.up(kept, declare(other, allow=["replace"])) == "replace"
    assert cluster.get(path.format(kept)) is None
    assert cluster.get(path.format(other)) is not None


def test_remove_member(cluster: Cluster, stack: Run) -> None:
    first, second, lost, kept = (unused_name() for _ in range(4))
    for name in (first, second):
        filled(cluster, stack, name)
    for name in (lost, kept):
        stack.up(f"schema {name}", schema(columns(name)))
        stack.up(f"logical {name}", logical_table(logical(name, first, second)))
    assert cluster.count(lost) == 20

    cluster.put(f"/logicalTables/{lost}", logical(lost, first))
    assert cluster.count(lost) == 10

    with pytest.raises(
        RefusedArgumentsError, match=f'the member {second}_OFFLINE is removed.*"remove-member"'
    ):
        stack.up(f"logical {kept}", logical_table(logical(kept, first)))
    assert cluster.count(kept) == 20
    stack.up(f"logical {kept}", logical_table(logical(kept, first), allow=["remove-member"]))
    assert cluster.count(kept) == 10


def test_shrink_tenant(cluster: Cluster, stack: Run) -> None:
    """Without its tag the table has no place: it cannot be changed or moved, on a real cluster not read."""
    name = unused_name()
    warm = tenant(f"{name}_t", "SERVER", "Server_warm-*")
    stack.up("tenant", warm)
    document = offline(name)
    document["tenants"]["server"] = f"{name}_t"
    stack.up("schema", schema(columns(name)))
    stack.up("table", table(document, columns(name)))
    cluster.load(name, views(10))
    tags = cluster.tags("Server_warm-0_8098")

    cluster.put("/instances/Server_warm-0_8098/updateTags", tags="web_OFFLINE,web_REALTIME")
    assert cluster.call("PUT", f"/tables/{name}", document)[0] == 400
    _, planned = cluster.call("POST", f"/tables/{name}/rebalance", type="OFFLINE", dryRun="true")
    assert planned["status"] == "FAILED"
    cluster.put("/instances/Server_warm-0_8098/updateTags", tags=",".join(tags))

    with pytest.raises(
        PinotError, match=f"Server_warm-0_8098 leaves it while it holds 1 segments of {name}_OFFLINE"
    ):
        stack.up("tenant", tenant(f"{name}_t", "SERVER", "Server_hot-0_8098"))
    assert f"{name}_t_OFFLINE" in cluster.tags("Server_warm-0_8098")
    with pytest.raises(PinotError, match='"shrink-tenant" into allow'):
        stack.destroy("tenant")
    assert f"{name}_t_OFFLINE" in cluster.tags("Server_warm-0_8098")

    cluster.call("DELETE", f"/tables/{name}")
    assert stack.up("tenant", tenant(f"{name}_t", "SERVER", "Server_hot-0_8098")) == "update"
    assert f"{name}_t_OFFLINE" not in cluster.tags("Server_warm-0_8098")


def test_a_broker_may_leave_while_another_answers_and_the_last_may_not(cluster: Cluster, stack: Run) -> None:
    name = unused_name()
    stack.up("tenant", tenant(f"{name}_b", "BROKER", "Broker_*"))
    document = offline(name)
    document["tenants"]["broker"] = f"{name}_b"
    stack.up("schema", schema(columns(name)))
    stack.up("table", table(document, columns(name)))

    assert stack.up("tenant", tenant(f"{name}_b", "BROKER", "Broker_a_8099")) == "update"
    assert f"{name}_b_BROKER" not in cluster.tags("Broker_b_8099")
    with pytest.raises(PinotError, match=f"Broker_a_8099 leaves it while it holds table {name}_OFFLINE"):
        stack.destroy("tenant")


def test_remove_last_admin(cluster: Cluster, stack: Run) -> None:
    """The engine's first account is an administrator of every component; without it ours is the last one."""
    name = unused_name()
    stack.up("user", user(name, "correct horse", role="ADMIN"))
    admin = {"username": "admin", "component": "BROKER", "password": cluster.credentials[1], "role": "ADMIN"}

    stack.destroy("user")
    stack.up("user", user(name, "correct horse", role="ADMIN"))
    try:
        assert cluster.call("DELETE", "/users/admin", component="BROKER")[0] == 200
        with pytest.raises(
            PinotError, match=r'it is the last ADMIN of the component BROKER.*"remove-last-admin"'
        ):
            stack.destroy("user")
        with pytest.raises(RefusedArgumentsError, match="it is the last ADMIN"):
            stack.up("user", user(name, "correct horse", role="USER"))
        assert cluster.get("/users")["users"][f"{name}_BROKER"]["role"] == "ADMIN"
    finally:
        cluster.call("POST", "/users", admin)


def test_change_partition_column(cluster: Cluster, stack: Run) -> None:
    """Pinot takes it without a word; its brokers (the engine has none) then leave out segments wrongly."""
    lost, kept = unused_name(), unused_name()

    def partitioned(name: str, function: str) -> dict[str, object]:
        document = offline(name)
        partition = {"path": {"functionName": function, "numPartitions": 4}}
        document["tableIndexConfig"]["segmentPartitionConfig"] = {"columnPartitionMap": partition}
        return document

    for name in (lost, kept):
        stack.up(f"schema {name}", schema(columns(name)))
        stack.up(f"table {name}", table(partitioned(name, "Murmur"), columns(name)))
        cluster.load(name, views(10))

    assert cluster.call("PUT", f"/tables/{lost}", partitioned(lost, "Modulo"))[0] == 200

    with pytest.raises(RefusedArgumentsError, match='put "change-partition-column" into allow'):
        stack.up(f"table {kept}", table(partitioned(kept, "Modulo"), columns(kept)))
