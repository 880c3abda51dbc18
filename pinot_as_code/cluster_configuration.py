"""Cluster configuration: settings that all components read, by key. A resource owns its keys only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from .arguments import Adopt, in_place
from .comparison import Difference, readable
from .errors import PinotError
from .lifecycle import (
    READ_SECONDS,
    Inspection,
    PinotProvider,
    deadline_of,
    plain_changes,
    unknown,
    without_provider,
)
from .transport import Deadline
from .vocabulary import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_SECONDS: Final = 60.0
_INPUTS: Final = ("settings", "adopt", "timeout_seconds")


@dataclass(frozen=True, kw_only=True)
class PinotClusterConfigurationArgs:
    """Arguments of `PinotClusterConfiguration`."""

    settings: Mapping[str, pulumi.Input[str]]
    """Keys and values (texts), e.g. ``pinot.server.consuming.segment.consistency.mode``: ``PROTECTED``.
    All other keys of the cluster stay as they are."""
    adopt: Adopt = "identical"
    """What to do with a key that has another value already."""
    timeout_seconds: float = DEFAULT_SECONDS
    """How long one operation may take, in seconds."""


class PinotClusterConfigurationProvider(PinotProvider):
    """Life cycle of some keys of the cluster's configuration."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Check the arguments."""
        inspection = Inspection("cluster configuration", news)
        settings = inspection.inputs.get("settings")
        if not isinstance(settings, dict):
            if not unknown(settings):
                inspection.fail("settings", "is missing; keys and values are wanted")
            return inspection.result()
        if not settings:
            inspection.fail("settings", "is empty; remove the resource instead")
        for key, value in settings.items():
            if not key or any(character.isspace() for character in key):
                inspection.fail("settings", f"has the key {key!r}; a key holds no white space")
            if not isinstance(value, str):
                inspection.fail("settings", f"{key} is {value!r}; Pinot stores texts, write {str(value)!r}")
        return inspection.result()

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Say whether an argument changes."""
        return DiffResult(changes=bool(plain_changes(_olds, _news, _INPUTS)))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Set the keys; those that have the value already are adopted."""
        deadline = deadline_of(props, DEFAULT_SECONDS)
        wanted = dict(props["settings"])
        live = self.client.cluster_configuration(deadline)
        found = [
            Difference((key,), key, live[key], value)
            for key, value in wanted.items()
            if live.get(key, value) != value
        ]
        if found and props.get("adopt") != "take-over":
            message = (
                f"the cluster configuration has other values already (found → wanted):\n{readable(found)}\n"
                'Nothing was changed. Write what is there, or set adopt="take-over" to change it.'
            )
            raise PinotError(message)
        self._set(live, wanted, deadline)
        return CreateResult(",".join(sorted(wanted)), without_provider(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return the values of the own keys; a key that is gone is left out, which the next `up` repairs."""
        live = self.client.cluster_configuration(Deadline.after(READ_SECONDS))
        own = props.get("settings") or {}
        settings = {key: live[key] for key in own if key in live}
        if not settings:
            return ReadResult("", {})
        stored = {**without_provider(props), "settings": settings}
        inputs: dict[str, Any] = {key: stored[key] for key in _INPUTS if key in stored}
        return ReadResult(id_, stored, inputs)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Set what changed and remove the keys that are no longer owned."""
        deadline = deadline_of(_news, DEFAULT_SECONDS)
        live = self.client.cluster_configuration(deadline)
        wanted, before = dict(_news["settings"]), _olds.get("settings") or {}
        self._set(live, wanted, deadline)
        self._remove(set(before) - set(wanted), deadline)
        return UpdateResult(without_provider(_news))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Remove the own keys, so that Pinot's defaults hold again."""
        self._remove(_props.get("settings") or (), deadline_of(_props, DEFAULT_SECONDS))

    def _remove(self, keys: Iterable[str], deadline: Deadline) -> None:
        for key in sorted(keys):
            if self.owned(key):
                pulumi.log.info(f"{key} belongs to another resource of this program now and stays")
            else:
                self.client.delete_cluster_configuration(key, deadline)

    def _set(self, live: dict[str, str], wanted: dict[str, str], deadline: Deadline) -> None:
        for key in wanted:
            self.own(key)
        changed = {key: value for key, value in wanted.items() if live.get(key, ABSENT) != value}
        if changed:
            self.client.set_cluster_configuration(changed, deadline)


class PinotClusterConfiguration(Resource, module="pinot", name="ClusterConfiguration"):
    """Some keys of the cluster's configuration."""

    settings: pulumi.Output[dict[str, str]]

    def __init__(
        self,
        resource_name: str,
        args: PinotClusterConfigurationArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the keys.

        :param resource_name: Pulumi's name of the resource.
        :param args: The keys and values.
        :param opts: Options.
        """
        super().__init__(
            PinotClusterConfigurationProvider(),
            resource_name,
            {"settings": dict(args.settings), "adopt": args.adopt, "timeout_seconds": args.timeout_seconds},
            in_place(opts),
        )
