"""The archiver's settings: flags of the command line over environment variables over defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

PREFIX: Final = "ARCHIVE_"

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]


Settings = TypeVar("Settings", bound="StreamSettings")


class SettingError(ValueError):
    """A setting that cannot be used; names its flag and variable, what was found and what is allowed."""


class StreamSettings(BaseModel):
    """The topics, and how to read them. Each field is a flag (`--quarantine-topic`) and a variable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap_servers: str = Field(min_length=1, description="Kafka's brokers, host:port, with commas.")
    topic: Name = Field(default="payments", description="The topic of the events.")
    quarantine_topic: Name = Field(default="payments.quarantine", description="The topic of breaches.")
    pii_mode: Literal["sha256", "keyed"] = Field(
        default="sha256",
        description="As the tables are deployed (payments:product.personalData). keyed: personal data arrives"
        " as `v<key version>:<64 hex>` and is stored so; a clear value is no row.",
    )
    product: Path = Field(default=Path("data-product"), description="Directory of the product's files.")
    kafka_properties: Path | None = Field(
        default=None,
        description="A file of librdkafka settings, a `name=value` a line: how to log in to Kafka. Kept out"
        " of the command line, because it holds a password.",
    )


class ArchiveSettings(StreamSettings):
    """Everything that the archiver is told."""

    bucket: BucketName = Field(description="The archive bucket.")
    group: Name = Field(default="payments-archiver", description="The consumer group.")
    s3_endpoint: str | None = Field(default=None, description="URL of another S3 than AWS's.")
    s3_attempts: int = Field(
        default=8, ge=1, le=50, description="How often a call to S3 is tried before the archiver ends."
    )
    batch_seconds: float = Field(
        default=240,
        gt=0,
        le=420,
        description="A batch is written at the latest so long after its first event.",
    )
    batch_events: int = Field(
        default=10_000, ge=1, le=200_000, description="A batch is written when it has so many events."
    )
    memory_events: int = Field(
        default=16_000,
        ge=1,
        le=400_000,
        description="Events in memory over all partitions, about 3 KiB each; the largest batch is written"
        " when there are more.",
    )
    grace_seconds: float = Field(
        default=120, ge=0, le=480, description="How long after an hour's end its late events are waited for."
    )
    deadline_seconds: float = Field(
        default=540,
        gt=0,
        le=600,
        description="An hour is closed at the latest so long after its end, even if a partition is behind.",
    )
    closing_seconds: float = Field(default=15, gt=0, le=60, description="How often hours are looked at.")
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="Port of /metrics (Prometheus) and /health; 0: a free one."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address on which they are served.")
    once: bool = Field(
        default=False, description="Archive what the topic holds now, close the hours that are over, and end."
    )
    accept_data_loss: bool = Field(
        default=False,
        description="Go on where the topic begins now, after its retention deleted events that were never"
        " archived; the lost range is recorded in the archive.",
    )


def add_arguments(parser: argparse.ArgumentParser, model: type[StreamSettings]) -> None:
    """Add a flag for each setting."""
    for name, field in model.model_fields.items():
        told = f"{field.description} [{PREFIX}{name.upper()}]"
        flag = f"--{name.replace('_', '-')}"
        if field.annotation is bool:
            parser.add_argument(flag, action="store_const", const="true", help=told)
        else:
            parser.add_argument(flag, help=told, metavar="VALUE")


def load_settings(
    model: type[Settings], options: Mapping[str, Any], environ: Mapping[str, str] = os.environ
) -> Settings:
    """Put flags, variables and defaults together.

    Raises:
        SettingError: one is missing, unknown or out of range

    """
    fields = model.model_fields
    given = {
        name.removeprefix(PREFIX).lower(): value for name, value in environ.items() if name.startswith(PREFIX)
    }
    unknown = sorted(given.keys() - ArchiveSettings.model_fields.keys())
    if unknown:
        allowed = ", ".join(PREFIX + name.upper() for name in ArchiveSettings.model_fields)
        message = f"{PREFIX}{unknown[0].upper()}: no such setting; allowed: {allowed}"
        raise SettingError(message)
    given |= {name: options[name] for name in fields if options.get(name) is not None}
    try:
        return model.model_validate({name: value for name, value in given.items() if name in fields})
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False):
            name = str(problem["loc"][0])
            flag = f"--{name.replace('_', '-')} / {PREFIX}{name.upper()}"
            found = "nothing given" if problem["type"] == "missing" else f"found {given[name]!r}"
            lines.append(f"{flag}: {found}; {problem['msg']}. {fields[name].description}")
        raise SettingError("\n".join(lines)) from None


def kafka_login(settings: StreamSettings) -> dict[str, str]:
    """Read the settings' file of librdkafka settings, as `read_properties` does."""
    return read_properties(settings.kafka_properties)


def read_properties(path: Path | None) -> dict[str, str]:
    """Read a file of librdkafka settings; none when there is no file.

    Raises:
        SettingError: it cannot be read, or a line is no setting; never quotes a value

    """
    if path is None:
        return {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        message = f"--kafka-properties: {path} cannot be read ({error.strerror})"
        raise SettingError(message) from None
    found = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            message = f"--kafka-properties: {path}: line {number} is no `name=value`"
            raise SettingError(message)
        found[name.strip()] = value.strip()
    return found
