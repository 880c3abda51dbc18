"""What an environment changes in the product's files, and nothing else.

The files under `data-product/` are complete and valid for prod; `Environment` says where this environment differs.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

TopicName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,248}$")]
BootstrapServers = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}(,[A-Za-z0-9.-]+:[0-9]{1,5})*$")
]
TenantName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
Age = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}d$")]


class Pool(BaseModel):
    """A pool of servers to which older segments of the offline tables move (a tier of Pinot)."""

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
    bootstrap_servers: BootstrapServers = Field(description="Kafka's brokers as Pinot reaches them: host:port,host:port")
    kafka_properties: dict[str, str] = Field(
        default_factory=dict,
        description="Kafka client properties in place of the files' (security.protocol, sasl.*, ssl.*); "
        "secrets only as ${NAME}, which Pinot reads from its own environment; {} is plaintext without a login",
    )
    replication: Annotated[int, Field(ge=1, le=9)] = Field(default=3, description="copies of each segment")
    broker_tenant: TenantName = Field(default="payment_broker", description="tenant whose brokers answer")
    server_tenant: TenantName = Field(default="payment_server", description="tenant whose servers hold new segments")
    pools: tuple[Pool, ...] = Field(default=(), description="tiers of the offline tables; empty: all on server_tenant")
    peer_download_scheme: Literal["http", "https"] | None = Field(
        default="http", description="how replicas fetch segments from each other; required when replication > 1"
    )
    retention_days: dict[str, Annotated[int, Field(ge=1, le=36500)]] = Field(
        default_factory=dict, description="days to keep, by table name, where an environment keeps less than prod"
    )
    segment_rows: Annotated[int, Field(ge=1000)] | None = Field(
        default=None, description="rows at which a consuming segment is committed, in place of the files' segment size"
    )
    pii_mode: Literal["sha256", "keyed"] = Field(
        default="sha256",
        description="sha256: Pinot hashes clear values; keyed: the producer sends v<key version>:<64 hex>, stored as is",
    )
