"""Mistakes in the tables and their ingestion, by name."""

from __future__ import annotations

from typing import Any

from tests.unit.product_model.mistake import ANALYTICS, BOOKED, OFFLINE, Mistake, json_edit, text_edit


def _functions(table: dict[str, Any]) -> dict[str, str]:
    """Return the enrichments among which the hashes are."""
    steps = [
        step["properties"]["fieldToFunctionMap"] for step in table["ingestionConfig"]["enrichmentConfigs"]
    ]
    functions: dict[str, str]
    (functions,) = [step for step in steps if "buyerEmailHash" in step]
    return functions


BROKEN: dict[str, Mistake] = {
    "a column that nothing fills": (
        BOOKED,
        json_edit(lambda table: table["ingestionConfig"]["transformConfigs"].pop(2)),
        "origins",
        "nothing fills the column 'eventSource'",
    ),
    "a column from another field than described": (
        BOOKED,
        text_edit("jsonPathString(data,'$.buyer.id')", "jsonPathString(data,'$.seller.id')"),
        "origins",
        "the column 'buyerId' is filled from data.seller.id",
    ),
    "one comparison column for two kinds": (
        ANALYTICS,
        json_edit(lambda table: table["upsertConfig"].update(comparisonColumns=["transactionTime"])),
        "merging",
        "found transactionTime",
    ),
    "a star-tree on rows that change": (
        ANALYTICS,
        json_edit(
            lambda table: table["tableIndexConfig"].update(
                starTreeIndexConfigs=[
                    {
                        "dimensionsSplitOrder": ["currency"],
                        "functionColumnPairs": ["SUMPRECISION__amount"],
                        "maxLeafRecords": 10,
                    }
                ]
            )
        ),
        "merging",
        "it has a star-tree",
    ),
    "the latest time instead of the earliest": (
        ANALYTICS,
        json_edit(
            lambda table: table["upsertConfig"].update(partialUpsertStrategies={"transactionTime": "MAX"})
        ),
        "merging",
        "found {'transactionTime': 'MAX'}",
    ),
    "an append table that stops while it commits": (
        BOOKED,
        text_edit('"pauselessConsumptionEnabled": true', '"pauselessConsumptionEnabled": false'),
        "pauseless",
        "found False",
    ),
    "pauseless with three copies and no way between them": (
        BOOKED,
        json_edit(lambda table: table["segmentsConfig"].pop("peerSegmentDownloadScheme")),
        "pauseless",
        "it is missing",
    ),
    "an index on a column that is not there": (
        BOOKED,
        json_edit(lambda table: table["fieldConfigList"][0].update(name="curency")),
        "indexes",
        "'curency' is no column",
    ),
    "a range on a raw amount, fatal at commit": (
        BOOKED,
        json_edit(
            lambda table: next(c for c in table["fieldConfigList"] if c["name"] == "amount").update(
                encodingType="RAW"
            )
        ),
        "indexes",
        "range on amount, which is RAW: the commit would fail",
    ),
    "an inverted index on a raw column, fatal at commit": (
        BOOKED,
        json_edit(lambda table: table["fieldConfigList"][0].update(encodingType="RAW")),
        "indexes",
        "inverted on currency, which is RAW: the commit would fail",
    ),
    "a function that no star-tree keeps": (
        BOOKED,
        text_edit('"AVG__amount"', '"PERCENTILE95__amount"'),
        "indexes",
        "'PERCENTILE95__amount' cannot be kept in a tree: Pinot would skip the whole tree",
    ),
    "free text that cannot be searched": (
        BOOKED,
        json_edit(
            lambda table: next(c for c in table["fieldConfigList"] if c["name"] == "metadata").update(
                indexes={}
            )
        ),
        "promised-indexes",
        "metadata has no index json",
    ),
    "no star-tree": (
        OFFLINE,
        json_edit(lambda table: table["tableIndexConfig"].pop("starTreeIndexConfigs")),
        "promised-indexes",
        "it has no star-tree",
    ),
    "an offline side that answers for hours that may still come": (
        OFFLINE,
        text_edit('"segmentIngestionFrequency": "DAILY"', '"segmentIngestionFrequency": "HOURLY"'),
        "offline-loads",
        "found 'HOURLY'",
    ),
    "a load that nobody watches": (
        OFFLINE,
        text_edit('"inputFormat": "parquet"', '"inputFormat": "parquet", "schedule": "0 30 2 * * ?"'),
        "offline-loads",
        "it is there",
    ),
    "a load of another format": (
        OFFLINE,
        text_edit('"inputFormat": "parquet"', '"inputFormat": "json"'),
        "offline-loads",
        "found 'json'",
    ),
    "days merged while late events may come": (
        OFFLINE,
        text_edit('"1day.bufferTimePeriod": "31d"', '"1day.bufferTimePeriod": "30d"'),
        "offline-loads",
        "found '30d'",
    ),
    "indexes dropped in a tier that is not there": (
        OFFLINE,
        json_edit(
            lambda table: table["fieldConfigList"][3].update(tierOverwrites={"frozen": {"indexes": {}}})
        ),
        "cold-indexes",
        "there is no tier 'frozen'",
    ),
    "free text that old days cannot be searched for": (
        OFFLINE,
        json_edit(
            lambda table: next(c for c in table["fieldConfigList"] if c["name"] == "metadata").update(
                tierOverwrites={"cold": {"indexes": {}}}
            )
        ),
        "cold-indexes",
        "metadata loses its json index",
    ),
    "a password in a file": (
        BOOKED,
        text_edit("${KAFKA_JAAS_SECRET}", "ScramLoginModule required password=x;"),
        "secrets",
        "it holds a secret in clear",
    ),
    "a function that fails on some event": (
        BOOKED,
        text_edit(r"regexpExtract(jsonFormat(\"id\"),", r"regexpExtract(\"id\","),
        "failing",
        "a function fails (TypeError) when id is",
    ),
    "a field that wins over a transform": (
        BOOKED,
        json_edit(lambda table: _functions(table).pop("eventId")),
        "spoofed",
        "a field 'eventId' beside the data wins over the column's function",
    ),
    "nothing hashed as somebody": (
        BOOKED,
        json_edit(
            lambda table: _functions(table).update(
                sellerNameHash='caseWhen(isNull("__metadata$recordSerializedValueSize"),sellerNameHash,'
                "sha256(toUtf8(lower(trim(jsonPathString(data,'$.seller.name'))))))"
            )
        ),
        "hashed",
        "is 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
    ),
    "metadata that is not looked through": (
        BOOKED,
        json_edit(lambda table: table["ingestionConfig"]["enrichmentConfigs"].pop()),
        "free-text",
        "metadata is stored although its text looks like personal data",
    ),
    "a filter that a compaction would run into": (
        BOOKED,
        text_edit("isDistinctFrom(eventType,", r"isDistinctFrom(\"type\","),
        "stored-rows",
        "a stored row is dropped when a minion task or a load runs the pipeline on it",
    ),
    "a time far ahead": (
        BOOKED,
        text_edit("eventTime > now() + 86400000", "eventTime > now() + 8640000000000"),
        "future",
        "an event whose time is days ahead becomes a row",
    ),
    "a required field that no filter asks for": (
        BOOKED,
        text_edit("isNull(journalEntryId) OR ", ""),
        "incomplete",
        "an event without data.journalEntryId becomes a row",
    ),
    "an id of any form": (
        BOOKED,
        text_edit(r" OR NOT(regexpLike(buyerId,'^[\\w.:-]{1,64}\\z'))", ""),
        "malformed",
        "an event whose data.buyer.id is",
    ),
    "an archive table that takes another kind": (
        OFFLINE,
        text_edit("isDistinctFrom(eventType,'com.paymentic.payments.transaction-booked.v1') OR ", ""),
        "archived",
        "a row with eventType = 'com.example.other.v1' is kept",
    ),
    "an archive table without its hour": (
        OFFLINE,
        json_edit(lambda table: table["ingestionConfig"].pop("transformConfigs")),
        "archived",
        "bookedHour is not filled when a file lacks it",
    ),
    "a function that the checks cannot follow": (
        BOOKED,
        text_edit("dateTrunc('HOUR',bookedAt)", "round(bookedAt,3600000)"),
        "known-functions",
        "the check does not know the function 'round'",
    ),
}
