"""Kafka's users: each right stands here once, and readers have none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from components.event_stream import EventStream
from components.stream_access_settings import PrincipalSettings, StreamAccessSettings
from components.stream_settings import KafkaSecurity, KafkaSettings, TopicSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[[Callable[[], object]], Any]

pytestmark = pytest.mark.unit

PASSWORD = "correct horse"  # noqa: S105 - planted, to be looked for
USER = PrincipalSettings(password=SecretStr(PASSWORD))
RIGHTS = {
    ("payment-service", "Topic", "payments"): {"Write", "Describe"},
    ("pinot", "Topic", "payments"): {"Read", "Describe"},
    ("archiver", "Topic", "payments"): {"Read", "Describe"},
    ("archiver", "Group", "payments-archiver"): {"Read"},
    ("archiver", "Topic", "payments.quarantine"): {"Write", "Describe"},
}


def stream(access: StreamAccessSettings | None, found: list[Any] | None = None) -> Callable[[], object]:
    def program() -> None:
        made = EventStream(
            "event-stream",
            KafkaSettings(
                bootstrap_servers=("a:9096",),
                security=KafkaSecurity(username="pulumi", password=SecretStr(PASSWORD)),
                access=access,
                topic=TopicSettings(name="payments", partitions=12),
                quarantine=TopicSettings(name="payments.quarantine", partitions=3),
            ),
            protect=True,
        )
        if found is not None:
            found.extend(made.ready_for_pinot)

    return program


EVERYBODY = StreamAccessSettings(payment_service=USER, pinot=USER, archiver=USER)
MEASURED = EVERYBODY.model_copy(update={"measure": USER})


def test_each_user_may_do_its_work_and_no_more(build: Build) -> None:
    program = build(stream(EVERYBODY))
    found: dict[tuple[str, str, str], set[str]] = {}
    for name in program.names("Acl"):
        acl = program.one("Acl", name).inputs
        assert (acl["aclPermissionType"], acl["resourcePatternTypeFilter"]) == ("Allow", "Literal")
        user = acl["aclPrincipal"].removeprefix("User:")
        place = (user, acl["aclResourceType"], acl["aclResourceName"])
        found.setdefault(place, set()).add(acl["aclOperation"])
    assert found == RIGHTS


def test_only_a_measuring_run_that_is_there_may_read_and_send_probes(build: Build) -> None:
    program = build(stream(MEASURED))
    found = {
        (acl["aclOperation"], acl["aclResourceType"], acl["aclResourceName"])
        for name in program.names("Acl")
        if (acl := program.one("Acl", name).inputs)["aclPrincipal"] == "User:measure"
    }
    assert found == {
        ("Read", "Topic", "payments"),
        ("Write", "Topic", "payments"),
        ("Describe", "Topic", "payments"),
        ("Read", "Group", "payments-measure"),
    }
    assert "measure" in program.names("UserScramCredential")
    assert "measure" in program.names("Quota")


def test_users_are_made_with_secret_passwords_and_quotas(build: Build) -> None:
    program = build(stream(EVERYBODY))
    users = ["archiver", "payment-service", "pinot"]
    assert sorted(program.names("UserScramCredential")) == users == sorted(program.names("Quota"))
    for user in users:
        credential = program.one("UserScramCredential", user)
        assert credential.inputs["username"] == user
        assert credential.inputs["scramMechanism"] == "SCRAM-SHA-512"
        assert "password" in credential.secret_inputs
        assert program.one("Quota", user).inputs["config"] == {
            "consumer_byte_rate": "52428800",
            "producer_byte_rate": "5242880",
        }


def test_rights_wait_for_their_topics(build: Build) -> None:
    program = build(stream(EVERYBODY))
    topics = {program.one("Topic", name).urn for name in ("payments", "payments.quarantine")}
    for kind in ("Acl", "Quota", "UserScramCredential"):
        for name in program.names(kind):
            assert topics <= program.one(kind, name).depends_on


def test_pinot_waits_for_its_user_and_its_rights(build: Build) -> None:
    found: list[Any] = []
    build(stream(EVERYBODY, found))
    assert sorted(resource._name for resource in found) == [
        "payments",
        "pinot",
        "pinot-describe-payments",
        "pinot-read-payments",
    ]


def test_where_kafka_keeps_users_itself_only_rights_are_made(build: Build) -> None:
    program = build(stream(StreamAccessSettings(make_users=False)))
    assert program.names("UserScramCredential") == []
    assert len(program.names("Acl")) == sum(map(len, RIGHTS.values()))


def test_locally_there_are_no_users(build: Build) -> None:
    program = build(stream(None))
    assert program.names("Acl") == program.names("Quota") == program.names("UserScramCredential") == []
