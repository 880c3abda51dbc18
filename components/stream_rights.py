"""Who may use the topics: SCRAM users, ACLs by least privilege, quotas."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kafka as kafka

from components.stream_access_settings import PrincipalSettings, StreamAccessSettings
from components.stream_settings import KafkaSettings

PAYMENT_SERVICE: Final = "payment-service"
PINOT: Final = "pinot"
ARCHIVER: Final = "archiver"
MEASURE: Final = "measure"
"""Kafka's users, whom the policy pack knows by these names. Readers have none: they use the tables."""
ARCHIVER_GROUP: Final = "payments-archiver"
"""Consumer group of the archiver. Pinot assigns itself partitions, without a group."""
MEASURE_GROUP: Final = "payments-measure"
"""Group that the measuring run names to the brokers; it assigns itself partitions, and commits nothing."""


@dataclass(frozen=True, slots=True)
class Right:
    """One thing that a user may do."""

    user: str
    operation: str
    resource_type: str
    resource: str

    @property
    def name(self) -> str:
        """Return Pulumi's name of the ACL."""
        return f"{self.user}-{self.operation.lower()}-{self.resource}"


def rights_on(topic: str, quarantine: str) -> tuple[Right, ...]:
    """Return every right: the payment service writes, Pinot reads, the archiver reads and sorts out.

    The measuring run reads, to hold the tables against the events, and writes probes, which no table keeps.
    """
    return (
        *_topic(PAYMENT_SERVICE, topic, "Write", "Describe"),
        *_topic(PINOT, topic, "Read", "Describe"),
        *_topic(ARCHIVER, topic, "Read", "Describe"),
        Right(ARCHIVER, "Read", "Group", ARCHIVER_GROUP),
        *_topic(ARCHIVER, quarantine, "Write", "Describe"),
        *_topic(MEASURE, topic, "Read", "Write", "Describe"),
        Right(MEASURE, "Read", "Group", MEASURE_GROUP),
    )


def _topic(user: str, topic: str, *operations: str) -> tuple[Right, ...]:
    return tuple(Right(user, operation, "Topic", topic) for operation in operations)


def make_rights(
    settings: KafkaSettings, access: StreamAccessSettings, opts: pulumi.ResourceOptions
) -> dict[str, list[pulumi.Resource]]:
    """Make users, ACLs and quotas.

    Args:
        settings: brokers and topics.
        access: the users.
        opts: options with parent, provider and the topics to wait for.

    Returns:
        what each user needs before it can work: itself and its rights.

    """
    passwords = {
        PAYMENT_SERVICE: access.payment_service,
        PINOT: access.pinot,
        ARCHIVER: access.archiver,
    }
    if access.measure is not None:
        passwords[MEASURE] = access.measure
    made: dict[str, list[pulumi.Resource]] = {user: [] for user in passwords}
    for user, principal in passwords.items():
        if access.make_users and principal is not None:
            made[user].append(_user(user, principal, settings.security.mechanism, opts))
        kafka.Quota(
            user,
            entity_type="user",
            entity_name=user,
            config={
                "consumer_byte_rate": str(access.consume_bytes_per_second),
                "producer_byte_rate": str(access.produce_bytes_per_second),
            },
            opts=opts,
        )
    for right in rights_on(settings.topic.name, settings.quarantine.name):
        if right.user not in made:
            continue
        made[right.user].append(
            kafka.Acl(
                right.name,
                acl_principal=f"User:{right.user}",
                acl_operation=right.operation,
                acl_permission_type="Allow",
                acl_host="*",
                acl_resource_type=right.resource_type,
                acl_resource_name=right.resource,
                resource_pattern_type_filter="Literal",
                opts=opts,
            )
        )
    return made


def _user(
    user: str, principal: PrincipalSettings, mechanism: str, opts: pulumi.ResourceOptions
) -> pulumi.Resource:
    return kafka.UserScramCredential(
        user,
        username=user,
        scram_mechanism=mechanism,
        password=pulumi.Output.secret(principal.password.get_secret_value()),
        opts=opts,
    )
