"""Pinot's audit log: which call was made of the controller and the brokers, and what became of it."""

from collections.abc import Sequence
from typing import Final

import pulumi

from pinot_as_code.cluster_configuration import PinotClusterConfiguration, PinotClusterConfigurationArgs

UNLOGGED: Final = {"controller": "health,health/**,pinot-controller/admin", "broker": "health,health/**"}
"""Probes, by role. An excluded path leaves no entry at all: `users` must not be among them, or who was given
what would be lost."""


def audit_settings(user_header: str | None) -> dict[str, str]:
    """Return the keys of the cluster's configuration that switch the log on (Pinot 1.5's `pinot.audit.*`).

    Payloads are not captured: those of `/users` hold passwords, those of queries may hold what is asked for.
    A server has no audit log.
    """
    found: dict[str, str] = {}
    for role, unlogged in UNLOGGED.items():
        prefix = f"pinot.audit.{role}"
        found |= {
            f"{prefix}.enabled": "true",
            f"{prefix}.capture.request.payload.enabled": "false",
            f"{prefix}.capture.response.enabled": "true",
            f"{prefix}.url.filter.exclude.patterns": unlogged,
        }
        if user_header is not None:
            found[f"{prefix}.userid.header"] = user_header
    return found


class AuditLog(pulumi.ComponentResource):
    """The log, switched on for all controllers and brokers at once; they read the keys while they run."""

    def __init__(
        self,
        name: str,
        *,
        user_header: str | None,
        timeout_seconds: float,
        after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Switch it on.

        Args:
            name: Pulumi's name of the component.
            user_header: the header by which a proxy tells the user; none: entries name none.
            timeout_seconds: how long one call may take.
            after: what the keys wait for: a controller that answers.
            opts: options of the component.

        """
        super().__init__("payments:audit_log:AuditLog", name, None, opts)
        PinotClusterConfiguration(
            name,
            PinotClusterConfigurationArgs(
                settings=audit_settings(user_header), timeout_seconds=timeout_seconds
            ),
            pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )
        self.register_outputs({})
