"""How many servers a load needs, and how much heap, direct memory, page cache and disk each of them.

The one place where the sizes of a cluster on Kubernetes come from: the load (by default the one that the
product is designed for) makes a plan, and a number in the stack's settings takes the place of the plan's.
Pure: no Pulumi.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from components.pinot_sizes import HOT, Load, PinotClusterSizes, PoolSize
from components.setting_errors import BrokenRuleError

SECONDS_A_DAY: Final = 86_400
MIB: Final = 2**20
GIB: Final = 2**30

KINDS_OF_EVENT: Final = 2
"""Wallet registered and booked; a transaction has one of each."""
CONSUMING_TABLES: Final = KINDS_OF_EVENT + 1
"""Tables that consume the topic: one a kind, and payment_analytics."""
ROW_BYTES: Final = 1000
"""Bytes of segment a row, indexes included. As large as the event: seven UUIDs and five hashes are 570
bytes that no codec makes smaller, and the JSON, bloom and star-tree indexes take what dictionaries save."""
ANALYTICS_ROWS_A_TRANSACTION: Final = 2
"""Row versions on disk until compaction drops the first."""
UPSERT_KEY_BYTES: Final = 150
"""Heap a primary key of an upsert table takes in each copy; upper end of the operators' rule of thumb, 100
to 150."""
DEDUP_KEY_BYTES: Final = 100
"""Heap a remembered event id takes in each copy."""
CONSUMING_SEGMENT_BYTES: Final = 300 * 1000 * 1000
"""Size at which a consuming segment is committed; until then it is direct memory."""
WORKING_SET_DAYS: Final = 2
"""Days of real-time segments that stay in the page cache: the questions look back 24 hours, twice that has
room."""

HEAP_OF_KEYS_FACTOR: Final = 1.5
"""Heap a byte of live keys: G1 needs a third of its heap free to keep pauses short."""
BASE_HEAP_MIB: Final = 3072
"""Heap of a server for queries, segment metadata and Helix."""
BASE_DIRECT_MIB: Final = 1024
"""Direct memory of a server for Netty, gRPC and the building of segments."""
EASY_HEAP_MIB: Final = 16 * 1024
"""Heap at which G1 still pauses for less than the latency objective; above it a copy is spread over more
servers."""
COMPRESSED_OOPS_MIB: Final = 31 * 1024
"""Largest heap with 32-bit references; beyond it every reference takes 8 bytes, and 40 GiB hold less than
31."""
NATIVE_MIB: Final = 512
"""Memory of a JVM outside of heap and direct buffers: metaspace, code cache, thread stacks."""
NATIVE_HEAP_SHARE: Final = 0.06
"""What G1's own structures add, as a share of the heap."""
DISK_FILL: Final = 0.7
"""Share of a disk that may be full by plan; the alert comes at 0.75."""
LARGEST_DISK_GIB: Final = 4096
"""Disk of one server at most: filled again from the deep store at 250 MB/s in under five hours."""
SEGMENT_METADATA_BYTES: Final = 8 * 1024
"""ZooKeeper's heap a segment: its own node, its share of ideal state and external view, as objects."""
OFFLINE_SEGMENTS_A_DAY: Final = 24 * KINDS_OF_EVENT
"""One an hour and kind, before any are merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSize:
    """One role's pods: how many, and what each asks for and is limited to."""

    replicas: int
    cpu_millicores: int
    heap_mib: int
    direct_mib: int = 0
    page_cache_mib: int = 0
    disk_gib: int = 0

    @property
    def overhead_mib(self) -> int:
        """Memory beside heap and direct buffers: the JVM itself, and mapped segments to keep in memory."""
        return NATIVE_MIB + math.ceil(self.heap_mib * NATIVE_HEAP_SHARE) + self.page_cache_mib

    @property
    def memory_mib(self) -> int:
        """What the pod requests and is limited to: heap + direct + overhead."""
        return self.heap_mib + self.direct_mib + self.overhead_mib


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    """Sizes of every role. `pools` has the servers by pool: hot, and warm and cold where there are such."""

    controller: PodSize
    broker: PodSize
    most_brokers: int
    minion: PodSize
    zookeeper: PodSize
    pools: Mapping[str, PodSize]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one complete copy of a pool's segments takes, over all servers that hold it."""

    keys_bytes: int = 0
    consuming_bytes: int = 0
    disk_bytes: int
    mapped_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What decides on the sizes beside the load."""

    partitions: int
    replication: int
    tiers: Mapping[str, int]
    """Pools beside the hot one, and the age in days at which segments move there: {"warm": 90}."""


def events_a_day(load: Load) -> int:
    """Return how many events arrive a day, over both kinds."""
    return load.average_events_per_second * SECONDS_A_DAY


def transactions_a_day(load: Load) -> int:
    """Return how many transactions a day: each sends one event of each kind."""
    return events_a_day(load) // KINDS_OF_EVENT


def needs(load: Load, shape: Shape) -> dict[str, Need]:
    """Return what a copy of each pool takes."""
    tiers = sorted(shape.tiers.items(), key=lambda tier: tier[1])
    bounds = [0, *(days for _, days in tiers), load.offline_days]
    offline = [max(0, until - since) * events_a_day(load) * ROW_BYTES for since, until in pairwise(bounds)]
    analytics = transactions_a_day(load) * load.analytics_days
    consuming = CONSUMING_TABLES * shape.partitions * CONSUMING_SEGMENT_BYTES
    hot = Need(
        keys_bytes=analytics * UPSERT_KEY_BYTES + events_a_day(load) * load.dedup_days * DEDUP_KEY_BYTES,
        consuming_bytes=min(consuming, CONSUMING_TABLES * _bytes_of_a_flush(load)),
        disk_bytes=events_a_day(load) * load.realtime_days * ROW_BYTES
        + analytics * ANALYTICS_ROWS_A_TRANSACTION * ROW_BYTES
        + offline[0],
        mapped_bytes=events_a_day(load) * WORKING_SET_DAYS * KINDS_OF_EVENT * ROW_BYTES,
    )
    return {HOT: hot} | {
        name: Need(disk_bytes=share) for (name, _), share in zip(tiers, offline[1:], strict=True)
    }


def _bytes_of_a_flush(load: Load) -> int:
    """Return what arrives between two commits at the peak's rate: small loads never fill a segment."""
    return load.peak_events_per_second * load.event_bytes * load.flush_hours * 3600


