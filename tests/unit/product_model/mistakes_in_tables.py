"""One mistake a name: the file, how it is made, the rule that finds it, and part of what that rule says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.product_model.conftest import ProductCopy

    Mistake = tuple[str, Callable[[ProductCopy, str], object], str, str]

BOOKED = "pinot-tables/transaction-booked-rt-table.json"
OFFLINE = "pinot-tables/transaction-booked-offline-table.json"
ANALYTICS = "pinot-tables/payment-analytics-view.json"
LOGICAL = "pinot-tables/transaction-booked-logical-table.json"
BOOKED_SCHEMA = "pinot-schemas/transaction-booked-schema.json"
ANALYTICS_SCHEMA = "pinot-schemas/payment-analytics-schema.json"
DESCRIPTOR = "payment-service-data-product.yaml"


def _text(old: str, new: str) -> Callable[[ProductCopy, str], object]:
    return lambda copy, file: copy.edit_text(file, old, new)


def _json(change: Callable[[Any], object]) -> Callable[[ProductCopy, str], object]:
    return lambda copy, file: copy.edit_json(file, change)


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
        _json(lambda table: table["ingestionConfig"]["transformConfigs"].pop(2)),
        "origins",
        "nothing fills the column 'eventSource'",
    ),
    "a column from another field than described": (
        BOOKED,
        _text("jsonPathString(data,'$.buyer.id')", "jsonPathString(data,'$.seller.id')"),
        "origins",
        "the column 'buyerId' is filled from data.seller.id",
    ),
    "one comparison column for two kinds": (
        ANALYTICS,
        _json(lambda table: table["upsertConfig"].update(comparisonColumns=["transactionTime"])),
        "merging",
        "found transactionTime",
    ),
    "a star-tree on rows that change": (
        ANALYTICS,
        _json(
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
        _json(lambda table: table["upsertConfig"].update(partialUpsertStrategies={"transactionTime": "MAX"})),
        "merging",
        "found {'transactionTime': 'MAX'}",
    ),
    "an append table that stops while it commits": (
        BOOKED,
        _text('"pauselessConsumptionEnabled": true', '"pauselessConsumptionEnabled": false'),
        "pauseless",
        "found False",
    ),
    "pauseless with three copies and no way between them": (
        BOOKED,
        _json(lambda table: table["segmentsConfig"].pop("peerSegmentDownloadScheme")),
        "pauseless",
        "it is missing",
    ),
    "an index on a column that is not there": (
        BOOKED,
        _json(lambda table: table["fieldConfigList"][0].update(name="curency")),
        "indexes",
        "'curency' is no column",
    ),
    "a range on a raw amount, fatal at commit": (
        BOOKED,
        _json(
            lambda table: next(c for c in table["fieldConfigList"] if c["name"] == "amount").update(
                encodingType="RAW"
            )
        ),
        "indexes",
        "range on amount, which is RAW: the commit would fail",
    ),
    "an inverted index on a raw column, fatal at commit": (
        BOOKED,
        _json(lambda table: table["fieldConfigList"][0].update(encodingType="RAW")),
        "indexes",
        "inverted on currency, which is RAW: the commit would fail",
    ),
    "a function that no star-tree keeps": (
        BOOKED,
        _text('"AVG__amount"', '"PERCENTILE95__amount"'),
        "indexes",
        "'PERCENTILE95__amount' cannot be kept in a tree: Pinot would skip the whole tree",
    ),
    "free text that cannot be searched": (
        BOOKED,
        _json(
            lambda table: next(c for c in table["fieldConfigList"] if c["name"] == "metadata").update(
                indexes={}
            )
        ),
        "promised-indexes",
        "metadata has no index json",
    ),
    "no star-tree": (
        OFFLINE,
        _json(lambda table: table["tableIndexConfig"].pop("starTreeIndexConfigs")),
        "promised-indexes",
        "it has no star-tree",
    ),
    "an offline side that answers for hours that may still come": (
        OFFLINE,
        _text('"segmentIngestionFrequency": "DAILY"', '"segmentIngestionFrequency": "HOURLY"'),
        "offline-loads",
        "found 'HOURLY'",
    ),
    "a load that nobody watches": (
        OFFLINE,
        _text('"inputFormat": "parquet"', '"inputFormat": "parquet", "schedule": "0 30 2 * * ?"'),
        "offline-loads",
        "it is there",
    ),
    "a load of another format": (
        OFFLINE,
        _text('"inputFormat": "parquet"', '"inputFormat": "json"'),
        "offline-loads",
        "found 'json'",
    ),
    "days merged while late events may come": (
        OFFLINE,
        _text('"1day.bufferTimePeriod": "31d"', '"1day.bufferTimePeriod": "30d"'),
        "offline-loads",
        "found '30d'",
    ),
    "indexes dropped in a tier that is not there": (
        OFFLINE,
        _json(lambda table: table["fieldConfigList"][3].update(tierOverwrites={"frozen": {"indexes": {}}})),
        "cold-indexes",
        "there is no tier 'frozen'",
    ),
    "free text that old days cannot be searched for": (
        OFFLINE,
        _json(
            lambda table: next(c for c in table["fieldConfigList"] if c["name"] == "metadata").update(
                tierOverwrites={"cold": {"indexes": {}}}
            )
        ),
        "cold-indexes",
        "metadata loses its json index",
    ),
    "a password in a file": (
        BOOKED,
        _text("${KAFKA_JAAS_SECRET}", "ScramLoginModule required password=x;"),
        "secrets",
        "it holds a secret in clear",
    ),
    "a function that fails on some event": (
        BOOKED,
        _text(r"regexpExtract(jsonFormat(\"id\"),", r"regexpExtract(\"id\","),
        "failing",
        "a function fails (TypeError) when id is",
    ),
    "a field that wins over a transform": (
        BOOKED,
        _json(lambda table: _functions(table).pop("eventId")),
        "spoofed",
        "a field 'eventId' beside the data wins over the column's function",
    ),
    "nothing hashed as somebody": (
        BOOKED,
        _json(
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
        _json(lambda table: table["ingestionConfig"]["enrichmentConfigs"].pop()),
        "free-text",
        "metadata is stored although its text looks like personal data",
    ),
    "a filter that a compaction would run into": (
        BOOKED,
        _text("isDistinctFrom(eventType,", r"isDistinctFrom(\"type\","),
        "stored-rows",
        "a stored row is dropped when a minion task or a load runs the pipeline on it",
    ),
    "a time far ahead": (
        BOOKED,
        _text("eventTime > now() + 86400000", "eventTime > now() + 8640000000000"),
        "future",
        "an event whose time is days ahead becomes a row",
    ),
    "a required field that no filter asks for": (
        BOOKED,
        _text("isNull(journalEntryId) OR ", ""),
        "incomplete",
        "an event without data.journalEntryId becomes a row",
    ),
    "an id of any form": (
        BOOKED,
        _text(r" OR NOT(regexpLike(buyerId,'^[\\w.:-]{1,64}\\z'))", ""),
        "malformed",
        "an event whose data.buyer.id is",
    ),
    "an archive table that takes another kind": (
        OFFLINE,
        _text("isDistinctFrom(eventType,'com.paymentic.payments.transaction-booked.v1') OR ", ""),
        "archived",
        "a row with eventType = 'com.example.other.v1' is kept",
    ),
    "an archive table without its hour": (
        OFFLINE,
        _json(lambda table: table["ingestionConfig"].pop("transformConfigs")),
        "archived",
        "bookedHour is not filled when a file lacks it",
    ),
    "a function that the checks cannot follow": (
        BOOKED,
        _text("dateTrunc('HOUR',bookedAt)", "round(bookedAt,3600000)"),
        "known-functions",
        "the check does not know the function 'round'",
    ),
}
