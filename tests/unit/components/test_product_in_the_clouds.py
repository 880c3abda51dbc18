"""The whole product as Pulumi.prod.yaml and Pulumi.dev.yaml ask for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from components.pinot_installation import kafka_jaas
from components.product import PaymentDataProduct
from components.setting_errors import SettingsError
from tests.unit.components.stack_files import load, stack_file

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[[Callable[[], object]], Any]

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("in_the_repository")]


def product(stack: str) -> Callable[[], object]:
    settings = load(stack_file(stack))
    return lambda: PaymentDataProduct("payments", settings)


def test_tenants_are_the_pools_instances_once_their_release_is_there(build: Build) -> None:
    program = build(product("prod"))
    found = {}
    for name in program.names("Tenant"):
        tenant = program.one("Tenant", name)
        selector = tenant.inputs["instances"]
        releases = [r for r in program.names("Release") if program.one("Release", r).urn in tenant.depends_on]
        found[name] = (selector.get("names"), selector.get("count"), releases)
    assert found == {
        "payment_broker": (["Broker_pinot-broker-*"], None, ["pinot-hot"]),
        "payment_server": (["Server_pinot-server-*"], 6, ["pinot-hot"]),
        "payment_warm": (["Server_pinot-warm-server-*"], 3, ["pinot-warm"]),
        "payment_cold": (["Server_pinot-cold-server-*"], 6, ["pinot-cold"]),
    }


def test_the_autoscalers_brokers_are_no_change(build: Build) -> None:
    tenants = build(product("prod"))
    elastic = {
        name: tenants.one("Tenant", name).inputs["instances"].get("elastic")
        for name in tenants.names("Tenant")
    }
    assert [name for name, comes_and_goes in elastic.items() if comes_and_goes] == ["payment_broker"]


def test_tables_wait_for_tenants_and_for_pinots_right_to_read(build: Build) -> None:
    program = build(product("prod"))
    table = program.one("Table", "transaction_booked_rt")
    tenants = {program.one("Tenant", name).urn for name in program.names("Tenant")}
    assert tenants <= table.depends_on
    for kind, name in (
        ("Topic", "payments"),
        ("UserScramCredential", "pinot"),
        ("Acl", "pinot-read-payments"),
    ):
        assert program.one(kind, name).urn in table.depends_on


def test_offline_tables_move_to_the_pools_in_prod_and_stay_in_dev(build: Build) -> None:
    tiers = {}
    for stack in ("prod", "dev"):
        program = build(product(stack))
        table = json.loads(program.one("Table", "transaction_booked_offline").inputs["table_json"])
        tiers[stack] = [
            (tier["name"], tier["segmentAge"], tier["serverTag"]) for tier in table.get("tierConfigs", ())
        ]
    assert tiers == {
        "prod": [("warm", "90d", "payment_warm_OFFLINE"), ("cold", "365d", "payment_cold_OFFLINE")],
        "dev": [],
    }


def test_old_versions_of_a_transaction_are_compacted_where_minions_are(build: Build) -> None:
    # Erasure hides a row at once; that task is what takes its older versions off the disks.
    for stack in ("prod", "dev"):
        table = json.loads(build(product(stack)).one("Table", "payment_analytics").inputs["table_json"])
        assert table["upsertConfig"]["snapshot"] == "ENABLE", "the task reads which rows are valid from it"
        task = table["task"]["taskTypeConfigsMap"]["UpsertCompactionTask"]
        assert task == {
            "schedule": "0 0 3 * * ?",
            "bufferTimePeriod": "7d",
            "invalidRecordsThresholdCount": "1",
        }


def test_tables_name_the_login_and_do_not_hold_it(build: Build) -> None:
    program = build(product("prod"))
    table = json.loads(program.one("Table", "payment_analytics").inputs["table_json"])
    (stream,) = table["ingestionConfig"]["streamIngestionConfig"]["streamConfigMaps"]
    assert stream["sasl.jaas.config"] == "${KAFKA_JAAS_SECRET}"
    assert stream["security.protocol"] == "SASL_SSL"


def test_pods_take_on_pinots_role(build: Build) -> None:
    program = build(product("prod"))
    account = program.one("Release", "pinot-hot").inputs["values"]["serviceAccount"]
    assert account["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/payments-prod-pinot"
    }
    trust = json.loads(program.one("Role", "pinot").inputs["assumeRolePolicy"])["Statement"][0]
    (subject,) = trust["Condition"]["StringEquals"][
        "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE:sub"
    ]
    assert subject == f"system:serviceaccount:pinot:{account['name']}"


def test_pinot_starts_once_its_bucket_is_guarded(build: Build) -> None:
    """What it wrote before would lie there under another key, or without a version to bring back."""
    program = build(product("prod"))
    release = program.one("Release", "pinot-hot")
    for kind in (
        "BucketServerSideEncryptionConfiguration",
        "BucketVersioning",
        "BucketPublicAccessBlock",
        "BucketPolicy",
    ):
        assert program.one(kind, "deep-store").urn in release.depends_on, kind


def test_both_buckets_are_encrypted_with_the_stacks_key(build: Build) -> None:
    program = build(product("prod"))
    key = program.one("Key", "storage")
    assert key.protect
    assert (key.inputs["enableKeyRotation"], key.inputs["rotationPeriodInDays"]) == (True, 365)
    assert key.inputs["deletionWindowInDays"] == 30
    (statement,) = json.loads(key.inputs["policy"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    for name in ("deep-store", "archive"):
        (rule,) = program.one("BucketServerSideEncryptionConfiguration", name).inputs["rules"]
        assert rule["applyServerSideEncryptionByDefault"] == {
            "sseAlgorithm": "aws:kms",
            "kmsMasterKeyId": "arn:aws:kms:::key/storage",
        }


def test_a_group_that_the_descriptor_does_not_know_gets_no_role() -> None:
    tree = stack_file("prod")
    tree["payments:access"]["readers"]["marketing"] = {
        "principals": ["arn:aws:iam::123456789012:role/marketing"]
    }
    with pytest.raises(SettingsError) as error:
        PaymentDataProduct("payments", load(tree))
    assert (
        "payments:access.readers.marketing: found no reader of the product; allowed is compliance-team,"
        " data-analytics, finance-team, payment-engineering, as payment-service-data-product.yaml has them."
    ) in str(error.value)


def test_another_accounts_credentials_change_nothing(build: Build) -> None:
    program = build(product("prod"))
    accounts = program.one("aws", "aws").inputs["allowedAccountIds"]
    assert json.loads(accounts) == ["123456789012"]


def test_the_login_is_quoted_as_jaas_wants_it() -> None:
    tree = stack_file("prod")
    tree["payments:kafka"]["access"]["pinot"]["password"] = 'a"b\\c'  # noqa: S105 - made up
    assert kafka_jaas(load(tree)) == (
        "org.apache.kafka.common.security.scram.ScramLoginModule required"
        ' username="pinot" password="a\\"b\\\\c";'
    )
