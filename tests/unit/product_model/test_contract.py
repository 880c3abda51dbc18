"""The events' contract: its JSON Schemas take what is valid and refuse what breaks it, as the tables do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from product_model import ProductError
from product_model.ingestion import Ingestion

if TYPE_CHECKING:
    from product_model import Product
    from tests.unit.product_model.conftest import ProductCopy

pytestmark = pytest.mark.unit

NOW_MS = 1_767_225_600_000
MESSAGES = ("transactionWalletRegistered", "transactionBooked", "transactionErased")


def _validator(product: Product, message: str) -> Draft7Validator:
    schema = product.event_schema(message)
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER)


@pytest.mark.parametrize("message", MESSAGES)
def test_every_example_is_valid_and_the_schema_needs_nothing_else(product: Product, message: str) -> None:
    assert "$ref" not in json.dumps(product.event_schema(message))
    validator = _validator(product, message)
    for example in product.contract.messages[message].examples:
        assert [error.message for error in validator.iter_errors(example)] == []


@pytest.mark.parametrize("message", ["transactionWalletRegistered", "transactionBooked"])
def test_the_first_example_has_every_field(product: Product, message: str) -> None:
    found = product.contract.messages[message]
    for path in found.fields:
        value: Any = found.complete_example
        for name in path.split("."):
            assert name in value, path
            value = value[name]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", "someone@example.com"),
        ("id", None),
        ("time", "2025-03-14T09:26:53"),
        ("type", "com.example.other.v1"),
        ("data", None),
        ("data.transactionId", "x" * 65),
        ("data.paymentOrderId", "a b"),
        ("data.amount", 129.9),
        ("data.amount", "129.9"),
        ("data.amount", "-1.00"),
        ("data.currency", "brl"),
        ("data.transactionType", "GIFT"),
        ("data.bookingStatus", "DONE"),
        ("data.buyer", None),
        ("data.buyer.id", ""),
        ("data.seller.id", {"id": "s-1"}),
        ("data.merchantId", "m 7"),
        ("data.bookedAt", "2025-02-30T00:00:00Z"),
    ],
)
def test_schema_and_table_refuse_the_same(product: Product, path: str, value: object) -> None:
    event = json.loads(json.dumps(product.contract.messages["transactionBooked"].complete_example))
    target = event
    *parents, last = path.split(".")
    for name in parents:
        target = target[name]
    target[last] = value
    assert not _validator(product, "transactionBooked").is_valid(event)
    for name in ("transaction_booked_rt", "payment_analytics"):
        file = next(file for file in product.tables if file.fact.name == name)
        columns = product.schema(file.fact.schema_).schema.column_names
        outcome = Ingestion(file.table.ingestion_config, columns).of_event(event, NOW_MS)
        assert (outcome.row, outcome.failure) == (None, None), name


@pytest.mark.parametrize("value", [None, "", 12345678900, "123.456.789-00"])
def test_schema_and_table_take_personal_data_in_these_forms(product: Product, value: object) -> None:
    event = json.loads(json.dumps(product.contract.messages["transactionBooked"].complete_example))
    event["data"]["buyer"]["document"] = value
    assert _validator(product, "transactionBooked").is_valid(event)


def test_an_erasure_names_exactly_one_horizon(product: Product) -> None:
    event = json.loads(json.dumps(product.contract.messages["transactionErased"].examples[0]))
    validator = _validator(product, "transactionErased")
    assert validator.is_valid(event)
    event["data"]["bookedAt"] = event["data"]["registeredAt"]
    assert not validator.is_valid(event)
    del event["data"]["bookedAt"], event["data"]["registeredAt"]
    assert not validator.is_valid(event)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("asyncapi: 3.0.0", "asyncapi: 2.6.0", r"asyncapi\.yaml: asyncapi: found '2.6.0'; allowed: 3.0.0"),
        ("        partitions: 12\n", "", "does not say how many partitions"),
        ("schemas/BookingStatus'}", "schemas/Status'}", "schemas/Status' leads nowhere"),
        (
            "type: {type: string, const: com.paymentic.payments.transaction-booked.v1}",
            "type: {type: string}",
            r"messages\.transactionBooked \(line \d+\): its payload does not fix `type`",
        ),
    ],
)
def test_a_contract_that_lacks_something_is_refused(
    product_copy: ProductCopy, old: str, new: str, message: str
) -> None:
    product_copy.edit_text("asyncapi.yaml", old, new)
    with pytest.raises(ProductError, match=message):
        product_copy.load()
