"""An update does what it needs and waits for it: reload, rebalance, commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pinot_as_code.client import CONSISTENCY_MODE
from pinot_as_code.errors import PinotError
from tests.engine import accepted_tables
from tests.engine.pinot_as_code.page_view_streams import send, streaming, wait_for
from tests.engine.pinot_as_code.page_views import columns, offline, unused_name, views
from tests.engine.pinot_as_code.pulumi_run import Run, schema, settings, table, tenant

if TYPE_CHECKING:
    from tests.engine.pinot_as_code.page_views import Cluster, Document

pytestmark = pytest.mark.engine

COUNT = 'SELECT COUNT(*) FROM "{}"'
BY_COUNTRY = 'SELECT country, SUM(milliseconds) FROM "{}" GROUP BY country'


def star_tree(document: Document) -> Document:
    """Give a table a star-tree for the question by country."""
    document["tableIndexConfig"]["starTreeIndexConfigs"] = [
        {
            "dimensionsSplitOrder": ["country"],
            "functionColumnPairs": ["SUM__milliseconds"],
            "maxLeafRecords": 1,
        }
    ]
    return document


def plan(cluster: Cluster, name: str) -> str:
    """Return how the question by country would be answered."""
    return str(cluster.rows(f"EXPLAIN PLAN FOR {BY_COUNTRY.format(name)}"))


def loaded(cluster: Cluster, stack: Run, document: Document, *, segments: int = 2) -> str:
    """Make a table and load some segments."""
    name = str(document["tableName"])
    stack.up("schema", schema(columns(name)))
    stack.up("table", table(document, columns(name)))
    for number in range(segments):
        cluster.load(name, views(20), segment=f"{name}_{number}")
    return name


def test_an_index_reaches_the_segments_that_are_there(
    cluster: Cluster, stack: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    name = loaded(cluster, stack, offline(unused_name()))
    assert "STARTREE" not in plan(cluster, name)

    stack.up("table", table(star_tree(offline(name)), columns(name)))

    assert "STARTREE" in plan(cluster, name)
    assert cluster.get(f"/segments/{name}_OFFLINE/needReload", verbose="false")["needReload"] is False
    assert f"table {name}: 2 of 2 segments are loaded again" in capsys.readouterr().err


def test_a_new_column_reaches_the_segments_that_are_there(cluster: Cluster, stack: Run) -> None:
    """The schema is replaced by its own resource; the table's resource sees the change and reloads."""
    name = loaded(cluster, stack, offline(unused_name()))
    wider = columns(name)
    wider["dimensionFieldSpecs"].append(
        {"name": "referrer", "dataType": "STRING", "defaultNullValue": "none"}
    )

    assert stack.up("schema", schema(wider)) == "update"
    assert stack.up("table", table(offline(name), wider)) == "update"

    by_referrer = 'SELECT referrer, COUNT(*) FROM "{}" GROUP BY referrer'
    assert cluster.rows(by_referrer.format(name)) == [["none", 40]]


