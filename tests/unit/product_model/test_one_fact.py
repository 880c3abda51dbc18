"""One fact changed in the descriptor alone: what states it objects, and `make contracts` follows."""

# ruff: noqa: E501 - a table is read by its rows

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from product_model.checks import behaviour
from product_model.checks.statements import ALL_RULES
from product_model.contracts.__main__ import main

if TYPE_CHECKING:
    from tests.unit.product_model.conftest import ProductCopy

pytestmark = pytest.mark.unit

DESCRIPTOR = "payment-service-data-product.yaml"
EVENTS, README = "asyncapi.yaml", "README.md"
ODPS = "contracts/payment-service-data-product.odps.yaml"
TOPIC, ARCHIVE = "contracts/payment-events.odcs.yaml", "contracts/archive.odcs.yaml"
WALLET, BOOKED = "contracts/wallet-registrations.odcs.yaml", "contracts/bookings.odcs.yaml"
ANALYTICS = "contracts/payment-analytics.odcs.yaml"
PAGE, LINEAGE = "index.html", "lineage/openlineage.json"
PUBLISHED = ("contracts/", "lineage/", PAGE)
READ = {WALLET, BOOKED, ANALYTICS, ARCHIVE}

# Rules that compare what is written; the others run events through the tables, which says nothing more here.
COMPARING = [rule.name for rule in ALL_RULES if rule not in behaviour.RULES]

# Fact: what is changed, files that must object, and what the published ones say afterwards.
FACTS: dict[str, tuple[str, str, set[str], str]] = {
    "name": ("name: Payment service data product", "name: Payments", {ODPS}, "Payments"),
    "version": ("  version: 1.0.0\n  released", "  version: 1.1.0\n  released", {ODPS}, "1.1.0"),
    "release": ("released: 2026-11-24", "released: 2027-01-02", {ODPS, TOPIC, PAGE, LINEAGE, *READ}, "2027-01-02"),
    "status": ("status: active", "status: deprecated", {ODPS, TOPIC, *READ}, "deprecated"),
    "sub-domain": ("subDomain: payment-processing", "subDomain: payouts", {ODPS, README, *READ}, "payouts"),
    "bounded context": ("boundedContext: payment transactions", "boundedContext: money", {ODPS, README}, "money"),
    "classification": ("  classification: restricted\n  purpose", "  classification: internal\n  purpose", {ODPS, README, *READ}, "internal"),
    "purpose": ("Every payment transaction of", "Each payment transaction of", {ODPS, PAGE}, "Each payment transaction"),
    "owner": ("name: Payment Engineering", "name: Payments Guild", {EVENTS, README, ODPS, *READ}, "Payments Guild"),
    "way to access": ("Propose a change of", "Ask for a change of", {ODPS, *READ}, "Ask for a change of"),
    "partitions": ("prod: 12", "prod: 24", {DESCRIPTOR, TOPIC}, "prod: 24"),
    "topic retention": ("      retentionDays: 7\n", "      retentionDays: 9\n", {EVENTS, TOPIC}, "9 days"),
    "event type": ("transaction-booked.v1", "transaction-booked.v2", {DESCRIPTOR, TOPIC}, "booked.v2"),
    "table retention": ("retentionDays: 90", "retentionDays: 60", {"pinot-tables/payment-analytics-view.json", README, ANALYTICS}, "after 60 days"),
    "archive retention": ("keptDays: 2557", "keptDays: 2000", {DESCRIPTOR, ARCHIVE}, "after 2000 days"),
    "tier of servers": ("{name: warm, afterDays: 90}", "{name: warm, afterDays: 60}", {"pinot-tables/transaction-booked-offline-table.json"}, ""),
    "memory of repeats": ("memoryDays: 7", "memoryDays: 3", {README, WALLET, BOOKED, "pinot-tables/transaction-booked-rt-table.json"}, "within 3 days"),
    "worst lag": ("worstLagDays: 7", "worstLagDays: 9", {README}, ""),
    "class of a column": ("{name: merchantId, from: data.merchantId, classification: confidential", "{name: merchantId, from: data.merchantId, classification: restricted", {WALLET, BOOKED, TOPIC, ARCHIVE}, "restricted"),
    "description of a column": ("Who pays.", "The payer.", {PAGE, LINEAGE, *READ}, "The payer."),
    "origin of a column": ("from: data.checkoutId, required", "from: data.paymentOrderId, required", {WALLET, ARCHIVE, "pinot-tables/transaction-wallet-registered-rt-table.json"}, ""),
    "kind of personal data": ("classification: restricted, personalData: tax-number", "classification: restricted, personalData: name", {DESCRIPTOR, WALLET, BOOKED, ARCHIVE}, ""),
    "version of a schema": ("schema.json\n    version: 1.0.0\n    events: [transactionBooked]", "schema.json\n    version: 1.1.0\n    events: [transactionBooked]", {BOOKED, ODPS}, "1.1.0"),
    "objective": ("target: 100, unit: milliseconds", "target: 80, unit: milliseconds", {README, PAGE, WALLET, BOOKED, ANALYTICS}, "80"),
    "window": ("unit: milliseconds, percentile: 99, window: 30d", "unit: milliseconds, percentile: 99, window: 7d", {README, WALLET, BOOKED, ANALYTICS}, "over 7d"),
    "reader": ("compliance-team, data-analytics]\n  writers", "compliance-team, data-analytics, fraud-team]\n  writers", {DESCRIPTOR, README, PAGE, ODPS, *READ}, "fraud-team"),
    "admin": ("admins: [payment-engineering, platform-engineering]", "admins: [payment-engineering]", {ODPS}, ""),
    "asker of a question": ("  volume-by-type: [payment-engineering]\n", "", {DESCRIPTOR, PAGE}, ""),
    "law": ("GDPR Art. 17(3)(e)", "GDPR Art. 17(3)(f)", {PAGE}, "GDPR Art. 17(3)(f)"),
    "word": ("The shop under which", "The house under which", {PAGE}, "The house under which"),
    "job": ("job: offline-loader", "job: hourly-loader", {LINEAGE}, "hourly-loader."),
}  # fmt: skip


@pytest.mark.parametrize("fact", list(FACTS))
def test_a_fact_changed_alone_is_an_objection_wherever_it_stands(
    product_copy: ProductCopy, fact: str
) -> None:
    old, new, places, said = FACTS[fact]
    product_copy.edit_text(DESCRIPTOR, old, new)
    objecting = {broken.file for broken in product_copy.broken(*COMPARING)}
    assert places <= objecting, places - objecting
    assert main([str(product_copy.directory)]) == 0
    published = {name for name in places if name.startswith(PUBLISHED)}
    for name in published:
        assert said in (product_copy.directory / name).read_text(encoding="utf-8"), name
    left = {broken.file for broken in product_copy.broken(*COMPARING)}
    assert not published & left
    assert places - published <= left, "what is written by hand must still object"
