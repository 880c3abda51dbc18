"""What a policy looks at: resources as they were asked for, and what the product says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from product_model import Product

Environment = Literal["local", "dev", "prod"]

ARCHIVE: Final = "archive"
DEEP_STORE: Final = "deep-store"
ACCESS_LOGS: Final = "access-logs"
"""Names that the program gives to its buckets, by what they are for."""

REQUIRED_TAGS: Final = ("data-product", "domain", "owner", "classification", "environment", "managed-by")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of a stack."""

    type: str
    name: str
    urn: str
    props: Mapping[str, Any]
    protect: bool = False
    uses: frozenset[str] = frozenset()
    """URNs of the resources whose outputs its inputs were made from."""


@dataclass(frozen=True, slots=True)
class Violation:
    """What a stack policy found: about which resource, and what to do."""

    urn: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicAccess:
    """Which principals may do what on the topics."""

    readers: frozenset[str] = frozenset({"pinot", "archiver", "measure"})
    writers: frozenset[str] = frozenset({"payment-service", "archiver", "measure"})
    operators: frozenset[str] = frozenset({"pulumi"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What policies measure by."""

    environment: Environment
    product: Product
    topic_access: TopicAccess = field(default_factory=TopicAccess)
    required_tags: tuple[str, ...] = REQUIRED_TAGS

    @property
    def prod(self) -> bool:
        """Whether the stack is production."""
        return self.environment == "prod"


Stack = Sequence[Resource]


def environment_of(stack: str, configured: str | None) -> Environment:
    """Return the stack's environment: as its configuration says, else by its name, else the strictest."""
    for word in (configured, stack):
        match word:
            case "local" | "dev" | "prod":
                return word
    return "prod"


def of_type(stack: Stack, *types: str) -> list[Resource]:
    """Return the resources of some types."""
    return [resource for resource in stack if resource.type in types]
