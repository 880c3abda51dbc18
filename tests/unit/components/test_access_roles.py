"""Roles in the AWS account: who takes them on, and that none may do more than its work needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from components.access_roles import AccessRoles, AccessRolesArgs
from components.access_settings import AccessSettings, ReaderSettings, ServiceAccountSettings
from components.store_settings import ArchiveSettings, AwsSettings, DeepStoreSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[[Callable[[], object]], Any]

pytestmark = pytest.mark.unit

ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/ABC"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
ANALYST = "arn:aws:iam::123456789012:role/analyst"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
TAGS = {"environment": "prod", "owner": "payment-engineering"}
DEEP_STORE, ARCHIVE = "arn:aws:s3:::deep-store", "arn:aws:s3:::archive"


def make(
    *, keys: dict[str, str] | None = None, pinot: bool = True, staging: bool = True
) -> Callable[[], object]:
    def program() -> None:
        provider = aws.Provider("aws", region="eu-central-1")
        AccessRoles(
            "access",
            AccessRolesArgs(
                aws=AwsSettings(region="eu-central-1", account="123456789012", oidc_issuer=ISSUER),
                access=AccessSettings(
                    readers={"data-analytics": ReaderSettings(principals=(ANALYST,))},
                    permissions_boundary=BOUNDARY,
                ),
                pinot=ServiceAccountSettings(namespace="pinot", name="pinot") if pinot else None,
                pinot_prefix="segments",
                archiver=ServiceAccountSettings(namespace="payments", name="archiver"),
                loader=ServiceAccountSettings(namespace="payments", name="loader"),
                staging_prefix="staging" if staging else None,
                deep_store=DeepStoreSettings(bucket="deep-store"),
                archive=ArchiveSettings(bucket="archive"),
                keys={"deep-store": KEY, "archive": KEY} if keys is None else keys,
                tags=TAGS,
            ),
            pulumi.ResourceOptions(providers=[provider]),
        )

    return program


def trust(program: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - the fixture's class
    (statement,) = json.loads(program.one("Role", name).inputs["assumeRolePolicy"])["Statement"]
    assert statement["Effect"] == "Allow"
    found: dict[str, Any] = statement
    return found


def allowed(program: Any, name: str) -> dict[str, set[str]]:  # noqa: ANN401 - the fixture's class
    """Return what a role may do, by action."""
    may: dict[str, set[str]] = {}
    for statement in json.loads(program.one("RolePolicy", name).inputs["policy"])["Statement"]:
        assert statement["Effect"] == "Allow"
        resources = statement["Resource"]
        for action in statement["Action"]:
            may.setdefault(action, set()).update([resources] if isinstance(resources, str) else resources)
    return may


def test_every_role_stays_within_the_accounts_boundary(build: Build) -> None:
    program = build(make())
    roles = program.names("Role")
    assert len(roles) == 4
    for name in roles:
        assert program.one("Role", name).inputs["permissionsBoundary"] == BOUNDARY


def test_only_pinots_service_account_takes_on_pinots_role(build: Build) -> None:
    statement = trust(build(make()), "pinot")
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"}
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": ["system:serviceaccount:pinot:pinot"],
        }
    }


def test_pinot_reaches_its_segments_and_nothing_else(build: Build) -> None:
    program = build(make())
    segments = {f"{DEEP_STORE}/segments/*"}
    assert allowed(program, "pinot") == {
        "s3:ListBucket": {DEEP_STORE},
        "s3:GetBucketLocation": {DEEP_STORE},
        "s3:GetObject": {*segments, f"{DEEP_STORE}/staging/*"},
        "s3:PutObject": segments,
        "s3:DeleteObject": segments,
        "s3:AbortMultipartUpload": segments,
        "s3:ListMultipartUploadParts": segments,
        "kms:Decrypt": {KEY},
        "kms:GenerateDataKey": {KEY},
    }
    (listing,) = [
        statement
        for statement in json.loads(program.one("RolePolicy", "pinot").inputs["policy"])["Statement"]
        if "s3:ListBucket" in statement["Action"]
    ]
    assert listing["Condition"] == {
        "StringLike": {"s3:prefix": ["segments", "segments/*", "staging", "staging/*"]}
    }


def test_the_loader_reads_the_archive_and_stages_beside_the_segments(build: Build) -> None:
    other = KEY.replace("key/1", "key/2")
    program = build(make(keys={"deep-store": KEY, "archive": other}))
    staged = {f"{DEEP_STORE}/staging/*"}
    assert allowed(program, "loader") == {
        "s3:ListBucket": {ARCHIVE},
        "s3:GetBucketLocation": {ARCHIVE, DEEP_STORE},
        "s3:GetObject": {f"{ARCHIVE}/*", *staged},
        "s3:PutObject": staged,
        "s3:DeleteObject": staged,
        "kms:Decrypt": {KEY, other},
        "kms:GenerateDataKey": {KEY, other},
    }
    (subject,) = trust(program, "loader")["Condition"]["StringEquals"][f"{ISSUER}:sub"]
    assert subject == "system:serviceaccount:payments:loader"


def test_without_a_loader_pinot_reads_no_staged_files(build: Build) -> None:
    program = build(make(staging=False))
    assert "loader" not in program.names("Role")
    assert allowed(program, "pinot")["s3:GetObject"] == {f"{DEEP_STORE}/segments/*"}


def test_the_archiver_deletes_nothing_and_a_reader_changes_nothing(build: Build) -> None:
    program = build(make())
    archiver, reader = allowed(program, "archiver"), allowed(program, "data-analytics")
    assert "s3:PutObject" in archiver
    assert not any("Delete" in action or "Retention" in action for action in archiver)
    assert reader == {
        "s3:ListBucket": {ARCHIVE},
        "s3:GetBucketLocation": {ARCHIVE},
        "s3:GetObject": {f"{ARCHIVE}/*"},
        "kms:Decrypt": {KEY},
    }
    assert trust(program, "data-analytics")["Principal"] == {"AWS": [ANALYST]}
    assert program.one("Role", "data-analytics").inputs["tags"] == {**TAGS, "reader": "data-analytics"}


def test_without_a_key_nothing_is_said_of_keys(build: Build) -> None:
    program = build(make(keys={}))
    for name in ("pinot", "archiver", "data-analytics"):
        assert not any(action.startswith("kms:") for action in allowed(program, name))


def test_a_pinot_that_is_not_this_stacks_has_no_role(build: Build) -> None:
    assert sorted(build(make(pinot=False)).names("Role")) == ["archiver", "data-analytics", "loader"]
