"""Tenants: a set of instances that carries the tenant's tags.

A Pinot tenant is nothing but tags on instances: ``<name>_OFFLINE`` and ``<name>_REALTIME`` on servers,
``<name>_BROKER`` on brokers. This resource owns its own tags and leaves all others in place, so several
tenants may share an instance.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from .arguments import in_place, words
from .errors import PinotError
from .instances import awaited, carriers, check_selector, held, retag, role_tags, selected, selector_of
from .lifecycle import (
    CHECK_SECONDS,
    READ_SECONDS,
    Inspection,
    PinotProvider,
    deadline_of,
    plain_changes,
    refuse,
    unknown,
    without_provider,
    words_in,
)
from .losses import Change
from .transport import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DEFAULT_SECONDS: Final = 300.0
_TAGGED: Final = "tagged_instances"
_INPUTS: Final = ("name", "role", "instances", "allow", "timeout_seconds")

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
    elastic: bool = False
    """Whether instances come and go by themselves, with an autoscaler, and bring the tag along: then the
    tenant waits for the first, and who carries the tag is neither recorded nor a drift."""


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
    timeout_seconds: float = DEFAULT_SECONDS
    """How long an operation may wait for instances to join and for tables to move, in seconds."""


class PinotTenantProvider(PinotProvider):
    """Life cycle of a tenant."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Check the arguments, and whether the controller takes the credentials."""
        inspection = Inspection("tenant", news)
        inspection.one_of("role", get_args(Role))
        inputs = inspection.inputs
        inputs.pop(_TAGGED, None)
        name, role = inputs.get("name"), inputs.get("role")
        if unknown(name) or unknown(role) or unknown(inputs.get("instances")):
            return inspection.result()
        for problem in check_selector(name, selector_of(inputs)):
            inspection.fail(*problem)
        if _olds and (_olds.get("name"), _olds.get("role")) != (name, role):
            inspection.fail(
                "name",
                f"changes from {_olds.get('role')} {_olds.get('name')} to {role} {name}, another tenant: "
                "declare that as a resource of its own, move the tables, then remove this one",
            )
        if inspection.failures:
            return inspection.result()
        # Which instances they are is no input: a plan that was saved before one joined would be refused.

        def let_in(deadline: Deadline) -> None:
            self.client.instance_names(deadline)

        inspection.ask("instances", self.client, let_in)
        return inspection.result()

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Say whether another argument changes, or other instances shall carry the tenant."""
        if plain_changes(_olds, _news, _INPUTS):
            return DiffResult(changes=True)
        return DiffResult(changes=not _elastic(_news) and self._moves(_olds, _news))

    def _moves(self, olds: dict[str, Any], news: dict[str, Any]) -> bool:
        """Say whether the selector finds others than carry the tags; nobody answers: none that is known."""
        if time.monotonic() < self.client.silent_until:
            return False
        name, role, has = str(news["name"]), str(news["role"]), set(olds.get(_TAGGED) or ())
        try:
            found = set(selected(self.client, role_tags(name, role), news, Deadline.after(CHECK_SECONDS)))
        except PinotError as error:
            pulumi.log.warn(f"tenant {name}: which instances join or leave is not known now ({error})")
            return False
        moves = {"join": sorted(found - has), "leave": sorted(has - found)} if found else {}
        for what, instances in moves.items():
            if instances:
                pulumi.log.info(f"tenant {name}: {', '.join(instances)} {what}")
        return any(moves.values())

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Put the tenant's tags on its instances; those that carry them already are adopted."""
        identity = f"{props['name']}/{props['role']}"
        outputs = self._tag(props, deadline_of(props, DEFAULT_SECONDS))
        self.own(identity)
        return CreateResult(identity, outputs)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return which instances carry all of the tenant's tags; a tenant on no instance does not exist."""
        deadline = Deadline.after(READ_SECONDS)
        name, _, role = id_.rpartition("/")
        tags = role_tags(name, role)
        carrying = sorted(instance.name for instance in carriers(self.client, tags, deadline, every=True))
        if not carrying:
            return ReadResult("", {})
        stored = {
            **without_provider(props),
            "name": name,
            "role": role,
            "tags": list(tags),
            _TAGGED: [] if _elastic(props) else carrying,
        }
        inputs: dict[str, Any] = {key: stored[key] for key in _INPUTS if key in stored}
        return ReadResult(id_, stored, inputs)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Tag the instances that join and untag those that leave."""
        return UpdateResult(self._tag(_news, deadline_of(_news, DEFAULT_SECONDS)))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Take the tenant's tags away; refused while one of its instances holds data of it."""
        if self.stays("tenant", _id):
            return
        deadline = deadline_of(_props, DEFAULT_SECONDS)
        name, _, role = _id.rpartition("/")
        tags = role_tags(name, role)
        leaving = [instance.name for instance in carriers(self.client, tags, deadline, every=False)]
        self._release(name, role, leaving, staying=[], allow=words_in(_props), deadline=deadline)

    def _tag(self, props: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
        name, role = str(props["name"]), str(props["role"])
        tags = role_tags(name, role)
        wanted = awaited(self.client, tags, props, deadline)
        elastic = _elastic(props)
        leaving = [
            instance.name
            for instance in carriers(self.client, tags, deadline, every=False)
            if instance.name not in wanted and not elastic
        ]
        # First those who join, then those who leave: the tenant is never smaller than before or after.
        for instance in wanted:
            retag(self.client, instance, add=tags, remove=(), deadline=deadline)
        self._release(name, role, leaving, staying=list(wanted), allow=words_in(props), deadline=deadline)
        return {**without_provider(props), "tags": list(tags), _TAGGED: [] if elastic else list(wanted)}

    def _release(
        self,
        name: str,
        role: str,
        leaving: list[str],
        *,
        staying: list[str],
        allow: Iterable[str],
        deadline: Deadline,
    ) -> None:
        if not leaving:
            return
        used: dict[str, str] = {}
        if role == "SERVER" or not staying:  # Any broker of the tenant answers for all its tables.
            used = held(self.client, name, role, leaving, deadline)
        old = {"instances": [*staying, *leaving], "used": used}
        refuse(Change("tenant", f"{name} ({role})", old, {"instances": staying}), allow)
        for instance in leaving:
            retag(self.client, instance, add=(), remove=role_tags(name, role), deadline=deadline)


def _elastic(props: Mapping[str, Any]) -> bool:
    return bool(selector_of(props).get("elastic"))


class PinotTenant(Resource, module="pinot", name="Tenant"):
    """A tenant on the instances that a selector finds."""

    name: pulumi.Output[str]
    role: pulumi.Output[str]
    tags: pulumi.Output[list[str]]
    """The tags that make the tenant, e.g. ``payment_server_OFFLINE`` and ``payment_server_REALTIME``."""
    tagged_instances: pulumi.Output[list[str]]
    """Ids of the instances that carry them; none where the selector is elastic."""

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
                    "elastic": selector.elastic or None,
                },
                "allow": words(args.allow),
                "timeout_seconds": args.timeout_seconds,
                "tags": None,
                "tagged_instances": None,
            },
            in_place(opts),
        )
