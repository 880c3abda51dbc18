"""A client of the local S3 server, as any other program would have one."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config


def s3_client(endpoint: str) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    """Return a client of the server at an endpoint URL; its region is that of Pulumi.local.yaml."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the server takes any
        config=Config(s3={"addressing_style": "path"}),
    )
