"""`aws:s3/bucket:Bucket`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from local.plugins.aws.resource import Properties, ResourceType
from local.plugins.aws.s3_server import S3Error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.plugins.aws.s3_server import S3Server

GONE: Final = ("NoSuchBucket", "404")
DELETE_AT_ONCE: Final = 1000
"""Keys that one DeleteObjects call takes (S3 API reference)."""


class Bucket(ResourceType):
    """A bucket and its tags."""

    pulumi_type = "aws:s3/bucket:Bucket"
    supported = frozenset({"bucket", "forceDestroy", "objectLockEnabled", "tags"})
    required = frozenset({"bucket"})
    replaces = frozenset({"bucket", "objectLockEnabled"})
    unseen = frozenset({"forceDestroy"})

    def create(self, s3: S3Server, inputs: Properties) -> str:
        """Make the bucket, or take over the one of a broken-off run: it has the same tags, or none yet."""
        name: str = inputs["bucket"]
        live = self.read(s3, name)
        if live is None:
            s3.call(
                "create_bucket",
                name,
                ObjectLockEnabledForBucket=bool(inputs.get("objectLockEnabled")),
                **_location(s3.region),
            )
        else:
            _refuse_another(name, live, inputs)
        self._tag(s3, name, inputs)
        return name

    def read(self, s3: S3Server, identity: str) -> Properties | None:
        """Return name, tags and whether objects can be locked."""
        if s3.call("head_bucket", identity, absent=GONE) is None:
            return None
        tagging = s3.call("get_bucket_tagging", identity, absent=("NoSuchTagSet",)) or {"TagSet": []}
        lock = s3.call(
            "get_object_lock_configuration", identity, absent=("ObjectLockConfigurationNotFoundError",)
        )
        enabled = (lock or {}).get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled"
        return {
            "bucket": identity,
            "tags": {tag["Key"]: tag["Value"] for tag in tagging["TagSet"]},
            "objectLockEnabled": enabled,
        }

    def update(self, s3: S3Server, identity: str, old: Properties, new: Properties) -> None:  # noqa: ARG002 - the interface
        """Set the tags; nothing else of a bucket can change in place."""
        self._tag(s3, identity, new)

    def delete(self, s3: S3Server, identity: str, state: Properties) -> None:
        """Delete the bucket, with what is in it only if forceDestroy says so."""
        if state.get("forceDestroy"):
            self._empty(s3, identity)
        elif held := next(self._versions(s3, identity), None):
            message = (
                f"bucket {identity} is not empty: it holds for example {held['Key']}. Nothing was deleted."
                " Empty it, or set payments:deepStore.forceDestroy or payments:archive.forceDestroy and run"
                " `pulumi up` first."
            )
            raise S3Error(message)
        s3.call("delete_bucket", identity, absent=GONE)

    def computed(self, inputs: Properties, region: str) -> Properties:
        """Return the names by which others refer to the bucket."""
        name = inputs["bucket"]
        return {
            "region": region,
            "bucketRegion": region,
            "arn": f"arn:aws:s3:::{name}",
            "bucketDomainName": f"{name}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
            "tagsAll": inputs.get("tags") or {},
        }

    @staticmethod
    def _tag(s3: S3Server, name: str, inputs: Properties) -> None:
        tags = [{"Key": key, "Value": value} for key, value in sorted((inputs.get("tags") or {}).items())]
        if tags:
            s3.call("put_bucket_tagging", name, Tagging={"TagSet": tags})
        else:
            s3.call("delete_bucket_tagging", name)

    @staticmethod
    def _versions(s3: S3Server, name: str) -> Iterator[dict[str, Any]]:
        """Yield every version and delete marker, newest call first; none when the bucket is gone."""
        position: dict[str, str] = {}
        while True:
            page = s3.call("list_object_versions", name, absent=GONE, **position)
            if page is None:
                return
            for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                yield {"Key": entry["Key"], "VersionId": entry["VersionId"]}
            if not page.get("IsTruncated"):
                return
            position = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    def _empty(self, s3: S3Server, name: str) -> None:
        uploads = s3.call("list_multipart_uploads", name, absent=GONE) or {}
        for upload in uploads.get("Uploads", ()):
            s3.call(
                "abort_multipart_upload",
                name,
                absent=("NoSuchUpload",),
                Key=upload["Key"],
                UploadId=upload["UploadId"],
            )
        versions = list(self._versions(s3, name))
        for start in range(0, len(versions), DELETE_AT_ONCE):
            answer = s3.call(
                "delete_objects",
                name,
                Delete={"Objects": versions[start : start + DELETE_AT_ONCE], "Quiet": True},
            )
            if errors := (answer or {}).get("Errors"):
                message = (
                    f"bucket {name}: {len(errors)} objects could not be deleted: {errors[0].get('Code')}"
                )
                raise S3Error(message)


def _location(region: str) -> dict[str, Any]:
    # us-east-1 is the one region that S3 refuses to be told.
    return {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}


def _refuse_another(name: str, live: Properties, inputs: Properties) -> None:
    wanted = inputs.get("tags") or {}
    if live["tags"] not in ({}, wanted):
        message = (
            f"bucket {name} exists already with other tags than this stack's; it is not this stack's to take."
            " Choose another name, or delete the bucket."
        )
        raise S3Error(message)
    if live["objectLockEnabled"] != bool(inputs.get("objectLockEnabled")):
        message = (
            f"bucket {name} exists already {'with' if live['objectLockEnabled'] else 'without'} Object Lock,"
            " which only a new bucket can be given. Delete the bucket first."
        )
        raise S3Error(message)