def test_a_rollout_that_was_interrupted_is_done_by_the_next_up(
    cluster: Cluster, stack: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration was stored, then the run ended: the state has the old one, the server the new."""
    name = loaded(cluster, stack, offline(unused_name()))
    wanted = table(star_tree(offline(name)), columns(name))
    with monkeypatch.context() as patch:
        patch.setattr(
            "pinot_as_code.table.carry_out", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            stack.up("table", wanted)
    assert "STARTREE" not in plan(cluster, name)

    assert stack.up("table", wanted) == "update"

    assert "STARTREE" in plan(cluster, name)


def test_another_tenant_moves_the_segments(
    cluster: Cluster, stack: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    name = loaded(cluster, stack, offline(unused_name()))
    stack.up("tenant", tenant(f"{name}_warm", "SERVER", "Server_warm-*"))
    moved = offline(name)
    moved["tenants"]["server"] = f"{name}_warm"

    stack.up("table", table(moved, columns(name)))

    view = cluster.get(f"/tables/{name}/externalview")["OFFLINE"]
    assert {server for states in view.values() for server in states} == {"Server_warm-0_8098"}
    assert cluster.count(name) == 40
    assert f"table {name}: rebalance moves 2 segments" in capsys.readouterr().err
    assert stack.refresh("table") == "same"
    cluster.call("DELETE", f"/tables/{name}")


def test_more_replicas_are_made(cluster: Cluster, stack: Run) -> None:
    name = loaded(cluster, stack, offline(unused_name()))
    replicated = offline(name)
    replicated["segmentsConfig"]["replication"] = "3"

    stack.up("table", table(replicated, columns(name)))

    view = cluster.get(f"/tables/{name}/externalview")["OFFLINE"]
    assert {len(states) for states in view.values()} == {3}


def test_a_move_that_cannot_be_is_told(cluster: Cluster, stack: Run) -> None:
    name = loaded(cluster, stack, offline(unused_name()))
    nowhere = offline(name)
    nowhere["tenants"]["server"] = "nobody"

    with pytest.raises(PinotError, match="No instance found with tag: nobody_OFFLINE"):
        stack.up("table", table(nowhere, columns(name)))
    assert cluster.table(name)["tenants"]["server"] == "web"
    assert stack.up("table", table(offline(name), columns(name))) == "same"


@pytest.fixture
def topic(kafka: str) -> str:
    """Give a topic of one partition."""
    return accepted_tables.make_topic(kafka, unused_name("topic"), 1)


def test_a_new_transform_holds_from_the_next_segment_on_and_that_is_said(
    cluster: Cluster, stack: Run, kafka: str, topic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = unused_name()
    document, spec = streaming(name, kafka, topic), columns(name)
    stack.up("schema", schema(spec))
    stack.up("table", table(document, spec))
    send(kafka, topic, views(10))
    counted = COUNT.format(name)
    wait_for(cluster, counted, [[10]])
    document["ingestionConfig"]["filterConfig"] = {"filterFunction": "isNotDistinctFrom(country,'DE')"}

    stack.up("table", table(document, spec))
    assert "segments that are being consumed keep the old" in capsys.readouterr().err
    send(kafka, topic, views(10))
    wait_for(cluster, counted, [[20]])

    document["ingestionConfig"]["filterConfig"] = {"filterFunction": "isNotDistinctFrom(country,'BR')"}
    stack.up("table", table(document, spec, force_commit=True))
    assert "the consuming segments are committed" in capsys.readouterr().err
    send(kafka, topic, views(10))
    wait_for(cluster, counted, [[25]])


def test_a_partial_upsert_table_is_committed_only_in_a_protected_cluster(
    cluster: Cluster, stack: Run, kafka: str, topic: str
) -> None:
    name, spec = unused_name(), columns("x")
    spec |= {"schemaName": name, "primaryKeyColumns": ["path"]}
    document = streaming(name, kafka, topic)
    document |= {
        "upsertConfig": {"mode": "PARTIAL"},
        "routing": {"instanceSelectorType": "strictReplicaGroup"},
    }
    stack.up("schema", schema(spec))
    stack.up("table", table(document, spec))
    send(kafka, topic, views(4))
    wait_for(cluster, COUNT.format(name), [[4]])
    document["ingestionConfig"]["filterConfig"] = {"filterFunction": "isNull(country)"}
    wanted = table(document, spec, force_commit=True)

    with pytest.raises(PinotError, match=f"{CONSISTENCY_MODE} is RESTRICTED. Set it to PROTECTED"):
        stack.up("table", wanted)
    assert "filterConfig" not in cluster.get(f"/tables/{name}")["REALTIME"]["ingestionConfig"]

    stack.up("settings", settings(**{CONSISTENCY_MODE: "PROTECTED"}))
    assert stack.up("table", wanted) == "update"
    assert stack.refresh("table") == "same"
