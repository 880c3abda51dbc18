"""The page of what storage costs, docs/storage-cost.md and its picture, made by `make costs`."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from components.pinot_sizes import Load
from components.storage_cost import (
    PRICES,
    PRICES_READ,
    PRICES_SOURCE,
    SMALLEST_MOVED_BYTES,
    Flow,
    Year,
    archive_flows,
    cost_of_year,
    deep_store_flows,
)
from components.store_settings import ArchiveSettings, DeepStoreSettings

YEARS: Final = range(1, 8)
LOADS: Final = (20, 100, 500)
"""Events a second: the design's average, five times that, and its peak all day long."""
PARTITIONS: Final = 12
KINDS: Final = 2
FILES_AN_HOUR: Final = KINDS * PARTITIONS
"""One file a kind, partition and hour: the fewest that the archiver can write."""
BATCHES_AN_HOUR: Final = 15
"""The archiver's default, a batch every four minutes."""
ARCHIVE: Final = ArchiveSettings(bucket="archive")
DEEP_STORE: Final = DeepStoreSettings(bucket="deep-store")

HEAD: Final = f"""# What storage costs

<!-- Made by `make costs` from components/storage_cost.py; a test holds the two together. -->

US dollars by AWS's list prices ({PRICES_SOURCE}):
storage as read on {PRICES_READ}, requests and Deep Archive as last known. Counted are storage, the
requests that write and move objects, and what S3 stores beside them; not reads, which cost by use (from
Deep Archive: hours of waiting too), nor KMS, access logs, or the servers' own disks.

![Dollars a year by tier, year and load](storage-cost.svg)
"""


def archive(load: Load, files_an_hour: int = FILES_AN_HOUR) -> tuple[Flow, ...]:
    """Return prod's archive."""
    return archive_flows(load, ARCHIVE, files_an_hour=files_an_hour)


def deep_store(load: Load) -> tuple[Flow, ...]:
    """Return prod's deep store."""
    return deep_store_flows(load, DEEP_STORE, partitions=PARTITIONS)


STORES: Final[Mapping[str, Callable[[Load], tuple[Flow, ...]]]] = {
    "Archive": archive,
    "Deep store": deep_store,
}


def cost_page() -> str:
    """Return the page."""
    design = Load()
    return "\n".join(
        [
            HEAD,
            "## Prices\n",
            *_table(
                ["class", "a GB and month", "1,000 objects written or moved there"],
                [[name, f"{price.month_gb:.4f}", f"{price.thousand:.4f}"] for name, price in PRICES.items()],
            ),
            *(line for name, flows in STORES.items() for line in _store(name, flows(design), design)),
            "## By load\n",
            "The seventh year, both stores.\n",
            *_table(["events a second", "with tiers", "all in Standard", "saved"], map(_by_load, LOADS)),
            *_small_files(design),
        ]
    )


def _store(name: str, flows: Sequence[Flow], load: Load) -> list[str]:
    years = {year: cost_of_year(flows, year) for year in YEARS}
    classes = list(dict.fromkeys(tier for year in years.values() for tier in year.dollars))
    rows = []
    for number, year in years.items():
        flat = cost_of_year(flows, number, tiered=False).total
        cells = [f"{year.gb[tier]:,.0f} GB, ${year.dollars[tier]:,.2f}" for tier in classes]
        rows.append([str(number), *cells, f"${year.total:,.2f}", f"${flat:,.2f}", _share(year.total, flat)])
    return [
        f"## {name}, at {load.average_events_per_second} events a second\n",
        "What lies in each class at the year's end, and what the class cost in that year.\n",
        *_table(["year", *classes, "together", "all in Standard", "saved"], rows),
    ]


def _by_load(events: int) -> list[str]:
    tiered, flat = _seventh(events)
    return [str(events), f"${tiered:,.0f}", f"${flat:,.0f}", _share(tiered, flat)]


def _seventh(events: int) -> tuple[float, float]:
    """Return the seventh year's dollars of both stores: with tiers, and all in Standard."""
    load = Load(average_events_per_second=events)
    stores = [flows(load) for flows in STORES.values()]
    tiered, flat = (
        sum(cost_of_year(flows, YEARS[-1], tiered=way).total for flows in stores) for way in (True, False)
    )
    return tiered, flat


