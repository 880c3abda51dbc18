"""A file that cannot be used is named, with the line, what was found, and what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from product_model import ProductError, load_product

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.product_model.conftest import ProductCopy

pytestmark = pytest.mark.unit

BOOKED = "pinot-tables/transaction-booked-rt-table.json"
DESCRIPTOR = "payment-service-data-product.yaml"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            BOOKED,
            '"tableIndexConfig"',
            '"tableIndexConfg"',
            r"\(line \d+\): unknown key 'tableIndexConfg' \(is 'tableIndexConfig' meant\?\) \(the first of 2",
        ),
        (
            BOOKED,
            '"inverted": {}',
            '"invertd": {}',
            r"indexes\.invertd \(line \d+\): unknown key 'invertd' \(is 'inverted' meant",
        ),
        (BOOKED, '"loadMode": "MMAP",', '"loadMode": "MMAP"', r"line \d+: it is not JSON"),
        (
            BOOKED,
            '"tableType": "REALTIME",',
            '"tableType": "REALTIME",\n  "tableType": "OFFLINE",',
            "tableType: the key stands twice",
        ),
        (
            BOOKED,
            '"tableType": "REALTIME"',
            '"tableType": "STREAM"',
            r"tableType \(line 3\): found \"STREAM\"; allowed: 'REALTIME' or 'OFFLINE'",
        ),
        (
            BOOKED,
            '"continueOnError": false',
            '"continueOnError": true',
            r"continueOnError \(line \d+\): found true; allowed: False",
        ),
        (
            BOOKED,
            '"encodingType": "RAW"',
            '"encoding": "RAW"',
            "encodingType.*: the key is missing.*the first of|encoding.*unknown key",
        ),
        (
            DESCRIPTOR,
            "classification: restricted\n",
            "classification: secret\n",
            r"product\.classification \(line \d+\): found \"secret\"; allowed: 'public', 'internal', 'confi",
        ),
        (DESCRIPTOR, "retentionDays: 90", "retention: 90", r"tables\[4\]"),
        (
            DESCRIPTOR,
            "admins: [payment-engineering,",
            "admins: [payment-engineering, payment-engineering,",
            "access.admins names 'payment-engineering' twice",
        ),
        (
            DESCRIPTOR,
            "schema: payment_analytics",
            "schema: analytics",
            "schema 'analytics' is not described; allowed: transaction_wallet_registered, ",
        ),
        (
            DESCRIPTOR,
            "personalData: tax-number",
            "personalData: cpf",
            "personalData 'cpf' is not described; allowed: email, name, tax-number, subject-id",
        ),
        (
            DESCRIPTOR,
            "unit: percent, window: 30d, description: Share of queries",
            "window: 30d, description: Share of queries",
            r"objectives\[0\]\.unit.*: the key is missing",
        ),
        (
            DESCRIPTOR,
            "descriptorVersion: 1",
            "descriptorVersion: 1\ndescriptorVersion: 1",
            r"descriptorVersion \(line 5\): the key stands twice",
        ),
        (DESCRIPTOR, "owner:\n", "owner: [\n", r"line \d+: it is not YAML"),
        (
            DESCRIPTOR,
            "admins: [payment-engineering, platform",
            "admins: [payment-engineering, finance-team, platform",
            "access has 'finance-team' as reader and as admin; allowed: one role a team, but for the owner",
        ),
        (
            DESCRIPTOR,
            "{name: availability, target: 99.9",
            "{name: availability, target: 999",
            "objective 'availability' asks for 999 percent; allowed: at most 100",
        ),
        (
            DESCRIPTOR,
            "unit: percent, window: 30d, description: Share of queries",
            "unit: percent, description: Share of queries",
            r"objectives\[0\]\.window.*: the key is missing",
        ),
        (
            DESCRIPTOR,
            "classification: restricted, personalData: tax-number",
            "personalData: tax-number",
            r"schemas\[0\]\.columns\[12\]\.classification \(line \d+\): the key is missing",
        ),
        (
            DESCRIPTOR,
            "topic: payments\n",
            "topic: payment-events\n",
            "place 'payments' is not described; allowed: payment-events, payments.quarantine, ",
        ),
        (
            DESCRIPTOR,
            "reads: [archive]",
            "reads: [archives]",
            "place 'archives' is not described; allowed: payments, payments.quarantine, ",
        ),
        (
            DESCRIPTOR,
            "volume-by-type: [payment-engineering]",
            "volume-by-type: [marketing]",
            "reader 'marketing' is not described; allowed: payment-engineering, finance-team",
        ),
        (
            DESCRIPTOR,
            "      version: 1.0.0\n      description: The events of seven",
            "      description: The events of seven",
            "port 'archive' has no version; allowed: major.minor.patch",
        ),
        (
            DESCRIPTOR,
            "      ground: accountability\n",
            "",
            "erasure keeps 'audit' without a ground; allowed: one of erasure.grounds",
        ),
        (
            DESCRIPTOR,
            "      ground: accountability\n",
            "      ground: because\n",
            "ground 'because' is not described; allowed: financial-records, legal-claims, accountability",
        ),
        (
            DESCRIPTOR,
            "    - stores: [payments.quarantine]\n",
            "    - stores: [payments.quarantin]\n",
            "erasure names the store 'payments.quarantin'; allowed: payments, payments.quarantine, ",
        ),
        (
            DESCRIPTOR,
            "    - stores: [payments.quarantine]\n",
            "    - stores: [payments.quarantine]\n      when: {legalHold: false}\n",
            "erasure does not say what happens in 'payments.quarantine' in every case",
        ),
        (
            DESCRIPTOR,
            "    - stores: [payments.quarantine]\n",
            "    - stores: [payments, payments.quarantine]\n",
            "a rule of erasure for 'payments' is never reached",
        ),
        (
            DESCRIPTOR,
            "from: data.amount, required",
            "required",
            "column 'amount' comes from nowhere .*; allowed: `from`, `derivedFrom` or both",
        ),
        (
            DESCRIPTOR,
            "  email: {hashed: true, normalization: trimmed-lower-case}",
            "  email: {hashed: true}",
            "a hashed kind has no normalization; allowed: trimmed-lower-case, digits",
        ),
        (
            "pinot-schemas/payment-analytics-schema.json",
            '"name": "checkoutId"',
            '"name": "CURRENCY"',
            "two columns 'currency' and 'CURRENCY'|two columns 'CURRENCY' and 'currency'",
        ),
        (
            "pinot-schemas/payment-analytics-schema.json",
            '"primaryKeyColumns": ["transactionId"]',
            '"primaryKeyColumns": ["id"]',
            "primaryKeyColumns name 'id'; allowed: columns of this schema",
        ),
    ],
)
def test_a_mistake_in_a_file_is_named(
    product_copy: ProductCopy, file: str, old: str, new: str, message: str
) -> None:
    product_copy.edit_text(file, old, new)
    with pytest.raises(ProductError, match=message) as refused:
        product_copy.load()
    assert refused.value.file == file


def test_a_missing_file_is_named(product_copy: ProductCopy) -> None:
    (product_copy.directory / BOOKED).unlink()
    with pytest.raises(ProductError, match=f"{BOOKED}: \\(whole file\\): there is no such file"):
        product_copy.load()


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProductError, match="there is no such directory"):
        load_product(tmp_path / "none")


def test_bytes_that_are_no_text_are_named(product_copy: ProductCopy) -> None:
    (product_copy.directory / BOOKED).write_bytes(b"\xff\xfe")
    with pytest.raises(ProductError, match=r"it cannot be read .*; allowed: a readable file in UTF-8"):
        product_copy.load()
