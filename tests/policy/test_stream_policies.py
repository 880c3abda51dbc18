"""Topics: what they must survive, and who may touch them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from policy.stream_policies import fragile_topic, topic_open_to
from tests.policy.stacks import TOPIC, changed, context, none, one, resource

if TYPE_CHECKING:
    from policy.resources import Resource

pytestmark = pytest.mark.policy

ACL = "kafka:index/acl:Acl"


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({"replicationFactor": 2, "config": {"min.insync.replicas": "2"}}, "has 2 copies in prod"),
        ({"config": {"min.insync.replicas": "1"}}, "is acknowledged by 1 replica in prod"),
        ({"config": {}}, "is acknowledged by 1 replica in prod"),
        ({"config": {"min.insync.replicas": "4"}}, "asks for 4 in-sync replicas of 3"),
        ({"config": {"min.insync.replicas": "3"}}, "cannot be written while one of 3 replicas restarts"),
        ({"partitions": 24}, "has 24 partitions; payment-service-data-product.yaml fixes 12 for prod"),
    ],
)
def test_a_topic_that_loses_records_or_order(props: dict[str, Any], message: str) -> None:
    found = list(fragile_topic(changed(TOPIC, **props), context()))
    assert any(sentence.startswith(message) for sentence in found), found


def test_dev_may_have_one_copy_but_not_ask_for_two() -> None:
    small = changed(TOPIC, replicationFactor=1, partitions=3, config={"min.insync.replicas": "1"})
    assert none(fragile_topic, small, "dev")
    sentence = one(fragile_topic, changed(small, config={"min.insync.replicas": "2"}), "dev")
    assert sentence.startswith("asks for 2 in-sync replicas of 1: no record with acks=all could be written")


def test_other_topics_have_the_partitions_they_want() -> None:
    assert none(fragile_topic, changed(TOPIC, name="payments.quarantine", partitions=3))


def acl(principal: str, operation: str, permission: str = "Allow") -> Resource:
    return resource(
        ACL,
        "acl",
        {
            "aclPrincipal": f"User:{principal}",
            "aclOperation": operation,
            "aclPermissionType": permission,
            "aclResourceType": "Topic",
            "aclResourceName": "payments",
        },
    )


@pytest.mark.parametrize(
    ("principal", "operation"),
    [
        ("pinot", "Read"),
        ("payment-service", "Write"),
        ("archiver", "Read"),
        ("measure", "Write"),
        ("finance-team", "Describe"),
    ],
)
def test_who_may_touch_the_topic(principal: str, operation: str) -> None:
    assert none(topic_open_to, acl(principal, operation))


@pytest.mark.parametrize(
    ("principal", "operation", "verb"),
    [("finance-team", "Read", "read"), ("*", "All", "read"), ("pinot", "Write", "change")],
)
def test_who_may_not_touch_the_topic(principal: str, operation: str, verb: str) -> None:
    sentences = list(topic_open_to(acl(principal, operation), context()))
    assert sentences[0].startswith(
        f"lets {principal} {verb} payments, which holds personal data in clear; allowed: "
    )
    assert none(topic_open_to, acl(principal, operation, "Deny"))
