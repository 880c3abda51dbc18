"""Evolutions of the product: how each is made, its class, and the message that a developer gets.

Each is made in the files that people write; what is published follows as `make contracts` makes it.
"""

# ruff: noqa: E501 - a table is read by its rows

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.product_model.conftest import ProductCopy

    Make = Callable[[ProductCopy], object]

DESCRIPTOR, EVENTS = "payment-service-data-product.yaml", "asyncapi.yaml"
BOOKED, ANALYTICS = (
    "pinot-schemas/transaction-booked-schema.json",
    "pinot-schemas/payment-analytics-schema.json",
)
BOOKED_RT, VIEW = "pinot-tables/transaction-booked-rt-table.json", "pinot-tables/payment-analytics-view.json"
LOGICAL = "pinot-tables/transaction-booked-logical-table.json"
OUTPUTS = "../payment_outputs/outputs-v1.json"
COLUMN = "      - {name: merchantId, from: data.merchantId, events: [transactionWalletRegistered, transactionBooked], classification: confidential, description: The merchant under which it was sold.}\n"
NEW = "      - {name: shopId, from: data.merchantId, events: [transactionBooked], classification: internal, description: The shop.}\n"


def text(file: str, old: str, new: str) -> Make:
    """Return what replaces a text."""
    return lambda copy: copy.edit_text(file, old, new)


def both(*makes: Make) -> Make:
    """Return what does one after the other."""
    return lambda copy: [make(copy) for make in makes]


def schema(file: str, change: Callable[[Any], object]) -> Make:
    """Return what changes a JSON file."""
    return lambda copy: copy.edit_json(file, change)


