"""Every policy of the pack: a name, and the plain function that looks; its docstring says what for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from policy.access_policies import missing_tags, unknown_reader, unprotected
from policy.cluster_policies import load_balancer, moving_image, unpinned_chart
from policy.contract_policies import broken_contract
from policy.data_policies import clear_personal_data
from policy.resources import Context, Resource, Stack, Violation
from policy.storage_policies import bucket_lifecycle, public_bucket, unencrypted_bucket, unlocked_archive
from policy.stream_policies import fragile_topic, topic_open_to

ResourceRule = Callable[[Resource, Context], Iterator[str]]
StackRule = Callable[[Stack, Context], Iterator[Violation]]


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """A policy that looks at one resource at a time, before it is made."""

    name: str
    rule: ResourceRule

    @property
    def promise(self) -> str:
        """Return what the policy sees to."""
        return _promise(self.rule)


@dataclass(frozen=True, slots=True)
class StackPolicy:
    """A policy that looks at all resources together."""

    name: str
    rule: StackRule

    @property
    def promise(self) -> str:
        """Return what the policy sees to."""
        return _promise(self.rule)


def _promise(rule: object) -> str:
    first = str(rule.__doc__).partition("\n")[0].removeprefix("See that ")
    return first[0].upper() + first[1:]


RESOURCE_POLICIES: Final = (
    ResourcePolicy("fragile-topic", fragile_topic),
    ResourcePolicy("topic-open-to", topic_open_to),
    ResourcePolicy("clear-personal-data", clear_personal_data),
    ResourcePolicy("broken-contract", broken_contract),
    ResourcePolicy("unknown-reader", unknown_reader),
    ResourcePolicy("unprotected", unprotected),
    ResourcePolicy("missing-tags", missing_tags),
    ResourcePolicy("moving-image", moving_image),
    ResourcePolicy("unpinned-chart", unpinned_chart),
    ResourcePolicy("load-balancer", load_balancer),
)
STACK_POLICIES: Final = (
    StackPolicy("public-bucket", public_bucket),
    StackPolicy("unencrypted-bucket", unencrypted_bucket),
    StackPolicy("bucket-lifecycle", bucket_lifecycle),
    StackPolicy("unlocked-archive", unlocked_archive),
)
