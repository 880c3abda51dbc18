"""Topics: what they survive, and who may touch them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy.resources import Context, Resource

TOPIC: Final = "kafka:index/topic:Topic"
ACL: Final = "kafka:index/acl:Acl"
PROD_REPLICATION_FACTOR: Final = 3
PROD_MIN_INSYNC_REPLICAS: Final = 2
READING: Final = frozenset({"Read", "All", "Any"})
WRITING: Final = frozenset({"Write", "All", "Any", "Delete", "Alter"})


def fragile_topic(resource: Resource, context: Context) -> Iterator[str]:
    """See that a topic bears the loss of a broker, and has the descriptor's partitions."""
    if resource.type != TOPIC:
        return
    replicas = int(resource.props.get("replicationFactor") or 0)
    in_sync = int((resource.props.get("config") or {}).get("min.insync.replicas") or 1)
    if in_sync > replicas:
        yield (
            f"asks for {in_sync} in-sync replicas of {replicas}: no record with acks=all could be written;"
            f" min.insync.replicas must be at most {replicas}."
        )
    if context.prod and replicas < PROD_REPLICATION_FACTOR:
        yield f"has {replicas} copies in prod; replicationFactor: at least {PROD_REPLICATION_FACTOR}."
    if context.prod and in_sync < PROD_MIN_INSYNC_REPLICAS:
        yield (
            f"is acknowledged by {in_sync} replica in prod, whose loss loses records;"
            f" min.insync.replicas must be at least {PROD_MIN_INSYNC_REPLICAS}."
        )
    if context.prod and in_sync == replicas > 1:
        yield f"cannot be written while one of {replicas} replicas restarts; lower min.insync.replicas."
    yield from _wrong_partitions(resource, context)


def _wrong_partitions(resource: Resource, context: Context) -> Iterator[str]:
    port = context.product.descriptor.ports.input[0]
    if resource.props.get("name") != port.topic:
        return
    wanted, found = port.partitions[context.environment], resource.props.get("partitions")
    if found != wanted:
        yield (
            f"has {_number(found)} partitions; {context.product.descriptor_document.file} fixes {wanted} for"
            f" {context.environment}: with others a transaction's next event goes elsewhere, and upsert and"
            " dedup double in silence."
        )


def _number(value: Any) -> str:  # noqa: ANN401 - whatever the program gave
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def topic_open_to(resource: Resource, context: Context) -> Iterator[str]:
    """See that none but Pinot, archiver and measuring run read the topic: personal data in clear is on it."""
    if resource.type != ACL or resource.props.get("aclPermissionType") != "Allow":
        return
    if resource.props.get("aclResourceType") not in {"Topic", "Any"}:
        return
    principal = str(resource.props.get("aclPrincipal") or "").removeprefix("User:")
    operation = str(resource.props.get("aclOperation"))
    access = context.topic_access
    for verb, operations, allowed in (
        ("read", READING, access.readers | access.operators),
        ("change", WRITING, access.writers | access.operators),
    ):
        if operation in operations and principal not in allowed:
            listed = ", ".join(sorted(allowed))
            yield (
                f"lets {principal or 'nobody in particular'} {verb} {resource.props.get('aclResourceName')},"
                f" which holds personal data in clear; allowed: {listed}. Readers use the tables."
            )
