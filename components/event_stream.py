"""The event stream: the topic of the events, and the one for events that break the contract."""

from collections.abc import Collection
from typing import Final

import pulumi
import pulumi_kafka as kafka

from components.partition_guard import partition_guard
from components.stream_rights import ARCHIVER, MEASURE, PINOT, make_rights
from components.stream_settings import KafkaSettings, TopicSettings

SASL_MECHANISMS: Final = {"SCRAM-SHA-256": "scram-sha256", "SCRAM-SHA-512": "scram-sha512"}
"""Kafka's name of a mechanism → the Kafka provider's."""
SECOND_MS: Final = 1000
HOUR_MS: Final = 3600 * SECOND_MS
DAY_MS: Final = 24 * HOUR_MS


def topic_config(settings: TopicSettings) -> dict[str, str]:
    """Return the topic's configuration by Kafka's names.

    Records are kept by time alone. A log segment goes when its newest record is too old, so a record
    outlives its retention by the age at which segments close; that age is short, because the topic holds
    personal data in clear.
    """
    return {
        **settings.config,
        "cleanup.policy": "delete",
        "max.message.bytes": str(settings.max_message_bytes),
        "message.timestamp.after.max.ms": str(settings.future_tolerance_seconds * SECOND_MS),
        "message.timestamp.type": "CreateTime",
        "min.insync.replicas": str(settings.min_insync_replicas),
        "retention.ms": str(settings.retention_days * DAY_MS),
        "segment.ms": str(settings.segment_hours * HOUR_MS),
        "unclean.leader.election.enable": "false",
    }


class EventStream(pulumi.ComponentResource):
    """Kafka as the product uses it."""

    topic: kafka.Topic
    """The events, as the payment service published them."""
    quarantine: kafka.Topic
    """What broke the contract, with a reason, personal data hashed."""
    ready_for_pinot: list[pulumi.Resource]
    """What must be there before Pinot reads the topic: the topic, its user and its rights."""
    ready_for_archiver: list[pulumi.Resource]
    """The same for the archiver, which writes the quarantine too."""
    ready_for_measure: list[pulumi.Resource]
    """The same for the measuring run."""

    def __init__(
        self,
        name: str,
        settings: KafkaSettings,
        *,
        protect: bool,
        free: Collection[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make the topics.

        Args:
            name: Pulumi's name of the component.
            settings: brokers and topics.
            protect: whether Pulumi refuses to delete the topics.
            free: names of the topics whose number of partitions may change.
            opts: options of the component.

        """
        super().__init__("payments:event_stream:EventStream", name, None, opts)
        provider = _provider(settings, pulumi.ResourceOptions(parent=self))
        children = pulumi.ResourceOptions(parent=self, provider=provider, protect=protect)
        guard = partition_guard()
        self.topic, self.quarantine = (
            _topic(topic, children, None if topic.name in free else guard)
            for topic in (settings.topic, settings.quarantine)
        )
        rights: dict[str, list[pulumi.Resource]] = {}
        if settings.access is not None:
            after_topics = pulumi.ResourceOptions(
                parent=self, provider=provider, depends_on=[self.topic, self.quarantine]
            )
            rights = make_rights(settings, settings.access, after_topics)
        self.ready_for_pinot = [self.topic, *rights.get(PINOT, ())]
        self.ready_for_archiver = [self.topic, self.quarantine, *rights.get(ARCHIVER, ())]
        self.ready_for_measure = [self.topic, *rights.get(MEASURE, ())]
        self.register_outputs({"topic": self.topic.name, "quarantine": self.quarantine.name})


def _provider(settings: KafkaSettings, opts: pulumi.ResourceOptions) -> kafka.Provider:
    security = settings.security
    secured = security.protocol != "PLAINTEXT"
    password = security.password
    return kafka.Provider(
        "kafka",
        bootstrap_servers=list(settings.bootstrap_servers),
        # All said outright: what is left out, the SDK takes from KAFKA_* variables of whoever runs it.
        tls_enabled=secured,
        skip_tls_verify=False,
        ca_cert_file=security.ca_file,
        sasl_mechanism=SASL_MECHANISMS[security.mechanism],
        sasl_username=security.username,
        sasl_password=None if password is None else pulumi.Output.secret(password.get_secret_value()),
        opts=opts,
    )


def _topic(
    settings: TopicSettings, opts: pulumi.ResourceOptions, guard: pulumi.ResourceHookBinding | None
) -> kafka.Topic:
    return kafka.Topic(
        settings.name,
        name=settings.name,
        partitions=settings.partitions,
        replication_factor=settings.replication_factor,
        config=topic_config(settings),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(hooks=guard)),
    )
