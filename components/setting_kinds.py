"""The kinds of value that the stack's configuration is made of: what each allows, and its unit.

A kind is an annotated Python type. `Kind.allowed` ends the sentence "allowed is …" in an error and in the
list of all keys; `Kind.unit` names the unit of a number, at which the key's name already hints.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic.alias_generators import to_camel


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value may be, in words, and the unit of a number."""

    allowed: str
    unit: str | None = None


class SettingsPart(BaseModel):
    """A part of the settings: immutable, keys in camelCase, none unknown, no conversion between kinds."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        hide_input_in_errors=True,
    )


HostPort = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?:[0-9]{1,5}$"),
    Kind("host:port, for example 127.0.0.1:9092"),
]
Url = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$"),
    Kind("an http:// or https:// address without user, password or query"),
]
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=4096), Kind("a path")]
TopicName = Annotated[
    str,
    # org.apache.kafka.common.internals.Topic: the legal characters, and neither "." nor "..".
    StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,248}$"),
    Kind("1 to 249 letters, digits, '.', '_' or '-', not starting with a dot"),
]
BucketName = Annotated[
    str,
    # Amazon S3 user guide, "Bucket naming rules"; without dots, which break the host name of TLS.
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$"),
    Kind("3 to 63 lower-case letters, digits or '-', beginning and ending with a letter or digit"),
]
Region = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$"),
    Kind("an AWS region, for example eu-central-1"),
]
AwsAccount = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{12}$"), Kind("the 12 digits of an AWS account")
]
OidcIssuer = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9.-]+(/[A-Za-z0-9._-]+)*$"),
    Kind("an OIDC issuer without https://, such as oidc.eks.eu-central-1.amazonaws.com/id/<cluster>"),
]
PrincipalArn = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[A-Za-z0-9+=,.@_/-]{1,512})$"
    ),
    Kind("the ARN of an IAM role, user or account, no wildcard"),
]
PolicyArn = Annotated[
    str,
    StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]{1,512}$"),
    Kind("the ARN of an IAM policy"),
]
KeyArn = Annotated[
    str,
    StringConstraints(pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/.+$"),
    Kind("the ARN of a KMS key"),
]
TenantName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$"),
    Kind("a letter, then at most 63 letters, digits or '_', without a role's suffix such as _OFFLINE"),
]
InstancePattern = Annotated[
    str,
    StringConstraints(pattern=r"^(Server|Broker)_[A-Za-z0-9._*-]+$"),
    Kind("an instance id of Pinot or a pattern of ids, for example Server_pinot-server-*"),
]
TagText = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9 _.:/=+@-]{1,256}$"),
    Kind("1 to 256 letters, digits, spaces or _ . : / = + @ -"),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255), Kind("a text of 1 to 255 characters")]
ConfigText = Annotated[str, StringConstraints(max_length=4096), Kind("a text")]
Secret = Annotated[SecretStr, Field(min_length=1), Kind("a text, kept encrypted")]
GuardWord = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z-]*$"), Kind("a word that a guard's message asks for")
]

GuardedKind = Annotated[
    str,
    StringConstraints(
        pattern=r"^((tenants|schemas|tables|logicalTables)(/[A-Za-z0-9_]+)?|(topics|users)(/[A-Za-z0-9._-]+)?)$"
    ),
    Kind(
        "tenants, schemas, tables, logicalTables, users or topics, or one by its name, for example"
        " tables/payment_analytics"
    ),
]
Partitions = Annotated[
    int, Field(ge=1, le=1000), Kind("a whole number from 1 to 1000, fixed for good", unit="partitions")
]
HeaderName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$"),
    Kind("the name of an HTTP header, such as X-Forwarded-User"),
]
Rotation = Annotated[
    int, Field(ge=1, le=1_000_000), Kind("a whole number from 1 to 1000000", unit="rotations")
]
Replicas = Annotated[int, Field(ge=1, le=9), Kind("a whole number from 1 to 9", unit="copies")]
Instances = Annotated[int, Field(ge=1, le=1000), Kind("a whole number from 1 to 1000", unit="instances")]
Rows = Annotated[int, Field(ge=1000), Kind("a whole number from 1000", unit="rows")]
Days = Annotated[int, Field(ge=1, le=36500), Kind("a whole number from 1 to 36500", unit="days")]
Years = Annotated[int, Field(ge=1, le=100), Kind("a whole number from 1 to 100", unit="years")]
RotationDays = Annotated[int, Field(ge=90, le=2560), Kind("a whole number from 90 to 2560", unit="days")]
DeletionDays = Annotated[int, Field(ge=7, le=30), Kind("a whole number from 7 to 30", unit="days")]
Hours = Annotated[int, Field(ge=1, le=168), Kind("a whole number from 1 to 168", unit="hours")]
Seconds = Annotated[int, Field(ge=1, le=3600), Kind("a whole number from 1 to 3600", unit="seconds")]
SecondsAsText = Annotated[
    str,
    StringConstraints(pattern=r"^[1-9][0-9]{0,3}$"),
    Kind("a whole number from 1 to 9999", unit="seconds"),
]
"""For a key whose whole value is the number: Pulumi hands such values over as text."""
BytesPerSecond = Annotated[
    int,
    Field(ge=1024, le=10_737_418_240),
    Kind("a whole number from 1024 to 10737418240", unit="bytes a second"),
]
MessageBytes = Annotated[
    int, Field(ge=1024, le=104_857_600), Kind("a whole number from 1024 to 104857600", unit="bytes")
]
