"""The archive bucket: documents that are written once, and read back whole.

Every call is retried by botocore with growing pauses; what still fails is an `ArchiveError` that says what to
do. Nothing here ever overwrites an object with other bytes, and nothing deletes.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from operations.archive.layout import (
    Document,
    Done,
    Hour,
    Intent,
    Kind,
    Manifest,
    hour_prefix,
    manifest_key,
    parse_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

D = TypeVar("D", bound=Document)

_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 30
_CONFLICT: Final = 409
_EXISTS: Final = 412
_MISSING: Final = frozenset({"404", "NoSuchKey"})


class ArchiveError(Exception):
    """The archive cannot be read or written; says which object, what was found and what to do."""


class DifferentContentError(ArchiveError):
    """An object is there already with other bytes than those that were to be written."""


@dataclass(frozen=True)
class Listed:
    """One object of a listing."""

    key: str
    size_bytes: int
    modified_ms: int


def s3_client(endpoint: str | None, attempts: int = 8) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    """Return a client of S3; credentials and region come from the environment, as AWS's SDK reads them.

    Args:
        endpoint: URL of another S3 than AWS's
        attempts: how often a call is tried before it is an error; pauses double up to 20 s

    """
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            s3={"addressing_style": "path"} if endpoint else {},
        ),
    )


class ArchiveStore:
    """One archive bucket."""

    def __init__(self, bucket: str, *, endpoint: str | None = None, attempts: int = 8) -> None:
        """Take the bucket's name; credentials and region come from the environment, as AWS's SDK reads them.

        Args:
            bucket: its name
            endpoint: URL of another S3 than AWS's
            attempts: how often a call is tried before it is an error; pauses double up to 20 s

        """
        self.bucket = bucket
        self._on_date: Callable[[int], None] = lambda _: None
        self._s3 = s3_client(endpoint, attempts)

    def on_date(self, told: Callable[[int], None]) -> None:
        """Have `told` called with the time of every answer, in epoch milliseconds (whole seconds)."""
        self._on_date = told

    def put_new(self, key: str, content: bytes) -> bool:
        """Write an object that is not there yet; tell whether it was not.

        S3 decides (`If-None-Match: *`), so of several writers one alone is told True.

        Raises:
            ArchiveError: S3 does not take it

        """
        digest = hashlib.sha256(content)
        try:
            self._call(
                "put_object",
                Key=key,
                Body=content,
                IfNoneMatch="*",
                # The algorithm beside its value: a bucket with a default lock asks for it.
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=b64encode(digest.digest()).decode(),
            )
        except ClientError as error:
            if _status(error) in {_EXISTS, _CONFLICT}:
                return False
            raise self._failed(error, "written", key) from error
        return True

    def put_same(self, key: str, content: bytes) -> bool:
        """Write an object, or find it there with the same bytes; tell whether it was new.

        Raises:
            DifferentContentError: it is there with other bytes
            ArchiveError: S3 does not take it

        """
        # A 409 says that another writer is at it just now; the second look is after it is through.
        for _ in range(3):
            if self.put_new(key, content):
                return True
            found = self.get(key)
            if found == content:
                return False
            if found is not None:
                message = (
                    f"s3://{self.bucket}/{key} is there with other bytes ({len(found)}, sha256 "
                    f"{hashlib.sha256(found).hexdigest()[:12]}…) than those to be written ({len(content)}, "
                    f"{hashlib.sha256(content).hexdigest()[:12]}…). Nothing was overwritten. Two writers of "
                    "different versions, or another topic of the same name? See operations/archive/README.md."
                )
                raise DifferentContentError(message)
        message = f"s3://{self.bucket}/{key} can neither be written (412) nor read (404); try again later"
        raise ArchiveError(message)

    def get(self, key: str) -> bytes | None:
        """Return an object's bytes; None when it is not there.

        Raises:
            ArchiveError: S3 does not give it

        """
        try:
            answer = self._call("get_object", Key=key)
            body: bytes = answer["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _MISSING:
                return None
            raise self._failed(error, "read", key) from error
        except BotoCoreError as error:
            raise self._failed(error, "read", key) from error
        return body

    def read(self, key: str, model: type[D]) -> D | None:
        """Return a document; None when it is not there.

        Raises:
            ArchiveError: S3 does not give it, or it is none that this version knows

        """
        content = self.get(key)
        if content is None:
            return None
        try:
            return model.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "(whole document)"
            message = (
                f"s3://{self.bucket}/{key} is no {model.__name__.lower()} document of this version: {place}: "
                f"{first['msg']}. Read it with the version that wrote it, or restore the object's version."
            )
            raise ArchiveError(message) from error

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> Iterator[Listed]:
        """Yield objects in the order of their keys, those after `after` only.

        Raises:
            ArchiveError: S3 does not list them

        """
        given: dict[str, Any] = {"Prefix": prefix, "MaxKeys": min(limit or 1000, 1000)}
        if after:
            given["StartAfter"] = after
        left = limit
        while True:
            try:
                answer = self._call("list_objects_v2", **given)
            except ClientError as error:
                raise self._failed(error, "listed", f"{prefix}*") from error
            for item in answer.get("Contents", ()):
                if left == 0:
                    return
                left = None if left is None else left - 1
                yield Listed(item["Key"], item["Size"], round(item["LastModified"].timestamp() * 1000))
            if not answer.get("IsTruncated"):
                return
            given["ContinuationToken"] = answer["NextContinuationToken"]

    def _call(self, operation: str, **given: Any) -> Any:  # noqa: ANN401 - botocore's answers
        try:
            answer = getattr(self._s3, operation)(Bucket=self.bucket, **given)
        except BotoCoreError as error:
            raise self._failed(error, "reached", str(given.get("Key") or given.get("Prefix"))) from error
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        if date:
            self._on_date(round(parsedate_to_datetime(date).timestamp() * 1000))
        return answer

    def _failed(self, error: ClientError | BotoCoreError, what: str, key: str) -> ArchiveError:
        found = (
            f"{error.response.get('Error', {}).get('Code')} (HTTP {_status(error)})"
            if isinstance(error, ClientError)
            else f"{type(error).__name__}"
        )
        message = (
            f"s3://{self.bucket}/{key} could not be {what}: {found}, after all retries. Nothing was "
            "committed: once S3 answers and the role may Get, Put and List here, a restart goes on from here."
        )
        return ArchiveError(message)


def manifests(store: ArchiveStore, kind: Kind, hour: Hour) -> list[Manifest]:
    """Return all revisions of an hour's manifest, oldest first; none when it is not closed.

    Raises:
        ArchiveError: S3 does not give them, or one is missing or no manifest

    """
    found = []
    for number, listed in enumerate(store.list(hour_prefix("manifests", kind, hour)), start=1):
        revision = parse_manifest(listed.key)[2]
        if revision != number:
            message = (
                f"s3://{store.bucket}/{manifest_key(kind, hour, number)} is missing; {listed.key} is there"
            )
            raise ArchiveError(message)
        found.append(_manifest(store, listed.key))
    return found


def latest(store: ArchiveStore, kind: Kind, hour: Hour) -> Manifest | None:
    """Return the last revision of an hour's manifest; None when the hour is not closed.

    Raises:
        ArchiveError: S3 does not give it, or it is no manifest

    """
    keys = [listed.key for listed in store.list(hour_prefix("manifests", kind, hour))]
    return _manifest(store, keys[-1]) if keys else None


def manifest_keys(store: ArchiveStore, kind: Kind, date: str = "") -> Iterator[tuple[Hour, int]]:
    """Yield hour and revision of every manifest of a kind, in the order of hours.

    Args:
        store: the archive
        kind: which events'
        date: `2025`, `2025-03` or `2025-03-14`: only hours of days that begin like this

    """
    for listed in store.list(f"manifests/kind={kind}/date={date}"):
        _, hour, revision = parse_manifest(listed.key)
        yield hour, revision


def _manifest(store: ArchiveStore, key: str) -> Manifest:
    found = store.read(key, Manifest)
    kind, hour, revision = parse_manifest(key)
    if found is None or (found.kind, found.hour, found.revision) != (kind, str(hour), revision):
        message = (
            f"s3://{store.bucket}/{key} does not hold that hour's manifest; restore the object's version"
        )
        raise ArchiveError(message)
    return found


def read_intent(store: ArchiveStore, key: str) -> Intent | None:
    """Return an intent; None when it is not there."""
    return store.read(key, Intent)


def read_done(store: ArchiveStore, key: str) -> Done | None:
    """Return a done document; None when it is not there."""
    return store.read(key, Done)


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
