"""A client of the local S3 server, as any other program would have one."""

from __future__ import annotations

from typing import Any, Final

import boto3
from botocore.config import Config

# The server takes any login; without one, AWS's clients look for a real account's. The region is that of
# Pulumi.local.yaml.
S3_LOGIN: Final = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


def s3_client(endpoint: str) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    """Return a client of the server at an endpoint URL."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=S3_LOGIN["AWS_REGION"],
        aws_access_key_id=S3_LOGIN["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=S3_LOGIN["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}),
    )
