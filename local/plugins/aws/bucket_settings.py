"""What is set on a bucket: each a resource of its own, put, read and taken away by one S3 call."""

# ruff: noqa: ARG002 - the methods of an interface take what some of its classes need

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from local.plugins.aws.bucket import GONE
from local.plugins.aws.resource import Properties, ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.plugins.aws.s3_server import S3Server
    from local.plugins.wire import Json

SPELT: Final = {
    "id": "ID",
    "sseAlgorithm": "SSEAlgorithm",
    "kmsMasterKeyId": "KMSMasterKeyID",
    "mfaDelete": "MFADelete",
}
"""Properties that S3 spells otherwise than with one upper-case letter more."""
SPELT_BACK: Final = {s3: ours for ours, s3 in SPELT.items()}


def to_s3(value: Json) -> Json:
    """Return properties as S3 names them."""
    if isinstance(value, dict):
        return {SPELT.get(key, key[:1].upper() + key[1:]): to_s3(item) for key, item in value.items()}
    return [to_s3(item) for item in value] if isinstance(value, list) else value


def from_s3(value: Json) -> Json:
    """Return S3's structures as properties."""
    if isinstance(value, dict):
        return {SPELT_BACK.get(key, key[:1].lower() + key[1:]): from_s3(item) for key, item in value.items()}
    return [from_s3(item) for item in value] if isinstance(value, list) else value


class BucketSetting(ResourceType):
    """A setting of a bucket; its id is the bucket's name."""

    put: ClassVar[str]
    get: ClassVar[str]
    take_away: ClassVar[str]
    argument: ClassVar[str]
    """Name of the setting in the S3 calls."""
    not_set: ClassVar[tuple[str, ...]]
    """Error codes by which S3 says that there is no such setting."""

    def create(self, s3: S3Server, inputs: Properties) -> str:
        """Put the setting."""
        s3.call(self.put, inputs["bucket"], **{self.argument: self.to_request(inputs)})
        bucket: str = inputs["bucket"]
        return bucket

    def read(self, s3: S3Server, identity: str) -> Properties | None:
        """Get the setting."""
        answer = s3.call(self.get, identity, absent=(*GONE, *self.not_set))
        live = None if answer is None else self.from_answer(answer)
        return None if live is None else {"bucket": identity, **live}

    def update(self, s3: S3Server, identity: str, old: Properties, new: Properties) -> None:
        """Put the setting again: S3 knows no change of a part."""
        s3.call(self.put, identity, **{self.argument: self.to_request(new)})

    def delete(self, s3: S3Server, identity: str, state: Properties) -> None:
        """Take the setting away."""
        s3.call(self.take_away, identity, absent=(*GONE, *self.not_set))

    def to_request(self, inputs: Properties) -> Json:
        """Return the call's argument."""
        return to_s3(
            {key: value for key, value in inputs.items() if key != "bucket" and not key.startswith("__")}
        )

    def from_answer(self, answer: dict[str, Any]) -> Properties | None:
        """Return the answer as inputs, or None when it says that nothing is set."""
        properties: Properties = from_s3(answer[self.argument])
        return properties


class BucketVersioning(BucketSetting):
    """Versioning. It cannot be taken away, only suspended, as the aws provider does."""

    pulumi_type = "aws:s3/bucketVersioning:BucketVersioning"
    supported = frozenset({"bucket", "versioningConfiguration.status"})
    put, get, argument = "put_bucket_versioning", "get_bucket_versioning", "VersioningConfiguration"
    not_set = ()

    def to_request(self, inputs: Properties) -> Json:
        """Return status only."""
        return to_s3(inputs["versioningConfiguration"])

    def from_answer(self, answer: dict[str, Any]) -> Properties | None:
        """Return the status; a bucket that never had versioning has none."""
        status = answer.get("Status")
        return {"versioningConfiguration": {"status": status}} if status else None

    def delete(self, s3: S3Server, identity: str, state: Properties) -> None:
        """Suspend; a bucket with Object Lock keeps its versioning (InvalidBucketState) until it goes."""
        s3.call(
            self.put,
            identity,
            absent=(*GONE, "InvalidBucketState"),
            VersioningConfiguration={"Status": "Suspended"},
        )


class BucketEncryption(BucketSetting):
    """Encryption at rest by default."""

    pulumi_type = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    supported = frozenset(
        {
            "bucket",
            "rules.applyServerSideEncryptionByDefault.sseAlgorithm",
            "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId",
            "rules.bucketKeyEnabled",
        }
    )
    put, get, take_away = "put_bucket_encryption", "get_bucket_encryption", "delete_bucket_encryption"
    argument = "ServerSideEncryptionConfiguration"
    not_set = ("ServerSideEncryptionConfigurationNotFoundError",)


class BucketPublicAccessBlock(BucketSetting):
    """The four locks against public access."""

    pulumi_type = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    supported = frozenset(
        {"bucket", "blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"}
    )
    put, get, take_away = "put_public_access_block", "get_public_access_block", "delete_public_access_block"
    argument = "PublicAccessBlockConfiguration"
    not_set = ("NoSuchPublicAccessBlockConfiguration",)


