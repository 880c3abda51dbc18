"""Guards of what consumes: first what a plain call loses, then that the same change is refused."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.engine import accepted_tables
from tests.engine.pinot_as_code.page_view_streams import send, streaming, wait_for
from tests.engine.pinot_as_code.page_views import columns, offline, unused_name, views
from tests.engine.pinot_as_code.pulumi_run import RefusedArgumentsError, Run, logical_table, schema, table

if TYPE_CHECKING:
    from tests.engine.pinot_as_code.page_views import Cluster, Document

pytestmark = pytest.mark.engine

COUNT = 'SELECT COUNT(*) FROM "{}"'
BY_KEY = {"routing": {"instanceSelectorType": "strictReplicaGroup"}}
UPSERT = {**BY_KEY, "upsertConfig": {"mode": "FULL"}}
DEDUP = {**BY_KEY, "dedupConfig": {"dedupEnabled": True, "hashFunction": "MURMUR3"}}


def two_times(name: str) -> Document:
    """Return the schema with a second time column, which is always null."""
    wider = columns(name)
    (viewed_at,) = wider["dateTimeFieldSpecs"]
    wider["dateTimeFieldSpecs"].append({**viewed_at, "name": "loadedAt"})
    return wider


@dataclass
class Stream:
    """A REALTIME table with a topic of its own."""

    name: str
    topic: str
    spec: Document
    document: Document

    @staticmethod
    def made(stack: Run, kafka: str, **parts: object) -> Stream:
        """Make one; with `parts` its rows have a key."""
        name = unused_name()
        topic = accepted_tables.make_topic(kafka, unused_name("topic"), 1)
        spec = two_times(name) | ({"primaryKeyColumns": ["path"]} if parts else {})
        made = Stream(name, topic, spec, {**streaming(name, kafka, topic), **copy.deepcopy(parts)})
        stack.up(f"schema {name}", schema(spec))
        stack.up(f"table {name}", table(made.document, spec))
        return made


def without(document: Document, key: str) -> Document:
    """Return a table without a part."""
    return {name: part for name, part in document.items() if name != key}


def test_the_identity_of_rows(cluster: Cluster, stack: Run, kafka: str) -> None:
    """What was merged or dropped comes apart, or too much is merged, when the servers start the next time."""
    upserts, dedups, keys = (
        [Stream.made(stack, kafka, **parts) for _ in range(2)] for parts in (UPSERT, DEDUP, UPSERT)
    )
    for stream in (*upserts, *dedups, *keys):
        send(kafka, stream.topic, views(4) + views(4))
        wait_for(cluster, COUNT.format(stream.name), [[4]])
    by_country = {"primaryKeyColumns": ["country"]}

    cluster.put(f"/tables/{upserts[0].name}", without(upserts[0].document, "upsertConfig"))
    cluster.put(f"/tables/{dedups[0].name}", without(dedups[0].document, "dedupConfig"))
    cluster.put(f"/schemas/{keys[0].name}", keys[0].spec | by_country, force="true")
    cluster.restart()
    stack.configuration = cluster.configuration

    for pair, left in ((upserts, 8), (dedups, 8), (keys, 2)):
        wait_for(cluster, COUNT.format(pair[0].name), [[left]])
        wait_for(cluster, COUNT.format(pair[1].name), [[4]])
    changes = {
        "change-upsert": table(without(upserts[1].document, "upsertConfig"), upserts[1].spec),
        "change-dedup": table(without(dedups[1].document, "dedupConfig"), dedups[1].spec),
        "change-primary-key": schema(keys[1].spec | by_country),
    }
    for (word, declared), (_, kept) in zip(changes.items(), (upserts, dedups, keys), strict=True):
        kind = "schema" if word == "change-primary-key" else "table"
        with pytest.raises(RefusedArgumentsError, match=f'put "{word}" into allow'):
            stack.up(f"{kind} {kept.name}", declared)


def test_the_topic(cluster: Cluster, stack: Run, kafka: str) -> None:
    """Pinot goes on at the old topic's offset: what the new one holds before it is never read."""
    lost, kept = (Stream.made(stack, kafka) for _ in range(2))
    for stream in (lost, kept):
        send(kafka, stream.topic, views(10))
        wait_for(cluster, COUNT.format(stream.name), [[10]])
    other = accepted_tables.make_topic(kafka, unused_name("topic"), 1)

    def moved(stream: Stream) -> Document:
        document = copy.deepcopy(stream.document)
        (settings,) = document["ingestionConfig"]["streamIngestionConfig"]["streamConfigMaps"]
        settings["stream.kafka.topic.name"] = other
        return document

    send(kafka, other, views(12))
    cluster.put(f"/tables/{lost.name}", moved(lost))
    assert cluster.call("POST", f"/tables/{lost.name}/forceCommit")[0] == 200
    wait_for(cluster, COUNT.format(lost.name), [[12]])  # 10 and 12 were sent

    refused = f'the topic changes from {kept.topic} to {other}.*put "change-topic" into allow'
    with pytest.raises(RefusedArgumentsError, match=refused):
        stack.up(f"table {kept.name}", table(moved(kept), kept.spec))


def test_the_time_column(cluster: Cluster, stack: Run, kafka: str) -> None:
    """Where history ends and the stream begins goes by the time column: another leaves the stream out."""

    def history(name: str, column: str) -> Document:
        document = offline(f"{name}_history")
        document["segmentsConfig"]["timeColumnName"] = column
        return document

    lost, kept = (Stream.made(stack, kafka) for _ in range(2))
    for name, topic in ((lost.name, lost.topic), (kept.name, kept.topic)):
        for other in (f"{name}_history", f"{name}_all"):
            stack.up(f"schema {other}", schema(two_times(other)))
        stack.up(f"history {name}", table(history(name, "viewedAt"), two_times(f"{name}_history")))
        cluster.load(f"{name}_history", views(5, days_ago=10))
        cluster.load(f"{name}_history", views(1, days_ago=5))
        send(kafka, topic, views(10, days_ago=0))
        stack.up(f"all {name}", logical_table(both(name)))
        wait_for(cluster, COUNT.format(f"{name}_all"), [[15]])  # 5 of the history, 10 of the stream

    cluster.put(f"/tables/{lost.name}_history", history(lost.name, "loadedAt"))
    wait_for(cluster, COUNT.format(f"{lost.name}_all"), [[6]])

    with pytest.raises(RefusedArgumentsError, match=r'viewedAt to loadedAt.*put "change-time-column" into'):
        stack.up(
            f"history {kept.name}", table(history(kept.name, "loadedAt"), two_times(f"{kept.name}_history"))
        )
    assert cluster.count(f"{kept.name}_all") == 15


def both(name: str) -> Document:
    """Return a logical table over a stream and its history."""
    return {
        "tableName": f"{name}_all",
        "brokerTenant": "web",
        "physicalTableConfigMap": {f"{name}_history_OFFLINE": {}, f"{name}_REALTIME": {}},
        "refOfflineTableName": f"{name}_history_OFFLINE",
        "refRealtimeTableName": f"{name}_REALTIME",
        "timeBoundaryConfig": {
            "boundaryStrategy": "min",
            "parameters": {"includedTables": [f"{name}_history_OFFLINE"]},
        },
    }
