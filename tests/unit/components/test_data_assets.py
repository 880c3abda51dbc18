"""Pinot's objects: which there are, in which order they come and go, and what is allowed to be lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from components.data_assets import DataAssets, DataAssetsArgs, product_environment
from components.pinot_cluster import PinotReadiness
from components.pinot_settings import PinotSettings, PoolSettings, TenantSettings
from components.setting_errors import SettingsError
from components.settings import GuardSettings, ProductSettings
from components.stream_settings import KafkaSecurity, KafkaSettings, TopicSettings
from product_model import Assets, LogicalTableAsset, SchemaAsset, TableAsset

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[[Callable[[], object]], Any]

pytestmark = pytest.mark.unit


def schema(name: str) -> str:
    return json.dumps({"schemaName": name, "dimensionFieldSpecs": [{"name": "id", "dataType": "STRING"}]})


def table(name: str, kind: str) -> str:
    return json.dumps({"tableName": name, "tableType": kind})


ASSETS = Assets(
    schemas=tuple(SchemaAsset(name, schema(name)) for name in ("booked_rt", "booked_offline", "booked")),
    tables=(
        TableAsset("booked_rt", "REALTIME", table("booked_rt", "REALTIME"), schema("booked_rt")),
        TableAsset("booked_offline", "OFFLINE", table("booked_offline", "OFFLINE"), schema("booked_offline")),
    ),
    logical_tables=(
        LogicalTableAsset(
            "booked", json.dumps({"tableName": "booked"}), schema("booked"), ("booked_rt", "booked_offline")
        ),
    ),
)
PINOT = PinotSettings(
    mode="external",
    broker_url="http://127.0.0.1:8099",
    peer_download_scheme="http",
    brokers=TenantSettings(tenant="payment_broker"),
    servers=TenantSettings(tenant="payment_server", instances=("Server_hot-*",), count=3),
    warm=PoolSettings(tenant="payment_warm", after_days=90),
    timeout_seconds=900,
)
GUARDS = GuardSettings(
    allow={
        "tables": ("delete-data",),
        "tables/booked_rt": ("lower-retention",),
        "schemas/booked": ("remove-column",),
        "tenants": ("shrink-tenant",),
        "logicalTables": ("remove-member",),
    },
    adopt="take-over",
)


class Thing(pulumi.CustomResource):
    """Anything that can be depended on."""

    def __init__(self, name: str) -> None:
        """Register it."""
        super().__init__("test:things:Thing", name)


def make(guards: GuardSettings = GUARDS) -> Callable[[], object]:
    def program() -> None:
        DataAssets(
            "data-assets",
            DataAssetsArgs(
                assets=ASSETS,
                pinot=PINOT,
                guards=guards,
                stream=[Thing("topic")],
                cluster=PinotReadiness(controller=[Thing("cluster")]),
            ),
        )

    return program


def test_every_object_of_the_files_is_made_once_under_the_component(build: Build) -> None:
    program = build(make())
    assert sorted(program.names("Tenant")) == ["payment_broker", "payment_server", "payment_warm"]
    assert sorted(program.names("Schema")) == ["booked", "booked_offline", "booked_rt"]
    assert sorted(program.names("Table")) == ["booked_offline", "booked_rt"]
    assert program.names("LogicalTable") == ["booked"]
    component = program.one("DataAssets", "data-assets")
    assert component.type == "payments:data_assets:DataAssets"
    made = [item for item in program.resources if item.type.startswith("pulumi-python:dynamic/pinot:")]
    assert len(made) == 9
    assert {item.parent for item in made} == {component.urn}


def test_nothing_comes_before_what_it_needs(build: Build) -> None:
    program = build(make())
    topic, cluster = program.one("Thing", "topic").urn, program.one("Thing", "cluster").urn
    tenants = {program.one("Tenant", name).urn for name in program.names("Tenant")}
    realtime, offline = program.one("Table", "booked_rt"), program.one("Table", "booked_offline")
    assert realtime.depends_on >= {topic, program.one("Schema", "booked_rt").urn, *tenants}
    assert offline.depends_on >= {program.one("Schema", "booked_offline").urn, *tenants}
    assert topic not in offline.depends_on, "an offline table has no topic"
    logical = program.one("LogicalTable", "booked")
    assert logical.depends_on >= {program.one("Schema", "booked").urn, realtime.urn, offline.urn}
    for kind in ("Tenant", "Schema"):
        for name in program.names(kind):
            assert cluster in program.one(kind, name).depends_on
    for name in program.names("Schema"):
        assert program.one("Schema", name).depends_on >= tenants, "they wait for a new controller"


def test_json_travels_as_one_canonical_text(build: Build) -> None:
    inputs = build(make()).one("Table", "booked_rt").inputs
    assert inputs["table_json"] == '{"tableName":"booked_rt","tableType":"REALTIME"}'
    assert json.loads(inputs["schema_json"]) == json.loads(schema("booked_rt"))


def test_a_tenant_takes_the_instances_of_the_settings(build: Build) -> None:
    program = build(make())
    server = program.one("Tenant", "payment_server").inputs
    assert (server["name"], server["role"]) == ("payment_server", "SERVER")
    assert server["instances"]["names"] == ["Server_hot-*"]
    assert server["instances"]["count"] == 3
    assert program.one("Tenant", "payment_broker").inputs["role"] == "BROKER"
    assert program.one("Tenant", "payment_warm").inputs["role"] == "SERVER"


def test_the_guards_words_reach_the_objects_that_they_are_for(build: Build) -> None:
    program = build(make())

    def words(kind: str, name: str) -> list[str]:
        allow: list[str] = program.one(kind, name).inputs["allow"]
        return sorted(allow)

    assert words("Table", "booked_rt") == ["delete-data", "lower-retention"]
    assert words("Table", "booked_offline") == ["delete-data"]
    assert words("Schema", "booked") == ["remove-column"]
    assert words("Schema", "booked_rt") == []
    assert words("Tenant", "payment_broker") == ["shrink-tenant"]
    assert words("LogicalTable", "booked") == ["remove-member"]
    for kind in ("Table", "Schema", "LogicalTable"):
        for name in program.names(kind):
            assert program.one(kind, name).inputs["adopt"] == "take-over"
            assert program.one(kind, name).inputs["timeout_seconds"] == 900


def test_what_holds_data_is_protected_where_the_guards_say_so(build: Build) -> None:
    for protect in (True, False):
        program = build(make(GuardSettings(protect=protect)))
        for kind in ("Schema", "Table", "LogicalTable"):
            for name in program.names(kind):
                assert program.one(kind, name).protect is protect


def kafka(**properties: str) -> KafkaSettings:
    return KafkaSettings(
        bootstrap_servers=("a:9092", "b:9092"),
        pinot_bootstrap_servers=("inside:9093",),
        pinot_properties=properties,
        security=KafkaSecurity(protocol="PLAINTEXT"),
        topic=TopicSettings(name="payments", partitions=3),
        quarantine=TopicSettings(name="payments.quarantine", partitions=3),
    )


def test_the_environment_says_where_the_tables_live() -> None:
    environment = product_environment(
        kafka(**{"security.protocol": "SASL_SSL"}), PINOT, ProductSettings(personal_data="keyed")
    )
    assert environment.topic == "payments"
    assert environment.bootstrap_servers == "inside:9093"
    assert environment.kafka_properties == {"security.protocol": "SASL_SSL"}
    assert (environment.replication, environment.peer_download_scheme) == (3, "http")
    assert (environment.broker_tenant, environment.server_tenant) == ("payment_broker", "payment_server")
    assert [(pool.name, pool.after, pool.server_tenant) for pool in environment.pools] == [
        ("warm", "90d", "payment_warm")
    ]
    assert environment.pii_mode == "keyed"
    without = kafka().model_copy(update={"pinot_bootstrap_servers": ()})
    assert product_environment(without, PINOT, ProductSettings()).bootstrap_servers == "a:9092,b:9092"


def test_a_secret_among_pinots_kafka_properties_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingsError) as refused:
        product_environment(kafka(**{"sasl.jaas.config": "correct horse"}), PINOT, ProductSettings())
    assert "kafka_properties.sasl.jaas.config holds a secret in clear" in str(refused.value)
    assert "correct horse" not in str(refused.value)
