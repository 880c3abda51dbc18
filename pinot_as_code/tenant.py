"""Tenants: a set of instances that carries the tenant's tags.

A Pinot tenant is nothing but tags on instances: ``<name>_OFFLINE`` and ``<name>_REALTIME`` on servers,
``<name>_BROKER`` on brokers. This resource owns its own tags and leaves all others in place, so several
tenants may share an instance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pulumi  # noqa: TC002 - the SDK evaluates the annotations of resource classes
from pulumi.dynamic import Resource, ResourceProvider

from .arguments import in_place, words

if TYPE_CHECKING:
    from collections.abc import Sequence

Role = Literal["SERVER", "BROKER"]


@dataclass(frozen=True, kw_only=True)
class InstanceSelector:
    """Which instances of the tenant's role belong to it: those for which all given conditions hold, or all.

    New instances that match are tagged by the next ``pulumi up``; those that no longer match lose the tag,
    which is guarded (``shrink-tenant``) while data sits there.
    """

    names: Sequence[str] = ()
    """Instance ids (``Server_pinot-0.pinot_8098``) or shell patterns of them (``Server_pinot-warm-*``)."""
    pool: int | None = None
    """Number of a pool that the instance's ``pools`` setting must name (for any of its tags)."""
    count: int | None = None
    """How many of the matching instances: those that carry the tag already first, then untagged, by id."""


@dataclass(frozen=True, kw_only=True)
class PinotTenantArgs:
    """Arguments of `PinotTenant`."""

    name: pulumi.Input[str]
    """Tenant name without role suffix, e.g. ``payment_server``."""
    role: Role
    """``SERVER`` (tags for OFFLINE and REALTIME tables) or ``BROKER``."""
    instances: InstanceSelector = field(default_factory=InstanceSelector)
    allow: Sequence[str] = ()
    """Words of the guards: ``shrink-tenant``."""
    timeout_seconds: float = 300
    """How long an operation may wait for instances to join and for tables to move, in seconds."""


class PinotTenantProvider(ResourceProvider):
    """Life cycle of a tenant."""

    serialize_as_secret_always = False


class PinotTenant(Resource, module="pinot", name="Tenant"):
    """A tenant on the instances that a selector finds."""

    name: pulumi.Output[str]
    role: pulumi.Output[str]
    tags: pulumi.Output[list[str]]
    """The tags that make the tenant, e.g. ``payment_server_OFFLINE`` and ``payment_server_REALTIME``."""
    tagged_instances: pulumi.Output[list[str]]
    """Ids of the instances that carry them."""

    def __init__(
        self, resource_name: str, args: PinotTenantArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the tenant.

        :param resource_name: Pulumi's name of the resource.
        :param args: The tenant.
        :param opts: Options; ``depends_on`` whatever starts the instances.
        """
        selector = args.instances
        super().__init__(
            PinotTenantProvider(),
            resource_name,
            {
                "name": args.name,
                "role": args.role,
                "instances": {
                    "names": sorted(selector.names),
                    "pool": selector.pool,
                    "count": selector.count,
                },
                "allow": words(args.allow),
                "timeout_seconds": args.timeout_seconds,
                "tags": None,
                "tagged_instances": None,
            },
            in_place(opts),
        )