def _column(content: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    return next(column for column in content["dimensionFieldSpecs"] if column["name"] == name)


def _without(name: str) -> Callable[[Any], object]:
    return lambda content: content["dimensionFieldSpecs"].remove(_column(content, name))


def _field(content: str) -> Make:
    """Return what adds a field to the data of a booking."""
    return text(
        EVENTS,
        "        bookedAt: {$ref: '#/components/schemas/Moment'}\n        registeredAt",
        f"        {content}\n        bookedAt: {{$ref: '#/components/schemas/Moment'}}\n        registeredAt",
    )


# Evolution: how it is made; class; what is said of it; the version that its contract must have, or "" for none.
EVOLUTIONS: dict[str, tuple[Make, str, str, str]] = {
    # Columns of tables.
    "column added": (both(text(DESCRIPTOR, COLUMN, COLUMN + NEW), schema(ANALYTICS, lambda s: s["dimensionFieldSpecs"].append({"name": "shopId", "dataType": "STRING"}))), "safe", "column shopId added (payment_analytics)", "1.1.0"),
    "column added not null": (both(text(DESCRIPTOR, COLUMN, COLUMN + NEW), schema(ANALYTICS, lambda s: s["dimensionFieldSpecs"].append({"name": "shopId", "dataType": "STRING", "notNull": True}))), "risky", "column shopId added, not null (payment_analytics)", "1.1.0"),
    "column removed": (both(text(DESCRIPTOR, COLUMN, ""), schema(ANALYTICS, _without("merchantId"))), "breaking", "column merchantId removed (payment_analytics)", "2.0.0"),
    "column renamed": (both(text(DESCRIPTOR, COLUMN, COLUMN.replace("name: merchantId", "name: merchant")), schema(ANALYTICS, lambda s: _column(s, "merchantId").update(name="merchant"))), "breaking", "column merchantId renamed to merchant (payment_analytics)", "2.0.0"),
    "column retyped": (schema(ANALYTICS, lambda s: _column(s, "merchantId").update(dataType="LONG")), "breaking", "column merchantId retyped from STRING to LONG (payment_analytics)", "2.0.0"),
    "column widened": (schema(ANALYTICS, lambda s: s["metricFieldSpecs"][1].update(dataType="BIG_DECIMAL")), "breaking", "column processingTimeMs retyped from LONG to BIG_DECIMAL (payment_analytics)", "2.0.0"),
    "column optional to required": (schema(ANALYTICS, lambda s: _column(s, "merchantId").update(notNull=True)), "risky", "column merchantId is not null now (payment_analytics)", "1.1.0"),
    "column required to optional": (schema(ANALYTICS, lambda s: _column(s, "buyerId").pop("notNull")), "breaking", "column buyerId may be null now (payment_analytics)", "2.0.0"),
    "class of personal data lowered": (text(DESCRIPTOR, "classification: restricted, personalData: tax-number", "classification: internal, personalData: tax-number"), "breaking", "column buyerDocumentHash's class changed from restricted to internal (payment_analytics)", "2.0.0"),
    "class raised": (text(DESCRIPTOR, COLUMN, COLUMN.replace("confidential", "restricted")), "risky", "column merchantId's class changed from confidential to restricted (payment_analytics)", "1.1.0"),
    "hash of other digits": (text(DESCRIPTOR, "normalization: digits", "normalization: trimmed-lower-case"), "breaking", "column buyerDocumentHash's hashing changed (payment_analytics)", "2.0.0"),
    "no longer hashed": (text(DESCRIPTOR, "tax-number: {hashed: true, normalization: digits}", "tax-number: {hashed: false, why: somebody asked}"), "breaking", "column buyerDocumentHash's hashing changed (payment_analytics)", "2.0.0"),
    "kind of personal data changed": (text(DESCRIPTOR, "personalData: tax-number", "personalData: name"), "breaking", "column buyerDocumentHash's kind of personal data changed from tax-number to name (payment_analytics)", "2.0.0"),
    "origin changed": (text(DESCRIPTOR, "name: checkoutId, from: data.checkoutId, events", "name: checkoutId, from: data.paymentOrderId, events"), "breaking", "column checkoutId's origin changed to payments.transactionWalletRegistered.data.paymentOrderId (payment_analytics)", "2.0.0"),
    "description changed": (text(DESCRIPTOR, "ISO 4217 code of the amount.", "Currency of the amount."), "safe", "column currency's description changed (payment_analytics)", "1.0.1"),
    # Tables.
    "table removed": (both(text(DESCRIPTOR, "  - name: payment_analytics\n    file: pinot-tables", "  - name: payments_merged\n    file: pinot-tables"), text(DESCRIPTOR, "_rt, payment_analytics]", "_rt, payments_merged]"), text(DESCRIPTOR, "stores: [payment_analytics]", "stores: [payments_merged]")), "breaking", "table payment_analytics removed", "2.0.0"),
    "time column changed": (schema(VIEW, lambda t: t["segmentsConfig"].update(timeColumnName="bookedAt")), "breaking", "time column of payment_analytics changed from transactionTime to bookedAt", "2.0.0"),
    "retention shortened": (text(DESCRIPTOR, "retentionDays: 90", "retentionDays: 60"), "breaking", "payment_analytics kept 60 days instead of 90", "2.0.0"),
    "retention lengthened": (text(DESCRIPTOR, "retentionDays: 90", "retentionDays: 400"), "risky", "payment_analytics kept 400 days instead of 90", "1.1.0"),
    "merged otherwise": (schema(VIEW, lambda t: t["upsertConfig"].update(mode="FULL")), "breaking", "payment_analytics merges otherwise", "2.0.0"),
    "index removed": (schema(VIEW, lambda t: t["fieldConfigList"].pop(0)), "risky", "index inverted on currency removed (payment_analytics)", "1.1.0"),
    "index added": (schema(VIEW, lambda t: t["fieldConfigList"].append({"name": "checkoutId", "encodingType": "RAW", "indexes": {"bloom": {}}})), "safe", "index bloom on checkoutId added (payment_analytics)", "1.0.1"),
    "sum removed from the star-tree": (schema(BOOKED_RT, lambda t: t["tableIndexConfig"]["starTreeIndexConfigs"][-1]["functionColumnPairs"].pop()), "risky", "star-tree of transaction_booked_rt no longer holds AVG__amount by bookedHour, transactionType, bookingStatus, currency, merchantId", "1.1.0"),
    "memory of repeats shortened": (schema(BOOKED_RT, lambda t: t["dedupConfig"].update(metadataTTL=86400000)), "risky", "transaction_booked_rt knows repeats for 1 days instead of 7 days", "1.1.0"),
    "member of a logical table removed": (schema(LOGICAL, lambda t: t["physicalTableConfigMap"].pop("transaction_booked_offline_OFFLINE")), "breaking", "transaction_booked lost its member transaction_booked_offline_OFFLINE", "2.0.0"),
    # Promises, people, ports.
    "objective loosened": (text(DESCRIPTOR, "target: 100, unit: milliseconds", "target: 250, unit: milliseconds"), "breaking", "latency promised is 250 milliseconds instead of 100", "2.0.0"),
    "objective tightened": (text(DESCRIPTOR, "target: 99.9, unit: percent, window: 30d, description: Share of queries", "target: 99.95, unit: percent, window: 30d, description: Share of queries"), "safe", "availability promised is 99.95 percent instead of 99.9", "1.1.0"),
    "accuracy loosened": (text(DESCRIPTOR, "target: 99.99,", "target: 99,"), "breaking", "accuracy promised is 99 percent instead of 99.99", "2.0.0"),
    "objective dropped": (text(DESCRIPTOR, "  - {name: query-latency, target: 100, unit: milliseconds, percentile: 95, window: 30d, description: From a question to its answer.}\n", ""), "breaking", "latency is no longer promised", "2.0.0"),
    "reader removed": (both(text(DESCRIPTOR, "finance-team, compliance-team", "compliance-team"), text(DESCRIPTOR, ", finance-team]", "]")), "breaking", "team finance-team may no longer use it", "2.0.0"),
    "reader added": (text(DESCRIPTOR, "compliance-team, data-analytics]\n  writers", "compliance-team, data-analytics, fraud-team]\n  writers"), "risky", "team fraud-team may use it", "1.1.0"),
    "deprecated": (text(DESCRIPTOR, "status: active", "status: deprecated"), "risky", "status changed from active to deprecated", "1.1.0"),
    "output port removed": (text(DESCRIPTOR, "    - {name: payment-analytics, kind: pinot, schemas: [payment_analytics], description: 'Transactions, both their events merged, over SQL.'}\n", ""), "breaking", "contract payment-analytics removed", ""),
    # The topic.
    "partitions": (text(DESCRIPTOR, "prod: 12", "prod: 24"), "breaking", "partitions changed from {'local': 3, 'dev': 3, 'prod': 12} to {'local': 3, 'dev': 3, 'prod': 24}", "2.0.0"),
    "record key": (text(DESCRIPTOR, "recordKey: transactionId", "recordKey: paymentOrderId"), "breaking", "recordKey changed from transactionId to paymentOrderId", "2.0.0"),
    "topic kept shorter": (text(DESCRIPTOR, "retentionDays: 7\n", "retentionDays: 3\n"), "breaking", "payments kept 3 days instead of 7", "2.0.0"),
    # Events.
    "optional field added": (_field("note: {type: string}"), "safe", "transactionBooked: optional field data.note added", "1.1.0"),
    "required field added": (both(_field("note: {type: string}"), text(EVENTS, "        - bookedAt\n", "        - bookedAt\n        - note\n")), "breaking", "transactionBooked: required field data.note added", "2.0.0"),
    "field removed": (text(EVENTS, "        merchantId: {$ref: '#/components/schemas/MerchantId'}\n        bookedAt", "        bookedAt"), "breaking", "transactionBooked: field data.merchantId removed", "2.0.0"),
    "field renamed": (text(EVENTS, "        merchantId: {$ref: '#/components/schemas/MerchantId'}\n        bookedAt", "        merchant: {$ref: '#/components/schemas/MerchantId'}\n        bookedAt"), "breaking", "transactionBooked: field data.merchantId renamed to data.merchant", "2.0.0"),
    "field optional to required": (text(EVENTS, "        - bookedAt\n", "        - bookedAt\n        - merchantId\n"), "breaking", "transactionBooked: field data.merchantId is required now", "2.0.0"),
    "field required to optional": (text(EVENTS, "        - journalEntryId\n", ""), "risky", "transactionBooked: field data.journalEntryId is optional now", "1.1.0"),
    "value added to an enumeration": (text(EVENTS, "[SUCCESS, FAILED, PENDING]", "[SUCCESS, FAILED, PENDING, REVERSED]"), "risky", "transactionBooked: field data.bookingStatus may be REVERSED", "1.1.0"),
    "value removed from an enumeration": (text(EVENTS, "[SUCCESS, FAILED, PENDING]", "[SUCCESS, FAILED]"), "breaking", "transactionBooked: field data.bookingStatus may no longer be PENDING", "2.0.0"),
    "field widened": (text(EVENTS, "    Currency:\n      type: string", "    Currency:\n      type: [string, 'null']"), "risky", "transactionBooked: field data.currency retyped from string to null|string", "1.1.0"),
    "field retyped": (text(EVENTS, "    Amount:\n      type: string", "    Amount:\n      type: number"), "breaking", "transactionBooked: field data.amount retyped from string to number", "2.0.0"),
    "form tightened": (text(EVENTS, "pattern: ^[A-Z]{3}$", "pattern: ^(BRL|EUR)$"), "breaking", "transactionBooked: pattern of data.currency changed from ^[A-Z]{3}$ to ^(BRL|EUR)$", "2.0.0"),
    "length allowed": (text(EVENTS, "minLength: 1, description: Who tells", "minLength: 1, maxLength: 99, description: Who tells"), "breaking", "transactionBooked: maxLength of source changed from None to 99", "2.0.0"),
    "mark of personal data dropped": (text(EVENTS, "      x-personal-data: tax-number\n", ""), "breaking", "transactionBooked: personal data of data.buyer.document is None instead of tax-number", "2.0.0"),
    "event of a new version": (both(text(EVENTS, "const: com.paymentic.payments.transaction-booked.v1", "const: com.paymentic.payments.transaction-booked.v2"), text(DESCRIPTOR, "transaction-booked.v1", "transaction-booked.v2")), "breaking", "transactionBooked: field type must be com.paymentic.payments.transaction-booked.v2 instead of com.paymentic.payments.transaction-booked.v1", "2.0.0"),
    "rule between fields changed": (text(EVENTS, "      oneOf:\n        - required: [registeredAt]\n        - required: [bookedAt]\n", ""), "breaking", "transactionErased: oneOf of data changed", "2.0.0"),
    # The stack's outputs.
    "output removed": (schema(OUTPUTS, lambda o: o["endpoints"].pop("pinotBroker")), "breaking", "output endpoints.pinotBroker removed", "2"),
    "output added": (schema(OUTPUTS, lambda o: o["endpoints"].update(pinotGrpc="a text")), "safe", "output endpoints.pinotGrpc added", ""),
    "output retyped": (schema(OUTPUTS, lambda o: o["objectives"][0].update(target="a text")), "breaking", "output objectives[].target retyped from a number to a text", "2"),
    "output gets a value": (schema(OUTPUTS, lambda o: o["tables"][0].update(kind="one of REALTIME, OFFLINE, LOGICAL, VIEW")), "risky", "output tables[].kind may be VIEW", ""),
}  # fmt: skip


def shape(copy: ProductCopy) -> Any:  # noqa: ANN401 - JSON
    """Return the shape of the copy's outputs."""
    return json.loads((copy.directory / OUTPUTS).read_text(encoding="utf-8"))
