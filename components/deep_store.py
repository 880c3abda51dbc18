"""The storage on S3: Pinot's deep store, and the archive that keeps the events for seven years."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi_aws import s3

from components.bucket_policies import Statement, bucket_policy, encrypted_with, log_delivery, tls_only
from components.store_settings import (
    STAGING,
    STAGING_DAYS,
    AccessLogSettings,
    ArchiveSettings,
    AwsSettings,
    BucketSettings,
    DeepStoreSettings,
    ObjectLock,
)

Rule = s3.BucketLifecycleConfigurationRuleArgs


def deep_store_rules(settings: DeepStoreSettings) -> list[Rule]:
    """Return the lifecycle of segments: tiers that answer at once, no expiry of what Pinot still holds.

    What expires is beside the segments: a staged file whose loader was killed before it took it away.
    """
    return [
        _rule(
            "segments",
            transitions=[
                s3.BucketLifecycleConfigurationRuleTransitionArgs(
                    days=settings.intelligent_tiering_after_days, storage_class="INTELLIGENT_TIERING"
                )
            ],
            noncurrent_version_expiration=_non_current(settings.non_current_days),
        ),
        _rule(
            "staged-files",
            prefix=f"{STAGING}/",
            expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(days=STAGING_DAYS),
        ),
        *_tidying(settings),
    ]


def archive_rules(settings: ArchiveSettings) -> list[Rule]:
    """Return the lifecycle of archived events: hot (Standard), warm, cold, deep archive, expiry.

    On a versioned bucket expiry only adds a delete marker: what goes is the non-current version, days later.
    """
    tiers = (
        (settings.warm_after_days, "STANDARD_IA"),
        (settings.cold_after_days, "GLACIER_IR"),
        (settings.deep_archive_after_days, "DEEP_ARCHIVE"),
    )
    return [
        _rule(
            "events",
            transitions=[
                s3.BucketLifecycleConfigurationRuleTransitionArgs(days=days, storage_class=storage_class)
                for days, storage_class in tiers
            ],
            expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(days=settings.retention_days),
            noncurrent_version_expiration=_non_current(settings.non_current_days),
        ),
        *_tidying(settings),
    ]


def access_log_rules(settings: AccessLogSettings) -> list[Rule]:
    """Return the lifecycle of access logs: kept as long as somebody may ask who read what."""
    return [
        _rule(
            "logs",
            expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(days=settings.retention_days),
            noncurrent_version_expiration=_non_current(settings.non_current_days),
        ),
        *_tidying(settings),
    ]


def _tidying(settings: BucketSettings) -> list[Rule]:
    """Return what both buckets need: no half uploads, no delete markers with nothing behind them."""
    return [
        _rule(
            "unfinished-uploads",
            abort_incomplete_multipart_upload=(
                s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=settings.unfinished_upload_days
                )
            ),
        ),
        _rule(
            "lone-delete-markers",
            # A rule of its own: S3 refuses it beside an expiry in days.
            expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True),
        ),
    ]


def _rule(identity: str, *, prefix: str = "", **actions: Any) -> Rule:  # noqa: ANN401 - whatever a rule of the SDK takes
    return Rule(
        id=identity,
        status="Enabled",
        filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=prefix),
        **actions,
    )


def _non_current(days: int) -> s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs:
    return s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(noncurrent_days=days)


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """What makes one bucket."""

    settings: BucketSettings
    rules: Sequence[Rule]
    tags: Mapping[str, str]
    protect: bool
    lock: ObjectLock | None = None
    key: pulumi.Input[str] | None = None
    """ARN of the KMS key; none: S3's own keys."""
    statements: Sequence[Statement] = ()
    """What its policy says beside what every bucket's does."""
    logs: pulumi.Input[str] | None = None
    """Bucket for its access logs, under its own name; none: they are not kept."""


