"""Settings of the storage: the AWS account, Pinot's deep store and the archive of the events."""

import itertools
from collections.abc import Mapping
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from components.setting_errors import BrokenRuleError
from components.setting_kinds import (
    AwsAccount,
    BucketName,
    Days,
    DeletionDays,
    KeyArn,
    Name,
    OidcIssuer,
    Region,
    RotationDays,
    SettingsPart,
    TagText,
    Url,
    Years,
)

SEGMENTS: Final = "segments"
"""Prefix of Pinot's segments in the deep store."""
STAGING: Final = "staging"
"""Prefix of the files from which Pinot's minions build the offline tables' segments."""
STAGING_DAYS: Final = 1
"""Age at which such a file is removed that a killed loader has left."""
ARCHIVE_RETENTION_DAYS: Final = 2557
"""Seven years with their leap days."""


class StorageKeySettings(SettingsPart):
    """A KMS key that the stack makes for its buckets."""

    rotation_days: RotationDays = Field(
        default=365, description="How often KMS makes new key material; what is encrypted stays readable."
    )
    deletion_days: DeletionDays = Field(
        default=30,
        description="How long a deleted key can be brought back; with it goes all that it encrypted.",
    )


class AwsSettings(SettingsPart):
    """The AWS account. Credentials come from AWS's own environment variables and files, never from here."""

    region: Region = Field(description="Region of the buckets.")
    account: AwsAccount | None = Field(
        default=None,
        description="The account's number: with credentials of another one, nothing is changed. Needed for"
        " keys and roles.",
    )
    oidc_issuer: OidcIssuer | None = Field(
        default=None,
        description="OIDC issuer of the Kubernetes cluster, known to IAM as a provider, by which service"
        " accounts take on roles.",
    )
    storage_key: StorageKeySettings | None = Field(
        default=None,
        description="A KMS key made for every bucket that names none of its own; none: no key is made.",
    )
    endpoint: Url | None = Field(
        default=None, description="An S3 server on this machine to use instead of AWS, for local alone."
    )
    tags: Mapping[Name, TagText] = Field(
        default_factory=dict, description="Tags for everything, beside those that the product sets itself."
    )

    @model_validator(mode="after")
    def _key_has_an_account(self) -> Self:
        if self.storage_key is not None and self.account is None:
            raise BrokenRuleError(
                key="account",
                found="none with storageKey, whose policy names the account",
                allowed="the account's 12 digits",
            )
        return self


class Encryption(SettingsPart):
    """Encryption at rest of a bucket."""

    kms_key: KeyArn | None = Field(
        default=None,
        description="KMS key that exists already; none: the one of aws.storageKey, or else S3's own keys"
        " (AES256).",
    )


class BucketSettings(SettingsPart):
    """What both buckets have."""

    bucket: BucketName = Field(description="The bucket's name.")
    encryption: Encryption = Field(default_factory=Encryption, description="Encryption at rest.")
    tls_only: bool = Field(
        default=True,
        description="Whether requests without TLS are refused by policy; off only for a server without.",
    )
    unfinished_upload_days: Days = Field(
        default=3, description="Age at which an unfinished upload is removed."
    )
    force_destroy: bool = Field(
        default=False, description="Whether destroying the stack may delete what is in the bucket."
    )

    @property
    def arn(self) -> str:
        """The bucket's ARN."""
        return f"arn:aws:s3:::{self.bucket}"


class DeepStoreSettings(BucketSettings):
    """The bucket with Pinot's segments. Never locked, never in Glacier: Pinot must read and delete there."""

    intelligent_tiering_after_days: Days = Field(
        default=30,
        description="Age at which a segment moves to Intelligent-Tiering, whose tiers answer at once.",
    )
    non_current_days: Days = Field(
        default=7, description="How long an overwritten or deleted segment can be brought back."
    )


class AccessLogSettings(BucketSettings):
    """The bucket with the access logs of the other two: who asked for which object, and when."""

    retention_days: Days = Field(default=400, description="Age at which a log expires.")
    non_current_days: Days = Field(default=7, description="How long a deleted log can be brought back.")

    @model_validator(mode="after")
    def _delivery_takes_s3s_keys(self) -> Self:
        if self.encryption.kms_key is not None or not self.tls_only:
            key = "tlsOnly" if self.encryption.kms_key is None else "encryption.kmsKey"
            raise BrokenRuleError(
                key=key,
                found="a KMS key, to which S3 delivers no logs" if self.encryption.kms_key else "false",
                allowed="none" if self.encryption.kms_key else "true",
            )
        return self


class ObjectLock(SettingsPart):
    """Write once, read many: until the time is over, no version can be deleted."""

    mode: Literal["GOVERNANCE", "COMPLIANCE"] = Field(
        description="GOVERNANCE can be lifted with a permission, COMPLIANCE by nobody, not even root."
    )
    years: Years = Field(default=7, description="How long a version is locked.")
    cannot_be_undone: bool = Field(default=False, description="The explicit word that COMPLIANCE asks for.")

    @model_validator(mode="after")
    def _compliance_is_acknowledged(self) -> Self:
        if self.mode == "COMPLIANCE" and not self.cannot_be_undone:
            raise BrokenRuleError(
                key="cannotBeUndone",
                found=f"COMPLIANCE, which nobody can lift for {self.years} years, without the explicit word",
                allowed="true, or mode GOVERNANCE",
            )
        return self


class ArchiveSettings(BucketSettings):
    """The bucket with the events, hashed, for seven years: hot, warm, cold, deep archive, expiry."""

    warm_after_days: Days = Field(default=90, description="Age at which a file moves to Standard-IA.")
    cold_after_days: Days = Field(
        default=365, description="Age at which a file moves to Glacier Instant Retrieval."
    )
    deep_archive_after_days: Days = Field(
        default=1095, description="Age at which a file moves to Glacier Deep Archive."
    )
    retention_days: Days = Field(default=ARCHIVE_RETENTION_DAYS, description="Age at which a file expires.")
    non_current_days: Days = Field(
        default=30,
        description="How long a version lives once it is no longer current: expired, deleted or overwritten."
        " A locked version stays until its lock is over, whatever this says.",
    )
    object_lock: ObjectLock | None = Field(
        default=None, description="Object Lock; it can only be had from the bucket's first day on."
    )

    @model_validator(mode="after")
    def _tiers_follow_each_other(self) -> Self:
        ages = {
            "warmAfterDays": self.warm_after_days,
            "coldAfterDays": self.cold_after_days,
            "deepArchiveAfterDays": self.deep_archive_after_days,
            "retentionDays": self.retention_days,
        }
        for (earlier, age), (later, next_age) in itertools.pairwise(ages.items()):
            if age >= next_age:
                raise BrokenRuleError(
                    key=later,
                    found=f"{next_age} days, not above {earlier} of {age} days",
                    allowed=f"more than {age} days",
                )
        if self.object_lock is not None and self.force_destroy:
            raise BrokenRuleError(
                key="forceDestroy", found="true together with objectLock, which forbids it", allowed="false"
            )
        return self
