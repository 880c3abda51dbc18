"""Settings of Pinot: the cluster, its controller, the tenants."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from components.kubernetes_settings import KubernetesSettings
from components.setting_errors import BrokenRuleError
from components.setting_kinds import (
    Days,
    FilePath,
    InstancePattern,
    Instances,
    Name,
    Replicas,
    Rows,
    Seconds,
    SecondsAsText,
    Secret,
    SettingsPart,
    TenantName,
    Url,
)


class TenantSettings(SettingsPart):
    """A Pinot tenant and the instances that serve it: those that fit all conditions given."""

    tenant: TenantName = Field(description="The tenant's name.")
    instances: tuple[InstancePattern, ...] = Field(
        default=(), description="Ids of its instances, or patterns of ids; none: any of the role."
    )
    count: Instances | None = Field(
        default=None, description="How many of those that fit; none: all of them."
    )


class PoolSettings(TenantSettings):
    """A pool of servers to which older segments of the offline tables move (a tier of Pinot)."""

    after_days: Days = Field(description="Age of a segment at which it moves there.")


class PinotSettings(SettingsPart):
    """The Pinot cluster."""

    mode: Literal["external", "kubernetes"] = Field(
        description="external uses a Pinot 1.5.1 that runs already; kubernetes installs one by Helm."
    )
    kubernetes: KubernetesSettings | None = Field(
        default=None, description="The cluster to install, in mode kubernetes."
    )
    broker_url: Url | None = Field(
        default=None,
        description="Where readers send their queries; none: port 8099 of the controller's host, in mode"
        " kubernetes the brokers' Service.",
    )
    replication: Replicas = Field(default=3, description="Copies of each segment.")
    brokers: TenantSettings = Field(description="The brokers that answer the product's queries.")
    servers: TenantSettings = Field(description="The servers that hold the newest segments.")
    warm: PoolSettings | None = Field(
        default=None, description="Servers for older segments; none: no warm pool."
    )
    cold: PoolSettings | None = Field(default=None, description="Servers for the oldest; none: no cold pool.")
    minions: bool = Field(
        default=False,
        description="Whether that Pinot has minions, which run the tables' scheduled tasks; in mode"
        " kubernetes there are some in any case.",
    )
    peer_download_scheme: Literal["http", "https"] | None = Field(
        default=None,
        description="How replicas fetch segments from each other; needed with more than one copy and"
        " pauseless consumption.",
    )
    segment_rows: Rows | None = Field(
        default=None,
        description="Rows at which a consuming segment is committed; none: the tables' own size.",
    )
    retention_days: Mapping[Name, Days] = Field(
        default_factory=dict, description="Days to keep, by table, where less than prod's is enough."
    )
    timeout_seconds: Seconds = Field(
        default=600,
        description="How long one change in Pinot may take, reload and rebalance included; on a new cluster,"
        " how long to wait for the controller to answer and for a tenant's instances to join.",
    )

    @model_validator(mode="after")
    def _replicas_and_pools_fit(self) -> Self:
        self._check_mode()
        if self.replication > 1 and self.peer_download_scheme is None:
            raise BrokenRuleError(
                key="peerDownloadScheme",
                found=f"none with {self.replication} copies of each segment",
                allowed="http or https",
            )
        if self.servers.count is not None and self.servers.count < self.replication:
            raise BrokenRuleError(
                key="servers.count",
                found=f"{self.servers.count} servers for {self.replication} copies of each segment",
                allowed=f"at least {self.replication}",
            )
        if self.warm is not None and self.cold is not None and self.warm.after_days >= self.cold.after_days:
            raise BrokenRuleError(
                key="cold.afterDays",
                found=f"{self.cold.after_days} days, not above warm.afterDays of {self.warm.after_days} days",
                allowed=f"more than {self.warm.after_days} days",
            )
        return self

    def _check_mode(self) -> None:
        if self.mode == "external" and self.kubernetes is not None:
            raise BrokenRuleError(
                key="kubernetes",
                found="a cluster to install in mode external, which installs nothing",
                allowed="no such key, or mode kubernetes",
            )
        if self.mode == "external":
            return
        if self.kubernetes is None:
            raise BrokenRuleError(
                key="kubernetes",
                found="no cluster to install in mode kubernetes",
                allowed="an object with clusterIdentifier, context and network",
            )
        pools = {"brokers": self.brokers, "servers": self.servers, "warm": self.warm, "cold": self.cold}
        for key, pool in pools.items():
            if pool is not None and (pool.instances or pool.count is not None):
                raise BrokenRuleError(
                    key=f"{key}.{'instances' if pool.instances else 'count'}",
                    found="a choice of instances in mode kubernetes, where a tenant has its own release's",
                    allowed="none; how many there are is kubernetes.sizes' number",
                )


class ControllerSettings(SettingsPart):
    """How to reach the Pinot controller; the resources of `pinot_as_code` read the same keys."""

    controller_url: Url = Field(description="Address of the Pinot controller.")
    username: Name | None = Field(
        default=None, description="User with the right to change schemas, tables and tenants."
    )
    password: Secret | None = Field(default=None, description="That user's password.")
    token: Secret | None = Field(default=None, description="A bearer token, in place of user and password.")
    call_timeout_seconds: SecondsAsText | None = Field(
        default=None, description="How long one call of the controller may take; none: 60 seconds."
    )
    ca_file: FilePath | None = Field(
        default=None,
        description="PEM file with the controller's certificate authority, unless it is a public one.",
    )

    @model_validator(mode="after")
    def _one_kind_of_credentials(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise BrokenRuleError(
                key="username",
                found="one of username and password without the other",
                allowed="both or neither",
            )
        if self.token is not None and self.username is not None:
            raise BrokenRuleError(
                key="token", found="a token beside username and password", allowed="one of the two ways"
            )
        return self
