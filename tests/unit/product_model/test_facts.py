"""The product holds the facts of its domain, written here once more by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from product_model import check_product

if TYPE_CHECKING:
    from product_model import Product

pytestmark = pytest.mark.unit

HASHES = ("buyerEmailHash", "buyerNameHash", "buyerDocumentHash", "sellerEmailHash", "sellerNameHash")
COMMON = {
    *(
        "eventId",
        "eventType",
        "eventSource",
        "transactionId",
        "paymentOrderId",
        "currency",
        "transactionType",
    ),
    *("buyerId", "sellerId", "merchantId", "metadata", "amount", "eventTime", *HASHES),
}
COLUMNS = {
    "transaction_wallet_registered": COMMON | {"checkoutId", "registeredAt", "registeredHour"},
    "transaction_booked": COMMON | {"journalEntryId", "bookingStatus", "bookedAt", "bookedHour"},
    "payment_analytics": {
        *("transactionId", "paymentOrderId", "checkoutId", "journalEntryId", "currency", "transactionType"),
        *("bookingStatus", "transactionStatus", "buyerId", "sellerId", "merchantId", *HASHES),
        *("walletMetadata", "bookingMetadata", "amount", "registeredAt", "bookedAt", "transactionTime"),
        *("processingTimeMs", "deleted"),
    },
}
# Pinot type, time column, days kept.
TABLES = {
    "transaction_wallet_registered_rt": ("REALTIME", "registeredAt", "30"),
    "transaction_booked_rt": ("REALTIME", "bookedAt", "30"),
    "transaction_wallet_registered_offline": ("OFFLINE", "registeredAt", "2557"),
    "transaction_booked_offline": ("OFFLINE", "bookedAt", "2557"),
    "payment_analytics": ("REALTIME", "transactionTime", "90"),
}
FILTERED = {"currency", "transactionType", "buyerId", "sellerId", "merchantId"}
KEPT_IN_TREE = {
    "COUNT__*",
    "SUM__amount",
    "SUMPRECISION__amount",
    "MIN__amount",
    "MAX__amount",
    "AVG__amount",
}


def test_the_files_agree(product: Product) -> None:
    assert check_product(product) == ()


def test_every_schema_has_the_domains_columns_and_no_clear_personal_data(product: Product) -> None:
    assert {schema.fact.name: set(schema.schema.column_names) for schema in product.schemas} == COLUMNS


def test_every_table_has_the_domains_type_time_and_retention(product: Product) -> None:
    found = {
        file.table.table_name: (
            file.table.table_type,
            file.table.segments_config.time_column_name,
            file.table.segments_config.retention_time_value,
        )
        for file in product.tables
    }
    assert found == TABLES
    assert {file.table.segments_config.retention_time_unit for file in product.tables} == {"DAYS"}


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_the_domains_indexes(product: Product, name: str) -> None:
    table = next(file.table for file in product.tables if file.table.table_name == name)
    by_index: dict[str, set[str]] = {}
    for config in table.field_config_list:
        for index in config.indexes.present:
            by_index.setdefault(index, set()).add(config.name)
    booked, merged = "booked" in name, name == "payment_analytics"
    filtered = FILTERED | ({"bookingStatus"} if booked or merged else set())
    assert filtered <= by_index["inverted"]
    ids = {"transactionId", "paymentOrderId"} | (set() if merged else {"eventId"})
    assert by_index["bloom"] == ids | ({"journalEntryId"} if booked or merged else set())
    time = table.segments_config.time_column_name
    assert {"amount", time} <= by_index["range"]
    assert by_index["json"] == ({"walletMetadata", "bookingMetadata"} if merged else {"metadata"})
    (granularities,) = [
        c.timestamp_config.granularities for c in table.field_config_list if c.timestamp_config
    ]
    assert granularities == ("HOUR", "DAY")


@pytest.mark.parametrize("name", [name for name in TABLES if name != "payment_analytics"])
def test_append_and_archive_tables_have_the_domains_star_tree(product: Product, name: str) -> None:
    table = next(file.table for file in product.tables if file.table.table_name == name)
    # Pinot takes the first that fits: the small one must come before the one that serves everything.
    small, tree = table.table_index_config.star_tree_index_configs
    booked = "booked" in name
    hour = "bookedHour" if booked else "registeredHour"
    status = ("bookingStatus",) if booked else ()
    assert tree.dimensions_split_order == (hour, "transactionType", *status, "currency", "merchantId")
    assert small.dimensions_split_order == tree.dimensions_split_order[:-1]
    assert set(small.function_column_pairs) == set(tree.function_column_pairs) == KEPT_IN_TREE


def test_readers_writers_and_admins_are_the_domains(product: Product) -> None:
    access = product.descriptor.access
    assert access.readers == ("payment-engineering", "finance-team", "compliance-team", "data-analytics")
    assert access.writers == ("payment-engineering",)
    assert access.admins == ("payment-engineering", "platform-engineering")


def test_objectives_are_the_domains(product: Product) -> None:
    found = {(o.name, o.target, o.unit, o.percentile) for o in product.descriptor.objectives}
    assert found == {
        ("availability", 99.9, "percent", None),
        ("query-latency", 100, "milliseconds", 95),
        ("freshness", 1000, "milliseconds", 99),
        ("accuracy", 99.99, "percent", None),
        ("completeness", 99.9, "percent", None),
    }


def test_the_archive_moves_and_ends_as_the_domain_says(product: Product) -> None:
    archive = product.descriptor.archive
    assert archive.kept_days == 2557
    assert [(tier.storage_class, tier.after_days) for tier in archive.tiers] == [
        ("STANDARD", 0),
        ("STANDARD_IA", 90),
        ("GLACIER_IR", 365),
        ("DEEP_ARCHIVE", 1095),
    ]


def test_a_column_is_shown_with_both_its_sides(product: Product) -> None:
    column = product.schema("transaction_booked").column_view("buyerDocumentHash")
    assert (column.data_type, column.nullable, column.classification, column.personal_data) == (
        "STRING",
        True,
        "restricted",
        "tax-number",
    )
    with pytest.raises(KeyError):
        product.schema("transaction_booked").column_view("buyerDocument")
