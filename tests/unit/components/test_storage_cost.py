"""What storage costs: the sums by hand, the lifecycle of the buckets, and the page that shows them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from components.deep_store import archive_rules, deep_store_rules
from components.pinot_sizes import Load
from components.storage_cost import (
    DAYS_A_MONTH,
    PRICES,
    Flow,
    archive_flows,
    archived_bytes,
    cost_of_year,
    deep_store_flows,
)
from components.storage_cost_page import cost_page, cost_picture
from components.store_settings import ArchiveSettings, DeepStoreSettings
from tests.unit.components.stack_files import ROOT, load, stack_file

pytestmark = pytest.mark.unit

ARCHIVE = ArchiveSettings(bucket="archive")
DEEP_STORE = DeepStoreSettings(bucket="deep-store")
ONE_GB_A_DAY = Flow(
    gb_a_day=1,
    objects_a_day=1,
    kept_days=400,
    tiers=((0, "STANDARD"), (100, "STANDARD_IA"), (300, "DEEP_ARCHIVE")),
)


def archive(files: int = 24, events: int = 20) -> tuple[Flow, ...]:
    return archive_flows(Load(average_events_per_second=events), ARCHIVE, files_an_hour=files)


def test_a_first_year_is_the_sum_by_hand() -> None:
    year = cost_of_year((ONE_GB_A_DAY,), 1)
    assert year.gb == {"STANDARD": 100, "STANDARD_IA": 200, "DEEP_ARCHIVE": 65}
    # Ages 0 to 99 grow for a hundred days and stay: 0 + 1 + … + 99, then 265 days of 100.
    gb_months = (99 * 100 / 2 + 265 * 100) / DAYS_A_MONTH
    requests = 365 * PRICES["STANDARD"].thousand / 1000
    assert year.dollars["STANDARD"] == pytest.approx(gb_months * 0.0245 + requests)
    assert year.total == pytest.approx(sum(year.dollars.values()))


def test_a_full_store_costs_the_same_every_year_and_holds_what_is_kept() -> None:
    third, fourth = cost_of_year((ONE_GB_A_DAY,), 3), cost_of_year((ONE_GB_A_DAY,), 4)
    assert third == fourth
    assert sum(third.gb.values()) == ONE_GB_A_DAY.kept_days


def test_tiers_change_the_price_and_not_what_lies_there() -> None:
    tiered, flat = cost_of_year(archive(), 7), cost_of_year(archive(), 7, tiered=False)
    assert sum(tiered.gb.values()) == pytest.approx(sum(flat.gb.values()))
    assert list(flat.gb) == ["STANDARD"]
    assert tiered.total < flat.total / 2


def test_more_load_costs_more_and_saves_more() -> None:
    totals = [
        [cost_of_year(archive(events=events), 7, tiered=way).total for way in (True, False)]
        for events in (20, 100, 500)
    ]
    for (tiered, flat), (more_tiered, more_flat) in pairwise(totals):
        assert more_tiered > tiered
        assert more_flat - more_tiered > flat - tiered


def test_small_files_stay_in_standard() -> None:
    (small,), (large,) = archive(files=360), archive()
    assert (small.moves, large.moves) == (False, True)
    assert list(cost_of_year((small,), 7).dollars) == ["STANDARD"]
    assert cost_of_year((small,), 7).total > cost_of_year((large,), 7).total


def test_bytes_an_event_fall_with_the_file_and_meet_what_was_measured() -> None:
    assert archived_bytes(1) == archived_bytes(100) == 280
    assert archived_bytes(3_000) == 147
    assert archived_bytes(1e9) == 123
    assert 147 < archived_bytes(2_000) < 157


def test_the_stages_are_those_of_the_buckets_lifecycle() -> None:
    (flow,) = archive()
    rule: Any = archive_rules(ARCHIVE)[0]
    assert [(age, name) for age, name in flow.tiers if age] == [
        (move.days, move.storage_class) for move in rule.transitions
    ]
    assert flow.kept_days == rule.expiration.days + rule.noncurrent_version_expiration.noncurrent_days
    segments_rule: Any = deep_store_rules(DEEP_STORE)[0]
    (move,) = segments_rule.transitions
    for segments in deep_store_flows(Load(), DEEP_STORE, partitions=12):
        assert segments.tiers[1][0] == move.days
        assert segments.moves


def test_the_deep_store_holds_one_copy_of_what_the_tables_keep() -> None:
    flows = deep_store_flows(Load(), DEEP_STORE, partitions=12)
    assert [flow.kept_days for flow in flows] == [30 + 8, 90 + 8, 2557 + 8]
    assert [round(flow.gb_a_day, 3) for flow in flows] == [1.728, 1.728, 1.728]


def test_the_page_counts_prod_as_its_file_has_it() -> None:
    settings = load(stack_file("prod"))
    assert settings.kafka.topic.partitions == 12
    for name in ("warm_after_days", "cold_after_days", "deep_archive_after_days", "retention_days"):
        assert getattr(settings.archive, name) == getattr(ARCHIVE, name)
    for name in ("intelligent_tiering_after_days", "non_current_days"):
        assert getattr(settings.deep_store, name) == getattr(DEEP_STORE, name)


def test_page_and_picture_are_up_to_date() -> None:
    for name, made in (("storage-cost.md", cost_page()), ("storage-cost.svg", cost_picture())):
        committed = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert committed == made, f"run `make costs` and commit docs/{name}"


def test_what_comes_after_the_end_is_no_stage() -> None:
    short = replace(ONE_GB_A_DAY, kept_days=50)
    assert list(short.stages()) == [(0, 50, "STANDARD")]
