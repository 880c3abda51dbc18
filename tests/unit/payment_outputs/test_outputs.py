"""The typed outputs: what is put out comes back typed, and what other domains rely on stays."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import pulumi
import pytest

from payment_outputs import (
    OutputsError,
    PaymentOutputs,
    PaymentOutputsReference,
    UnknownNameError,
    read_outputs,
)
from payment_outputs.encoding import camel, field_types, to_plain, words

pytestmark = pytest.mark.unit

T = TypeVar("T")

ROOT = Path(__file__).parents[3]
INTERFACE = ROOT / "payment_outputs" / "outputs-v1.json"

OUTPUTS: dict[str, Any] = {
    "outputVersion": 1,
    "environment": "local",
    "topics": {
        "events": {
            "name": "payments",
            "partitions": 3,
            "retentionDays": 7,
            "contentType": "application/cloudevents+json",
            "recordKey": "transaction id",
            "contract": "data-product/asyncapi.yaml",
        },
        "quarantine": {
            "name": "payments.quarantine",
            "partitions": 3,
            "retentionDays": 7,
            "contentType": "application/json",
            "recordKey": "transaction id",
            "contract": "data-product/asyncapi.yaml",
        },
    },
    "endpoints": {
        "kafkaBootstrapServers": ["127.0.0.1:9092"],
        "pinotBroker": "http://127.0.0.1:8099",
        "pinotController": "http://127.0.0.1:9000",
    },
    "tables": [
        {
            "name": "transaction_booked_rt",
            "kind": "REALTIME",
            "description": "one booked event a row",
            "schemaVersion": "1.0.0",
            "timeColumn": "bookedAt",
            "retentionDays": 30,
            "members": [],
            "columns": [
                {
                    "name": "transactionId",
                    "dataType": "STRING",
                    "classification": "internal",
                    "nullable": False,
                },
                {
                    "name": "buyerEmailHash",
                    "dataType": "STRING",
                    "classification": "restricted",
                    "nullable": True,
                },
            ],
        },
        {
            "name": "transaction_booked",
            "kind": "LOGICAL",
            "description": "booked events of seven years",
            "schemaVersion": "1.0.0",
            "timeColumn": "bookedAt",
            "retentionDays": 2557,
            "members": ["transaction_booked_rt", "transaction_booked_offline"],
            "columns": [],
        },
    ],
    "buckets": {
        "deepStore": {"name": "segments", "arn": "arn:aws:s3:::segments", "region": "eu-central-1"},
        "archive": {"name": "events", "arn": "arn:aws:s3:::events", "region": "eu-central-1"},
    },
    "tenants": [{"name": "payment_broker", "role": "BROKER"}, {"name": "payment_server", "role": "SERVER"}],
    "objectives": [
        {
            "name": "freshness",
            "target": 1000,
            "unit": "milliseconds",
            "percentile": 99,
            "window": "30d",
            "description": "From produced to visible.",
        },
        {
            "name": "availability",
            "target": 99.9,
            "unit": "percent",
            "percentile": None,
            "window": "30d",
            "description": "Share of queries that are answered.",
        },
    ],
    "discovery": "{}",
}


def test_plain_values_become_typed_objects_and_plain_values_again() -> None:
    outputs = read_outputs(OUTPUTS)
    assert outputs.topics.events.partitions == 3
    assert outputs.table("transaction_booked").members == (
        "transaction_booked_rt",
        "transaction_booked_offline",
    )
    assert outputs.table("transaction_booked_rt").column("buyerEmailHash").classification == "restricted"
    assert outputs.tenant("payment_server").role == "SERVER"
    assert outputs.objective("freshness").target == 1000.0
    assert outputs.objective("availability").percentile is None
    assert to_plain(outputs) == OUTPUTS


def test_numbers_that_came_back_as_floats_are_whole_again() -> None:
    outputs = deepcopy(OUTPUTS)
    outputs["topics"]["events"]["partitions"] = 3.0
    partitions = read_outputs(outputs).topics.events.partitions
    assert (partitions, type(partitions)) == (3, int)


def test_a_newer_stack_may_have_more() -> None:
    assert read_outputs({**OUTPUTS, "alerts": []}) == read_outputs(OUTPUTS)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    outputs = read_outputs(OUTPUTS)
    with pytest.raises(UnknownNameError) as table:
        outputs.table("transaction_bocked")
    assert str(table.value) == (
        "there is no table 'transaction_bocked'; known are transaction_booked, transaction_booked_rt"
    )
    with pytest.raises(
        UnknownNameError, match="no column 'buyerEmail'; known are buyerEmailHash, transactionId"
    ):
        outputs.table("transaction_booked_rt").column("buyerEmail")
    with pytest.raises(UnknownNameError, match="no tenant 'x'; known are payment_broker, payment_server"):
        outputs.tenant("x")
    with pytest.raises(UnknownNameError, match="no objective 'latency'; known are availability, freshness"):
        outputs.objective("latency")


def broken(place: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    outputs = deepcopy(OUTPUTS)
    *parents, last = place.split(".")
    target: Any = outputs
    for part in parents:
        target = target[int(part) if part.isdigit() else part]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return outputs


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (
            "endpoints",
            ...,
            "the stack.endpoints is missing; known keys are buckets, discovery, environment, ",
        ),
        (
            "endpoints.pinotBroker",
            ...,
            "endpoints.pinotBroker is missing; known keys are kafkaBootstrapServers, pinotCon",
        ),
        (
            "endpoints.pinotBroker",
            5,
            "the stack.endpoints.pinotBroker: found a whole number; expected a text",
        ),
        (
            "endpoints.kafkaBootstrapServers",
            "a:1",
            "kafkaBootstrapServers: found another text; expected a list",
        ),
        (
            "topics.events.partitions",
            2.5,
            "the stack.topics.events.partitions: found a number; expected a whole number",
        ),
        (
            "topics.events.partitions",
            True,
            "topics.events.partitions: found true or false; expected a whole number",
        ),
        (
            "tables.0.kind",
            "HYBRID",
            "tables[0].kind: found another text; expected one of REALTIME, OFFLINE, LOGICAL",
        ),
        (
            "tables.0.columns.1.nullable",
            "no",
            "tables[0].columns[1].nullable: found another text; expected true or false",
        ),
        ("tables.0.columns", [None], "the stack.tables[0].columns[0]: found nothing; expected an object"),
        (
            "outputVersion",
            ...,
            "the stack has no output outputVersion; known outputs are buckets, discovery, ",
        ),
        (
            "outputVersion",
            2,
            "the stack has outputs of version 2; this package reads version 1. Install the payment-",
        ),
    ],
)
def test_an_output_that_is_missing_or_another_is_named(place: str, value: object, message: str) -> None:
    with pytest.raises(OutputsError) as error:
        read_outputs(broken(place, value))
    assert message in str(error.value)


def interface(record: type = PaymentOutputs) -> dict[str, Any]:
    """Return the names and types of the outputs as plain JSON."""
    return {camel(name): shape(kind) for name, kind in field_types(record).items()}


def shape(kind: Any) -> Any:  # noqa: ANN401 - a type expression, JSON
    if isinstance(kind, type) and is_dataclass(kind):
        return interface(kind)
    if get_origin(kind) is tuple:
        return [shape(get_args(kind)[0])]
    return words(kind)


def breaking(old: Any, new: Any, place: str = "") -> list[str]:  # noqa: ANN401 - JSON
    """Return what a reader of the old interface would miss in the new one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found = []
        for name in old:
            here = f"{place}.{name}" if place else name
            found += (
                breaking(old[name], new[name], here) if name in new else [f"{here} was removed or renamed"]
            )
        return found
    if isinstance(old, list) and isinstance(new, list):
        return breaking(old[0], new[0], f"{place}[]")
    return [] if old == new else [f"{place} was {old} and is {new}"]