def plan_cluster(load: Load, shape: Shape, sizes: PinotClusterSizes) -> ClusterPlan:
    """Return the sizes of every role: the load's, with the settings' numbers in their place.

    Raises:
        BrokenRuleError: no number of servers can hold the load (`key` is relative to the cluster's settings).

    """
    redundant = shape.replication > 1
    zookeeper_heap = 1024 + OFFLINE_SEGMENTS_A_DAY * load.offline_days * SEGMENT_METADATA_BYTES // MIB
    brokers = _sized(
        PodSize(replicas=shape.replication, cpu_millicores=2000, heap_mib=4096, direct_mib=2048),
        sizes.brokers,
    )
    return ClusterPlan(
        controller=_sized(
            PodSize(
                replicas=3 if redundant else 1,
                cpu_millicores=1000,
                heap_mib=2048,
                direct_mib=512,
                disk_gib=20,
            ),
            sizes.controllers,
        ),
        broker=brokers,
        most_brokers=(sizes.brokers and sizes.brokers.most_replicas) or 2 * brokers.replicas,
        minion=_sized(
            PodSize(
                replicas=2 if redundant else 1,
                cpu_millicores=2000,
                heap_mib=4096,
                direct_mib=1024,
                disk_gib=100,
            ),
            sizes.minions,
        ),
        zookeeper=_sized(
            PodSize(
                replicas=3 if redundant else 1,
                cpu_millicores=500,
                heap_mib=_rounded(zookeeper_heap, 256),
                disk_gib=20,
            ),
            sizes.zookeeper,
        ),
        pools={name: _servers(name, need, shape, sizes) for name, need in needs(load, shape).items()},
    )


