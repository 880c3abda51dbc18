"""Objects of the archive as an erasure meets them: locked, held, versioned, to be overwritten."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from operations.archive.store import ArchiveError, s3_client
from product_model.erasure_rules import Situation

if TYPE_CHECKING:
    from product_model.erasure_rules import Keys, Lock

_NO_LOCK: Final = frozenset({"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"})
_LOCKS: Final[dict[str, Lock]] = {"GOVERNANCE": "governance", "COMPLIANCE": "compliance"}
_DELETE: Final = "delete_object"
_REFUSED: Final = frozenset({"AccessDenied", "MethodNotAllowed"})


class Objects:
    """The archive bucket, for whoever may change what is in it."""

    def __init__(self, bucket: str, *, endpoint: str | None = None) -> None:
        """Take the bucket's name; credentials come from the environment.

        Args:
            bucket: its name
            endpoint: URL of another S3 than AWS's

        """
        self._bucket = bucket
        self._s3 = s3_client(endpoint)
        self._lockable: bool | None = None

    def situation(self, key: str, keys: Keys) -> Situation:
        """Ask for an object's lock and legal hold.

        Raises:
            ArchiveError: S3 does not say

        """
        if self._lockable is None:
            # Only objects of a bucket with Object Lock can have a lock or a hold.
            self._lockable = bool(self._asked("get_object_lock_configuration"))
        if not self._lockable:
            return Situation(keys=keys)
        # A role that may not read locks is shown none; S3 then refuses to delete the older version, which is
        # told as well.
        head = self._asked("head_object", key)
        hold = self._asked("get_object_legal_hold", key).get("LegalHold") or {}
        lock = _LOCKS.get(head.get("ObjectLockMode", ""), "none")
        until = head.get("ObjectLockRetainUntilDate")
        if until is not None and until <= datetime.now(UTC):
            lock = "none"
        return Situation(
            lock=lock,
            legal_hold=hold.get("Status") == "ON",
            keys=keys,
        )

    def replace(self, key: str, content: bytes) -> None:
        """Overwrite an object.

        Raises:
            ArchiveError: S3 does not take it

        """
        self._call("put_object", key, Body=content)

    def remove_older_versions(self, key: str) -> tuple[int, int]:
        """Delete the versions that are not current; return how many went, and how many S3 kept.

        Raises:
            ArchiveError: S3 does not answer

        """
        removed = kept = 0
        answer = self._call("list_object_versions", key, Prefix=key)
        for version in (*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())):
            if version["Key"] != key or version["IsLatest"]:
                continue
            try:
                self._s3.delete_object(Bucket=self._bucket, Key=key, VersionId=version["VersionId"])
            except ClientError as error:
                if error.response["Error"]["Code"] not in _REFUSED:
                    raise self._failed(_DELETE, key, error) from error
                kept += 1
            except BotoCoreError as error:
                raise self._failed(_DELETE, key, error) from error
            else:
                removed += 1
        return removed, kept

    def _asked(self, operation: str, key: str = "") -> dict[str, Any]:
        named = {"Key": key} if key else {}
        try:
            answer: dict[str, Any] = getattr(self._s3, operation)(Bucket=self._bucket, **named)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NO_LOCK:
                return {}
            raise self._failed(operation, key, error) from error
        except BotoCoreError as error:
            raise self._failed(operation, key, error) from error
        return answer

    def _call(self, operation: str, key: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - botocore's
        named = {} if "Prefix" in given else {"Key": key}
        try:
            answer: dict[str, Any] = getattr(self._s3, operation)(Bucket=self._bucket, **named, **given)
        except (ClientError, BotoCoreError) as error:
            raise self._failed(operation, key, error) from error
        return answer

    def _failed(self, operation: str, key: str, error: ClientError | BotoCoreError) -> ArchiveError:
        found = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        return ArchiveError(
            f"s3://{self._bucket}/{key}: {operation} failed ({found}). The erasure needs to get, put, list"
            " and delete versions here, and to read retention and legal holds. Run the same command again."
        )