class BucketOwnershipControls(BucketSetting):
    """Who owns what others put there; one rule, although S3's structure is a list."""

    pulumi_type = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    supported = frozenset({"bucket", "rule.objectOwnership"})
    put, get = "put_bucket_ownership_controls", "get_bucket_ownership_controls"
    take_away = "delete_bucket_ownership_controls"
    argument = "OwnershipControls"
    not_set = ("OwnershipControlsNotFoundError",)

    def to_request(self, inputs: Properties) -> Json:
        """Return the list of the one rule."""
        return {"Rules": [to_s3(inputs["rule"])]}

    def from_answer(self, answer: dict[str, Any]) -> Properties | None:
        """Return the one rule."""
        rules = answer[self.argument]["Rules"]
        return {"rule": from_s3(rules[0])} if rules else None


class BucketPolicy(BucketSetting):
    """The bucket's policy."""

    pulumi_type = "aws:s3/bucketPolicy:BucketPolicy"
    supported = frozenset({"bucket", "policy"})
    json_texts = frozenset({"policy"})
    put, get, take_away = "put_bucket_policy", "get_bucket_policy", "delete_bucket_policy"
    argument = "Policy"
    not_set = ("NoSuchBucketPolicy",)

    def to_request(self, inputs: Properties) -> Json:
        """Return the policy's text."""
        return inputs["policy"]

    def from_answer(self, answer: dict[str, Any]) -> Properties | None:
        """Return the policy's text."""
        return {"policy": answer["Policy"]}


class BucketLifecycleConfiguration(BucketSetting):
    """Moves between storage classes, and expiry."""

    pulumi_type = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    supported = frozenset(
        {
            "bucket",
            "rules.id",
            "rules.status",
            "rules.filter.prefix",
            "rules.transitions.days",
            "rules.transitions.storageClass",
            "rules.expiration.days",
            "rules.expiration.expiredObjectDeleteMarker",
            "rules.noncurrentVersionTransitions.noncurrentDays",
            "rules.noncurrentVersionTransitions.storageClass",
            "rules.noncurrentVersionExpiration.noncurrentDays",
            "rules.abortIncompleteMultipartUpload.daysAfterInitiation",
        }
    )
    required = frozenset({"rules"})
    put, get = "put_bucket_lifecycle_configuration", "get_bucket_lifecycle_configuration"
    take_away = "delete_bucket_lifecycle"
    argument = "LifecycleConfiguration"
    not_set = ("NoSuchLifecycleConfiguration",)

    def to_request(self, inputs: Properties) -> Json:
        """Return the rules; one without a filter is for the whole bucket."""
        return {
            "Rules": [
                to_s3({**rule, "filter": rule.get("filter") or {"prefix": ""}}) for rule in inputs["rules"]
            ]
        }

    def from_answer(self, answer: dict[str, Any]) -> Properties | None:
        """Return the rules."""
        return {"rules": from_s3(answer["Rules"])}

    def normal(self, properties: Mapping[str, Any]) -> Properties:
        """Compare rules whatever their order: S3 promises none."""
        plain = super().normal(properties)
        rules = plain.get("rules")
        if isinstance(rules, list) and all(isinstance(rule, dict) for rule in rules):
            plain["rules"] = sorted(rules, key=lambda rule: str(rule.get("id")))
        return plain


class BucketObjectLockConfiguration(BucketSetting):
    """For how long new versions are locked. Taking it away leaves old versions locked."""

    pulumi_type = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    supported = frozenset(
        {
            "bucket",
            "objectLockEnabled",
            "rule.defaultRetention.mode",
            "rule.defaultRetention.days",
            "rule.defaultRetention.years",
        }
    )
    required = frozenset({"rule"})
    put, get = "put_object_lock_configuration", "get_object_lock_configuration"
    argument = "ObjectLockConfiguration"
    not_set = ("ObjectLockConfigurationNotFoundError",)

    def to_request(self, inputs: Properties) -> Json:
        """Return the rule with the word that S3 wants beside it."""
        return {"ObjectLockEnabled": "Enabled", "Rule": to_s3(inputs["rule"])}

    def from_answer(self, answer: dict[str, Any]) -> Properties | None:
        """Return the rule; a bucket that can lock but has no rule has no such setting."""
        rule = answer[self.argument].get("Rule")
        return {"rule": from_s3(rule)} if rule else None

    def normal(self, properties: Mapping[str, Any]) -> Properties:
        """Leave out the word that is always Enabled."""
        plain = super().normal(properties)
        plain.pop("objectLockEnabled", None)
        return plain

    def delete(self, s3: S3Server, identity: str, state: Properties) -> None:
        """Put the configuration without a rule."""
        s3.call(
            self.put,
            identity,
            absent=(*GONE, *self.not_set),
            ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"},
        )
