"""An environment changes what it says and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from product_model import Environment, Pool, ProductError
from product_model.ingestion import Ingestion
from product_model.pinot_table import IngestionConfig

if TYPE_CHECKING:
    from product_model import Assets, Product

pytestmark = pytest.mark.unit

PROD = Environment(
    bootstrap_servers="b-1.kafka:9096,b-2.kafka:9096",
    kafka_properties={
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": "${KAFKA_JAAS_SECRET}",
    },
    minions=True,
    pools=(
        Pool(name="warm", after="90d", server_tenant="payment_warm"),
        Pool(name="cold", after="365d", server_tenant="payment_cold"),
    ),
)
LOCAL = Environment(
    topic="payments",
    bootstrap_servers="127.0.0.1:9092",
    replication=1,
    peer_download_scheme=None,
    segment_rows=50_000,
    segment_time="1h",
)
NOW_MS = 1_767_225_600_000


def _tables(assets: Assets) -> dict[str, dict[str, Any]]:
    return {asset.name: json.loads(asset.table_json) for asset in assets.tables}


def _stream(table: dict[str, Any]) -> dict[str, str]:
    maps: list[dict[str, str]] = table["ingestionConfig"]["streamIngestionConfig"]["streamConfigMaps"]
    return maps[0]


def test_a_schedule_is_only_where_minions_are(product: Product) -> None:
    scheduled = _tables(product.render(PROD))["payment_analytics"]["task"]["taskTypeConfigsMap"]
    assert scheduled["UpsertCompactionTask"]["schedule"] == "0 0 3 * * ?"
    assert [name for name, table in _tables(product.render(LOCAL)).items() if "task" in table] == []


def test_prod_is_the_files_themselves_but_for_the_brokers(product: Product) -> None:
    for name, rendered in _tables(product.render(PROD)).items():
        original = next(file.document.content for file in product.tables if file.fact.name == name)
        expected = json.loads(json.dumps(original))
        if "streamIngestionConfig" in expected["ingestionConfig"]:
            assert _stream(expected)["stream.kafka.broker.list"] == "${KAFKA_BOOTSTRAP_SERVERS}"
            _stream(expected)["stream.kafka.broker.list"] = "b-1.kafka:9096,b-2.kafka:9096"
        assert rendered == expected


def test_local_has_one_copy_no_login_no_tiers_and_small_segments(product: Product) -> None:
    tables = _tables(product.render(LOCAL))
    for table in tables.values():
        assert table["segmentsConfig"]["replication"] == "1"
        assert "peerSegmentDownloadScheme" not in table["segmentsConfig"]
        assert "tierConfigs" not in table
    stream = _stream(tables["payment_analytics"])
    assert stream["stream.kafka.broker.list"] == "127.0.0.1:9092"
    assert stream["realtime.segment.flush.threshold.rows"] == "50000"
    assert stream["realtime.segment.flush.threshold.time"] == "1h"
    assert not [
        name
        for name in stream
        if name.startswith(("security", "sasl", "ssl")) or name.endswith(("segment.size", "DeepStore"))
    ]


def test_what_the_environment_does_not_name_stays(product: Product) -> None:
    local, prod = _tables(product.render(LOCAL)), _tables(product.render(PROD))
    for name, table in local.items():
        for key in table.keys() - {"segmentsConfig", "ingestionConfig", "tierConfigs"}:
            assert table[key] == prod[name][key]
        for key in ("enrichmentConfigs", "transformConfigs", "filterConfig"):
            assert table["ingestionConfig"].get(key) == prod[name]["ingestionConfig"].get(key)


def test_tenants_topic_and_retention_come_from_the_environment(product: Product) -> None:
    environment = LOCAL.model_copy(
        update={
            "topic": "payments.test",
            "broker_tenant": "b",
            "server_tenant": "s",
            "retention_days": {"payment_analytics": 7},
        }
    )
    assets = product.render(environment)
    tables = _tables(assets)
    assert {json.dumps(table["tenants"]) for table in tables.values()} == {'{"broker": "b", "server": "s"}'}
    assert _stream(tables["transaction_booked_rt"])["stream.kafka.topic.name"] == "payments.test"
    assert tables["payment_analytics"]["segmentsConfig"]["retentionTimeValue"] == "7"
    assert tables["transaction_booked_rt"]["segmentsConfig"]["retentionTimeValue"] == "30"
    assert {json.loads(asset.logical_table_json)["brokerTenant"] for asset in assets.logical_tables} == {"b"}


def test_json_is_canonical_and_the_same_every_time(product: Product) -> None:
    first, second = product.render(LOCAL), product.render(LOCAL)
    assert first == second
    text = first.tables[0].table_json
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_a_schema_has_a_primary_key_only_where_a_table_dedups_or_merges(product: Product) -> None:
    keys = {
        asset.name: json.loads(asset.schema_json).get("primaryKeyColumns")
        for asset in product.render(LOCAL).schemas
    }
    assert keys == {
        "transaction_wallet_registered_rt": ["eventId"],
        "transaction_booked_rt": ["eventId"],
        "transaction_wallet_registered_offline": None,
        "transaction_booked_offline": None,
        "payment_analytics": ["transactionId"],
        "transaction_wallet_registered": None,
        "transaction_booked": None,
    }


def test_logical_tables_come_with_members_and_a_schema_of_their_name(product: Product) -> None:
    (wallet, booked) = product.render(LOCAL).logical_tables
    assert wallet.members == ("transaction_wallet_registered_rt", "transaction_wallet_registered_offline")
    assert booked.members == ("transaction_booked_rt", "transaction_booked_offline")
    assert json.loads(booked.schema_json)["schemaName"] == "transaction_booked"


def test_keyed_mode_stores_keyed_values_as_they_are_and_drops_clear_ones(product: Product) -> None:
    keyed = f"v12:{'0a' * 32}"
    rendered = _tables(product.render(LOCAL.model_copy(update={"pii_mode": "keyed"})))
    for name, message in (
        ("transaction_booked_rt", "transactionBooked"),
        ("transaction_wallet_registered_rt", "transactionWalletRegistered"),
        ("payment_analytics", "transactionBooked"),
    ):
        schema = next(file.fact.schema_ for file in product.tables if file.fact.name == name)
        ingestion = Ingestion(
            IngestionConfig.model_validate(rendered[name]["ingestionConfig"]),
            product.schema(schema).schema.column_names,
        )
        event = json.loads(json.dumps(product.contract.messages[message].complete_example))
        assert ingestion.of_event(event, NOW_MS).row is None, "clear values are no keyed values"
        for party, fields in (("buyer", ("email", "name", "document")), ("seller", ("email", "name"))):
            for field in fields:
                event["data"][party][field] = keyed
        row = ingestion.of_event(event, NOW_MS).row
        assert row is not None
        assert [row[column] for column in row if column.endswith("Hash")] == [keyed] * 5
        event["data"]["seller"]["name"] = ""
        row = ingestion.of_event(event, NOW_MS).row
        assert row is not None
        assert row["sellerNameHash"] is None
        for wrong in ("a" * 64, f"v1:{'a' * 63}", f"x{keyed}", f"{keyed}\n", "v1:someone@example.com"):
            event["data"]["seller"]["name"] = wrong
            assert ingestion.of_event(event, NOW_MS).row is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"retention_days": {"payment_analytic": 7}},
            r"retention_days\.payment_analytic: there is no such table",
        ),
        ({"retention_days": {"payment_analytics": 91}}, "found 91 days; allowed: at most 90"),
        (
            {"retention_days": {"transaction_booked_rt": 14}},
            "found 14 days; allowed: more than 14: twice the worst lag",
        ),
        (
            {"pools": (Pool(name="tepid", after="90d", server_tenant="x"),)},
            r"pools\.tepid: the archive tables have no such tier; allowed: warm, cold",
        ),
    ],
)
def test_an_environment_that_does_not_fit_the_product_is_refused(
    product: Product, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ProductError, match=message):
        product.render(LOCAL.model_copy(update=change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"replication": 3, "peer_download_scheme": None},
            "replication is 3 and peer_download_scheme is not set",
        ),
        (
            {"kafka_properties": {"sasl.jaas.config": "ScramLoginModule required password=hunter2;"}},
            r"kafka_properties\.sasl\.jaas\.config holds a secret in clear",
        ),
        ({"bootstrap_servers": "kafka"}, "bootstrap_servers"),
        ({"topics": "payments"}, "topics"),
        ({"pii_mode": "hmac"}, "'sha256' or 'keyed'"),
    ],
)
def test_a_wrong_environment_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as refused:
        Environment.model_validate({"bootstrap_servers": "127.0.0.1:9092"} | change)
    if "password" in str(change):
        assert "allowed: a reference" in str(refused.value)
