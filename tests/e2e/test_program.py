"""The program under Pulumi's real engine: typed outputs, mistakes said in one paragraph, secrets kept."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.failure import LocalFailureError
from local.s3_client import s3_client
from payment_outputs import read_outputs

if TYPE_CHECKING:
    from local.environment import LocalEnvironment
    from local.stack import LocalStack

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery staple"  # noqa: S105 - planted, to be searched for in state


def refused(stack: LocalStack) -> str:
    """Return what a preview says that must fail."""
    stack._prepare()
    with pytest.raises(LocalFailureError) as error:
        stack.capture("preview", "--color", "never")
    return str(error.value)


def assert_one_paragraph(said: str) -> None:
    """Check that the reader is told once, and in words."""
    assert "Traceback" not in said
    (diagnostics,) = said.split("Diagnostics:")[1:]
    assert diagnostics.count("error:") == 1


def edit(stack: LocalStack, file: str, old: str, new: str) -> None:
    path = stack.project / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{file} has no {old!r} any more"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_another_program_reads_the_real_stacks_outputs(stack: LocalStack) -> None:
    outputs = read_outputs(stack.outputs(), "local")
    assert outputs.endpoints.pinot_broker == stack.environment.broker_url
    assert outputs.table("transaction_booked").column("amount").data_type == "BIG_DECIMAL"
    assert json.loads(outputs.discovery)["product"]["owner"]["team"] == "payment-engineering"


def test_the_buckets_are_what_the_domain_asks_for(stack: LocalStack) -> None:
    client = s3_client(stack.environment.s3_endpoint)
    outputs = read_outputs(stack.outputs())
    for name in (outputs.buckets.deep_store.name, outputs.buckets.archive.name):
        assert client.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        block = client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert set(block.values()) == {True}
        (rule,) = client.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    rules = client.get_bucket_lifecycle_configuration(Bucket=outputs.buckets.archive.name)["Rules"]
    events = next(rule for rule in rules if rule["ID"] == "events")
    assert [(tier["Days"], tier["StorageClass"]) for tier in events["Transitions"]] == [
        (90, "STANDARD_IA"),
        (365, "GLACIER_IR"),
        (1095, "DEEP_ARCHIVE"),
    ]
    assert events["Expiration"]["Days"] == 2557
    assert events["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30


def test_a_wrong_setting_is_one_paragraph_and_no_traceback(edited: LocalStack) -> None:
    edit(edited, "Pulumi.local.yaml", "partitions: 3", "partitions: three")
    said = refused(edited)
    assert "payments:kafka.topic.partitions: found a text of 5 characters; allowed is a whole number" in said
    assert "three" not in said
    assert_one_paragraph(said)


def test_a_topics_partitions_are_fixed_until_the_word_is_said(edited: LocalStack) -> None:
    topic = "name: payments.quarantine\n      partitions: "
    edit(edited, "Pulumi.local.yaml", f"{topic}3", f"{topic}4")
    said = " ".join(refused(edited).split())
    assert "Topic payments.quarantine has 3 partitions, and the settings ask for 4" in said
    assert "payments:guards.allow: {topics/payments.quarantine: [change-partitions]}" in said
    allowed = "allow:\n      topics/payments.quarantine: [change-partitions]"
    edit(edited, "Pulumi.local.yaml", "allow:", allowed)
    edited._prepare()
    assert "1 to update" in edited.capture("preview", "--color", "never")


def test_a_setting_that_the_descriptor_contradicts_is_refused(edited: LocalStack) -> None:
    edit(edited, "Pulumi.local.yaml", "partitions: 3", "partitions: 4")
    said = refused(edited)
    assert "payments:kafka.topic.partitions: found 4 partitions; allowed is 3, as payment-service" in said
    assert_one_paragraph(said)


def test_a_table_file_with_a_typo_is_named_with_key_and_cure(edited: LocalStack) -> None:
    file = "data-product/pinot-tables/transaction-booked-rt-table.json"
    edit(edited, file, '"dedupConfig"', '"dedupConfg"')
    said = refused(edited)
    assert "transaction-booked-rt-table.json: dedupConfg" in said
    assert "is 'dedupConfig' meant?" in said
    assert_one_paragraph(said)


def test_a_password_of_the_controller_is_encrypted_and_in_no_property(
    stack: LocalStack, edited: LocalStack
) -> None:
    edited._prepare()
    edited.capture("config", "set", "pinot:username", "pulumi")
    edited.capture("config", "set", "--secret", "pinot:password", PASSWORD)
    assert PASSWORD not in edited.configuration.read_text(encoding="utf-8")
    shown = edited.capture("preview", "--json")
    assert "pinot:password" in shown
    assert PASSWORD not in shown
    edited.capture("up", "--yes", "--skip-preview")
    assert PASSWORD not in edited.capture("stack", "export")
    state = json.loads(edited.capture("stack", "export", "--show-secrets"))["deployment"]["resources"]
    holding = {resource["type"] for resource in state if PASSWORD in json.dumps(resource)}
    # The engine itself keeps the configuration of the provider's process, encrypted like the stack's file.
    assert holding == {"pulumi:providers:pulumi-python"}
    stack.up()


def test_a_password_in_clear_is_refused_without_being_shown(edited: LocalStack) -> None:
    edit(
        edited,
        "Pulumi.local.yaml",
        "  pinot:controllerUrl:",
        f"  pinot:username: pulumi\n  pinot:password: {PASSWORD}\n  pinot:controllerUrl:",
    )
    said = refused(edited)
    assert "pinot:password: found a secret in clear; allowed is an encrypted value only" in said
    assert PASSWORD not in said


BROKERS = """
import pulumi
from components.event_stream import _provider
from components.stream_settings import KafkaSecurity, KafkaSettings, TopicSettings
from pydantic import SecretStr

_provider(
    KafkaSettings(
        bootstrap_servers=("127.0.0.1:1",),
        security=KafkaSecurity(username="pulumi", password=SecretStr({password!r})),
        topic=TopicSettings(name="a", partitions=1),
        quarantine=TopicSettings(name="b", partitions=1),
    ),
    pulumi.ResourceOptions(),
)
"""


def test_a_password_of_the_brokers_is_encrypted_in_state(
    local_environment: LocalEnvironment, tmp_path: Path
) -> None:
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}}
    (tmp_path / "Pulumi.yaml").write_text(json.dumps({"name": "brokers", "runtime": runtime}))
    (tmp_path / "__main__.py").write_text(BROKERS.format(password=PASSWORD))
    environment = {**local_environment.pulumi_environment(), "PYTHONPATH": str(ROOT)}

    def pulumi(*arguments: str) -> str:
        command = ["pulumi", *arguments, "--stack", "test", "--non-interactive"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    pulumi("stack", "init")
    assert PASSWORD not in pulumi("up", "--yes", "--skip-preview")
    assert PASSWORD in pulumi("stack", "export", "--show-secrets"), "the search would find it"
    assert PASSWORD not in pulumi("stack", "export")
    state = local_environment.state / ".pulumi" / "stacks" / "brokers" / "test.json"
    assert PASSWORD not in state.read_text(encoding="utf-8")
    pulumi("destroy", "--yes", "--skip-preview")
