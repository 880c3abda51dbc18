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


BROKEN: dict[str, Mistake] = {
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
}
