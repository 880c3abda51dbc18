"""The product's descriptor: identity, people, ports, events, columns, retention, objectives.

Units stand in the names: days, hours; an objective carries its own.
"""

from __future__ import annotations

from collections.abc import Iterable  # noqa: TC003 - beside annotations that pydantic evaluates
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from product_model.environment import TenantName, TopicName  # noqa: TC001 - pydantic evaluates them
from product_model.pinot_schema import ColumnName  # noqa: TC001 - pydantic evaluates it

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Team = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,62}$")]
# A field of the CloudEvent: an attribute of the envelope, or a path in its data.
EventField = Annotated[
    str, StringConstraints(pattern=r"^(id|type|source|time|data(\.[A-Za-z][A-Za-z0-9]*)+)$")
]
Days = Annotated[int, Field(ge=1, le=36500)]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
Classification = Literal["public", "internal", "confidential", "restricted"]


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Part(BaseModel):
    """A part of the descriptor: nothing unknown, nothing changed after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Identity(Part):
    """What the product is."""

    id: Team
    name: Text
    version: Version
    status: Literal["draft", "active", "deprecated", "retired"]
    archetype: Literal["source-aligned", "aggregate", "consumer-aligned"]
    domain: Team
    sub_domain: Team
    bounded_context: Text
    classification: Classification
    purpose: Text
    limits: Text


class Owner(Part):
    """Who answers for it."""

    team: Team
    name: Text


class Access(Part):
    """Who may do what, by team."""

    readers: tuple[Team, ...] = Field(min_length=1)
    writers: tuple[Team, ...] = Field(min_length=1)
    admins: tuple[Team, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _once(self) -> Access:
        for role, teams in (("readers", self.readers), ("writers", self.writers), ("admins", self.admins)):
            twice = sorted({team for team in teams if teams.count(team) > 1})
            if twice:
                message = f"access.{role} names {twice[0]!r} twice; allowed: each team once a role"
                raise ValueError(message)
        return self


class InputPort(Part):
    """The topic that the product reads."""

    name: Team
    kind: Literal["kafka"]
    topic: TopicName
    contract: Text
    content_type: Literal["application/cloudevents+json"]
    record_key: ColumnName
    delivery: Literal["at-least-once"]
    retention_days: Days
    partitions: dict[Literal["local", "dev", "prod"], Annotated[int, Field(ge=1, le=1000)]]
    quarantine_topic: TopicName


class OutputPort(Part):
    """A way to read the product."""

    name: Team
    kind: Literal["pinot", "s3", "kafka"]
    description: Text


class Ports(Part):
    """Where data comes in and goes out."""

    input: tuple[InputPort, ...] = Field(min_length=1, max_length=1)
    output: tuple[OutputPort, ...] = Field(min_length=1)


class EventKind(Part):
    """One type of event."""

    message: ColumnName
    type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9.-]+\.v[0-9]+$")]
    description: Text
    time_field: ColumnName | None = None


class PersonalDataKind(Part):
    """A kind of personal data, and whether it is stored as a hash."""

    hashed: bool
    normalization: Literal["trimmed-lower-case", "digits"] | None = None
    why: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> PersonalDataKind:
        if self.hashed and self.normalization is None:
            message = "a hashed kind has no normalization; allowed: trimmed-lower-case, digits"
            raise ValueError(message)
        if not self.hashed and self.why is None:
            message = "a kind that is stored in clear says not why; allowed: a sentence under `why`"
            raise ValueError(message)
        return self


class ColumnFact(Part):
    """What a column holds.

    `from_` are fields of the event, `derived_from` columns of the same row; `kept_without` says why a row is
    kept although the contract asks for the field.
    """

    name: ColumnName
    from_: Annotated[tuple[EventField, ...], BeforeValidator(_several)] = Field(default=(), alias="from")
    derived_from: tuple[ColumnName, ...] = ()
    events: tuple[ColumnName, ...] = ()
    required: bool = False
    kept_without: Text | None = None
    money: bool = False
    free_text: bool = False
    classification: Classification
    personal_data: Team | None = None
    description: Text

    @model_validator(mode="after")
    def _from_somewhere(self) -> ColumnFact:
        if not self.from_ and not self.derived_from:
            message = f"column {self.name!r} comes from nowhere; allowed: `from`, `derivedFrom` or both"
            raise ValueError(message)
        return self


class SchemaFact(Part):
    """The columns of one schema file, and the events that fill them."""

    name: ColumnName
    file: Text
    version: Version
    events: tuple[ColumnName, ...] = Field(min_length=1)
    columns: tuple[ColumnFact, ...] = Field(min_length=1)

    def column(self, name: str) -> ColumnFact | None:
        """Return the column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def events_of(self, column: ColumnFact) -> tuple[str, ...]:
        """Return the events that fill a column."""
        return column.events or self.events


