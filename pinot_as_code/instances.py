"""Which instances belong to a tenant, and the tags on them."""

from __future__ import annotations

import fnmatch
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import pulumi

from .errors import OutcomeUnknownError, PinotError, TimeLimitError, UnreachableError
from .validation.columns import objects, section
from .validation.names import check_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .answers import Instance
    from .client import PinotClient
    from .documents import Document
    from .transport import Deadline

_PREFIX: Final = {"SERVER": "Server_", "BROKER": "Broker_"}
_SUFFIXES: Final = {"SERVER": ("OFFLINE", "REALTIME"), "BROKER": ("BROKER",)}
_UNTAGGED: Final = {"Server_": "server_untagged", "Broker_": "broker_untagged"}
"""What Pinot calls an instance that belongs to no tenant."""
_PAUSE_SECONDS: Final = 1.0
_PROGRESS_SECONDS: Final = 15.0

_tagging = threading.Lock()
"""Tags are replaced as a whole list. Two tenants of one program that share an instance must not read it
at the same time and then overwrite each other."""


def role_tags(name: str, role: str) -> tuple[str, ...]:
    """Return the tags that make a tenant of a role."""
    return tuple(f"{name}_{suffix}" for suffix in _SUFFIXES[role])


def selector_of(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return the selector of a tenant's properties: names, pool, count (numbers come as floats)."""
    selector = props.get("instances")
    return dict(selector) if isinstance(selector, dict) else {}


def check_selector(name: object, selector: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield argument and mistake for everything that is wrong with a tenant's name and selector."""
    for finding in check_name("name", name):
        yield "name", finding.message
    if isinstance(name, str) and name.endswith("_BROKER"):
        yield "name", f"is {name!r}; write the tenant's name alone, Pinot adds the role"
    for key, least in (("count", 1), ("pool", 0)):
        value = selector.get(key)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (number and value == int(value) and value >= least):
            yield "instances", f"{key} is {value!r}; wanted: a whole number from {least}"
    names = selector.get("names") or []
    if not isinstance(names, list):
        yield "instances", f"names is {names!r}; wanted: a list of instance ids or patterns"


def of_role(client: PinotClient, role: str, deadline: Deadline) -> list[Instance]:
    """Return all instances of a role, by id."""
    names = [name for name in client.instance_names(deadline) if name.startswith(_PREFIX[role])]
    return [client.instance(name, deadline) for name in names]


def carriers(
    client: PinotClient, tags: tuple[str, ...], deadline: Deadline, *, every: bool
) -> list[Instance]:
    """Return the instances that carry a tenant's tags: every one of them, or at least one."""
    role = "BROKER" if tags[0].endswith("_BROKER") else "SERVER"
    enough = all if every else any
    return [
        instance
        for instance in of_role(client, role, deadline)
        if enough(tag in instance.tags for tag in tags)
    ]


def selected(
    client: PinotClient, tags: tuple[str, ...], props: Mapping[str, Any], deadline: Deadline
) -> tuple[str, ...]:
    """Return the ids of the instances that a tenant's selector finds now, sorted."""
    selector = selector_of(props)
    patterns, pool, count = selector.get("names") or [], selector.get("pool"), selector.get("count")
    found = [
        instance
        for instance in of_role(client, str(props["role"]), deadline)
        if (not patterns or any(fnmatch.fnmatchcase(instance.name, pattern) for pattern in patterns))
        and (pool is None or int(pool) in instance.pools)
    ]
    if count is not None:
        # Those that carry it already, then those that nobody has, then the others: the least change.
        found.sort(key=lambda instance: (_rank(instance, tags), instance.name))
        found = found[: int(count)]
    return tuple(sorted(instance.name for instance in found))


def _rank(instance: Instance, tags: tuple[str, ...]) -> int:
    if any(tag in instance.tags for tag in tags):
        return 0
    return 1 if not _others(instance.tags) else 2


def awaited(
    client: PinotClient, tags: tuple[str, ...], props: Mapping[str, Any], deadline: Deadline
) -> tuple[str, ...]:
    """Return the selected instances, waiting for the controller and for those that are named or counted.

    A tenant comes first on a new cluster, where neither need be up yet.

    :raises PinotError: The controller did not answer in time.
    :raises TimeLimitError: They did not join in time; the message names who is missing and who is there.
    """
    progress = _Progress(str(props["name"]))
    while True:
        try:
            found = selected(client, tags, props, deadline)
            lacks = _lacks(found, selector_of(props))
            if not lacks:
                return found
            progress.tell(f"instances to join ({lacks})", deadline)
        except (UnreachableError, OutcomeUnknownError) as error:
            lacks = None
            progress.tell(f"the controller to answer ({error})", deadline)
            if not deadline.left:
                message = (
                    f"tenant {props['name']}: the controller did not answer in time ({error}). Start it, or "
                    "correct pinot:controllerUrl; how long to wait is timeout_seconds of the resource"
                )
                raise TimeLimitError(message) from None
        if not deadline.sleep(_PAUSE_SECONDS) and lacks:
            there = ", ".join(
                instance.name for instance in of_role(client, str(props["role"]), deadline.extra())
            )
            message = (
                f"tenant {props['name']}: the selector asks for instances that did not join in time "
                f"({lacks}). Of role {props['role']} there are: {there or 'none'}. Correct the selector, or "
                "start them"
            )
            raise TimeLimitError(message)


def _lacks(found: tuple[str, ...], selector: Mapping[str, Any]) -> str:
    """Say which instances are missing; nothing where all that are named or counted are there."""
    count = selector.get("count")
    exact = [name for name in selector.get("names") or [] if not set("*?[") & set(name)]
    missing = sorted(set(exact) - set(found)) if count is None else []
    short = int(count or 1) - len(found)
    return ", ".join(missing) or (f"{short} more that match" if short > 0 else "")


class _Progress:
    """Tells what is waited for: when that changes, and every few seconds."""

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self._said = ""
        self._next = 0.0

    def tell(self, what: str, deadline: Deadline) -> None:
        now = time.monotonic()
        if what == self._said and now < self._next:
            return
        self._said, self._next = what, now + _PROGRESS_SECONDS
        pulumi.log.info(f"tenant {self._tenant}: waits for {what}; {deadline.left:.0f} s left")


def retag(
    client: PinotClient, name: str, *, add: Iterable[str], remove: Iterable[str], deadline: Deadline
) -> None:
    """Add tags to an instance and take others away; tags of other tenants stay.

    :raises PinotError: Somebody else kept changing the instance's tags at the same time.
    """
    add, remove = list(add), set(remove)
    for _ in range(5):
        with _tagging:
            tags = client.instance(name, deadline).tags
            wanted = [tag for tag in _others(tags) if tag not in remove]
            wanted += [tag for tag in add if tag not in wanted]
            wanted = wanted or [_UNTAGGED[next(prefix for prefix in _UNTAGGED if name.startswith(prefix))]]
            if list(tags) == wanted:
                return
            client.update_tags(name, tuple(wanted), deadline)
        # The next round reads it back: another program may have written its own list meanwhile.
    message = f"instance {name}: its tags are being changed by somebody else; run it again when that is over"
    raise PinotError(message)


def held(
    client: PinotClient, tenant: str, role: str, names: Iterable[str], deadline: Deadline
) -> dict[str, str]:
    """Return instance → what it holds of a tenant: segments, or for a broker the tables that it answers."""
    wanted, found = set(names), dict[str, dict[str, int]]()
    for raw_name in client.table_names(deadline):
        for table in client.tables(raw_name, deadline):
            if not _uses(table, tenant, role):
                continue
            table_type = str(table["tableType"])
            label = f"{raw_name}_{table_type}"
            if role == "BROKER":
                for instance in wanted:
                    found.setdefault(instance, {})[label] = 0
                continue
            for states in client.external_view(raw_name, table_type, deadline).values():
                for instance in wanted & set(states):
                    tables = found.setdefault(instance, {})
                    tables[label] = tables.get(label, 0) + 1
    return {instance: _list(tables) for instance, tables in found.items()}


def _uses(table: Document, tenant: str, role: str) -> bool:
    """Say whether a table lives on a tenant: by its tenants, a tag override or a tier."""
    tenants, tags = section(table, "tenants"), role_tags(tenant, role)
    overrides = section(tenants, "tagOverrideConfig").values()
    tiers = [tier.get("serverTag") for tier in objects(table.get("tierConfigs"))]
    return tenants.get(role.lower()) == tenant or any(tag in tags for tag in [*overrides, *tiers])


def _list(tables: dict[str, int]) -> str:
    parts = [
        f"{count} segments of {name}" if count else f"table {name}" for name, count in sorted(tables.items())
    ]
    return ", ".join(parts)


def _others(tags: Iterable[str]) -> list[str]:
    return [tag for tag in tags if tag not in _UNTAGGED.values()]