class GuardedBucket(pulumi.ComponentResource):
    """A private, versioned, encrypted bucket with a lifecycle."""

    bucket: s3.Bucket
    policy: s3.BucketPolicy | None
    guards: Sequence[pulumi.CustomResource]
    """What must be set before anybody writes: encryption, versions, no public access, policy, lock."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions) -> None:
        """Make the bucket and what is set on it.

        Args:
            name: Pulumi's name of the component and of each of its resources.
            args: the bucket.
            opts: options with the aws provider and the parent.

        """
        super().__init__("payments:deep_store:GuardedBucket", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        self.bucket = s3.Bucket(
            name,
            bucket=settings.bucket,
            force_destroy=settings.force_destroy,
            object_lock_enabled=args.lock is not None,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        bucket = self.bucket.bucket
        versioning = s3.BucketVersioning(
            name,
            bucket=bucket,
            versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=inside,
        )
        encryption = s3.BucketServerSideEncryptionConfiguration(
            name, bucket=bucket, rules=[_encryption_rule(args.key)], opts=inside
        )
        s3.BucketOwnershipControls(
            name,
            bucket=bucket,
            rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=inside,
        )
        public_access = s3.BucketPublicAccessBlock(
            name,
            bucket=bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=inside,
        )
        # S3 refuses rules for non-current versions, and locks, while versioning is not on yet.
        after_versioning = pulumi.ResourceOptions(parent=self, depends_on=[versioning])
        s3.BucketLifecycleConfiguration(name, bucket=bucket, rules=list(args.rules), opts=after_versioning)
        lock = None
        if args.lock is not None:
            lock = s3.BucketObjectLockConfiguration(
                name, bucket=bucket, rule=_lock_rule(args.lock), opts=after_versioning
            )
        self.policy = None
        if settings.tls_only:
            # One after the other: S3 answers OperationAborted to two such changes at once.
            after_public_access = pulumi.ResourceOptions(parent=self, depends_on=[public_access])
            self.policy = s3.BucketPolicy(name, bucket=bucket, policy=_policy(args), opts=after_public_access)
        guards = (versioning, encryption, public_access, self.policy, lock)
        self.guards = [guard for guard in guards if guard is not None]
        if args.logs is not None:
            s3.BucketLogging(
                name, bucket=bucket, target_bucket=args.logs, target_prefix=f"{name}/", opts=inside
            )
        self.register_outputs({"bucket": bucket, "arn": self.bucket.arn})


def _policy(args: BucketArgs) -> pulumi.Input[str]:
    arn = args.settings.arn
    always = [tls_only(arn), *args.statements]
    if args.key is None:
        return bucket_policy(always)
    return pulumi.Output.from_input(args.key).apply(
        lambda key: bucket_policy([*always, *encrypted_with(arn, key)])
    )


def _encryption_rule(
    key: pulumi.Input[str] | None,
) -> s3.BucketServerSideEncryptionConfigurationRuleArgs:
    return s3.BucketServerSideEncryptionConfigurationRuleArgs(
        apply_server_side_encryption_by_default=(
            s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                sse_algorithm="AES256" if key is None else "aws:kms", kms_master_key_id=key
            )
        ),
        # One data key for many objects: without it, every segment read is a request to KMS.
        bucket_key_enabled=key is not None,
    )


def _lock_rule(lock: ObjectLock) -> s3.BucketObjectLockConfigurationRuleArgs:
    return s3.BucketObjectLockConfigurationRuleArgs(
        default_retention=s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
            mode=lock.mode, years=lock.years
        )
    )


@dataclass(frozen=True, kw_only=True)
class DeepStoreArgs:
    """The two buckets and the account they are in."""

    aws: AwsSettings
    deep_store: DeepStoreSettings
    archive: ArchiveSettings
    tags: Mapping[str, str]
    protect: bool
    access_logs: AccessLogSettings | None = None


class DeepStore(pulumi.ComponentResource):
    """The product's storage."""

    deep_store: s3.Bucket
    """Pinot's segments."""
    deep_store_guards: Sequence[pulumi.CustomResource]
    """What must be set before Pinot writes there."""
    archive: s3.Bucket
    """The events, hashed, for seven years."""
    archive_guards: Sequence[pulumi.CustomResource]
    """What must be set before anything is archived."""
    provider: aws.Provider
    keys: Mapping[str, pulumi.Input[str]]
    """ARN of the KMS key of each bucket that has one, by the bucket's name."""

    def __init__(self, name: str, args: DeepStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the buckets.

        Args:
            name: Pulumi's name of the component.
            args: the buckets and the account.
            opts: options of the component.

        """
        super().__init__("payments:deep_store:DeepStore", name, None, opts)
        self.provider = _provider(args.aws, pulumi.ResourceOptions(parent=self))
        children = pulumi.ResourceOptions(parent=self, providers=[self.provider])
        tags = {**args.aws.tags, **args.tags}
        self.keys = _keys(args, tags, children)
        logs = _access_logs(args, tags, children)
        deep_store = GuardedBucket(
            "deep-store",
            BucketArgs(
                settings=args.deep_store,
                rules=deep_store_rules(args.deep_store),
                key=self.keys.get(args.deep_store.bucket),
                logs=logs,
                tags=tags,
                protect=args.protect,
            ),
            children,
        )
        self.deep_store, self.deep_store_guards = deep_store.bucket, deep_store.guards
        archive = GuardedBucket(
            "archive",
            BucketArgs(
                settings=args.archive,
                rules=archive_rules(args.archive),
                key=self.keys.get(args.archive.bucket),
                logs=logs,
                tags=tags,
                protect=args.protect,
                lock=args.archive.object_lock,
            ),
            children,
        )
        self.archive, self.archive_guards = archive.bucket, archive.guards
        self.register_outputs({"deepStore": self.deep_store.bucket, "archive": self.archive.bucket})


def _access_logs(
    args: DeepStoreArgs, tags: Mapping[str, str], opts: pulumi.ResourceOptions
) -> pulumi.Output[str] | None:
    """Make the bucket of the access logs; return its name once S3 may write there."""
    settings, account = args.access_logs, args.aws.account
    if settings is None or account is None:
        return None
    delivery = log_delivery(settings.arn, [args.deep_store.arn, args.archive.arn], account)
    made = GuardedBucket(
        "access-logs",
        BucketArgs(
            settings=settings,
            rules=access_log_rules(settings),
            tags=tags,
            protect=args.protect,
            statements=[delivery],
        ),
        opts,
    )
    # S3 tries at once whether it may write there.
    policy = made.bucket.id if made.policy is None else made.policy.id
    return pulumi.Output.all(made.bucket.bucket, policy).apply(lambda known: str(known[0]))


def _keys(
    args: DeepStoreArgs, tags: Mapping[str, str], opts: pulumi.ResourceOptions
) -> dict[str, pulumi.Input[str]]:
    """Return the key of each bucket: its own, or the one that is made for all that have none."""
    buckets: tuple[BucketSettings, ...] = (args.deep_store, args.archive)
    keys: dict[str, pulumi.Input[str]] = {
        bucket.bucket: bucket.encryption.kms_key
        for bucket in buckets
        if bucket.encryption.kms_key is not None
    }
    without = [bucket.bucket for bucket in buckets if bucket.bucket not in keys]
    key, account = args.aws.storage_key, args.aws.account
    if key is None or account is None or not without:
        return keys
    # Imported only where a key is made: the local stack has none, and each SDK module costs a preview time.
    from components.storage_key import StorageKey  # noqa: PLC0415

    made = StorageKey("storage", key, account=account, tags=tags, protect=args.protect, opts=opts)
    return keys | dict.fromkeys(without, made.key.arn)


def _provider(settings: AwsSettings, opts: pulumi.ResourceOptions) -> aws.Provider:
    if settings.endpoint is None:
        accounts = None if settings.account is None else [settings.account]
        return aws.Provider("aws", region=settings.region, allowed_account_ids=accounts, opts=opts)
    return aws.Provider(
        "aws",
        region=settings.region,
        endpoints=[aws.ProviderEndpointArgs(s3=settings.endpoint)],
        # An S3 server on this machine has no host name a bucket, no account and no metadata service.
        s3_use_path_style=True,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        skip_requesting_account_id=True,
        opts=opts,
    )