def _small_files(load: Load) -> list[str]:
    few, many = archive(load), archive(load, FILES_AN_HOUR * BATCHES_AN_HOUR)
    rows = [
        [
            f"{flow.objects_a_day / 24:,.0f}",
            f"{flow.gb_a_day * 1e9 / flow.objects_a_day / 1024:,.0f} KiB",
            "yes" if flow.moves else "**no**",
            f"${cost_of_year((flow,), YEARS[-1]).total:,.2f}",
        ]
        for flow in (*few, *many)
    ]
    return [
        "## Small files stay where they are\n",
        (
            f"S3 moves no object below {SMALLEST_MOVED_BYTES // 1024} KiB to a cheaper class, and each of"
            " them costs requests. The tables above count one file a kind, partition and hour; a file every"
            " four minutes is too small for the tiers at the design's average load.\n"
        ),
        *_table(["archive files an hour", "size of one", "moves through the tiers", "seventh year"], rows),
    ]


def _share(tiered: float, flat: float) -> str:
    return f"{1 - tiered / flat:.0%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


COLOURS: Final = {
    "STANDARD": "#c2410c",
    "STANDARD_IA": "#ea9a5b",
    "GLACIER_IR": "#5b9bd5",
    "DEEP_ARCHIVE": "#1e3a5f",
    "INTELLIGENT frequent": "#b45309",
    "INTELLIGENT infrequent": "#d6b656",
    "INTELLIGENT archive instant": "#3b82a0",
}


def cost_picture() -> str:
    """Return the picture as SVG: each store's years by class, and the seventh year by load."""
    design = Load()
    panels = [
        (
            f"{name}, $ a year at 20 events/s",
            [
                (
                    str(year),
                    cost_of_year(flows(design), year),
                    cost_of_year(flows(design), year, tiered=False),
                )
                for year in YEARS
            ],
        )
        for name, flows in STORES.items()
    ]
    drawn = [_panel(20 + 330 * place, title, bars) for place, (title, bars) in enumerate(panels)]
    loads = [(f"{events}/s", *_both(events)) for events in LOADS]
    drawn.append(_panel(680, "Both in the seventh year, $ by load; outlined: all in Standard", loads))
    legend = "".join(
        f'<rect x="{20 + 140 * place}" y="268" width="10" height="10" fill="{colour}"/>'
        f'<text x="{34 + 140 * place}" y="277">{name.replace("INTELLIGENT", "IT").lower()}</text>'
        for place, (name, colour) in enumerate(COLOURS.items())
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1010 290" role="img"'
        ' font-family="sans-serif" font-size="11">'
        "<title>What storage costs by tier, year and load; outlined: all in Standard</title>"
        f'<rect width="1010" height="290" fill="#fff"/>{"".join(drawn)}{legend}</svg>\n'
    )


def _both(events: int) -> tuple[Year, Year]:
    load = Load(average_events_per_second=events)
    flows = [flow for store in STORES.values() for flow in store(load)]
    return cost_of_year(flows, YEARS[-1]), cost_of_year(flows, YEARS[-1], tiered=False)


def _panel(left: int, title: str, bars: Sequence[tuple[str, Year, Year]]) -> str:
    height, floor = 180, 240
    scale = height / max(flat.total for _, _, flat in bars)
    width = 290 / len(bars)
    parts = [f'<text x="{left}" y="20" font-weight="bold">{title}</text>']
    for place, (label, year, flat) in enumerate(bars):
        x, top = left + place * width, float(floor)
        middle = x + width / 2 - 4
        for name, dollars in year.dollars.items():
            tall = dollars * scale
            top -= tall
            parts.append(
                f'<rect x="{x:.1f}" y="{top:.1f}" width="{width - 8:.1f}" height="{tall:.1f}"'
                f' fill="{COLOURS[name]}"/>'
            )
        tall = flat.total * scale
        parts.append(
            f'<rect x="{x:.1f}" y="{floor - tall:.1f}" width="{width - 8:.1f}" height="{tall:.1f}"'
            ' fill="none" stroke="#444" stroke-dasharray="3 2"/>'
            f'<text x="{middle:.1f}" y="{floor + 14}" text-anchor="middle">{label}</text>'
            f'<text x="{middle:.1f}" y="{top - 4:.1f}" text-anchor="middle">{year.total:,.0f}</text>'
        )
    return "".join(parts)


def write(directory: Path) -> None:
    """Write page and picture."""
    (directory / "storage-cost.md").write_text(cost_page(), encoding="utf-8")
    (directory / "storage-cost.svg").write_text(cost_picture(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
