"""Parquet files of the archive: rows of one batch, one kind, one hour, the same bytes whoever writes them.

Amounts are decimal text: the contract bounds no digits and decimal128 holds 38, while Pinot's Parquet reader
gives a text to BIG_DECIMAL, which reads it exactly. Times are epoch milliseconds in int64: columns with a
timestampConfig need that. Nothing of the moment of writing stands in a file.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from operations.archive.layout import EXACT, ArchivedFile, Batch, Hour, Kind, amount_text, file_key
from operations.archive.store import ArchiveError, DifferentContentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operations.archive.store import ArchiveStore
    from operations.archive.usual_rows import Row
    from product_model.product import Product

_TYPES: Final[dict[str, Any]] = {
    "STRING": pa.string(),
    "JSON": pa.string(),
    "BIG_DECIMAL": pa.string(),
    "TIMESTAMP": pa.int64(),
    "LONG": pa.int64(),
    "INT": pa.int32(),
    "BOOLEAN": pa.bool_(),
}
# Of these a file has few different values; a dictionary of ids would only cost.
_FEW_VALUES: Final = frozenset(
    {
        "eventType",
        "eventSource",
        "currency",
        "transactionType",
        "bookingStatus",
        "merchantId",
        "sellerId",
        "registeredHour",
        "bookedHour",
    }
)
_ZSTD_LEVEL: Final = 3
_ROW_GROUP_ROWS: Final = 131_072
METADATA_PREFIX: Final = "payments."


class FileFormat:
    """How rows of one kind are written: the columns of its offline table's schema, in that order."""

    def __init__(self, product: Product, kind: Kind) -> None:
        """Read columns and version.

        Raises:
            ArchiveError: a column's type has no Parquet type here

        """
        schema = product.schema(kind.schema_name)
        self.kind = kind
        self.version = schema.fact.version
        self.columns = schema.schema.column_names
        unknown = [column for column in schema.schema.columns if column.data_type not in _TYPES]
        if unknown:
            message = (
                f"{schema.fact.file}: column {unknown[0].name!r} is {unknown[0].data_type}; the "
                f"archive writes {', '.join(_TYPES)}"
            )
            raise ArchiveError(message)
        self._arrow = pa.schema(
            [
                pa.field(column.name, _TYPES[column.data_type], nullable=not column.not_null)
                for column in schema.schema.columns
            ]
        )
        self.id_index = self.columns.index("eventId")
        self._amount = self.columns.index("amount")
        self._time = self.columns.index(kind.time_column)

    def write(self, rows: Sequence[Row], hour: Hour, batch: Batch) -> tuple[ArchivedFile, bytes]:
        """Make a file of rows in the order of their offsets."""
        columns = list(zip(*rows, strict=True))
        figures = {
            "rows": len(rows),
            "distinct_event_ids": len(set(columns[self.id_index])),
            "amount_sum": amount_text(_sum(columns[self._amount])),
            "min_time_ms": min(columns[self._time]),
            "max_time_ms": max(columns[self._time]),
        }
        told = {
            "schemaVersion": self.version,
            "kind": str(self.kind),
            "hour": str(hour),
            "topic": batch.topic,
            "partition": batch.partition,
            "firstOffset": batch.first_offset,
            "lastOffset": batch.last_offset,
            **{_camel(name): figure for name, figure in figures.items()},
        }
        metadata = {f"{METADATA_PREFIX}{name}": str(value) for name, value in told.items()}
        arrays = [pa.array(values, field.type) for values, field in zip(columns, self._arrow, strict=True)]
        content = BytesIO()
        with pq.ParquetWriter(
            content,
            self._arrow,
            compression="zstd",
            compression_level=_ZSTD_LEVEL,
            use_dictionary=[name for name in self.columns if name in _FEW_VALUES],
            store_schema=False,
        ) as writer:
            # A table's own metadata would go with Arrow's schema, which is the library's business.
            writer.add_key_value_metadata(metadata)
            writer.write_table(pa.Table.from_arrays(arrays, schema=self._arrow), _ROW_GROUP_ROWS)
        body = content.getvalue()
        file = ArchivedFile.model_validate(
            {
                "key": file_key(self.kind, hour, batch),
                "kind": self.kind,
                "hour": str(hour),
                "schema_version": self.version,
                "size_bytes": len(body),
                "sha256": hashlib.sha256(body).hexdigest(),
                **figures,
            }
        )
        return file, body


def store_file(store: ArchiveStore, file: ArchivedFile, body: bytes) -> ArchivedFile:
    """Write a file, or find it there; return what is there.

    Another version of the Parquet library writes the same rows in other bytes: a file of the same batch that
    a killed run left, with the same rows, is taken as it is.

    Raises:
        DifferentContentError: the file is there with other rows
        ArchiveError: S3 does not take it

    """
    try:
        store.put_same(file.key, body)
    except DifferentContentError:
        found = store.get(file.key)
        if found is None or not _same_rows(found, body):
            raise
        return file.model_copy(update={"size_bytes": len(found), "sha256": hashlib.sha256(found).hexdigest()})
    return file


def read_file(store: ArchiveStore, file: ArchivedFile, columns: Sequence[str] | None = None) -> Any:  # noqa: ANN401 - a pyarrow Table
    """Return a file's rows as an Arrow table, after its bytes were found to be those that were written.

    Raises:
        ArchiveError: it is gone, cut short, or has other bytes

    """
    content = store.get(file.key)
    if content is None:
        message = (
            f"s3://{store.bucket}/{file.key} is gone; restore it from the bucket's versions or the topic"
        )
        raise ArchiveError(message)
    digest = hashlib.sha256(content).hexdigest()
    if len(content) != file.size_bytes or digest != file.sha256:
        message = (
            f"s3://{store.bucket}/{file.key} has {len(content)} bytes with SHA-256 {digest[:12]}…; its batch "
            f"wrote {file.size_bytes} bytes with {file.sha256[:12]}…. Restore the object's first version."
        )
        raise ArchiveError(message)
    return pq.read_table(BytesIO(content), columns=None if columns is None else list(columns))


def _same_rows(left: bytes, right: bytes) -> bool:
    try:
        tables = [pq.read_table(BytesIO(content)) for content in (left, right)]
    except pa.ArrowException:
        return False
    return bool(tables[0].equals(tables[1]) and tables[0].schema.metadata == tables[1].schema.metadata)


def _sum(amounts: Sequence[str]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, Decimal(amount))
    return total


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)
