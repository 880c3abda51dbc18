"""Users: who may read or change what, in a cluster with Pinot's ZooKeeper access control (ZkBasicAuth).

One record is one user of one component. A reader needs a ``BROKER`` user only: in Pinot 1.5 any account of
the controller may also change tenants, users and the cluster's configuration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from .arguments import Adopt, in_place, words
from .comparison import Difference, readable
from .errors import ConflictError, OutcomeUnknownError, PinotError
from .lifecycle import (
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
from .vocabulary import ABSENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .documents import Document

Component = Literal["BROKER", "CONTROLLER", "SERVER"]
UserRole = Literal["USER", "ADMIN"]
Permission = Literal["READ", "CREATE", "UPDATE", "DELETE"]

DEFAULT_SECONDS: Final = 60.0
_HASH: Final = "password_hash"
_LISTS: Final = {"tables": "tables", "exclude_tables": "excludeTables", "permissions": "permissions"}
"""Argument to the key of Pinot's user."""
_INPUTS: Final = (
    "username",
    "component",
    "role",
    "password",
    *_LISTS,
    "allow",
    "adopt",
    "timeout_seconds",
)
_TRIES: Final = 5


@dataclass(frozen=True, kw_only=True)
class PinotUserArgs:
    """Arguments of `PinotUser`."""

    username: pulumi.Input[str]
    """Name without dots and spaces."""
    component: Component
    """Which component accepts the user."""
    password: pulumi.Input[str]
    """Always a secret: encrypted in the state, never shown, hashed (bcrypt) by Pinot."""
    role: UserRole = "USER"
    tables: Sequence[str] = ()
    """Tables that the user may see, by raw name; none: all. For a logical table name its members too."""
    exclude_tables: Sequence[str] = ()
    """Tables that the user may not see."""
    permissions: Sequence[Permission] = ("READ",)
    allow: Sequence[str] = ()
    """Words of the guards: ``remove-last-admin``."""
    adopt: Adopt = "identical"
    """What to do with a user of that name which is already there. Its password cannot be read back: adopting
    an equal user sets the password to the one given here."""
    timeout_seconds: float = DEFAULT_SECONDS
    """How long one operation may take, in seconds."""


