"""Mistakes between files, by name."""

from __future__ import annotations

from tests.unit.product_model.mistake import (
    ANALYTICS,
    ANALYTICS_SCHEMA,
    BOOKED,
    BOOKED_SCHEMA,
    DESCRIPTOR,
    LOGICAL,
    OFFLINE,
    Mistake,
    json_edit,
    text_edit,
)

BROKEN: dict[str, Mistake] = {
    "a column that nobody described": (
        BOOKED_SCHEMA,
        json_edit(
            lambda schema: schema["dimensionFieldSpecs"].append({"name": "note", "dataType": "STRING"})
        ),
        "schema-columns",
        "column 'note' of pinot-schemas/transaction-booked-schema.json has no description and no class",
    ),
    "a described column that is not there": (
        BOOKED_SCHEMA,
        json_edit(lambda schema: schema["dimensionFieldSpecs"].pop(3)),
        "schema-columns",
        "has no column 'transactionId'",
    ),
    "a retention unlike the descriptor's": (
        OFFLINE,
        text_edit('"retentionTimeValue": "2557"', '"retentionTimeValue": "2555"'),
        "retention",
        "found 2555 days",
    ),
    "an append table that goes before its archive is loaded": (
        DESCRIPTOR,
        text_edit("worstLagDays: 7", "worstLagDays: 15"),
        "retention",
        "found 30 days",
    ),
    "an archive table that is kept shorter than the archive": (
        DESCRIPTOR,
        text_edit("keptDays: 2557", "keptDays: 3000"),
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
        text_edit('"tableName": "transaction_booked_rt"', '"tableName": "transaction_booked"'),
        "names",
        "found 'transaction_booked'",
    ),
    "a table of another type": (
        OFFLINE,
        text_edit('"tableType": "OFFLINE"', '"tableType": "REALTIME"'),
        "names",
        "found 'REALTIME'",
    ),
    "a column from a field that the contract has not": (
        DESCRIPTOR,
        text_edit("from: data.bookingStatus", "from: data.status"),
        "contract-fields",
        "asyncapi.yaml has no field 'data.status' in transactionBooked",
    ),
    "a field of the contract that goes nowhere": (
        "asyncapi.yaml",
        text_edit(
            "        bookingStatus: {$ref: '#/components/schemas/BookingStatus'}\n",
            "        bookingStatus: {$ref: '#/components/schemas/BookingStatus'}\n"
            "        channel: {type: string}\n",
        ),
        "contract-fields",
        "no column of any schema holds the field 'data.channel' of transactionBooked",
    ),
    "a hash that is not classified as restricted": (
        DESCRIPTOR,
        text_edit(
            "classification: restricted, personalData: name", "classification: internal, personalData: name"
        ),
        "personal-data",
        "buyerNameHash is derived from personal data and classified internal",
    ),
    "a field that is optional in the contract and required here": (
        DESCRIPTOR,
        text_edit(
            "from: data.merchantId, classification", "from: data.merchantId, required: true, classification"
        ),
        "required",
        "required is True, the contract says False of data.merchantId",
    ),
    "a required column that may be null": (
        BOOKED_SCHEMA,
        json_edit(lambda schema: schema["metricFieldSpecs"][0].pop("notNull")),
        "required",
        "notNull of 'amount' is False",
    ),
    "a column that waits for its event and is said not to be null": (
        ANALYTICS_SCHEMA,
        json_edit(lambda schema: schema["dimensionFieldSpecs"][2].update(notNull=True)),
        "required",
        "notNull of 'checkoutId' is True",
    ),
    "tiers on a table that merges": (
        ANALYTICS,
        json_edit(
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
        text_edit("address: payments\n", "address: payment\n"),
        "topic",
        "found 'payments'",
    ),
    "another number of partitions in the contract": (
        "asyncapi.yaml",
        text_edit("partitions: 12", "partitions: 24"),
        "topic",
        "found 12",
    ),
    "another topic in a table": (
        BOOKED,
        text_edit('"stream.kafka.topic.name": "payments"', '"stream.kafka.topic.name": "payment"'),
        "topic",
        "it reads the topic 'payment'",
    ),
    "another type of an event": (
        DESCRIPTOR,
        text_edit(
            "type: com.paymentic.payments.transaction-booked.v1",
            "type: com.paymentic.payments.transaction-booked.v2",
        ),
        "topic",
        "asyncapi.yaml says 'com.paymentic.payments.transaction-booked.v1'",
    ),
    "a time column that is no time": (
        BOOKED,
        text_edit('"timeColumnName": "bookedAt"', '"timeColumnName": "eventId"'),
        "time-column",
        "'eventId' is no time of pinot-schemas/transaction-booked-schema.json",
    ),
    "a time column that is not the event's own time": (
        BOOKED,
        text_edit('"timeColumnName": "bookedAt"', '"timeColumnName": "eventTime"'),
        "time-column",
        "found 'eventTime'",
    ),
    "a logical table without its archive": (
        LOGICAL,
        json_edit(lambda table: table["physicalTableConfigMap"].pop("transaction_booked_offline_OFFLINE")),
        "logical-tables",
        "found transaction_booked_rt_REALTIME",
    ),
    "a logical table with another boundary": (
        LOGICAL,
        json_edit(lambda table: table["timeBoundaryConfig"]["parameters"].update(includedTables=[])),
        "logical-tables",
        "found none",
    ),
}
