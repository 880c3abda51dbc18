"""Rules for transforms, filters, enrichments and streams: each mistake is found and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.pinot_as_code.table_changes import KAFKA, PLUGINS, assert_told, ingestion, stream, transform

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.pinot_as_code.table_changes import Table

pytestmark = pytest.mark.unit

MISTAKES: list[tuple[str, Callable[[Table], object], str]] = [
    # ingestion
    ("unknown column", lambda t: transform(t, "nope", "a"), "transformConfigs[nope].columnName: is 'nope'"),
    ("transform twice", lambda t: transform(t, "currency", "a"), "transformConfigs[currency]: stands twice"),
    ("half transform", lambda t: transform(t, "metadata2", ""), "needs columnName and transformFunction"),
    (
        "itself",
        lambda t: transform(t, "bookedHour", "dateTrunc('DAY',bookedHour)"),
        "reads bookedHour, the column that it",
    ),
    ("function", lambda t: transform(t, "bookedHour", "datTrunc('DAY',x)"), "did you mean datetrunc?"),
    ("arguments", lambda t: transform(t, "bookedHour", "lower(a,b)"), "with 2 arguments; it takes 1"),
    ("minus", lambda t: transform(t, "bookedHour", "minus(a,b)"), "use sub(a, b) or a - b"),
    (
        "open quote",
        lambda t: transform(t, "bookedHour", "lower('a)"),
        "opens a quote (') that it never closes",
    ),
    (
        "open call",
        lambda t: transform(t, "bookedHour", "lower(a"),
        "opens a parenthesis that it never closes",
    ),
    ("close", lambda t: transform(t, "bookedHour", "a)"), "closes a parenthesis that it never opened"),
    ("groovy", lambda t: transform(t, "bookedHour", "Groovy({a}, a)"), "is Groovy, which Pinot refuses"),
    (
        "groovy filter",
        lambda t: ingestion(t).update(filterConfig={"filterFunction": "groovy({x},x)"}),
        "is Groovy",
    ),
    (
        "text comparison",
        lambda t: ingestion(t).update(filterConfig={"filterFunction": "\"type\" != 'x'"}),
        "Use isDistinctFrom(a, b)",
    ),
    (
        "column comparison",
        lambda t: ingestion(t).update(filterConfig={"filterFunction": "currency = merchantId"}),
        "Use isNotDistinctFrom(a, b)",
    ),
    (
        "call comparison",
        lambda t: ingestion(t).update(filterConfig={"filterFunction": "lower(x) > upper(y)"}),
        "Use strcmp(a, b)",
    ),
    (
        "enrichment function",
        lambda t: ingestion(t).update(
            enrichmentConfigs=[
                {
                    "enricherType": "generateColumn",
                    "properties": {"fieldToFunctionMap": {"buyerEmail": "sha265(toUtf8(x))"}},
                }
            ]
        ),
        "[buyerEmail]: calls sha265, which is no function of Pinot's (did you mean sha256?)",
    ),
    (
        "enricher",
        lambda t: ingestion(t).update(
            enrichmentConfigs=[{"enricherType": "generateColumns", "properties": {}}]
        ),
        "did you mean generateColumn?",
    ),
    (
        "empty enricher",
        lambda t: ingestion(t).update(
            enrichmentConfigs=[{"enricherType": "generateColumn", "properties": {}}]
        ),
        "fieldToFunctionMap: is missing",
    ),
    (
        "prefix",
        lambda t: ingestion(t).update(complexTypeConfig={"prefixesToRename": {"curr": ""}}),
        "is how the column currency begins",
    ),
    # streams
    ("no stream", lambda t: ingestion(t).pop("streamIngestionConfig"), "a REALTIME table needs a stream"),
    ("no stream type", lambda t: stream(t).pop("streamType"), '["streamType"]: is missing'),
    (
        "no topic",
        lambda t: stream(t).pop("stream.kafka.topic.name"),
        '["stream.kafka.topic.name"]: is missing',
    ),
    (
        "flush typo",
        lambda t: stream(t).update({"realtime.segment.flush.treshold.rows": "5"}),
        "did you mean realtime.segment.flush.threshold.rows?",
    ),
    (
        "factory",
        lambda t: stream(t).update(
            {f"{KAFKA}.consumer.factory.class.name": f"{PLUGINS}.stream.kafka30.KafkaConsumerFactroy"}
        ),
        "which is no class of Pinot's",
    ),
    (
        "two limits",
        lambda t: stream(t).update({"realtime.segment.flush.threshold.rows": "1000"}),
        "one limit at most may be above 0",
    ),
    (
        "flush time",
        lambda t: stream(t).update({"realtime.segment.flush.threshold.time": "soon"}),
        "e.g. 6h or 30m",
    ),
    (
        "flush size",
        lambda t: stream(t).update({"realtime.segment.flush.threshold.segment.size": "big"}),
        "e.g. 300M",
    ),
    (
        "both places",
        lambda t: t["tableIndexConfig"].update(streamConfigs={"streamType": "kafka"}),
        "tableIndexConfig.streamConfigs: is deprecated",
    ),
    (
        "pauseless",
        lambda t: (
            ingestion(t)["streamIngestionConfig"].update(pauselessConsumptionEnabled=True),
            t["segmentsConfig"].update(replication=3),
        ),
        "needs segmentsConfig.peerSegmentDownloadScheme",
    ),
    ("offline stream", lambda t: t.update(tableType="OFFLINE"), "is set on an OFFLINE table"),
]


@pytest.mark.parametrize(
    ("spoil", "message"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_mistake_is_found_and_told(
    accepted: Callable[[str], Table], spoil: Callable[[Table], object], message: str
) -> None:
    assert_told(accepted, spoil, message)
