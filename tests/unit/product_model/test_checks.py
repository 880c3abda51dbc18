"""Disagreements beyond the origin's mistakes: each rule is broken once, and its message is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from product_model.__main__ import main
from product_model.checks import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.product_model.conftest import ProductCopy

pytestmark = pytest.mark.unit

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


BROKEN: dict[str, tuple[str, Callable[[ProductCopy, str], object], str, str]] = {
    "a column that nobody described": (
        BOOKED_SCHEMA,
        _json(lambda schema: schema["dimensionFieldSpecs"].append({"name": "note", "dataType": "STRING"})),
        "schema-columns",
        "column 'note' of pinot-schemas/transaction-booked-schema.json has no description and no class",
    ),
    "a described column that is not there": (
        BOOKED_SCHEMA,
        _json(lambda schema: schema["dimensionFieldSpecs"].pop(3)),
        "schema-columns",
        "has no column 'transactionId'",
    ),
    "a retention unlike the descriptor's": (
        OFFLINE,
        _text('"retentionTimeValue": "2557"', '"retentionTimeValue": "2555"'),
        "retention",
        "found 2555 days",
    ),
    "an append table that goes before its archive is loaded": (
        DESCRIPTOR,
        _text("worstLagDays: 7", "worstLagDays: 15"),
        "retention",
        "found 30 days",
    ),
    "an archive table that is kept shorter than the archive": (
        DESCRIPTOR,
        _text("keptDays: 2557", "keptDays: 3000"),
        "retention",
        "found 2557 days",
    ),
    "a file that belongs to no table": (
        DESCRIPTOR,
        lambda copy, _: (copy.directory / "pinot-tables" / "new-table.json").write_text("{}"),
        "names",
        "pinot-tables/new-table.json belongs to no schema or table",
    ),
    "a table of another name": (
        BOOKED,
        _text('"tableName": "transaction_booked_rt"', '"tableName": "transaction_booked"'),
        "names",
        "found 'transaction_booked'",
    ),
    "a table of another type": (
        OFFLINE,
        _text('"tableType": "OFFLINE"', '"tableType": "REALTIME"'),
        "names",
        "found 'REALTIME'",
    ),
    "a column from a field that the contract has not": (
        DESCRIPTOR,
        _text("from: data.bookingStatus", "from: data.status"),
        "contract-fields",
        "asyncapi.yaml has no field 'data.status' in transactionBooked",
    ),
    "a field of the contract that goes nowhere": (
        "asyncapi.yaml",
        _text(
            "        bookingStatus: {$ref: '#/components/schemas/BookingStatus'}\n",
            "        bookingStatus: {$ref: '#/components/schemas/BookingStatus'}\n"
            "        channel: {type: string}\n",
        ),
        "contract-fields",
        "no column of any schema holds the field 'data.channel' of transactionBooked",
    ),
    "a hash that is not classified as restricted": (
        DESCRIPTOR,
        _text(
            "classification: restricted, personalData: name", "classification: internal, personalData: name"
        ),
        "personal-data",
        "buyerNameHash is derived from personal data and classified internal",
    ),
    "a field that is optional in the contract and required here": (
        DESCRIPTOR,
        _text(
            "from: data.merchantId, classification", "from: data.merchantId, required: true, classification"
        ),
        "required",
        "required is True, the contract says False of data.merchantId",
    ),
    "a required column that may be null": (
        BOOKED_SCHEMA,
        _json(lambda schema: schema["metricFieldSpecs"][0].pop("notNull")),
        "required",
        "notNull of 'amount' is False",
    ),
    "a column that waits for its event and is said not to be null": (
        ANALYTICS_SCHEMA,
        _json(lambda schema: schema["dimensionFieldSpecs"][2].update(notNull=True)),
        "required",
        "notNull of 'checkoutId' is True",
    ),
    "tiers on a table that merges": (
        ANALYTICS,
        _json(
            lambda table: table.update(
                tierConfigs=[
                    {
                        "name": "warm",
                        "segmentSelectorType": "time",
                        "segmentAge": "30d",
                        "storageType": "pinot_server",
                        "serverTag": "payment_warm_OFFLINE",
                    }
                ]
            )
        ),
        "tiers",
        "found [('warm', '30d')]",
    ),
    "another topic in the contract": (
        "asyncapi.yaml",
        _text("address: payments\n", "address: payment\n"),
        "topic",
        "found 'payments'",
    ),
    "another number of partitions in the contract": (
        "asyncapi.yaml",
        _text("partitions: 12", "partitions: 24"),
        "topic",
        "found 12",
    ),
    "another topic in a table": (
        BOOKED,
        _text('"stream.kafka.topic.name": "payments"', '"stream.kafka.topic.name": "payment"'),
        "topic",
        "it reads the topic 'payment'",
    ),
    "another type of an event": (
        DESCRIPTOR,
        _text(
            "type: com.paymentic.payments.transaction-booked.v1",
            "type: com.paymentic.payments.transaction-booked.v2",
        ),
        "topic",
        "asyncapi.yaml says 'com.paymentic.payments.transaction-booked.v1'",
    ),
    "a time column that is no time": (
        BOOKED,
        _text('"timeColumnName": "bookedAt"', '"timeColumnName": "eventId"'),
        "time-column",
        "'eventId' is no time of pinot-schemas/transaction-booked-schema.json",
    ),
    "a time column that is not the event's own time": (
        BOOKED,
        _text('"timeColumnName": "bookedAt"', '"timeColumnName": "eventTime"'),
        "time-column",
        "found 'eventTime'",
    ),
    "a logical table without its archive": (
        LOGICAL,
        _json(lambda table: table["physicalTableConfigMap"].pop("transaction_booked_offline_OFFLINE")),
        "logical-tables",
        "found transaction_booked_rt_REALTIME",
    ),
    "a logical table with another boundary": (
        LOGICAL,
        _json(lambda table: table["timeBoundaryConfig"]["parameters"].update(includedTables=[])),
        "logical-tables",
        "found none",
    ),
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
    "a password in a file": (
        BOOKED,
        _text("${KAFKA_SASL_JAAS_CONFIG}", "ScramLoginModule required password=x;"),
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


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_mistake_is_found_by_its_rule_and_said(product_copy: ProductCopy, mistake: str) -> None:
    file, make, rule, said = BROKEN[mistake]
    make(product_copy, file)
    found = product_copy.broken(rule)
    assert any(said in broken.what for broken in found), [str(broken) for broken in found]
    assert all(broken.allowed and broken.key and broken.file for broken in found)


def test_every_rule_is_broken_somewhere_here_or_among_the_origins_mistakes() -> None:
    elsewhere = {"kept", "foreign", "functions", "fields", "clear-text", "deduplication", "money"}
    assert {rule.name for rule in RULES} - {case[2] for case in BROKEN.values()} == elsewhere


def test_a_foreign_kind_that_becomes_a_row_is_found(product_copy: ProductCopy) -> None:
    kind = "isDistinctFrom(eventType,'com.paymentic.payments.transaction-booked.v1') OR "
    product_copy.edit_text(BOOKED, kind, "")
    gate = r"isNotDistinctFrom(\"type\",\'com.paymentic.payments.transaction-booked.v1\') AND ".replace(
        "\\'", "'"
    )
    product_copy.edit_text(BOOKED, gate, "")
    found = [broken.what for broken in product_copy.broken("foreign")]
    assert "transactionBooked: an event of type 'com.example.other.v1' becomes a row" in found


def test_the_program_says_what_holds_together(
    product_copy: ProductCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(product_copy.directory)]) == 0
    said = capsys.readouterr().out
    assert all(f"ok  {rule.name}" in said for rule in RULES)
    assert "5 tables, 2 logical tables, 7 questions" in said


def test_the_program_says_what_disagrees_and_fails(
    product_copy: ProductCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    product_copy.edit_text(OFFLINE, '"retentionTimeValue": "2557"', '"retentionTimeValue": "2555"')
    assert main([str(product_copy.directory)]) == 1
    said = capsys.readouterr().out
    assert "1 wrong  retention" in said
    place = f"{OFFLINE}: segmentsConfig.retentionTimeValue (line 8)"
    assert f"{place}: found 2555 days; allowed: 2557, as {DESCRIPTOR} says" in said


def test_the_program_says_which_file_is_wrong_and_fails(
    product_copy: ProductCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    (product_copy.directory / BOOKED).write_text("{", encoding="utf-8")
    assert main([str(product_copy.directory)]) == 1
    assert f"{BOOKED}: line 1: it is not JSON" in capsys.readouterr().out


def test_the_program_lists_its_rules_with_their_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rules"]) == 0
    assert (
        "deduplication: otherwise a redelivered event is a payment counted twice" in capsys.readouterr().out
    )
