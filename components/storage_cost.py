"""What the storage on S3 costs a year, by tier, for a load; and what the tiers save. Pure.

Every number that somebody else decides (AWS's prices, S3's limits) stands in `PRICES` and the constants under
it, with source and date. What the product decides comes from its settings and its load.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from components.pinot_sizes import Load
from components.pinot_sizing import ANALYTICS_ROWS_A_TRANSACTION, ROW_BYTES, events_a_day, transactions_a_day
from components.store_settings import ArchiveSettings, DeepStoreSettings

PRICES_READ: Final = "2025-09-14"
PRICES_SOURCE: Final = "https://aws.amazon.com/s3/pricing/, Europe (Frankfurt), first 50 TB, without tax"
GB: Final = 1e9
DAYS_A_YEAR: Final = 365
DAYS_A_MONTH: Final = DAYS_A_YEAR / 12
SMALLEST_MOVED_BYTES: Final = 128 * 1024
"""S3 moves no smaller object to another class unless a bucket's lifecycle says so (S3 user guide, "Lifecycle
transitions", since September 2024); below it the cheaper classes bill this size all the same."""
DEEP_ARCHIVE_EXTRA_GB: Final = (8 * 1024 / GB, 32 * 1024 / GB)
"""What S3 stores beside each object in Deep Archive: index in Standard, and data in Deep Archive."""
WATCHED_DAYS: Final = (30, 90)
"""Days without a read after which Intelligent-Tiering moves an object to its second and third tier."""
DELETED_SEGMENT_DAYS: Final = 1
"""Pinot keeps a deleted segment that long (deletedSegmentsRetentionPeriod of the tables)."""
ARCHIVED_BYTES: Final[Mapping[int, float]] = {
    100: 280,
    200: 235,
    1_500: 157,
    3_000: 147,
    10_000: 127,
    36_000: 123,
}
"""Parquet bytes an event by the events in a file: measured on generated events, zstd, all hashes included."""


@dataclass(frozen=True, slots=True)
class Price:
    """A storage class: dollars a GB and month, and a thousand objects moved there (for Standard: written)."""

    month_gb: float
    thousand: float
    watched_month_thousand: float = 0
    """For watching over a thousand objects for a month."""


