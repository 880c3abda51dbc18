"""Who gets access, what is protected from a slip, and whose everything is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy.resources import Context, Resource

ROLE: Final = "aws:iam/role:Role"
USER: Final = "pulumi-python:dynamic/pinot:User"
READER_TAG: Final = "reader"
"""Tag of an AWS role that a group of readers may take on: the group's name."""
OPERATORS: Final = frozenset({"admin", "loader", "measure", "pulumi"})
"""Users of Pinot that are no readers: its first user, and those of this program and of operations/."""

PROTECTED: Final = {
    "aws:s3/bucket:Bucket": "the objects in it",
    "aws:kms/key:Key": "everything that is encrypted with it",
    "kafka:index/topic:Topic": "every record on it",
    "kubernetes:core/v1:Namespace": "the whole cluster in it",
    "kubernetes:helm.sh/v3:Release": "the cluster, and in ZooKeeper all that it knows of its segments",
    "pulumi-python:dynamic/pinot:LogicalTable": "the name that readers use",
    "pulumi-python:dynamic/pinot:Schema": "the columns of its table",
    "pulumi-python:dynamic/pinot:Table": "its rows",
}
"""Types whose deletion loses what nobody can bring back, and what that is."""

TAGGED: Final = frozenset(
    {
        "aws:s3/bucket:Bucket",
        "aws:kms/key:Key",
        ROLE,
        "aws:iam/policy:Policy",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:secretsmanager/secret:Secret",
        "aws:sns/topic:Topic",
        "aws:sqs/queue:Queue",
    }
)
"""Types of AWS that can be tagged and cost or open something."""


def unknown_reader(resource: Resource, context: Context) -> Iterator[str]:
    """See that who reads stands in the descriptor."""
    access = context.product.descriptor.access
    file = context.product.descriptor_document.file
    readers = frozenset(access.readers)
    if resource.type == ROLE:
        tags = resource.props.get("tags") or {}
        group = tags.get(READER_TAG)
        if group is not None and group not in readers:
            listed = ", ".join(sorted(readers))
            yield f"is a role for {group}, which is no reader in {file}; allowed: {listed}."
    if resource.type == USER:
        known = readers | frozenset(access.admins) | OPERATORS
        user = resource.props.get("username")
        if user not in known:
            listed = ", ".join(sorted(known))
            yield f"makes the Pinot user {user}, who is nobody in {file}; allowed: {listed}."


def unprotected(resource: Resource, context: Context) -> Iterator[str]:
    """See that what holds data in prod is not deleted by a change of code."""
    if context.prod and resource.type in PROTECTED and not resource.protect:
        yield (
            f"is not protected in prod: deleting it loses {PROTECTED[resource.type]}. Give it protect=True"
            " (payments:guards.protect)."
        )


def missing_tags(resource: Resource, context: Context) -> Iterator[str]:
    """See that everything that can carry tags says whose it is and how sensitive."""
    if resource.type not in TAGGED:
        return
    tags = resource.props.get("tags") or {}
    if missing := [tag for tag in context.required_tags if not tags.get(tag)]:
        yield f"has no tag {', '.join(missing)}; every resource carries {', '.join(context.required_tags)}."
    elif tags["environment"] != context.environment:
        yield f"is tagged environment {tags['environment']} in {context.environment}."