def _servers(name: str, need: Need, shape: Shape, sizes: PinotClusterSizes) -> PodSize:
    """Return the fewest servers a copy that stay below the limits of one, times the copies.

    More replicas than these do not make each smaller: Kubernetes never changes the volumes of a
    StatefulSet, so that a size that follows the number would make adding a server impossible.
    """
    given = sizes.pool(name)
    # A copy's servers share its partitions evenly, else one of them consumes more and lags first.
    counts = [
        n for n in range(1, shape.partitions + 1) if not need.consuming_bytes or shape.partitions % n == 0
    ]
    candidates = (_server(need, count, count * shape.replication) for count in counts)
    planned = next((size for size in candidates if _easy(size, sizes)), None)
    replicas = given.replicas if given is not None else None
    if planned is None and replicas is None:
        raise BrokenRuleError(
            key=f"sizes.{PinotClusterSizes.key_of(name)}.replicas",
            found=f"no number of servers up to {counts[-1]} a copy that holds the load in pods of"
            f" {sizes.largest_pod_mib} MiB and {LARGEST_DISK_GIB} GiB of disk",
            allowed="a smaller load, a larger sizes.largestPodMib, or replicas, heapMib and diskGib",
        )
    if planned is None or (replicas is not None and replicas < planned.replicas):
        fewer = max(1, (replicas or 0) // shape.replication)
        planned = _server(need, fewer, replicas or shape.replication)
    return _sized(planned, given)


def _easy(size: PodSize, sizes: PinotClusterSizes) -> bool:
    return (
        size.heap_mib <= EASY_HEAP_MIB
        and size.disk_gib <= LARGEST_DISK_GIB
        and size.memory_mib <= sizes.largest_pod_mib
    )


def _server(need: Need, servers_a_copy: int, replicas: int) -> PodSize:
    keys_mib = need.keys_bytes * HEAP_OF_KEYS_FACTOR / servers_a_copy / MIB
    return PodSize(
        replicas=replicas,
        cpu_millicores=4000 if need.consuming_bytes else 2000,
        heap_mib=_rounded(BASE_HEAP_MIB + keys_mib, 512),
        direct_mib=_rounded(BASE_DIRECT_MIB + need.consuming_bytes / servers_a_copy / MIB, 256),
        page_cache_mib=_rounded(max(1024, need.mapped_bytes / servers_a_copy / MIB), 256),
        disk_gib=_rounded(max(20, need.disk_bytes / servers_a_copy / DISK_FILL / GIB), 10),
    )


def _rounded(number: float, step: int) -> int:
    return math.ceil(number / step) * step


def _sized(planned: PodSize, given: PoolSize | None) -> PodSize:
    """Return the plan with the numbers that the settings give."""
    if given is None:
        return planned
    numbers = {
        "replicas": given.replicas,
        "cpu_millicores": given.cpu_millicores,
        "heap_mib": given.heap_mib,
        "direct_mib": given.direct_mib,
        "page_cache_mib": given.page_cache_mib,
        "disk_gib": given.disk_gib,
    }
    return replace(planned, **{name: number for name, number in numbers.items() if number is not None})


def broken_sizes(
    plan: ClusterPlan, load: Load, shape: Shape, sizes: PinotClusterSizes
) -> Iterator[BrokenRuleError]:
    """Yield what cannot work about a plan; keys are relative to the cluster's settings."""
    roles = {
        "controllers": plan.controller,
        "brokers": plan.broker,
        "minions": plan.minion,
        "zookeeper": plan.zookeeper,
    } | {PinotClusterSizes.key_of(name): size for name, size in plan.pools.items()}
    for key, size in roles.items():
        yield from _too_large(f"sizes.{key}", size, sizes)
    if plan.most_brokers < plan.broker.replicas:
        yield BrokenRuleError(
            key="sizes.brokers.mostReplicas",
            found=f"{plan.most_brokers}, below the {plan.broker.replicas} brokers that always run",
            allowed=f"at least {plan.broker.replicas}",
        )
    if plan.zookeeper.replicas % 2 == 0:
        yield BrokenRuleError(
            key="sizes.zookeeper.replicas",
            found=f"{plan.zookeeper.replicas}: an even number bears no more failures than one less",
            allowed="an odd number",
        )
    copies = needs(load, shape)
    for name, size in plan.pools.items():
        yield from _too_small(name, size, copies[name], shape)


def _too_large(key: str, size: PodSize, sizes: PinotClusterSizes) -> Iterator[BrokenRuleError]:
    if size.heap_mib > COMPRESSED_OOPS_MIB:
        yield BrokenRuleError(
            key=f"{key}.heapMib",
            found=f"{size.heap_mib} MiB, above the limit of 32-bit references, so that it would hold less",
            allowed=f"at most {COMPRESSED_OOPS_MIB} MiB; more replicas instead",
        )
    if size.memory_mib > sizes.largest_pod_mib:
        yield BrokenRuleError(
            key=key,
            found=f"a pod of {size.memory_mib} MiB (heap {size.heap_mib}, direct {size.direct_mib},"
            f" overhead {size.overhead_mib})",
            allowed=f"at most {sizes.largest_pod_mib} MiB (sizes.largestPodMib)",
        )


def _too_small(name: str, size: PodSize, need: Need, shape: Shape) -> Iterator[BrokenRuleError]:
    key = f"sizes.{PinotClusterSizes.key_of(name)}"
    if size.replicas < shape.replication:
        yield BrokenRuleError(
            key=f"{key}.replicas",
            found=f"{size.replicas} servers for {shape.replication} copies of each segment",
            allowed=f"at least {shape.replication}",
        )
        return
    if size.replicas % shape.replication:
        yield BrokenRuleError(
            key=f"{key}.replicas",
            found=f"{size.replicas} servers, which {shape.replication} copies cannot share evenly",
            allowed=f"a multiple of {shape.replication}",
        )
    servers_a_copy = size.replicas // shape.replication
    keys_mib = math.ceil(need.keys_bytes * HEAP_OF_KEYS_FACTOR / servers_a_copy / MIB)
    if size.heap_mib < keys_mib:
        yield BrokenRuleError(
            key=f"{key}.heapMib",
            found=f"{size.heap_mib} MiB, in which the load's upsert and dedup keys have no room",
            allowed=f"at least {keys_mib} MiB with {size.replicas} servers, or more servers",
        )
    disk_gib = math.ceil(need.disk_bytes / servers_a_copy / GIB)
    if size.disk_gib < disk_gib:
        yield BrokenRuleError(
            key=f"{key}.diskGib",
            found=f"{size.disk_gib} GiB, less than the load's segments",
            allowed=f"at least {disk_gib} GiB with {size.replicas} servers, or more servers",
        )
