"""The S3 server of this machine, and what its errors mean."""

from __future__ import annotations

import ipaddress
import threading
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.plugins.wire import Json

CREDENTIAL: Final = "local"
"""User and password for a server that checks neither; real ones must not even be looked for."""
CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 60


class S3Error(Exception):
    """The server refused or failed; the message names bucket and call."""


def refusal(endpoint: str | None) -> str | None:
    """Return why an address is none that this plugin may talk to, or None when it is one."""
    if not endpoint:
        return (
            "is missing; the local stand-in for the aws provider works on an S3 server of this machine only."
            " Set payments:aws.endpoint, for example http://127.0.0.1:5000."
        )
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if parts.scheme not in {"http", "https"} or not loopback:
        return (
            "is no http:// or https:// address of this machine; the local stand-in for the aws provider talks"
            " to 127.0.0.1, [::1] and localhost only. For AWS itself use the real provider, which another"
            " PULUMI_HOME than the local environment's has."
        )
    return None


class S3Server:
    """A client of the server, made at the first call: previews without change make none."""

    def __init__(self, endpoint: str, region: str) -> None:
        """Remember where the server is.

        Raises:
            ValueError: the address is not on this machine.

        """
        if reason := refusal(endpoint):
            message = f"the S3 endpoint {reason}"
            raise ValueError(message)
        self.endpoint = endpoint
        self.region = region
        self._lock = threading.Lock()
        self._client: Any = None

    @property
    def client(self) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
        """The boto3 client."""
        with self._lock:
            if self._client is None:
                import boto3  # noqa: PLC0415 - 0.2 s that a preview without change does not need
                from botocore.config import Config  # noqa: PLC0415 - with boto3

                self._client = boto3.session.Session().client(
                    "s3",
                    endpoint_url=self.endpoint,
                    region_name=self.region,
                    aws_access_key_id=CREDENTIAL,
                    aws_secret_access_key=CREDENTIAL,
                    config=Config(
                        proxies={},  # none, whatever the environment says: the server is on this machine
                        s3={"addressing_style": "path"},
                        connect_timeout=CONNECT_SECONDS,
                        read_timeout=READ_SECONDS,
                        retries={"total_max_attempts": 2, "mode": "standard"},
                    ),
                )
            return self._client

    def call(
        self, operation: str, bucket: str, *, absent: Iterable[str] = (), **arguments: Json
    ) -> dict[str, Any] | None:
        """Call S3; return None when it answers with one of the error codes of `absent`.

        Raises:
            S3Error: any other error, or no answer.

        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with boto3

        try:
            answer: dict[str, Any] = getattr(self.client, operation)(Bucket=bucket, **arguments)
        except ClientError as error:
            details = error.response["Error"]
            if details["Code"] in absent:
                return None
            message = (
                f"bucket {bucket}: {operation} was refused: {details['Code']}: {details.get('Message', '')}"
            )
            raise S3Error(message) from error
        except BotoCoreError as error:
            message = (
                f"bucket {bucket}: {operation}: the S3 server at {self.endpoint} does not answer"
                f" ({type(error).__name__}). `make status` says whether it runs, `make up` starts it."
            )
            raise S3Error(message) from error
        return answer
