"""The plan of a cluster's sizes, from the load that the product is designed for."""

import pytest

from components.pinot_sizes import BrokerSize, Load, PinotClusterSizes, PoolSize
from components.pinot_sizing import (
    COMPRESSED_OOPS_MIB,
    GIB,
    MIB,
    UPSERT_KEY_BYTES,
    ClusterPlan,
    PodSize,
    Shape,
    broken_sizes,
    events_a_day,
    needs,
    plan_cluster,
    transactions_a_day,
)
from components.setting_errors import BrokenRuleError

pytestmark = pytest.mark.unit

PROD = Shape(partitions=12, replication=3, tiers={"warm": 90, "cold": 365})
DEV = Shape(partitions=3, replication=1, tiers={})


def plan(
    sizes: PinotClusterSizes | None = None, shape: Shape = PROD, load: Load | None = None
) -> ClusterPlan:
    return plan_cluster(load or Load(), shape, sizes or PinotClusterSizes())


def broken(
    sizes: PinotClusterSizes, shape: Shape = PROD, load: Load | None = None
) -> dict[str, BrokenRuleError]:
    load = load or Load()
    found = broken_sizes(plan_cluster(load, shape, sizes), load, shape, sizes)
    return {rule.key: rule for rule in found}


def test_default_load_is_the_products() -> None:
    load = Load()
    assert events_a_day(load) == pytest.approx(1.7e6, rel=0.03)
    assert transactions_a_day(load) == pytest.approx(0.85e6, rel=0.03)
    assert transactions_a_day(load) * load.realtime_days == pytest.approx(26e6, rel=0.03)
    assert transactions_a_day(load) * load.offline_days == pytest.approx(2.2e9, rel=0.03)
    assert transactions_a_day(load) * load.analytics_days == pytest.approx(78e6, rel=0.03)


def test_pools_share_the_offline_rows_by_age_without_gap_or_overlap() -> None:
    with_pools = needs(Load(), PROD)
    without = needs(Load(), Shape(partitions=12, replication=3, tiers={}))
    assert sum(need.disk_bytes for need in with_pools.values()) == without["hot"].disk_bytes
    assert with_pools["cold"].disk_bytes == (2557 - 365) * events_a_day(Load()) * 1000


def test_pools_are_ordered_by_age_and_not_by_the_order_of_the_settings() -> None:
    turned = Shape(partitions=12, replication=3, tiers={"cold": 365, "warm": 90})
    assert needs(Load(), turned) == needs(Load(), PROD)


def test_prods_servers_hold_the_load() -> None:
    hot = plan().pools["hot"]
    assert hot.replicas == 6
    keys = transactions_a_day(Load()) * 90 * UPSERT_KEY_BYTES
    servers_a_copy = hot.replicas // 3
    assert hot.heap_mib * MIB > 1.3 * keys / servers_a_copy
    assert hot.direct_mib * MIB > 3 * 12 * 300e6 / servers_a_copy
    stored = needs(Load(), PROD)["hot"].disk_bytes
    assert stored / servers_a_copy < 0.75 * hot.disk_gib * GIB


