"""Buckets: what passes, and what is said of one that is open, clear, forgetful or unlocked."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from policy.storage_policies import bucket_lifecycle, public_bucket, unencrypted_bucket, unlocked_archive
from tests.policy.stacks import RULES, bucket, changed, of_stack, resource, settings

if TYPE_CHECKING:
    from policy.resources import Resource

pytestmark = pytest.mark.policy


def test_a_bucket_without_public_access_block() -> None:
    (message,) = of_stack(public_bucket, settings("archive", without="block"))
    assert message.startswith("has no BucketPublicAccessBlock")


def test_a_public_access_block_with_a_gap() -> None:
    block = changed(bucket("archive")["block"], restrictPublicBuckets=False, ignorePublicAcls=None)
    (message,) = of_stack(public_bucket, settings("archive", block=block))
    assert message == "leaves ignorePublicAcls, restrictPublicBuckets off; set all four to true."


def test_a_public_acl_on_the_bucket_or_beside_it() -> None:
    of_bucket = changed(bucket("archive")["bucket"], acl="public-read")
    beside = resource("aws:s3/bucketAcl:BucketAcl", "archive", {"bucket": "x", "acl": "public-read-write"})
    found = of_stack(public_bucket, [*settings("archive", bucket=of_bucket), beside])
    assert [message.split(";")[0] for message in found] == [
        "has the ACL public-read",
        "has the ACL public-read-write",
    ]


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:root", "*"]}])
def test_a_policy_for_everybody(principal: object) -> None:
    statement = {"Sid": "Open", "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject"}
    policy = changed(bucket("archive")["policy"], policy=json.dumps({"Statement": statement}))
    (message,) = of_stack(public_bucket, settings("archive", policy=policy))
    assert message == "statement Open allows any principal; name the roles that need it."


def test_a_policy_for_a_role_is_right() -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:role/pinot"}, "Action": "s3:*"}
    policy = changed(bucket("archive")["policy"], policy=json.dumps({"Statement": [statement]}))
    assert of_stack(public_bucket, settings("archive", policy=policy)) == []


def test_a_bucket_without_encryption() -> None:
    (message,) = of_stack(unencrypted_bucket, settings("archive", without="encryption"))
    assert message.startswith("has no BucketServerSideEncryptionConfiguration")


def test_encryption_without_a_key_of_ones_own_is_for_dev() -> None:
    rule = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    weaker = settings("archive", encryption=changed(bucket("archive")["encryption"], rules=[rule]))
    (message,) = of_stack(unencrypted_bucket, weaker)
    assert message == "encrypts with AES256 in prod; allowed: aws:kms, aws:kms:dsse."
    assert of_stack(unencrypted_bucket, weaker, "dev") == []


def test_access_logs_have_s3s_keys_because_s3_delivers_to_no_others() -> None:
    rule = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    weaker = settings("archive", encryption=changed(bucket("archive")["encryption"], rules=[rule]))
    logs = [dataclasses.replace(found, name="access-logs") for found in weaker]
    assert of_stack(unencrypted_bucket, logs) == []


def test_a_bucket_that_never_forgets() -> None:
    (message,) = of_stack(bucket_lifecycle, settings("archive", without="lifecycle"))
    assert message.startswith("has no BucketLifecycleConfiguration")


def test_two_lifecycles_of_which_one_wins() -> None:
    second = resource(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "more",
        {"bucket": "payments-archive"},
    )
    (message,) = of_stack(bucket_lifecycle, [*settings("archive"), second])
    assert message.startswith("has 2, of which the last wins without a word,")


def with_rules(name: str, *rules: dict[str, Any]) -> list[Resource]:
    return settings(name, lifecycle=changed(bucket(name)["lifecycle"], rules=list(rules)))


EVENTS, SEGMENTS = RULES["archive"][0], RULES["deep-store"][0]


@pytest.mark.parametrize(
    ("stack_of", "message"),
    [
        (
            with_rules("archive", {**EVENTS, "expiration": {"days": 2555}}),
            "lets archived events expire after 2555 days; payment-service-data-product.yaml promises 2557",
        ),
        (
            with_rules("archive", {**EVENTS, "status": "Disabled"}, {**EVENTS, "expiration": None}),
            "lets archived events expire after never days",
        ),
        (
            with_rules("archive", {**EVENTS, "noncurrentVersionExpiration": None}),
            "keeps non-current versions for ever",
        ),
        (
            with_rules("archive", {**EVENTS, "transitions": EVENTS["transitions"][:2]}),
            "moves the archive's events to STANDARD_IA after 90 days, to GLACIER_IR after 365 days; payment-",
        ),
        (
            with_rules(
                "deep-store", {**SEGMENTS, "transitions": [{"days": 90, "storageClass": "GLACIER_IR"}]}
            ),
            "moves segments to GLACIER_IR, where Pinot cannot read them",
        ),
        (
            with_rules("deep-store", {**SEGMENTS, "expiration": {"days": 30}}),
            "lets segments expire while Pinot still lists them",
        ),
        (
            with_rules(
                "deep-store", {**SEGMENTS, "filter": {"prefix": "segments/"}, "expiration": {"days": 1}}
            ),
            "lets segments expire while Pinot still lists them",
        ),
        (
            with_rules("deep-store", {**SEGMENTS, "noncurrentVersionExpiration": {"noncurrentDays": 90}}),
            "keeps overwritten segments for 90 days; at most 7 days",
        ),
    ],
)
def test_a_lifecycle_other_than_promised(stack_of: list[Resource], message: str) -> None:
    (found,) = of_stack(bucket_lifecycle, stack_of)
    assert found.startswith(message)


def test_an_archive_without_lock_in_prod() -> None:
    unlocked = settings("archive")
    found = of_stack(unlocked_archive, unlocked)
    assert [message.split(" in prod")[0] for message in found] == [
        "has objectLockEnabled off",
        "has no BucketObjectLockConfiguration of 7 years",
    ]
    assert of_stack(unlocked_archive, unlocked, "dev") == []


@pytest.mark.parametrize(
    ("retention", "locked"),
    [({"years": 7}, True), ({"days": 2557}, True), ({"years": 1}, False), ({"days": 30}, False)],
)
def test_a_lock_lasts_seven_years(retention: dict[str, int], locked: bool) -> None:  # noqa: FBT001 - a case
    lock = changed(bucket("archive", lock=True)["lock"], rule={"defaultRetention": retention})
    kept = settings("archive", locked=True, lock=lock)
    assert (of_stack(unlocked_archive, kept) == []) is locked


def test_pinots_segments_are_never_locked() -> None:
    locked = changed(bucket("deep-store")["bucket"], objectLockEnabled=True)
    (message,) = of_stack(unlocked_archive, settings("deep-store", bucket=locked))
    assert message.startswith("locks Pinot's segments")


def test_settings_belong_to_their_bucket_although_its_name_is_not_known_yet() -> None:
    unknown = [changed(r, bucket=None) for r in bucket("archive", lock=True).values()]
    for rule in (public_bucket, unencrypted_bucket, bucket_lifecycle, unlocked_archive):
        assert of_stack(rule, unknown) == []


def test_settings_belong_to_their_bucket_by_name_too() -> None:
    apart = [dataclasses.replace(r, uses=frozenset()) for r in bucket("archive", lock=True).values()]
    for rule in (public_bucket, unencrypted_bucket, bucket_lifecycle, unlocked_archive):
        assert of_stack(rule, apart) == []
    other = [changed(r, bucket="another") if r.type != "aws:s3/bucket:Bucket" else r for r in apart]
    assert len(of_stack(unencrypted_bucket, other)) == 1


def test_what_is_staged_beside_the_segments_may_expire() -> None:
    staged = {
        "id": "staged",
        "status": "Enabled",
        "filter": {"prefix": "staging/"},
        "expiration": {"days": 1},
    }
    assert of_stack(bucket_lifecycle, with_rules("deep-store", SEGMENTS, staged)) == []
