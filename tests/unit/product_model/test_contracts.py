"""What is published is valid by the standards' own schemas, made anew alike, and not to be edited."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft201909Validator, Draft202012Validator

from product_model.contracts.__main__ import main
from product_model.contracts.published import descriptor_schema, published_files
from tests.unit.product_model.conftest import PRODUCT

if TYPE_CHECKING:
    from collections.abc import Callable

    from product_model import Product
    from tests.unit.product_model.conftest import ProductCopy

pytestmark = pytest.mark.unit

STANDARDS = Path(__file__).parents[2] / "data" / "standards"
CONTRACTS = sorted((PRODUCT / "contracts").glob("*.odcs.yaml"))
PORTS = {"payment-events", "wallet-registrations", "bookings", "payment-analytics", "archive"}


@pytest.fixture(scope="session")
def odcs() -> Draft201909Validator:
    return Draft201909Validator(_schema("odcs-3.1.0"), format_checker=Draft201909Validator.FORMAT_CHECKER)


@pytest.fixture(scope="session")
def odps() -> Draft201909Validator:
    return Draft201909Validator(_schema("odps-1.0.0"), format_checker=Draft201909Validator.FORMAT_CHECKER)


@pytest.fixture(scope="session")
def asyncapi() -> Draft7Validator:
    return Draft7Validator(_schema("asyncapi-3.0.0"), format_checker=Draft7Validator.FORMAT_CHECKER)


def _schema(name: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads((STANDARDS / f"{name}.schema.json").read_text(encoding="utf-8"))


def _yaml(path: Path) -> Any:  # noqa: ANN401 - YAML
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_every_port_has_a_contract() -> None:
    assert {path.name.removesuffix(".odcs.yaml") for path in CONTRACTS} == PORTS


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.name)
def test_a_contract_is_valid_by_the_official_schema(odcs: Draft201909Validator, path: Path) -> None:
    assert [error.message for error in odcs.iter_errors(_yaml(path))] == []


@pytest.mark.parametrize(
    "change",
    [
        lambda contract: contract.pop("version"),
        lambda contract: contract.update(apiVersion="v9.0.0"),
        lambda contract: contract["schema"][0].update(rows=1),
        lambda contract: contract["schema"][0]["properties"][0].update(logicalType="text"),
        lambda contract: contract["slaProperties"][0].pop("value"),
        lambda contract: contract["roles"][0].pop("role"),
    ],
)
def test_the_official_schema_refuses_a_broken_contract(
    odcs: Draft201909Validator, change: Callable[[Any], object]
) -> None:
    contract = _yaml(PRODUCT / "contracts" / "bookings.odcs.yaml")
    change(contract)
    assert not odcs.is_valid(contract)


def test_the_product_is_valid_by_the_official_schema(odps: Draft201909Validator) -> None:
    content = _yaml(PRODUCT / "contracts" / "payment-service-data-product.odps.yaml")
    assert [error.message for error in odps.iter_errors(content)] == []
    for port in content["outputPorts"]:
        contract = _yaml(PRODUCT / "contracts" / f"{port['name']}.odcs.yaml")
        assert (contract["id"], contract["version"]) == (port["contractId"], port["version"])
    content["outputPorts"][0].pop("version")
    assert not odps.is_valid(content)


def test_the_events_are_valid_by_the_official_schema(asyncapi: Draft7Validator) -> None:
    content = _yaml(PRODUCT / "asyncapi.yaml")
    assert [error.message for error in asyncapi.iter_errors(content)] == []
    content["channels"]["payments"]["adress"] = "payments"
    assert not asyncapi.is_valid(content)


def test_event_schemas_take_the_examples_and_need_nothing_else(product: Product) -> None:
    for name, message in product.contract.messages.items():
        schema = json.loads((PRODUCT / "contracts" / "events" / f"{name}.schema.json").read_text("utf-8"))
        Draft7Validator.check_schema(schema)
        validator = Draft7Validator(schema)
        for example in message.examples:
            assert validator.is_valid(example)
            broken = copy.deepcopy(dict(example))
            broken["data"].pop("transactionId")
            assert not validator.is_valid(broken)


def test_the_descriptors_schema_takes_the_descriptor_and_refuses_mistakes() -> None:
    schema = descriptor_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    content = json.loads(json.dumps(_yaml(PRODUCT / "payment-service-data-product.yaml"), default=str))
    assert [error.message for error in validator.iter_errors(content)] == []
    changes: tuple[Callable[[Any], object], ...] = (
        lambda part: part.update(retentions=1),
        lambda part: part["objectives"][0].pop("unit"),
        lambda part: part["schemas"][0]["columns"][0].pop("classification"),
        lambda part: part["erasure"]["rules"][0].update(action="forget"),
    )
    for change in changes:
        broken = copy.deepcopy(content)
        change(broken)
        assert not validator.is_valid(broken)


def test_columns_in_a_contract_are_those_of_the_table(product: Product) -> None:
    for port in product.descriptor.ports.output:
        contract = _yaml(PRODUCT / "contracts" / f"{port.name}.odcs.yaml")
        for thing in contract["schema"]:
            schema = product.schema(port.schemas[0] if port.kind == "pinot" else thing["name"])
            for column in thing["properties"]:
                view = schema.column_view(column["name"])
                assert column["classification"] == view.classification
                assert column["physicalType"] == view.data_type
                assert column["required"] is not view.nullable
        if port.kind == "pinot":
            tables = {thing["name"] for thing in contract["schema"]}
            described = {fact.name: fact.schema_ for fact in product.descriptor.tables}
            described |= {fact.name: fact.schema_ for fact in product.descriptor.logical_tables}
            assert tables == {name for name, used in described.items() if used == port.schemas[0]}


def test_personal_data_in_clear_is_restricted_in_the_topics_contract() -> None:
    contract = _yaml(PRODUCT / "contracts" / "payment-events.odcs.yaml")
    booked = next(thing for thing in contract["schema"] if thing["name"] == "transactionBooked")
    data = next(part for part in booked["properties"] if part["name"] == "data")["properties"]
    buyer = next(part for part in data if part["name"] == "buyer")["properties"]
    document = next(part for part in buyer if part["name"] == "document")
    assert document["classification"] == "restricted"
    assert document["customProperties"] == [{"property": "personalData", "value": "tax-number"}]
    assert contract["roles"] == [
        {"role": "payment-engineering", "access": "write", "firstLevelApprovers": "payment-engineering"}
    ]


def test_made_anew_the_files_are_the_same(product: Product) -> None:
    first, second = published_files(product), published_files(product)
    assert first == second
    for name, text in first.items():
        assert (PRODUCT / name).read_text(encoding="utf-8") == text, f"{name} is stale: run `make contracts`"


def test_the_command_writes_what_a_change_asks_for_and_deletes_the_rest(
    product_copy: ProductCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    old = product_copy.directory / "contracts" / "payouts.odcs.yaml"
    old.write_text("left over\n", encoding="utf-8")
    product_copy.edit_text(
        "payment-service-data-product.yaml", "99.99, unit: percent", "99.95, unit: percent"
    )
    directory = str(product_copy.directory)
    assert main([directory, "--check"]) == 1
    said = capsys.readouterr().out
    assert "stale: contracts/payment-analytics.odcs.yaml" in said
    assert "published no longer: contracts/payouts.odcs.yaml" in said
    assert "run `make contracts`, and commit what it writes" in said
    assert old.exists()
    assert main([directory]) == 0
    assert "written: contracts/bookings.odcs.yaml" in capsys.readouterr().out
    assert not old.exists()
    assert "At least 99.95 percent" in (product_copy.directory / "contracts/bookings.odcs.yaml").read_text()
    assert main([directory, "--check"]) == 0


def test_the_command_tells_a_descriptor_that_it_cannot_read(
    product_copy: ProductCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    product_copy.edit_text("payment-service-data-product.yaml", "glossary:", "glosary:")
    assert main([str(product_copy.directory)]) == 1
    assert "unknown key 'glosary' (is 'glossary' meant?)" in capsys.readouterr().err