def test_a_copys_servers_share_the_partitions_evenly() -> None:
    for rate in (20, 60, 120):
        hot = plan(load=Load(average_events_per_second=rate)).pools["hot"]
        assert 12 % (hot.replicas // 3) == 0, rate


def test_more_load_needs_more_servers_or_larger_ones() -> None:
    sizes = [plan(load=Load(average_events_per_second=rate)).pools["hot"] for rate in (2, 20, 60, 120)]
    capacity = [size.replicas * size.heap_mib for size in sizes]
    assert capacity == sorted(capacity)
    assert len(set(capacity)) == 4


def test_memory_is_heap_and_direct_and_overhead() -> None:
    size = PodSize(replicas=1, cpu_millicores=1000, heap_mib=1000, direct_mib=300, page_cache_mib=200)
    assert size.overhead_mib == 512 + 60 + 200
    assert size.memory_mib == 1000 + 300 + size.overhead_mib


def test_dev_has_one_of_each_and_no_further_pools() -> None:
    small = plan(shape=DEV, load=Load(average_events_per_second=1, peak_events_per_second=20))
    assert list(small.pools) == ["hot"]
    roles = (small.controller, small.broker, small.minion, small.zookeeper, small.pools["hot"])
    assert {role.replicas for role in roles} == {1}


def test_a_small_load_needs_no_direct_memory_for_full_segments() -> None:
    small = plan(shape=DEV, load=Load(peak_events_per_second=1)).pools["hot"]
    large = plan(shape=DEV, load=Load(peak_events_per_second=500)).pools["hot"]
    assert small.direct_mib < large.direct_mib


def test_adding_servers_leaves_each_as_it_is() -> None:
    """A StatefulSet's volumes cannot change: a size that followed the number would stop the release."""
    planned = plan().pools["hot"]
    more = plan(PinotClusterSizes(servers=PoolSize(replicas=12))).pools["hot"]
    assert more.replicas == 12
    assert (more.disk_gib, more.heap_mib) == (planned.disk_gib, planned.heap_mib)


def test_fewer_servers_are_each_larger() -> None:
    fewer = plan(PinotClusterSizes(servers=PoolSize(replicas=3))).pools["hot"]
    assert fewer.replicas == 3
    assert fewer.heap_mib > plan().pools["hot"].heap_mib
    assert fewer.disk_gib > plan().pools["hot"].disk_gib


def test_numbers_of_the_settings_take_the_plans_place() -> None:
    given = PinotClusterSizes(
        controllers=PoolSize(replicas=5, heap_mib=8192),
        brokers=BrokerSize(replicas=4, most_replicas=9),
        cold=PoolSize(disk_gib=4000),
    )
    changed = plan(given)
    assert (changed.controller.replicas, changed.controller.heap_mib) == (5, 8192)
    assert (changed.broker.replicas, changed.most_brokers) == (4, 9)
    assert changed.pools["cold"].disk_gib == 4000
    assert changed.pools["warm"] == plan().pools["warm"]


def test_the_plan_breaks_no_rule() -> None:
    assert broken(PinotClusterSizes()) == {}
    assert (
        broken(PinotClusterSizes(), DEV, Load(average_events_per_second=1, peak_events_per_second=20)) == {}
    )


@pytest.mark.parametrize(
    ("sizes", "key", "found", "allowed"),
    [
        (
            PinotClusterSizes(servers=PoolSize(heap_mib=40_960)),
            "sizes.servers.heapMib",
            "40960 MiB",
            f"at most {COMPRESSED_OOPS_MIB} MiB",
        ),
        (
            PinotClusterSizes(servers=PoolSize(heap_mib=4096)),
            "sizes.servers.heapMib",
            "4096 MiB, in which the load's upsert and dedup keys have no room",
            "at least 9208 MiB with 6 servers",
        ),
        (
            PinotClusterSizes(warm=PoolSize(replicas=2)),
            "sizes.warm.replicas",
            "2 servers for 3 copies",
            "at least 3",
        ),
        (
            PinotClusterSizes(warm=PoolSize(replicas=4)),
            "sizes.warm.replicas",
            "4 servers, which 3 copies cannot share evenly",
            "a multiple of 3",
        ),
        (
            PinotClusterSizes(cold=PoolSize(disk_gib=100)),
            "sizes.cold.diskGib",
            "100 GiB, less than the load's segments",
            "with 6 servers",
        ),
        (
            PinotClusterSizes(zookeeper=PoolSize(replicas=4)),
            "sizes.zookeeper.replicas",
            "4: an even number",
            "an odd number",
        ),
        (
            PinotClusterSizes(brokers=BrokerSize(most_replicas=2)),
            "sizes.brokers.mostReplicas",
            "2, below the 3 brokers",
            "at least 3",
        ),
        (
            PinotClusterSizes(minions=PoolSize(heap_mib=30_000), largest_pod_mib=24_000),
            "sizes.minions",
            "a pod of 33336 MiB (heap 30000, direct 1024, overhead 2312)",
            "at most 24000 MiB (sizes.largestPodMib)",
        ),
    ],
)
def test_impossible_sizes_are_refused(sizes: PinotClusterSizes, key: str, found: str, allowed: str) -> None:
    rules = broken(sizes)
    assert list(rules) == [key]
    assert found in rules[key].found
    assert allowed in rules[key].allowed


def test_a_load_that_no_cluster_holds_is_refused() -> None:
    with pytest.raises(
        BrokenRuleError, match=r"sizes\.servers\.replicas: found no number of servers up to 12"
    ):
        plan(load=Load(average_events_per_second=1000))
