"""What an environment changes in the product's files, and nothing else.

The files under `data-product/` are complete and valid for prod; `Environment` says where another differs.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

TopicName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,248}$")]
BootstrapServers = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}(,[A-Za-z0-9.-]+:[0-9]{1,5})*$")
]
TenantName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
Age = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}d$")]
Period = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}[dhms]$")]

_SECRET_NAMES = re.compile(r"jaas|password|secret|token|credential|\.key$", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{[A-Z][A-Z0-9_]*\}")


class Pool(BaseModel):
    """A pool of servers to which older segments of the archive tables move (a tier of Pinot)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")] = Field(
        description="the tier's name: warm, cold"
    )
    after: Age = Field(description="age of a segment from which it moves, in days: 90d")
    server_tenant: TenantName = Field(description="tenant of the pool's servers, without _OFFLINE")


class Environment(BaseModel):
    """Where the product's tables live in one environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: TopicName = Field(default="payments", description="Kafka topic of the events")
    bootstrap_servers: BootstrapServers = Field(
        description="Kafka's brokers as Pinot reaches them: host:port,…"
    )
    kafka_properties: dict[str, str] = Field(
        default_factory=dict,
        description="Kafka client properties in place of the files' security.*, sasl.* and ssl.*; secrets "
        "only as ${NAME}, which Pinot reads from its own environment; none: plaintext without a login",
    )
    replication: Annotated[int, Field(ge=1, le=9)] = Field(default=3, description="copies of each segment")
    broker_tenant: TenantName = Field(default="payment_broker", description="tenant whose brokers answer")
    server_tenant: TenantName = Field(default="payment_server", description="tenant of new segments' servers")
    pools: tuple[Pool, ...] = Field(
        default=(), description="tiers of the archive tables; none: all segments stay on server_tenant"
    )
    minions: bool = Field(
        default=False,
        description="whether minions run the tables' scheduled tasks; without one Pinot refuses a schedule",
    )
    peer_download_scheme: Literal["http", "https"] | None = Field(
        default="http", description="how copies fetch segments from each other; needed when replication > 1"
    )
    retention_days: dict[str, Annotated[int, Field(ge=1, le=36500)]] = Field(
        default_factory=dict, description="days to keep, by table name, where an environment keeps less"
    )
    segment_rows: Annotated[int, Field(ge=1000)] | None = Field(
        default=None,
        description="rows at which a consuming segment is committed, in place of the files' size",
    )
    segment_time: Period | None = Field(
        default=None, description="age at which a consuming segment is committed, in place of the files'"
    )
    pii_mode: Literal["sha256", "keyed"] = Field(
        default="sha256",
        description="sha256: Pinot hashes clear values; keyed: the producer sends v<key version>:<64 hex>, "
        "which is stored as it is",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Environment:
        if self.replication > 1 and self.peer_download_scheme is None:
            message = (
                f"replication is {self.replication} and peer_download_scheme is not set; allowed: http or "
                "https, because pauseless tables need it when there is more than one copy"
            )
            raise ValueError(message)
        for name, value in self.kafka_properties.items():
            if _SECRET_NAMES.search(name) and not _REFERENCE.fullmatch(value):
                message = (
                    f"kafka_properties.{name} holds a secret in clear; allowed: a reference such as "
                    "${KAFKA_JAAS_SECRET} that Pinot resolves from its own environment"
                )
                raise ValueError(message)
        return self