PRICES: Final[Mapping[str, Price]] = {
    "STANDARD": Price(0.0245, 0.0054),
    "STANDARD_IA": Price(0.0135, 0.01),
    "GLACIER_IR": Price(0.005, 0.02),
    "DEEP_ARCHIVE": Price(0.0018, 0.06),
    "INTELLIGENT frequent": Price(0.0245, 0.01, 0.0025),
    "INTELLIGENT infrequent": Price(0.0135, 0, 0.0025),
    "INTELLIGENT archive instant": Price(0.005, 0, 0.0025),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Objects that come every day, age through storage classes and go."""

    gb_a_day: float
    objects_a_day: float
    kept_days: int
    tiers: Sequence[tuple[int, str]]
    """Age in days from which a class holds them, by age; the first is Standard at 0."""

    @property
    def moves(self) -> bool:
        """Whether S3 moves its objects at all."""
        return self.gb_a_day * GB / self.objects_a_day >= SMALLEST_MOVED_BYTES

    def stages(self, *, tiered: bool = True) -> Iterator[tuple[int, int, str]]:
        """Yield from which to which age a class holds the objects."""
        tiers = self.tiers if tiered and self.moves else self.tiers[:1]
        ages = [*(age for age, _ in tiers), self.kept_days]
        for (since, until), (_, storage_class) in zip(pairwise(ages), tiers, strict=True):
            if since < self.kept_days:
                yield since, min(until, self.kept_days), storage_class


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """One year of a store: what lies there at its end, and what the year costs, by storage class."""

    gb: Mapping[str, float]
    dollars: Mapping[str, float]
    """Storage, and the requests by which objects come to the class."""

    @property
    def total(self) -> float:
        """Return the year's dollars."""
        return sum(self.dollars.values())


def archived_bytes(events: float) -> float:
    """Return the Parquet bytes an event in a file of so many: between measured sizes by the logarithm."""
    sizes = sorted(ARCHIVED_BYTES.items())
    if events <= sizes[0][0]:
        return sizes[0][1]
    for (few, larger), (many, smaller) in pairwise(sizes):
        if events <= many:
            share = math.log(events / few) / math.log(many / few)
            return larger + share * (smaller - larger)
    return sizes[-1][1]


def archive_flows(load: Load, settings: ArchiveSettings, *, files_an_hour: int) -> tuple[Flow, ...]:
    """Return the archive: files of hashed events for seven years.

    Args:
        load: the events.
        settings: ages of the tiers, and of expiry.
        files_an_hour: of all kinds and partitions.

    """
    files = 24 * files_an_hour
    events = events_a_day(load)
    tiers = (
        (0, "STANDARD"),
        (settings.warm_after_days, "STANDARD_IA"),
        (settings.cold_after_days, "GLACIER_IR"),
        (settings.deep_archive_after_days, "DEEP_ARCHIVE"),
    )
    return (
        Flow(
            gb_a_day=events * archived_bytes(events / files) / GB,
            objects_a_day=files,
            kept_days=settings.retention_days + settings.non_current_days,
            tiers=tiers,
        ),
    )


def deep_store_flows(load: Load, settings: DeepStoreSettings, *, partitions: int) -> tuple[Flow, ...]:
    """Return Pinot's segments: of the _rt tables, of payment_analytics, of the _offline tables.

    One copy of each, however many servers hold it. A segment that is loaded is not read again, so that
    Intelligent-Tiering moves all of them on.
    """
    since = settings.intelligent_tiering_after_days
    second, third = WATCHED_DAYS
    tiers = (
        (0, "STANDARD"),
        (since, "INTELLIGENT frequent"),
        (since + second, "INTELLIGENT infrequent"),
        (since + third, "INTELLIGENT archive instant"),
    )
    gone = DELETED_SEGMENT_DAYS + settings.non_current_days
    commits = partitions * 24 / load.flush_hours
    rows = {
        load.realtime_days: (events_a_day(load), 2 * commits),
        load.analytics_days: (transactions_a_day(load) * ANALYTICS_ROWS_A_TRANSACTION, commits),
        load.offline_days: (events_a_day(load), 2 * 24),
    }
    return tuple(
        Flow(gb_a_day=count * ROW_BYTES / GB, objects_a_day=objects, kept_days=days + gone, tiers=tiers)
        for days, (count, objects) in rows.items()
    )


def cost_of_year(flows: Sequence[Flow], year: int, *, tiered: bool = True) -> Year:
    """Return what a store costs in a year after its first day.

    Args:
        flows: what comes every day.
        year: 1 for the first.
        tiered: whether objects move to cheaper classes; else all stay in Standard.

    """
    gb: dict[str, float] = {}
    dollars: dict[str, float] = {}
    for flow in flows:
        for since, until, name in flow.stages(tiered=tiered):
            price = PRICES[name]
            ages = [_held(since, until, day) for day in range((year - 1) * DAYS_A_YEAR, year * DAYS_A_YEAR)]
            months = sum(ages) / DAYS_A_MONTH
            arrived = sum(day >= since for day in range((year - 1) * DAYS_A_YEAR, year * DAYS_A_YEAR))
            cost = months * flow.gb_a_day * price.month_gb
            cost += months * flow.objects_a_day * price.watched_month_thousand / 1000
            cost += arrived * flow.objects_a_day * price.thousand / 1000
            if name == "DEEP_ARCHIVE":
                standard, deep = DEEP_ARCHIVE_EXTRA_GB
                extra = standard * PRICES["STANDARD"].month_gb + deep * price.month_gb
                cost += months * flow.objects_a_day * extra
            dollars[name] = dollars.get(name, 0) + cost
            gb[name] = gb.get(name, 0) + _held(since, until, year * DAYS_A_YEAR) * flow.gb_a_day
    return Year(gb=gb, dollars=dollars)


def _held(since: int, until: int, day: int) -> int:
    """Return how many days' objects have an age between two on a day."""
    return max(0, min(until, day) - since)