class TableFact(Part):
    """One physical table."""

    name: ColumnName
    file: Text
    schema_: ColumnName = Field(alias="schema")
    kind: Literal["append", "archive", "merged"]
    row: Text
    retention_days: Days

    @property
    def table_type(self) -> Literal["REALTIME", "OFFLINE"]:
        """Pinot's type of a table of this kind."""
        return "OFFLINE" if self.kind == "archive" else "REALTIME"


class LogicalTableFact(Part):
    """One name for several physical tables."""

    name: ColumnName
    file: Text
    schema_: ColumnName = Field(alias="schema")
    members: tuple[ColumnName, ...] = Field(min_length=1)


class OfflineLoads(Part):
    """How archive tables are filled."""

    every_hours: Annotated[int, Field(ge=1, le=24)]
    worst_lag_days: Days


class Deduplication(Part):
    """How long a repeated event is known as such."""

    memory_days: Days


class TierFact(Part):
    """A pool of servers for older segments."""

    name: TenantName
    after_days: Days


class ArchiveTier(Part):
    """A storage class of the archive bucket."""

    name: TenantName
    storage_class: Literal["STANDARD", "STANDARD_IA", "GLACIER_IR", "DEEP_ARCHIVE"]
    after_days: Annotated[int, Field(ge=0, le=36500)]


class Archive(Part):
    """The archive of the events."""

    kept_days: Days
    tiers: tuple[ArchiveTier, ...] = Field(min_length=1)


Unit = Literal["percent", "milliseconds", "minutes", "changes"]


class Objective(Part):
    """A promise to readers."""

    name: Team
    target: Annotated[float, Field(gt=0)]
    unit: Unit
    percentile: Annotated[int, Field(gt=0, lt=100)] | None = None
    window: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*d$")]
    description: Text


class Alert(Part):
    """When somebody is called."""

    name: Team
    above: Annotated[float, Field(ge=0)]
    unit: Unit
    percentile: Annotated[int, Field(gt=0, lt=100)] | None = None


class Term(Part):
    """A word of the domain."""

    term: Text
    meaning: Text


class Descriptor(Part):
    """The whole descriptor."""

    descriptor_version: Literal[1]
    product: Identity
    owner: Owner
    access: Access
    ports: Ports
    events: tuple[EventKind, ...] = Field(min_length=1)
    not_stored: dict[str, Text]
    personal_data: dict[Team, PersonalDataKind]
    schemas: tuple[SchemaFact, ...] = Field(min_length=1)
    tables: tuple[TableFact, ...] = Field(min_length=1)
    logical_tables: tuple[LogicalTableFact, ...]
    offline_loads: OfflineLoads
    deduplication: Deduplication
    tiers: tuple[TierFact, ...]
    archive: Archive
    objectives: tuple[Objective, ...] = Field(min_length=1)
    alerts: tuple[Alert, ...]
    glossary: tuple[Term, ...]

    @model_validator(mode="after")
    def _names(self) -> Descriptor:
        """Names are given once and refer to what is there."""
        named: dict[str, list[str]] = {
            "schemas": [schema.name for schema in self.schemas],
            "tables": [table.name for table in self.tables] + [table.name for table in self.logical_tables],
            "events": [event.message for event in self.events],
            "objectives": [objective.name for objective in self.objectives],
        }
        for kind, names in named.items():
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                message = f"{kind} name {twice[0]!r} twice; allowed: each name once"
                raise ValueError(message)
        _known("schema", (table.schema_ for table in self.tables), self.schema_names)
        _known("schema", (table.schema_ for table in self.logical_tables), self.schema_names)
        _known(
            "member",
            (member for table in self.logical_tables for member in table.members),
            tuple(table.name for table in self.tables),
        )
        messages = tuple(event.message for event in self.events)
        for schema in self.schemas:
            _known("event", schema.events, messages)
            for column in schema.columns:
                _known("event", column.events, schema.events)
                if column.personal_data is not None:
                    _known("personalData", (column.personal_data,), tuple(self.personal_data))
        return self

    @property
    def schema_names(self) -> tuple[str, ...]:
        """Names of the schema files' schemas."""
        return tuple(schema.name for schema in self.schemas)

    def schema_of(self, name: str) -> SchemaFact:
        """Return a schema by name; KeyError for an unknown one."""
        return next(schema for schema in self.schemas if schema.name == name)

    def event(self, message: str) -> EventKind:
        """Return an event by the name of its message."""
        return next(event for event in self.events if event.message == message)

    def hashed(self, column: ColumnFact) -> PersonalDataKind | None:
        """Return the kind of personal data when the column must hold hashes."""
        kind = self.personal_data.get(column.personal_data or "")
        return kind if kind is not None and kind.hashed else None


def _known(what: str, names: Iterable[str], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            message = f"{what} {name!r} is not described; allowed: {', '.join(known)}"
            raise ValueError(message)
