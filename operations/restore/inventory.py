"""What a restore would bring back, found out by reading alone."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from operations.archive.layout import EXACT, Hour, Kind, amount_text
from operations.offline.pending import closed_hours, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.archive.store import ArchiveStore
    from product_model import Product

_ANALYTICS_KIND: Final = "merged"


@dataclass(frozen=True)
class ArchivedRange:
    """What the archive has of one kind."""

    kind: Kind
    hours: int
    events: int
    amount_sum: str
    first: Hour | None
    last: Hour | None


def archived(store: ArchiveStore, kind: Kind, first: Hour | None, end: Hour | None) -> ArchivedRange:
    """Read all manifests of a range.

    Raises:
        ArchiveError: S3 does not give them

    """
    closed = closed_hours(store, kind, first, end)
    events, total = 0, Decimal(0)
    for hour in closed:
        manifest = read_manifest(store, kind, hour)
        events += manifest.distinct_event_ids
        total = EXACT.add(total, Decimal(manifest.amount_sum))
    return ArchivedRange(
        kind, len(closed), events, amount_text(total), min(closed, default=None), max(closed, default=None)
    )


def what_comes_back(ranges: tuple[ArchivedRange, ...], product: Product) -> Iterator[str]:
    """Say, table by table, from where its rows come back and which do not."""
    topic = product.descriptor.ports.input[0]
    for found in ranges:
        since = f"{found.first} to {found.last}" if found.hours else "nothing"
        yield (
            f"✓ {found.kind.offline_table}: whole, from the archive: {since}, {found.hours:,} hours, "
            f"{found.events:,} events, amounts {found.amount_sum}"
        )
    for table in product.tables:
        kept = table.fact.retention_days
        if table.fact.kind == "append":
            yield (
                f"◐ {table.fact.name}: {topic.retention_days} of {kept} days, from the topic "
                f"{topic.topic}, by itself "
                "once the table is there; what is older is in the offline table, and the logical table "
                "answers with "
                "both"
            )
        elif table.fact.kind == _ANALYTICS_KIND:
            yield (
                f"◐ {table.fact.name}: {topic.retention_days} of {kept} days, from the topic "
                f"{topic.topic}, by "
                "itself; a transaction whose registration is older and whose booking is not comes back "
                "without its "
                "registration. The archive cannot fill it: Pinot takes rows of a merging table from a "
                "stream alone, "
                "and the stream's events carry what is hashed on the way in, which the archive does not "
                "have. Until "
                f"{kept} days are full again, join the two logical tables on transactionId"
            )
