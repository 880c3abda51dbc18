"""What the payment data product's stack puts out. The interface to other domains.

Within one `outputVersion` things are only added. Removing, renaming or retyping one is a breaking change: it
needs a new version, and a test fails until it has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

OUTPUT_VERSION: Final = 1


class UnknownNameError(KeyError):
    """There is no such table, column, topic …; the message lists the names that there are."""

    def __str__(self) -> str:
        """Return the message as it is: KeyError's own would quote it."""
        return str(self.args[0])


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A Kafka topic and the contract of what is in it."""

    name: str
    partitions: int
    """Fixed for good: a transaction's events are always in the same one."""
    retention_days: int
    content_type: str
    """Media type of a record's value."""
    record_key: str
    """What a record's key is."""
    contract: str
    """Path of the contract (AsyncAPI 3), relative to the product's repository."""


@dataclass(frozen=True, kw_only=True)
class Topics:
    """The product's topics."""

    events: Topic
    """The events as the payment service publishes them: personal data in clear, so readers use the tables."""
    quarantine: Topic
    """Events that broke the contract, with a reason, personal data hashed."""


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where things answer."""

    kafka_bootstrap_servers: tuple[str, ...]
    """host:port of brokers to start from."""
    pinot_broker: str
    """URL for queries: POST /query/sql."""
    pinot_controller: str
    """URL of the controller; not for readers."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table."""

    name: str
    data_type: str
    """Pinot's data type: STRING, BIG_DECIMAL, TIMESTAMP …"""
    classification: str
    """How sensitive it is, as the product's descriptor says."""
    nullable: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that can be queried by its name."""

    name: str
    kind: Literal["REALTIME", "OFFLINE", "LOGICAL"]
    description: str
    schema_version: str
    """Version of the schema, major.minor.patch; a breaking change raises the first number."""
    time_column: str
    retention_days: int
    members: tuple[str, ...]
    """Physical tables behind a logical one; none for the others."""
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """Return a column.

        Raises:
            UnknownNameError: it does not exist; the message lists those that do.

        """
        return by_name("column", self.columns, name)


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """An S3 bucket."""

    name: str
    arn: str
    region: str


@dataclass(frozen=True, kw_only=True)
class Buckets:
    """The product's buckets."""

    deep_store: Bucket
    """Pinot's segments; Pinot alone reads and writes there."""
    archive: Bucket
    """The events, hashed, as Parquet, by kind and hour."""


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A Pinot tenant."""

    name: str
    role: Literal["BROKER", "SERVER"]


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A service level objective."""

    name: str
    target: float
    unit: str
    """Unit of the target: percent, milliseconds."""
    percentile: int | None
    """Percentile of the measured values that must reach the target; none: the target holds for the whole."""
    window: str
    """Time over which it is measured: 30d."""
    description: str


_Named = TypeVar("_Named", Table, Column, Tenant, Objective)


@dataclass(frozen=True, kw_only=True)
class PaymentOutputs:
    """All outputs of the stack."""

    output_version: int
    environment: Literal["local", "dev", "prod"]
    topics: Topics
    endpoints: Endpoints
    tables: tuple[Table, ...]
    buckets: Buckets
    tenants: tuple[Tenant, ...]
    objectives: tuple[Objective, ...]
    discovery: str
    """The discovery document: all of this and the links to the contracts, as JSON text."""

    def table(self, name: str) -> Table:
        """Return a table.

        Raises:
            UnknownNameError: it does not exist; the message lists those that do.

        """
        return by_name("table", self.tables, name)

    def tenant(self, name: str) -> Tenant:
        """Return a tenant; UnknownNameError lists those that exist."""
        return by_name("tenant", self.tenants, name)

    def objective(self, name: str) -> Objective:
        """Return an objective; UnknownNameError lists those that exist."""
        return by_name("objective", self.objectives, name)


def by_name(kind: str, found: Iterable[_Named], name: str) -> _Named:
    """Return the one of that name; UnknownNameError lists the names that there are."""
    named = {item.name: item for item in found}
    if name not in named:
        message = f"there is no {kind} {name!r}; known are {', '.join(sorted(named)) or 'none'}"
        raise UnknownNameError(message)
    return named[name]
