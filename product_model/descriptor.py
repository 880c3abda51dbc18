"""The product's descriptor: identity, people, ports, events, columns, retention, objectives.

Units stand in the names: days, hours; an objective carries its own.
"""

from __future__ import annotations

from collections.abc import Iterable  # noqa: TC003 - beside annotations that pydantic evaluates
from datetime import date  # noqa: TC003 - pydantic evaluates it
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from product_model.column_facts import PersonalDataKind, SchemaFact  # noqa: TC001 - pydantic evaluates them
from product_model.environment import TenantName, TopicName  # noqa: TC001 - pydantic evaluates them
from product_model.erasure_rules import Erasure  # noqa: TC001 - pydantic evaluates it
from product_model.fact_types import Classification, Days, Part, Team, Text, Version
from product_model.pinot_schema import ColumnName  # noqa: TC001 - pydantic evaluates it

if TYPE_CHECKING:
    from product_model.column_facts import ColumnFact


class Identity(Part):
    """What the product is."""

    id: Team
    name: Text
    version: Version
    released: date = Field(description="day on which this version was published")
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
    request: Text = Field(description="what somebody does who wants to read")

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
    kind: Literal["pinot", "s3"]
    schemas: tuple[ColumnName, ...] = Field(min_length=1, description="what can be read there")
    version: Version | None = Field(
        default=None, description="of its contract; a port of tables has its schema's version"
    )
    description: Text

    @model_validator(mode="after")
    def _one_version(self) -> OutputPort:
        if self.kind == "pinot" and (len(self.schemas) != 1 or self.version is not None):
            message = f"port {self.name!r} of tables; allowed: one schema, whose version is the contract's"
            raise ValueError(message)
        if self.kind == "s3" and self.version is None:
            message = f"port {self.name!r} has no version; allowed: major.minor.patch"
            raise ValueError(message)
        return self


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

    @model_validator(mode="after")
    def _possible(self) -> Objective:
        if self.unit == "percent" and self.target > 100:  # noqa: PLR2004 - percent
            message = f"objective {self.name!r} asks for {self.target:g} percent; allowed: at most 100"
            raise ValueError(message)
        return self


class Alert(Part):
    """When somebody is called."""

    name: Team
    above: Annotated[float, Field(ge=0)]
    unit: Unit
    percentile: Annotated[int, Field(gt=0, lt=100)] | None = None


class Step(Part):
    """A program that carries data from one place to another; places are topics, tables and output ports."""

    job: Team
    by: Text
    reads: tuple[Text, ...] = ()
    writes: tuple[Text, ...] = Field(min_length=1)
    description: Text


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
    lineage: tuple[Step, ...] = Field(min_length=1)
    questions: dict[Team, tuple[Team, ...]] = Field(
        description="by a question's name: the readers who ask it"
    )
    erasure: Erasure
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
        for port in self.ports.output:
            _known("schema", port.schemas, self.schema_names)
        for step in self.lineage:
            _known("place", (*step.reads, *step.writes), self.places)
        for readers in self.questions.values():
            _known("reader", readers, self.access.readers)
        self.erasure.check_complete(self.stores)
        return self

    @model_validator(mode="after")
    def _duties_apart(self) -> Descriptor:
        """Only the owner both writes and reads, or decides who may: nobody else watches over themselves."""
        roles = (
            ("reader", self.access.readers),
            ("writer", self.access.writers),
            ("admin", self.access.admins),
        )
        for team in sorted({team for _, teams in roles for team in teams} - {self.owner.team}):
            held = [role for role, teams in roles if team in teams]
            if len(held) > 1:
                message = (
                    f"access has {team!r} as {' and as '.join(held)}; allowed: one role a team, but for the"
                    f" owner {self.owner.team}"
                )
                raise ValueError(message)
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """Where data stands: topics, tables, and output ports that are no tables."""
        port = self.ports.input[0]
        files = [port.name for port in self.ports.output if port.kind == "s3"]
        return (port.topic, port.quarantine_topic, *(table.name for table in self.tables), *files)

    @property
    def stores(self) -> tuple[str, ...]:
        """Where something about a person may stand, in the order in which an erasure goes through them."""
        return (*self.places, "deep-store", "audit")

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