class PinotUserProvider(PinotProvider):
    """Life cycle of a user."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Check the arguments."""
        inspection = Inspection("user", news)
        inspection.one_of("component", get_args(Component))
        inspection.one_of("role", get_args(UserRole))
        inputs = inspection.inputs
        name, password = inputs.get("username"), inputs.get("password")
        if not unknown(name) and not (isinstance(name, str) and re.fullmatch(r"[^.\s/]+", name)):
            inspection.fail("username", f"is {name!r}; a name without dots, slashes and spaces is wanted")
        if not unknown(password) and not password:
            inspection.fail("password", "is missing or empty")
        for permission in inputs.get("permissions") or []:
            if not unknown(permission) and permission not in get_args(Permission):
                allowed_words = ", ".join(get_args(Permission))
                inspection.fail("permissions", f"holds {permission!r}; allowed: {allowed_words}")
        both = sorted(set(inputs.get("tables") or []) & set(inputs.get("exclude_tables") or []))
        if both:
            inspection.fail("exclude_tables", f"holds {', '.join(both)}, which tables holds too")
        if _olds.get("role") == "ADMIN" and inputs.get("role") != "ADMIN" and not inspection.failures:
            change = Change("user", str(name), {"role": "ADMIN", **_olds}, inputs)
            inspection.ask(
                "role",
                self.client,
                lambda until: inspection.guarded("role", self._informed(change, until)),
            )
        return inspection.result()

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Say whether an argument changes; another name or component is another user."""
        changed = plain_changes(_olds, _news, _INPUTS)
        identity: tuple[str, ...] = ("username", "component")
        replaces = [key for key in identity if key in changed and not unknown(_news.get(key))]
        return DiffResult(changes=bool(changed), replaces=replaces, delete_before_replace=False)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the user, or adopt an equal one and set its password."""
        deadline = deadline_of(props, DEFAULT_SECONDS)
        name, component = str(props["username"]), str(props["component"])
        user = _user(props)
        live = self.client.user(name, component, deadline)
        if live is not None:
            found = _differences(live, props)
            if found and props.get("adopt") != "take-over":
                message = (
                    f"user {name} of {component} is there already and differs (found → wanted):\n"
                    f"{readable(found)}\n"
                    'Nothing was changed. Write what is there, or set adopt="take-over" to change it.'
                )
                raise PinotError(message)
            pulumi.log.info(f"user {name} of {component} is there already: adopted, its password is set")
            self._replace(live, props, deadline)
        else:
            self._post(user, deadline)
        self.own(f"{name}/{component}")
        return CreateResult(f"{name}/{component}", self._outputs(props, deadline))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return what is stored. A password that somebody else set shows as one that is not known."""
        name, _, component = id_.rpartition("/")
        live = self.client.user(name, component, Deadline.after(READ_SECONDS))
        if live is None:
            return ReadResult("", {})
        stored = {
            **without_provider(props),
            "username": name,
            "component": component,
            "role": live.get("role"),
        }
        for argument, key in _LISTS.items():
            stored[argument] = sorted(live.get(key) or [])
        if props.get(_HASH) is not None and live.get("password") != props.get(_HASH):
            stored["password"] = ""
        stored[_HASH] = live.get("password")
        inputs: dict[str, Any] = {key: stored[key] for key in _INPUTS if key in stored}
        return ReadResult(id_, stored, inputs)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Replace the user, password included."""
        deadline = deadline_of(_news, DEFAULT_SECONDS)
        name, _, component = _id.rpartition("/")
        live = self.client.user(name, component, deadline)
        if live is None:
            pulumi.log.warn(f"user {_id} was deleted behind this stack's back and is made again")
            self._post(_user(_news), deadline)
        elif plain_changes(_olds, _news, ("role", "password", *_LISTS)) or _differences(live, _news):
            self._replace(live, _news, deadline)
        return UpdateResult(self._outputs(_news, deadline))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the user; the last administrator of a component only with a word."""
        if self.stays("user", _id):
            return
        deadline = deadline_of(_props, DEFAULT_SECONDS)
        name, _, component = _id.rpartition("/")
        live = self.client.user(name, component, deadline)
        if live is None:
            return
        refuse(self._informed(Change("user", _id, live, None), deadline), words_in(_props))
        self.client.delete_user(name, component, deadline)

    def _replace(self, live: Document, props: dict[str, Any], deadline: Deadline) -> None:
        name = str(props["username"])
        refuse(self._informed(Change("user", name, live, _user(props)), deadline), words_in(props))
        self.client.update_user(_user(props), deadline)

    def _post(self, user: Document, deadline: Deadline) -> None:
        """Make a user. When the answer is lost, the one that is there then is ours: its password is set."""
        for _ in range(_TRIES):
            try:
                self.client.create_user(user, deadline)
            except (OutcomeUnknownError, ConflictError):
                if self.client.user(user["username"], user["component"], deadline) is not None:
                    self.client.update_user(user, deadline)
                    return
            else:
                return
        message = (
            f"user {user['username']} of {user['component']}: the controller's answers were lost every time"
        )
        raise OutcomeUnknownError(message)

    def _informed(self, change: Change, deadline: Deadline) -> Change:
        """Return the change with the other administrators of the same component."""
        old = change.old or {}
        if old.get("role") != "ADMIN":
            return change
        others = [
            user
            for user in self.client.users(deadline).values()
            if user.get("role") == "ADMIN"
            and user.get("component") == old.get("component")
            and user.get("username") != old.get("username")
        ]
        return Change(change.kind, change.name, {**old, "otherAdmins": others}, change.new)

    def _outputs(self, props: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
        live = self.client.user(str(props["username"]), str(props["component"]), deadline) or {}
        return {**without_provider(props), _HASH: live.get("password")}


class PinotUser(Resource, module="pinot", name="User"):
    """A user of one component."""

    username: pulumi.Output[str]
    component: pulumi.Output[str]
    role: pulumi.Output[str]
    tables: pulumi.Output[list[str]]

    def __init__(
        self, resource_name: str, args: PinotUserArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the user.

        :param resource_name: Pulumi's name of the resource.
        :param args: The user.
        :param opts: Options; ``depends_on`` the tables it may see.
        """
        super().__init__(
            PinotUserProvider(),
            resource_name,
            {
                "username": args.username,
                "component": args.component,
                "password": pulumi.Output.secret(args.password),
                "role": args.role,
                "tables": sorted(args.tables),
                "exclude_tables": sorted(args.exclude_tables),
                "permissions": sorted(args.permissions),
                "allow": words(args.allow),
                "adopt": args.adopt,
                "timeout_seconds": args.timeout_seconds,
                _HASH: None,
            },
            pulumi.ResourceOptions.merge(
                in_place(opts), pulumi.ResourceOptions(additional_secret_outputs=["password", _HASH])
            ),
        )


def _user(props: dict[str, Any]) -> Document:
    user: Document = {key: props[key] for key in ("username", "password", "component", "role")}
    for argument, key in _LISTS.items():
        if props.get(argument):
            user[key] = list(props[argument])
    return user


def _differences(live: Document, props: dict[str, Any]) -> tuple[Difference, ...]:
    found = []
    if live.get("role") != props.get("role"):
        found.append(Difference(("role",), "role", live.get("role"), props.get("role")))
    for argument, key in _LISTS.items():
        old, new = sorted(live.get(key) or []), sorted(props.get(argument) or [])
        if old != new:
            found.append(Difference((key,), key, old or ABSENT, new or ABSENT))
    return tuple(found)
