"""Settings of the event stream: the brokers and the product's topics."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from components.setting_errors import BrokenRuleError
from components.setting_kinds import (
    ConfigText,
    Days,
    FilePath,
    HostPort,
    Hours,
    MessageBytes,
    Name,
    Partitions,
    Replicas,
    Seconds,
    Secret,
    SettingsPart,
    TopicName,
)
from components.stream_access_settings import StreamAccessSettings

OWN_TOPIC_CONFIG: Final = frozenset(
    {
        "cleanup.policy",
        "max.message.bytes",
        "message.timestamp.after.max.ms",
        "message.timestamp.type",
        "min.insync.replicas",
        "retention.ms",
        "segment.ms",
        "unclean.leader.election.enable",
    }
)
"""Topic configuration that the other settings decide, and `config` must not."""


class KafkaSecurity(SettingsPart):
    """How Pulumi, which makes the topics, speaks to the brokers."""

    protocol: Literal["PLAINTEXT", "SASL_SSL"] = Field(
        default="SASL_SSL", description="Security protocol of the brokers; PLAINTEXT is for local alone."
    )
    mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="SASL mechanism, used with SASL_SSL."
    )
    username: Name | None = Field(default=None, description="User that may create topics, users and ACLs.")
    password: Secret | None = Field(default=None, description="That user's password.")
    ca_file: FilePath | None = Field(
        default=None,
        description="PEM file with the brokers' certificate authority, unless it is a public one.",
    )

    @model_validator(mode="after")
    def _credentials_go_with_the_protocol(self) -> Self:
        if self.protocol == "SASL_SSL" and (self.username is None or self.password is None):
            raise BrokenRuleError(
                key="username",
                found="protocol SASL_SSL without username or password",
                allowed="both, or protocol PLAINTEXT in the local environment",
            )
        if self.protocol == "PLAINTEXT" and (self.username is not None or self.password is not None):
            raise BrokenRuleError(
                key="username",
                found="credentials with protocol PLAINTEXT",
                allowed="no username and no password, or protocol SASL_SSL",
            )
        return self


class TopicSettings(SettingsPart):
    """One Kafka topic."""

    name: TopicName = Field(description="The topic's name.")
    partitions: Partitions = Field(
        description="Number of partitions. More of them later send a transaction's next event elsewhere, and"
        " upsert and de-duplication silently double; fewer of them delete the topic."
    )
    replication_factor: Replicas = Field(default=3, description="Copies of each partition.")
    min_insync_replicas: Replicas = Field(
        default=2, description="Copies that must have a record before a producer with acks=all is answered."
    )
    retention_days: Days = Field(
        default=7, description="How long a record is kept; older events come from the archive."
    )
    segment_hours: Hours = Field(
        default=6,
        description="Age at which a log segment closes: a record outlives its retention by that much.",
    )
    max_message_bytes: MessageBytes = Field(
        default=1_048_576,
        description="Largest record batch that the broker accepts; an event has about 1 kB.",
    )
    future_tolerance_seconds: Seconds = Field(
        default=3600,
        description="How far ahead of the broker's clock a record's timestamp may be; one far in the future"
        " would keep its segment, and the personal data in it, for ever.",
    )
    config: Mapping[Name, ConfigText] = Field(
        default_factory=dict, description="Further topic configuration, by Kafka's own names."
    )

    @model_validator(mode="after")
    def _replicas_suffice(self) -> Self:
        if self.min_insync_replicas > self.replication_factor:
            raise BrokenRuleError(
                key="minInsyncReplicas",
                found=f"{self.min_insync_replicas}, above replicationFactor {self.replication_factor}, with"
                " which no record could be written",
                allowed=f"at most {self.replication_factor}",
            )
        if taken := sorted(set(self.config) & OWN_TOPIC_CONFIG):
            raise BrokenRuleError(
                key="config",
                found=f"{', '.join(taken)}, which has a setting of its own",
                allowed="other topic configuration",
            )
        return self


class KafkaSettings(SettingsPart):
    """The brokers and the product's two topics."""

    bootstrap_servers: Annotated[tuple[HostPort, ...], Field(min_length=1)] = Field(
        description="Brokers to start from, as Pulumi reaches them."
    )
    pinot_bootstrap_servers: tuple[HostPort, ...] = Field(
        default=(), description="Brokers as Pinot reaches them, when that differs from bootstrapServers."
    )
    pinot_properties: Mapping[Name, ConfigText] = Field(
        default_factory=dict,
        description="Kafka client properties with which Pinot reads the topic (security.*, sasl.*, ssl.*); a"
        " secret only as ${NAME}, which Pinot takes from its own environment. None: plaintext, no login.",
    )
    security: KafkaSecurity = Field(description="How to speak to the brokers.")
    access: StreamAccessSettings | None = Field(
        default=None,
        description="Who may use the topics; needed beyond local. None: no users and no ACLs are made.",
    )
    topic: TopicSettings = Field(description="The topic that the payment service writes its events to.")
    quarantine: TopicSettings = Field(
        description="The topic for events that break the contract, with a reason and hashed personal data."
    )

    @model_validator(mode="after")
    def _topics_differ(self) -> Self:
        if self.topic.name == self.quarantine.name:
            raise BrokenRuleError(
                key="quarantine.name",
                found="the name of the topic",
                allowed="another name, for example payments.quarantine",
            )
        return self
