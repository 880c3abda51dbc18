"""The topics: what they keep, for how long, and who may delete them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from components.event_stream import EventStream, topic_config
from components.stream_settings import KafkaSecurity, KafkaSettings, TopicSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[[Callable[[], object]], Any]

pytestmark = pytest.mark.unit

PASSWORD = "correct horse"  # noqa: S105 - planted, to be looked for
SECURED = KafkaSecurity(username="pulumi", password=SecretStr(PASSWORD), ca_file="/etc/ca.pem")
PLAINTEXT = KafkaSecurity(protocol="PLAINTEXT")


def kafka(security: KafkaSecurity) -> KafkaSettings:
    return KafkaSettings(
        bootstrap_servers=("a:9092", "b:9092"),
        security=security,
        topic=TopicSettings(name="payments", partitions=12, config={"compression.type": "zstd"}),
        quarantine=TopicSettings(name="payments.quarantine", partitions=3, retention_days=2),
    )


def test_two_topics_with_partitions_replicas_and_retention(build: Build) -> None:
    program = build(lambda: EventStream("event-stream", kafka(PLAINTEXT), protect=False))
    assert sorted(program.names("Topic")) == ["payments", "payments.quarantine"]
    events = program.one("Topic", "payments").inputs
    assert (events["name"], events["partitions"], events["replicationFactor"]) == ("payments", 12, 3)
    assert events["config"] == {
        "cleanup.policy": "delete",
        "compression.type": "zstd",
        "max.message.bytes": "1048576",
        "message.timestamp.after.max.ms": "3600000",
        "message.timestamp.type": "CreateTime",
        "min.insync.replicas": "2",
        "retention.ms": "604800000",
        "segment.ms": "21600000",
        "unclean.leader.election.enable": "false",
    }
    assert program.one("Topic", "payments.quarantine").inputs["config"]["retention.ms"] == "172800000"


def test_a_setting_wins_over_further_configuration() -> None:
    # The settings refuse it; were that forgotten, the retention of personal data must not give way.
    forced = TopicSettings.model_construct(
        **{**TopicSettings(name="t", partitions=1).model_dump(), "config": {"retention.ms": "-1"}}
    )
    assert topic_config(forced)["retention.ms"] == "604800000"


@pytest.mark.parametrize("protect", [True, False])
def test_topics_are_protected_where_the_guards_say_so(build: Build, *, protect: bool) -> None:
    program = build(lambda: EventStream("event-stream", kafka(PLAINTEXT), protect=protect))
    component = program.one("EventStream", "event-stream")
    assert component.type == "payments:event_stream:EventStream"
    for name in ("payments", "payments.quarantine"):
        topic = program.one("Topic", name)
        assert topic.protect is protect
        assert topic.parent == component.urn
        assert topic.provider.startswith(program.one("kafka", "kafka").urn), "the explicit provider"


def test_local_brokers_are_spoken_to_in_plaintext_whatever_the_shell_says(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("ENABLE_TLS", "true"), ("SKIP_VERIFY", "true"), ("SASL_MECHANISM", "aws-iam")):
        monkeypatch.setenv(f"KAFKA_{name}", value)
    provider = build(lambda: EventStream("e", kafka(PLAINTEXT), protect=False)).one("kafka", "kafka")
    assert provider.inputs == {
        "bootstrapServers": '["a:9092", "b:9092"]',
        "tlsEnabled": "false",  # it is on unless it is said to be off
        "skipTlsVerify": "false",
        "saslMechanism": "scram-sha512",  # without a user there is no SASL
    }


def test_secured_brokers_get_credentials_and_the_password_stays_secret(build: Build) -> None:
    provider = build(lambda: EventStream("e", kafka(SECURED), protect=True)).one("kafka", "kafka")
    assert provider.inputs["tlsEnabled"] == "true"
    assert provider.inputs["saslMechanism"] == "scram-sha512"
    assert provider.inputs["saslUsername"] == "pulumi"
    assert provider.inputs["caCertFile"] == "/etc/ca.pem"
    assert provider.secret_inputs == {"saslPassword"}
