"""Buckets: private, encrypted, with the lifecycle that was promised, locked where the law wants it.

S3's settings are resources of their own: what counts is the bucket together with all of them, so these are
policies of the stack.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from policy.resources import ACCESS_LOGS, ARCHIVE, DEEP_STORE, Context, Resource, Stack, Violation, of_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUCKET: Final = "aws:s3/bucket:Bucket"
ACL: Final = "aws:s3/bucketAcl:BucketAcl"
POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
PUBLIC_ACCESS_BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION: Final = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE: Final = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOCK: Final = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"

BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
PRIVATE_ACLS: Final = frozenset({"private", "log-delivery-write"})
GLACIER: Final = frozenset({"GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"})
"""Storage classes in which Pinot cannot read, or only at a price a request."""
NON_CURRENT_DAYS: Final = 7
"""How long an overwritten segment may stay: with it goes what was to be forgotten."""
LOCK_YEARS: Final = 7
STAGED: Final = "staging/"
"""Where the deep store has files that are no segments: what segments are built from, gone once they are."""


def public_bucket(stack: Stack, _context: Context) -> Iterator[Violation]:
    """See that nobody outside of the account reads a bucket, whatever is said later by whom."""
    for bucket in of_type(stack, BUCKET):
        blocks = _settings_of(bucket, stack, PUBLIC_ACCESS_BLOCK)
        if not blocks:
            yield Violation(
                bucket.urn, "has no BucketPublicAccessBlock: one later ACL or policy would open it. Add one."
            )
        for block in blocks:
            if open_flags := [flag for flag in BLOCKS if block.props.get(flag) is not True]:
                yield Violation(block.urn, f"leaves {', '.join(open_flags)} off; set all four to true.")
    for resource in of_type(stack, BUCKET, ACL):
        acl = resource.props.get("acl")
        if acl is not None and acl not in PRIVATE_ACLS:
            yield Violation(resource.urn, f"has the ACL {acl}; leave ACLs out, and give access by IAM roles.")
    for policy in of_type(stack, POLICY):
        for number, statement in enumerate(_statements(policy.props.get("policy"))):
            if statement.get("Effect") == "Allow" and _anybody(statement.get("Principal")):
                name = statement.get("Sid", f"number {number}")
                yield Violation(
                    policy.urn, f"statement {name} allows any principal; name the roles that need it."
                )


def unencrypted_bucket(stack: Stack, context: Context) -> Iterator[Violation]:
    """See that every bucket is encrypted, in prod with a key that can be taken away."""
    for bucket in of_type(stack, BUCKET):
        # S3 delivers its access logs to buckets with its own keys only (S3 user guide, "Enabling logging").
        own_key = context.prod and bucket.name != ACCESS_LOGS
        wanted = {"aws:kms", "aws:kms:dsse"} if own_key else {"AES256", "aws:kms", "aws:kms:dsse"}
        settings = _settings_of(bucket, stack, ENCRYPTION)
        if not settings:
            yield Violation(
                bucket.urn, "has no BucketServerSideEncryptionConfiguration; add one, with a KMS key in prod."
            )
        for setting in settings:
            found = {_algorithm(rule) for rule in setting.props.get("rules") or ()}
            if not found <= wanted or not found:
                listed = ", ".join(sorted(map(str, found))) or "nothing"
                yield Violation(
                    setting.urn,
                    f"encrypts with {listed} in {context.environment}; allowed: {', '.join(sorted(wanted))}.",
                )


def bucket_lifecycle(stack: Stack, context: Context) -> Iterator[Violation]:
    """See that buckets forget: the archive after the promised time, old segments within days."""
    for bucket in of_type(stack, BUCKET):
        settings = _settings_of(bucket, stack, LIFECYCLE)
        if len(settings) != 1:
            found = "no" if not settings else f"{len(settings)}, of which the last wins without a word,"
            yield Violation(
                bucket.urn, f"has {found} BucketLifecycleConfiguration; give it one, with all rules in it."
            )
            continue
        rules = [rule for rule in settings[0].props.get("rules") or () if rule.get("status") == "Enabled"]
        wrong = {ARCHIVE: _wrong_for_archive, DEEP_STORE: _wrong_for_deep_store}.get(bucket.name)
        for message in wrong(rules, context) if wrong else ():
            yield Violation(settings[0].urn, message)


def _wrong_for_archive(rules: list[Mapping[str, Any]], context: Context) -> Iterator[str]:
    kept = context.product.descriptor.archive.kept_days
    file = context.product.descriptor_document.file
    days = [rule["expiration"]["days"] for rule in rules if _has(rule, "expiration", "days")]
    if days != [kept]:
        found = ", ".join(map(str, days)) or "never"
        yield f"lets archived events expire after {found} days; {file} promises {kept} (archive.keptDays)."
    if not any(_has(rule, "noncurrentVersionExpiration", "noncurrentDays") for rule in rules):
        yield (
            "keeps non-current versions for ever: on a versioned bucket expiry only adds a delete marker."
            " Add noncurrentVersionExpiration."
        )
    planned = {
        tier.storage_class: tier.after_days
        for tier in context.product.descriptor.archive.tiers
        if tier.after_days
    }
    found_tiers = {t["storageClass"]: t.get("days") for rule in rules for t in rule.get("transitions") or ()}
    if found_tiers != planned:
        yield f"moves the archive's events {_tiers(found_tiers)}; {file} plans {_tiers(planned)}."


def _tiers(tiers: Mapping[Any, Any]) -> str:
    return ", ".join(f"to {name} after {days} days" for name, days in tiers.items()) or "nowhere"


def _wrong_for_deep_store(rules: list[Mapping[str, Any]], _context: Context) -> Iterator[str]:
    classes = {t["storageClass"] for rule in rules for t in rule.get("transitions") or ()}
    if cold := sorted(classes & GLACIER):
        yield f"moves segments to {', '.join(cold)}, where Pinot cannot read them; use INTELLIGENT_TIERING."
    if any(_has(rule, "expiration", "days") and not _staged(rule) for rule in rules):
        yield "lets segments expire while Pinot still lists them; Pinot deletes them itself, by table."
    days = [
        rule["noncurrentVersionExpiration"]["noncurrentDays"]
        for rule in rules
        if _has(rule, "noncurrentVersionExpiration", "noncurrentDays")
    ]
    if not days or max(days) > NON_CURRENT_DAYS:
        found = f"{max(days)} days" if days else "ever"
        yield (
            f"keeps overwritten segments for {found}; at most {NON_CURRENT_DAYS} days, else what was erased"
            " stays there."
        )


def _staged(rule: Mapping[str, Any]) -> bool:
    """Return whether a rule is about the files alone that are staged beside the segments."""
    return str((rule.get("filter") or {}).get("prefix") or "").startswith(STAGED)


def unlocked_archive(stack: Stack, context: Context) -> Iterator[Violation]:
    """See that in prod nobody can delete an archived event before its time."""
    if not context.prod:
        return
    for bucket in of_type(stack, BUCKET):
        locks = _settings_of(bucket, stack, LOCK)
        if bucket.name == DEEP_STORE and (locks or bucket.props.get("objectLockEnabled")):
            yield Violation(
                bucket.urn, "locks Pinot's segments, which Pinot must delete; take the lock away."
            )
        if bucket.name != ARCHIVE:
            continue
        if bucket.props.get("objectLockEnabled") is not True:
            yield Violation(
                bucket.urn, "has objectLockEnabled off in prod; it can only be switched on when it is made."
            )
        retentions = [(lock.props.get("rule") or {}).get("defaultRetention") or {} for lock in locks]
        if not any(_years(retention) >= LOCK_YEARS for retention in retentions):
            yield Violation(
                bucket.urn,
                f"has no BucketObjectLockConfiguration of {LOCK_YEARS} years in prod; the archive is the"
                " record that the law asks for.",
            )


def _years(retention: Mapping[str, Any]) -> float:
    years: float = retention.get("years") or (retention.get("days") or 0) / 365.25
    return years


def _settings_of(bucket: Resource, stack: Stack, kind: str) -> list[Resource]:
    """Return a bucket's settings of a kind: those made from its outputs, or that name it."""
    name = bucket.props.get("bucket")
    return [
        resource
        for resource in of_type(stack, kind)
        if bucket.urn in resource.uses or (name is not None and resource.props.get("bucket") == name)
    ]


def _algorithm(rule: Mapping[str, Any]) -> str | None:
    return (rule.get("applyServerSideEncryptionByDefault") or {}).get("sseAlgorithm")


def _has(rule: Mapping[str, Any], part: str, key: str) -> bool:
    return bool((rule.get(part) or {}).get(key))


def _statements(policy: object) -> list[dict[str, Any]]:
    """Return the statements of a policy: JSON text, as the program writes it, or the same as an object."""
    document: Any = json.loads(policy) if isinstance(policy, str) else policy or {}
    statements = document.get("Statement", [])
    return [statements] if isinstance(statements, dict) else list(statements)


def _anybody(principal: object) -> bool:
    if isinstance(principal, dict):
        return any("*" in ([value] if isinstance(value, str) else value) for value in principal.values())
    return principal == "*"
