"""The whole product: what the local stack is made of, in which order, and what it puts out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from components.product import PaymentDataProduct
from components.settings import Settings, load_settings
from payment_outputs import read_outputs
from payment_outputs.reference import output_names

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[[Callable[[], object]], Any]

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("in_the_repository")]

ROOT = Path(__file__).parents[3]


@pytest.fixture
def settings() -> Settings:
    tree = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    return load_settings(
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in tree.items()}
    )


def test_the_local_stack_is_made_of_these_resources(build: Build, settings: Settings) -> None:
    program = build(lambda: PaymentDataProduct("payments", settings))
    made: dict[str, list[str]] = {}
    for resource in program.resources:
        made.setdefault(resource.type, []).append(resource.name)
    tables = ["payment_analytics", "transaction_booked_offline", "transaction_booked_rt"]
    tables += ["transaction_wallet_registered_offline", "transaction_wallet_registered_rt"]
    logical = ["transaction_booked", "transaction_wallet_registered"]
    buckets = ["archive", "deep-store"]
    settings_of_buckets = (
        "bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "bucketOwnershipControls:BucketOwnershipControls",
        "bucketPublicAccessBlock:BucketPublicAccessBlock",
        "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "bucketVersioning:BucketVersioning",
    )
    assert {kind: sorted(names) for kind, names in made.items()} == {
        "payments:product:PaymentDataProduct": ["payments"],
        "payments:event_stream:EventStream": ["event-stream"],
        "payments:deep_store:DeepStore": ["storage"],
        "payments:deep_store:GuardedBucket": buckets,
        "payments:pinot_cluster:PinotCluster": ["pinot"],
        "payments:data_assets:DataAssets": ["data-assets"],
        "pulumi:providers:kafka": ["kafka"],
        "pulumi:providers:aws": ["aws"],
        "kafka:index/topic:Topic": ["payments", "payments.quarantine"],
        "aws:s3/bucket:Bucket": buckets,
        **{f"aws:s3/{kind}": buckets for kind in settings_of_buckets},
        "pulumi-python:dynamic/pinot:Tenant": ["payment_broker", "payment_server"],
        "pulumi-python:dynamic/pinot:Schema": sorted([*tables, *logical]),
        "pulumi-python:dynamic/pinot:Table": sorted(tables),
        "pulumi-python:dynamic/pinot:LogicalTable": logical,
    }


def test_every_resource_has_a_parent_inside_the_product(build: Build, settings: Settings) -> None:
    program = build(lambda: PaymentDataProduct("payments", settings))
    product = program.one("PaymentDataProduct", "payments")
    parents = {resource.urn: resource.parent for resource in program.resources}
    for resource in program.resources:
        urn = resource.urn
        while urn in parents and urn != product.urn:
            urn = parents[urn]
        assert urn == product.urn, resource.urn


def test_realtime_tables_wait_for_the_topic(build: Build, settings: Settings) -> None:
    program = build(lambda: PaymentDataProduct("payments", settings))
    topic = program.one("Topic", "payments").urn
    waiting = [name for name in program.names("Table") if topic in program.one("Table", name).depends_on]
    assert sorted(waiting) == [
        "payment_analytics",
        "transaction_booked_rt",
        "transaction_wallet_registered_rt",
    ]


def test_the_buckets_say_whose_they_are(build: Build, settings: Settings) -> None:
    program = build(lambda: PaymentDataProduct("payments", settings))
    assert program.one("Bucket", "archive").inputs["tags"] == {
        "data-product": "payment-service-data-product",
        "domain": "payments",
        "owner": "payment-engineering",
        "classification": "restricted",
        "environment": "local",
        "managed-by": "pulumi",
    }


def test_the_outputs_are_typed_and_complete(build: Build, settings: Settings) -> None:
    found: list[dict[str, Any]] = []
    build(lambda: found.append(PaymentDataProduct("payments", settings).outputs))
    (plain,) = found
    assert set(plain) == set(output_names())
    outputs = read_outputs(json.loads(json.dumps(plain)))
    assert outputs.environment == "local"
    assert (outputs.topics.events.name, outputs.topics.events.partitions) == ("payments", 3)
    assert outputs.topics.quarantine.name == "payments.quarantine"
    assert outputs.endpoints.pinot_broker == "http://127.0.0.1:8099"
    assert outputs.endpoints.kafka_bootstrap_servers == ("127.0.0.1:9092",)
    assert outputs.buckets.archive.arn == "arn:aws:s3:::payments-local-archive"
    assert [tenant.name for tenant in outputs.tenants] == ["payment_broker", "payment_server"]
    assert outputs.objective("freshness").target == 1000
    assert outputs.objective("query-latency").percentile == 95

    kept = {table.name: table.retention_days for table in outputs.tables}
    assert kept == {
        "transaction_wallet_registered_rt": 30,
        "transaction_booked_rt": 30,
        "transaction_wallet_registered_offline": 2557,
        "transaction_booked_offline": 2557,
        "payment_analytics": 90,
        "transaction_wallet_registered": 2557,
        "transaction_booked": 2557,
    }
    booked = outputs.table("transaction_booked")
    assert (booked.kind, booked.time_column) == ("LOGICAL", "bookedAt")
    assert booked.members == ("transaction_booked_rt", "transaction_booked_offline")
    assert booked.column("amount").data_type == "BIG_DECIMAL"
    assert booked.column("buyerDocumentHash").classification == "restricted"
    assert not booked.column("transactionId").nullable
    assert booked.column("merchantId").nullable
    assert outputs.table("payment_analytics").time_column == "transactionTime"


def test_no_column_of_an_output_is_personal_data_in_clear(build: Build, settings: Settings) -> None:
    found: list[dict[str, Any]] = []
    build(lambda: found.append(PaymentDataProduct("payments", settings).outputs))
    columns = {column.name for table in read_outputs(found[0]).tables for column in table.columns}
    assert "buyerEmailHash" in columns
    assert not columns & {"buyerEmail", "buyerName", "buyerDocument", "sellerEmail", "sellerName", "email"}


def test_the_discovery_document_says_who_the_product_is_and_where_its_contracts_are(
    build: Build, settings: Settings
) -> None:
    found: list[dict[str, Any]] = []
    build(lambda: found.append(PaymentDataProduct("payments", settings).outputs))
    (plain,) = found
    document = json.loads(plain["discovery"])
    assert document["product"]["owner"] == {"team": "payment-engineering", "name": "Payment Engineering"}
    assert document["product"]["domain"] == "payments"
    assert document["product"]["readers"] == [
        "payment-engineering",
        "finance-team",
        "compliance-team",
        "data-analytics",
    ]
    for link in ("descriptor", "contract", "questions"):
        assert (ROOT / document["links"][link]).exists(), link
    assert {name: document[name] for name in plain if name != "discovery"} == {
        name: value for name, value in plain.items() if name != "discovery"
    }