def test_nothing_that_readers_rely_on_is_removed_renamed_or_retyped() -> None:
    published = json.loads(INTERFACE.read_text())
    assert breaking(published, interface()) == [], "a breaking change needs a new outputVersion"
    assert interface() == published, (
        f"something was added: write it into {INTERFACE.name}, then it is a promise"
    )


def test_a_breaking_change_is_seen() -> None:
    published = json.loads(INTERFACE.read_text())
    removed = deepcopy(published)
    del removed["tables"][0]["columns"][0]["classification"]
    assert breaking(published, removed) == ["tables[].columns[].classification was removed or renamed"]
    retyped = deepcopy(published)
    retyped["topics"]["events"]["partitions"] = "a text"
    assert breaking(published, retyped) == ["topics.events.partitions was a whole number and is a text"]
    renamed = {("endpunkte" if name == "endpoints" else name): kind for name, kind in published.items()}
    assert breaking(published, renamed) == ["endpoints was removed or renamed"]
    narrower = deepcopy(published)
    narrower["tables"][0]["kind"] = "one of REALTIME, OFFLINE"
    assert breaking(published, narrower) == [
        "tables[].kind was one of REALTIME, OFFLINE, LOGICAL and is one of REALTIME, OFFLINE"
    ]
    assert breaking(published, {**published, "more": "a text"}) == []


