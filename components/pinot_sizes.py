"""Settings of a cluster's sizes: the load it is for, and numbers in place of those computed from it."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from components.setting_kinds import Days, Hours, Instances, Kind, SettingsPart

EventsPerSecond = Annotated[
    int, Field(ge=1, le=1_000_000), Kind("a whole number from 1 to 1000000", unit="events a second")
]
EventBytes = Annotated[
    int, Field(ge=100, le=1_048_576), Kind("a whole number from 100 to 1048576", unit="bytes")
]
Millicores = Annotated[
    int, Field(ge=50, le=128_000), Kind("a whole number from 50 to 128000", unit="thousandths of a core")
]
Mebibytes = Annotated[int, Field(ge=64, le=4_194_304), Kind("a whole number from 64 to 4194304", unit="MiB")]
Gibibytes = Annotated[int, Field(ge=1, le=65_536), Kind("a whole number from 1 to 65536", unit="GiB")]
Percent = Annotated[int, Field(ge=10, le=95), Kind("a whole number from 10 to 95", unit="per cent")]
LabelKey = Annotated[
    str,
    # Kubernetes, "Labels and Selectors": an optional DNS prefix, then at most 63 characters.
    StringConstraints(pattern=r"^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"),
    Kind("a label's key, for example topology.kubernetes.io/zone"),
]
LabelValue = Annotated[
    str,
    StringConstraints(pattern=r"^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$"),
    Kind("a label's value: at most 63 letters, digits, '_', '.' or '-'"),
]
StorageClass = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"), Kind("a StorageClass's name")
]


class Load(SettingsPart):
    """The load that the cluster is for; the defaults are the product's own."""

    average_events_per_second: EventsPerSecond = Field(
        default=20, description="Events of both kinds, over a day."
    )
    peak_events_per_second: EventsPerSecond = Field(
        default=500, description="The same in the busiest minutes."
    )
    event_bytes: EventBytes = Field(default=1000, description="Size of an event on the topic.")
    flush_hours: Hours = Field(default=6, description="Longest time before a consuming segment is committed.")
    realtime_days: Days = Field(default=30, description="Retention of the _rt tables.")
    analytics_days: Days = Field(default=90, description="Retention of payment_analytics.")
    dedup_days: Days = Field(default=7, description="How long an event's id is remembered.")
    offline_days: Days = Field(default=2557, description="Retention of the _offline tables.")


class Toleration(SettingsPart):
    """A taint that the pods put up with."""

    key: LabelKey = Field(description="The taint's key.")
    value: LabelValue | None = Field(default=None, description="The taint's value; none: any.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = Field(
        default="NoSchedule", description="The taint's effect."
    )


class PoolSize(SettingsPart):
    """One role's pods. What is not given is computed from the load."""

    replicas: Instances | None = Field(default=None, description="How many pods.")
    cpu_millicores: Millicores | None = Field(default=None, description="CPU that a pod requests.")
    heap_mib: Mebibytes | None = Field(default=None, description="Heap of the JVM.")
    direct_mib: Mebibytes | None = Field(
        default=None, description="Direct memory of the JVM: consuming segments, Netty."
    )
    page_cache_mib: Mebibytes | None = Field(
        default=None, description="Memory of a pod for segments that are mapped from disk."
    )
    disk_gib: Gibibytes | None = Field(default=None, description="Volume of a pod.")
    storage_class: StorageClass | None = Field(
        default=None, description="StorageClass of the volumes; none: the cluster's default."
    )
    node_selector: Mapping[LabelKey, LabelValue] = Field(
        default_factory=dict, description="Labels that a node must have to run these pods."
    )
    tolerations: tuple[Toleration, ...] = Field(
        default=(), description="Taints of nodes that these pods put up with."
    )


class BrokerSize(PoolSize):
    """The brokers: `replicas` always run, and more while their CPU is busy."""

    most_replicas: Instances | None = Field(
        default=None,
        description="Brokers at the most, by the HorizontalPodAutoscaler; none: twice the replicas.",
    )
    target_cpu_percent: Percent = Field(
        default=60, description="Share of the requested CPU above which brokers are added."
    )


class PinotClusterSizes(SettingsPart):
    """Sizes of every role; what is not given is computed from the load."""

    controllers: PoolSize | None = Field(default=None, description="The controllers.")
    brokers: BrokerSize | None = Field(default=None, description="The brokers.")
    servers: PoolSize | None = Field(default=None, description="The servers of the hot pool.")
    warm: PoolSize | None = Field(default=None, description="The servers of the warm pool.")
    cold: PoolSize | None = Field(default=None, description="The servers of the cold pool.")
    minions: PoolSize | None = Field(default=None, description="The minions.")
    zookeeper: PoolSize | None = Field(default=None, description="The ZooKeeper ensemble.")
    largest_pod_mib: Mebibytes = Field(
        default=61_440, description="Memory of a pod at the most: what the largest node has to give."
    )

    @staticmethod
    def key_of(pool: str) -> str:
        """Return the key of a pool's sizes; the hot pool's are `servers`."""
        return "servers" if pool == HOT else pool

    def pool(self, name: str) -> PoolSize | None:
        """Return what the settings give for a pool of servers."""
        given: PoolSize | None = getattr(self, self.key_of(name))
        return given


HOT: Final = "hot"
"""Name of the pool that every table starts in."""
