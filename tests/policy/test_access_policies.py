"""Readers, protection and tags."""

from __future__ import annotations

import dataclasses

import pytest

from policy.access_policies import missing_tags, unknown_reader, unprotected
from tests.policy.stacks import RELEASE, TAGS, TOPIC, bucket, changed, none, one, resource, tables

pytestmark = pytest.mark.policy

ROLE = "aws:iam/role:Role"
USER = "pulumi-python:dynamic/pinot:User"


def test_a_role_for_a_group_that_is_no_reader() -> None:
    role = resource(ROLE, "reader-marketing", {"tags": {**TAGS, "reader": "marketing-team"}})
    assert one(unknown_reader, role) == (
        "is a role for marketing-team, which is no reader in payment-service-data-product.yaml; allowed:"
        " compliance-team, data-analytics, finance-team, payment-engineering."
    )
    assert none(unknown_reader, changed(role, tags={**TAGS, "reader": "finance-team"}))
    assert none(unknown_reader, changed(role, tags=TAGS))


def test_a_pinot_user_that_is_nobody() -> None:
    user = resource(USER, "u", {"username": "marketing-team"})
    assert one(unknown_reader, user).startswith("makes the Pinot user marketing-team, who is nobody in")
    for known in ("data-analytics", "platform-engineering", "admin", "loader", "measure"):
        assert none(unknown_reader, changed(user, username=known))


def test_what_holds_data_is_protected_in_prod() -> None:
    for held in (TOPIC, RELEASE, bucket("archive")["bucket"], tables()["payment_analytics"]):
        bare = dataclasses.replace(held, protect=False)
        assert one(unprotected, bare).startswith("is not protected in prod: deleting it loses ")
        assert none(unprotected, bare, "dev")
        assert none(unprotected, held)


def test_missing_and_wrong_tags() -> None:
    made = bucket("archive")["bucket"]
    assert one(missing_tags, changed(made, tags={**TAGS, "owner": "", "domain": None})).startswith(
        "has no tag domain, owner; every resource carries data-product, domain, "
    )
    assert one(missing_tags, changed(made, tags=None)).startswith("has no tag data-product, domain, ")
    assert one(missing_tags, made, "dev") == "is tagged environment prod in dev."
    assert none(missing_tags, bucket("archive")["policy"])
