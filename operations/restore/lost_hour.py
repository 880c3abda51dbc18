"""An hour of the archive that is lost, or not whole: what is wrong, and what still has its events."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from operations.archive.layout import DAY_MS, Hour, Kind, hour_prefix
from operations.archive.store import ArchiveError, latest
from operations.offline.hour import TableSchema, read_hour
from operations.offline.totals import distinct_events
from product_model import load_product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.offline.settings import Connections


def advise(connections: Connections, kind: Kind, hour: Hour) -> Iterator[str]:
    """Say what the archive, both tables and the topic have of an hour, and so what brings it back.

    Raises:
        ArchiveError, PinotError: one of the two is away

    """
    product = load_product(connections.product)
    end = Hour.of_ms(hour.end_ms)
    manifest = latest(connections.store, kind, hour)
    if manifest is None:
        yield f"✗ archive: {kind} {hour} has no manifest"
    else:
        yield (
            f"✓ archive: manifest of revision {manifest.revision}: {manifest.distinct_event_ids:,} "
            "events, amounts "
            f"{manifest.amount_sum}, {len(manifest.files)} files"
        )
        try:
            read_hour(connections.store, manifest, TableSchema.of(product, kind))
        except ArchiveError as error:
            yield f"✗ archive: {error}"
        else:
            yield "✓ archive: every file is whole; nothing is lost"
            return
    for table in (kind.offline_table, kind.realtime_table):
        rows, events, amount = distinct_events(connections.pinot, table, kind, hour, end).get(
            hour, (0, 0, "0.00")
        )
        whole = manifest is not None and (rows, events, amount) == (
            manifest.distinct_event_ids,
            manifest.distinct_event_ids,
            manifest.amount_sum,
        )
        proof = "; equal to the manifest" if whole else ""
        yield f"{'✓' if rows else '✗'} {table}: {rows:,} rows, {events:,} events, amounts {amount}{proof}"
    age_days = (time.time() * 1000 - hour.start_ms) / DAY_MS
    topic = product.descriptor.ports.input[0]
    prefix = hour_prefix("manifests" if manifest is None else "events", kind, hour)
    yield (
        "→ first, the objects' earlier versions: aws s3api list-object-versions --bucket "
        f"{connections.store.bucket} "
        f"--prefix {prefix}; delete the delete markers, or copy the earlier version over the damaged one. "
        "Kept 30 days, "
        "in prod locked for as long as the archive"
    )
    if age_days < topic.retention_days:
        yield (
            f"→ else the topic {topic.topic} still has the events ({age_days:.1f} of "
            f"{topic.retention_days} days): "
            "archive it anew into an empty bucket; files come out under the same names with the same "
            "rows, copy the "
            "hour's over"
        )
    else:
        yield (
            f"→ the topic has them no more ({age_days:.1f} of {topic.retention_days} days). The offline "
            "table's own rows "
            "are what is left: export them (SELECT * with the hour's bounds), and keep the table's segments"
        )