class OtherStack(pulumi.runtime.Mocks):
    """An engine whose stack references find the outputs above."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Return the outputs of the other stack."""
        assert args.typ == "pulumi:pulumi:StackReference"
        return args.name, {
            "name": args.name,
            "outputs": OUTPUTS if args.name.endswith("prod") else {"vpc": "vpc-1"},
        }

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """There are no functions to call."""
        raise NotImplementedError(args.token)


def outcome(make: Callable[[], pulumi.Output[T]]) -> T:
    """Run a program and return what its output resolves to, so that assertions stand outside of `apply`."""
    pulumi.runtime.set_mocks(OtherStack(), project="consumer", stack="prod")
    found: list[T] = []
    run: Any = pulumi.runtime.test  # has no types
    run(lambda: make().apply(found.append))()
    return found[0]


def test_another_program_reads_typed_objects() -> None:
    def program() -> pulumi.Output[list[Any]]:
        product = PaymentOutputsReference("payments/payment-service-data-product/prod")
        return pulumi.Output.all(product.table("transaction_booked_rt"), product.endpoints, product.outputs)

    table, endpoints, outputs = outcome(program)
    assert table.time_column == "bookedAt"
    assert endpoints.pinot_broker == "http://127.0.0.1:8099"
    assert outputs == read_outputs(OUTPUTS)


def test_another_kind_of_stack_is_refused_with_what_it_has() -> None:
    with pytest.raises(
        OutputsError, match="network/vpc/dev has no output outputVersion; known outputs are vpc"
    ):
        outcome(lambda: PaymentOutputsReference("network/vpc/dev").outputs)


def test_reading_needs_neither_pydantic_nor_the_cloud_sdks() -> None:
    heavy = "{'pydantic', 'pulumi_aws', 'pulumi_kafka', 'pulumi_kubernetes', 'components'}"
    script = f"import sys, payment_outputs; print(sorted({heavy} & sys.modules.keys()))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


def test_the_package_alone_builds_and_has_every_module() -> None:
    import tomllib

    settings = tomllib.loads((ROOT / "payment_outputs" / "pyproject.toml").read_text())
    assert [entry.split(">")[0] for entry in settings["project"]["dependencies"]] == ["pulumi"]
    assert settings["tool"]["setuptools"]["package-dir"] == {"payment_outputs": "."}
    assert not [
        path for path in (ROOT / "payment_outputs").iterdir() if path.is_dir() and path.name != "__pycache__"
    ]
