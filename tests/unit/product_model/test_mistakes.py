"""The mistakes of the product's origin, each made once more, and each found.

The numbers are those of the domain's list. Number 10, a deploy script that deletes, comes with the script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from product_model import Environment, Product, ProductError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.product_model.conftest import ProductCopy

pytestmark = pytest.mark.unit

BOOKED = "pinot-tables/transaction-booked-rt-table.json"
WALLET = "pinot-tables/transaction-wallet-registered-rt-table.json"
OFFLINE = "pinot-tables/transaction-booked-offline-table.json"
ANALYTICS = "pinot-tables/payment-analytics-view.json"
BOOKED_SCHEMA = "pinot-schemas/transaction-booked-schema.json"
DESCRIPTOR = "payment-service-data-product.yaml"
KIND = "com.paymentic.payments.transaction-booked.v1"


def _rules(copy: ProductCopy) -> set[str]:
    return {broken.rule for broken in copy.broken()}


def _breaks(copy: ProductCopy, rule: str) -> bool:
    return bool(copy.broken(rule))


def _functions(table: dict[str, Any]) -> dict[str, str]:
    """Return the enrichments among which the hashes are."""
    steps = [
        step["properties"]["fieldToFunctionMap"] for step in table["ingestionConfig"]["enrichmentConfigs"]
    ]
    (found,) = [step for step in steps if "buyerEmailHash" in step]
    functions: dict[str, str] = found
    return functions


def _filter(table: dict[str, Any], change: Callable[[str], str]) -> None:
    config = table["ingestionConfig"]["filterConfig"]
    before = config["filterFunction"]
    config["filterFunction"] = change(before)
    assert config["filterFunction"] != before, "the mistake was not made"


@pytest.mark.parametrize("key", ["transformFunction", "transformConfig", "hashFunction"])
def test_1_hashing_in_field_config_is_refused_as_a_place_that_pinot_ignores(
    product_copy: ProductCopy, key: str
) -> None:
    product_copy.edit_json(
        BOOKED, lambda table: table["fieldConfigList"][0].update({key: "sha256(buyerEmail)"})
    )
    with pytest.raises(
        ProductError, match=r"stays clear: hashing stands in ingestionConfig\.enrichmentConfigs"
    ):
        product_copy.load()


def test_1_hashing_in_the_schema_is_refused_as_a_place_that_pinot_ignores(product_copy: ProductCopy) -> None:
    product_copy.edit_json(
        BOOKED_SCHEMA, lambda schema: schema["dimensionFieldSpecs"][0].update(transformFunction="sha256(x)")
    )
    with pytest.raises(ProductError, match="Pinot ignores it here"):
        product_copy.load()


@pytest.mark.parametrize("file", [BOOKED, WALLET, ANALYTICS])
@pytest.mark.parametrize(
    "path", ["buyer.email", "buyer.name", "buyer.document", "seller.email", "seller.name"]
)
def test_1_a_personal_field_that_is_stored_as_it_comes_is_found(
    product_copy: ProductCopy, file: str, path: str
) -> None:
    party, field = path.split(".")
    column = f"{party}{field.title()}Hash"

    def clear(table: dict[str, Any]) -> None:
        _functions(table)[column] = f"jsonPathString(data,'$.{path}')"

    product_copy.edit_json(file, clear)
    assert _breaks(product_copy, "hashed")


@pytest.mark.parametrize("file", [BOOKED, WALLET, ANALYTICS, OFFLINE])
def test_1_a_filter_without_the_second_lock_is_found(product_copy: ProductCopy, file: str) -> None:
    form = r"'^[0123456789abcdef]{64}\z'"
    lock = f" OR (isNotNull(buyerDocumentHash) AND NOT(regexpLike(buyerDocumentHash,{form})))"
    product_copy.edit_json(file, lambda table: _filter(table, lambda text: text.replace(lock, "")))
    found = product_copy.broken("clear-text")
    assert [broken.file for broken in found] == [file]
    assert "buyerDocumentHash" in found[0].what


def test_1_a_hash_by_a_transform_that_a_spoofed_field_can_skip_is_found(product_copy: ProductCopy) -> None:
    def by_transform(table: dict[str, Any]) -> None:
        function = "sha256(toUtf8(nullIf(lower(trim(jsonPathString(data,'$.buyer.email'))),'')))"
        del _functions(table)["buyerEmailHash"]
        transform = {"columnName": "buyerEmailHash", "transformFunction": function}
        table["ingestionConfig"]["transformConfigs"].append(transform)

    product_copy.edit_json(BOOKED, by_transform)
    found = product_copy.broken("spoofed")
    assert found
    assert all("buyerEmailHash" in broken.what for broken in found)


def test_2_years_as_a_unit_is_refused_with_the_line_and_the_cure(product_copy: ProductCopy) -> None:
    product_copy.edit_text(OFFLINE, '"retentionTimeUnit": "DAYS"', '"retentionTimeUnit": "YEARS"')
    with pytest.raises(ProductError, match=r"retentionTimeUnit \(line 7\): found \"YEARS\"; allowed: 'DAYS'"):
        product_copy.load()


def test_3_a_schema_named_other_than_described_is_found(product_copy: ProductCopy) -> None:
    product_copy.edit_json(BOOKED_SCHEMA, lambda schema: schema.update(schemaName="transactionBooked"))
    assert _breaks(product_copy, "names")


def test_3_every_rendered_schema_has_the_name_of_its_table(product: Product) -> None:
    assets = product.render(Environment(bootstrap_servers="kafka:9092"))
    named = {asset.name: f'"schemaName":"{asset.name}"' in asset.schema_json for asset in assets.schemas}
    assert named == dict.fromkeys(
        (
            "transaction_wallet_registered_rt",
            "transaction_booked_rt",
            "transaction_wallet_registered_offline",
            "transaction_booked_offline",
            "payment_analytics",
            "transaction_wallet_registered",
            "transaction_booked",
        ),
        True,
    )


def test_4_time_field_spec_is_refused_with_its_successor(product_copy: ProductCopy) -> None:
    product_copy.edit_json(BOOKED_SCHEMA, lambda schema: schema.update(timeFieldSpec={"name": "bookedAt"}))
    with pytest.raises(
        ProductError, match="deprecated and broken in null handling; times stand in dateTimeFieldSpecs"
    ):
        product_copy.load()


def test_5_a_tier_without_a_server_tag_is_refused(product_copy: ProductCopy) -> None:
    product_copy.edit_json(OFFLINE, lambda table: table["tierConfigs"][0].pop("serverTag"))
    with pytest.raises(ProductError, match=r"tierConfigs\[0\].*: the key is missing"):
        product_copy.load()


@pytest.mark.parametrize(("key", "value"), [("segmentAge", "1y"), ("serverTag", "payment_warm")])
def test_5_an_age_in_years_or_a_tag_without_its_role_is_refused(
    product_copy: ProductCopy, key: str, value: str
) -> None:
    product_copy.edit_json(OFFLINE, lambda table: table["tierConfigs"][1].update({key: value}))
    with pytest.raises(
        ProductError, match=rf"tierConfigs\[1\]\.{key} .*found \"{value}\"; allowed: a text that matches"
    ):
        product_copy.load()


def test_5_tiers_other_than_described_are_found(product_copy: ProductCopy) -> None:
    product_copy.edit_json(OFFLINE, lambda table: table["tierConfigs"][1].update(segmentAge="366d"))
    assert _rules(product_copy) == {"tiers"}


def test_6_a_groovy_filter_is_found(product_copy: ProductCopy) -> None:
    groovy = f"Groovy({{type != '{KIND}'}}, type)"
    product_copy.edit_json(BOOKED, lambda table: _filter(table, lambda _: groovy))
    assert _breaks(product_copy, "functions")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"isDistinctFrom(eventType,'{KIND}')", f"isNotDistinctFrom(eventType,'{KIND}')"),
        ("isNull(amount)", "isNotNull(amount)"),
        ("isNull(bookedAt)", "NOT(isNull(bookedAt))"),
    ],
)
def test_6_a_filter_the_wrong_way_round_is_found(product_copy: ProductCopy, old: str, new: str) -> None:
    product_copy.edit_json(BOOKED, lambda table: _filter(table, lambda text: text.replace(old, new)))
    assert _breaks(product_copy, "kept")


def test_6_a_comparison_of_texts_that_fails_at_ingestion_is_found(product_copy: ProductCopy) -> None:
    product_copy.edit_json(
        BOOKED,
        lambda table: _filter(
            table, lambda text: text.replace(f"isDistinctFrom(eventType,'{KIND}')", f"eventType != '{KIND}'")
        ),
    )
    found = product_copy.broken("functions")
    assert "compares numbers only and fails on texts" in found[0].what


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columnName": "amount", "function": "x"}, "the key is transformFunction|the key is missing"),
        ({"fieldName": "amount", "transformFunction": "x"}, "the key is columnName|the key is missing"),
    ],
)
def test_7_a_transform_key_that_pinot_does_not_know_is_refused(
    product_copy: ProductCopy, change: dict[str, str], message: str
) -> None:
    product_copy.edit_json(
        BOOKED, lambda table: table["ingestionConfig"]["transformConfigs"].__setitem__(0, change)
    )
    with pytest.raises(ProductError, match=message):
        product_copy.load()


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("jsonPathString(data,'$.journalEntryId')", "jsonPathString(data,'$.journalEntry.id')", "origins"),
        ("jsonPathString(data,'$.journalEntryId')", "jsonPathString(payload,'$.journalEntryId')", "fields"),
        (
            "jsonPathString(data,'$.journalEntryId')",
            "jsonPathText(data,'$.journalEntryId')",
            "functions",
        ),
        ("dateTrunc('HOUR',bookedAt)", "dateTrunc('HOUR')", "functions"),
        ('"columnName": "bookedHour"', '"columnName": "bookedhours"', "fields"),
    ],
)
def test_7_a_path_field_function_or_column_that_is_not_there_is_found(
    product_copy: ProductCopy, old: str, new: str, rule: str
) -> None:
    product_copy.edit_text(BOOKED, old, new)
    assert _breaks(product_copy, rule)


def test_8_money_as_double_is_found(product_copy: ProductCopy) -> None:
    product_copy.edit_json(
        BOOKED_SCHEMA, lambda schema: schema["metricFieldSpecs"][0].update(dataType="DOUBLE")
    )
    found = product_copy.broken("money")
    assert [broken.allowed for broken in found] == [
        "BIG_DECIMAL: money is exact",
        "BIG_DECIMAL, LONG or INT: no column is a float",
    ]


def test_8_a_star_tree_without_the_exact_sum_is_found(product_copy: ProductCopy) -> None:
    product_copy.edit_json(
        BOOKED,
        lambda table: table["tableIndexConfig"]["starTreeIndexConfigs"][0]["functionColumnPairs"].remove(
            "SUMPRECISION__amount"
        ),
    )
    assert _rules(product_copy) == {"money"}


def test_8_a_filter_that_takes_a_float_for_an_amount_is_found(product_copy: ProductCopy) -> None:
    product_copy.edit_text(
        BOOKED,
        r"""NOT(regexpLike(jsonFormat(jsonPath(data,'$.amount')),'^\"[0-9]+\\.[0-9]{2}\"\\z'))""",
        r"""NOT(regexpLike(jsonPathString(data,'$.amount'),'^[0-9]+\\.[0-9]{2}\\z'))""",
    )
    found = product_copy.broken("malformed")
    assert [broken.what for broken in found] == [
        "transactionBooked: an event whose data.amount is 12.34 becomes a row"
    ]


def test_9_the_tax_number_missing_from_the_descriptor_is_found(product_copy: ProductCopy) -> None:
    product_copy.edit_text(
        DESCRIPTOR, "classification: restricted, personalData: tax-number, ", "classification: internal, "
    )
    assert _breaks(product_copy, "personal-data")


def test_9_the_tax_number_missing_from_the_contract_is_found(product_copy: ProductCopy) -> None:
    product_copy.edit_text("asyncapi.yaml", "      x-personal-data: tax-number\n", "")
    assert _rules(product_copy) == {"personal-data"}


def test_9_the_product_knows_every_personal_field_of_the_domain(product: Product) -> None:
    marked = {
        (path, field.personal_data)
        for message in product.contract.messages.values()
        for path, field in message.fields.items()
        if field.personal_data
    }
    assert marked == {
        ("data.buyer.email", "email"),
        ("data.buyer.name", "name"),
        ("data.buyer.document", "tax-number"),
        ("data.seller.email", "email"),
        ("data.seller.name", "name"),
    }


def test_11_an_append_table_without_deduplication_is_found(product_copy: ProductCopy) -> None:
    product_copy.edit_json(WALLET, lambda table: table.pop("dedupConfig"))
    found = product_copy.broken("deduplication")
    assert [broken.what for broken in found] == ["the table stores a repeated event twice"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda table: table["dedupConfig"].update(metadataTTL=604800), "dedupConfig.metadataTTL"),
        (
            lambda table: table["dedupConfig"].update(dedupTimeColumn="eventTime"),
            "dedupConfig.dedupTimeColumn",
        ),
        (
            lambda table: table["routing"].update(instanceSelectorType="balanced"),
            "routing.instanceSelectorType",
        ),
    ],
)
def test_11_deduplication_that_does_not_hold_is_found(
    product_copy: ProductCopy, change: Callable[[Any], object], place: str
) -> None:
    product_copy.edit_json(WALLET, change)
    found = product_copy.broken("deduplication")
    assert [broken.key.split(" ")[0] for broken in found] == [place]


def test_11_deduplication_by_another_key_is_found(product_copy: ProductCopy) -> None:
    product_copy.edit_json(BOOKED_SCHEMA, lambda schema: schema.update(primaryKeyColumns=["transactionId"]))
    assert _rules(product_copy) == {"deduplication"}
