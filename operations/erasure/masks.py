"""Masks: which events of an archived hour lost which columns, beside the events in the archive bucket.

    erasures/kind=…/date=…/hour=HH/<first 32 digits of its SHA-256>.json

A mask names events, not people. Whoever reads an archived hour puts its masks over the rows: the loader of
the offline tables, so that an hour that is loaded again (a late event, a restore) or whose files a lock keeps
as they are does not bring back what was erased; and the erasure itself, whose rewritten files are the old
ones under all masks. A mask is never changed or taken away.
"""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import Field

from operations.archive.layout import Document, Hour, Kind
from operations.archive.store import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operations.archive.store import ArchiveStore

_DIGITS: Final = 32
_ZSTD_LEVEL: Final = 3
_ARROW_SCHEMA: Final = b"ARROW:schema"


class Mask(Document):
    """Some events of an hour, and what stands in place of some of their columns.

    Args:
        event_ids: sorted, so that the same events give the same document
        columns: by column, what stands there now; null where the column may be null

    """

    layout_version: Literal[1] = 1
    kind: Kind
    hour: str
    event_ids: Annotated[tuple[str, ...], Field(min_length=1)]
    columns: dict[str, str | None]

    @property
    def key(self) -> str:
        """Where it stands: the same mask always under the same name."""
        digest = hashlib.sha256(self.to_bytes()).hexdigest()[:_DIGITS]
        return f"{masks_prefix(self.kind, Hour.parse(self.hour))}{digest}.json"


def masks_prefix(kind: Kind, hour: Hour) -> str:
    """Return what the keys of an hour's masks begin with."""
    return f"erasures/kind={kind}/date={hour:%Y-%m-%d}/hour={hour:%H}/"


def read_masks(store: ArchiveStore, kind: Kind, hour: Hour) -> tuple[Mask, ...]:
    """Return all masks of an hour.

    Raises:
        ArchiveError: S3 does not give them, or one is none

    """
    found = []
    for listed in store.list(masks_prefix(kind, hour)):
        mask = store.read(listed.key, Mask)
        if mask is None or (mask.kind, mask.hour) != (kind, str(hour)):
            message = f"s3://{store.bucket}/{listed.key} is no mask of {kind} {hour}; restore its version"
            raise ArchiveError(message)
        found.append(mask)
    return tuple(found)


def masked(table: pa.Table, masks: Sequence[Mask]) -> Any:  # noqa: ANN401 - a pyarrow Table
    """Return the rows under the masks; the order of masks makes no difference, nor does a second time."""
    for mask in masks:
        rows = pc.is_in(table["eventId"], value_set=pa.array(mask.event_ids, pa.string()))
        for name, value in mask.columns.items():
            place = table.schema.get_field_index(name)
            if place >= 0:
                field = table.schema.field(place)
                table = table.set_column(
                    place, field, pc.if_else(rows, pa.scalar(value, field.type), table.column(place))
                )
    return table


def rewritten(content: bytes, masks: Sequence[Mask]) -> bytes:
    """Return an archived Parquet file under the masks; the very same bytes where they change no row."""
    file = pq.ParquetFile(BytesIO(content))
    table = file.read()
    after = masked(table, masks)
    if after.equals(table):
        return content
    metadata = {key: value for key, value in (file.metadata.metadata or {}).items() if key != _ARROW_SCHEMA}
    to = BytesIO()
    with pq.ParquetWriter(
        to,
        after.schema.remove_metadata(),
        compression="zstd",
        compression_level=_ZSTD_LEVEL,
        store_schema=False,
    ) as writer:
        writer.add_key_value_metadata(metadata)
        writer.write_table(after.replace_schema_metadata(None))
    return to.getvalue()
