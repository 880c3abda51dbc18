"""One closed hour of the archive as rows of its table: every file checked, every event once.

Nothing leaves this module before the last file was found whole: an hour is loaded as it was archived, or
not at all.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from operations.archive.layout import EXACT, Hour, amount_text
from operations.archive.store import ArchiveError
from operations.erasure.masks import masked, read_masks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from operations.archive.layout import ArchivedFile, Kind, Manifest
    from operations.archive.store import ArchiveStore
    from product_model import Product

_EVENT_ID: Final = "eventId"
_AMOUNT: Final = "amount"
_ROWS_A_BATCH: Final = 5_000


class ArchivedHourError(ArchiveError):
    """A closed hour's files are not what its manifest says, or of a version that is not known here."""


@dataclass(frozen=True)
class TableSchema:
    """What the table of a kind takes.

    Args:
        version: of the schema, `major.minor.patch`; a new column raises the minor
        columns: all columns
        required: those that have a value in every row of every version

    """

    version: str
    columns: frozenset[str]
    required: frozenset[str]

    @classmethod
    def of(cls, product: Product, kind: Kind) -> TableSchema:
        """Take it from the product's files."""
        file = product.schema(kind.schema_name)
        columns = {column.name for column in file.schema.columns}
        # The hour is cut from the time by the table itself, so that the two cannot disagree.
        required = {column.name for column in file.schema.columns if column.not_null} - {kind.hour_column}
        return cls(file.fact.version, frozenset(columns), frozenset(required))

    def knows(self, version: str) -> bool:
        """Tell whether files of a version can be read: of our major, and of no later minor."""
        try:
            major, minor = (int(part) for part in version.split(".")[:2])
            own_major, own_minor = (int(part) for part in self.version.split(".")[:2])
        except ValueError:
            return False
        return major == own_major and minor <= own_minor


@dataclass(frozen=True)
class HourRows:
    """The rows of an hour, each event once, and their exact sum."""

    kind: Kind
    hour: Hour
    table: pa.Table
    amount_sum: Decimal

    def write_json(self, to: IO[bytes]) -> None:
        """Write JSON lines: amounts as text, times in epoch milliseconds, no nulls."""
        for batch in self.table.to_batches(max_chunksize=_ROWS_A_BATCH):
            for row in batch.to_pylist():
                present = {column: value for column, value in row.items() if value is not None}
                to.write(orjson.dumps(present, option=orjson.OPT_APPEND_NEWLINE))

    def write_parquet(self, to: IO[bytes]) -> None:
        """Write one Parquet file."""
        pq.write_table(self.table, to, compression="zstd")


def read_hour(store: ArchiveStore, manifest: Manifest, schema: TableSchema) -> HourRows:
    """Read all files of a closed hour, check them, and keep of each event its first row.

    Raises:
        ArchivedHourError: a file is missing, cut short, changed, of an unknown version, or holds other rows
            than the manifest says; names the object
        ArchiveError: S3 does not give a file

    """
    kind, hour = manifest.kind, Hour.parse(manifest.hour)
    tables = [_read_file(store, file, kind, schema) for file in manifest.files]
    if tables:
        # Files of older versions lack columns: null here, the column's default in the table.
        joined = pa.concat_tables(tables, promote_options="permissive")
    else:
        joined = pa.table({_EVENT_ID: pa.array([], pa.string()), _AMOUNT: pa.array([], pa.string())})
    once = joined.filter(pa.array(_firsts(joined.column(_EVENT_ID).to_pylist()), pa.bool_()))
    amount_sum = _sum(once.column(_AMOUNT).to_pylist())
    found = (joined.num_rows, once.num_rows, amount_text(amount_sum))
    said = (manifest.rows, manifest.distinct_event_ids, manifest.amount_sum)
    if found != said:
        what = "rows, events, amount"
        raise _wrong(store, manifest.key, f"its files hold {found} ({what}), it says {said}", _LATER)
    # What was erased stays erased, whatever the files still hold: a late event loads an hour again.
    return HourRows(kind, hour, masked(once, read_masks(store, kind, hour)), amount_sum)


_RESTORE: Final = (
    "Nothing of this hour was loaded. Bring the object's earlier version back (the bucket keeps them), or "
    "archive the hour again from the topic while it still has it."
)
_LATER: Final = (
    "Nothing of this hour was loaded. The archiver and this loader disagree: are both of one version?"
)
_UPGRADE: Final = (
    "Nothing of this hour was loaded. Deploy the loader together with the schema that wrote the file."
)


def _read_file(store: ArchiveStore, file: ArchivedFile, kind: Kind, schema: TableSchema) -> pa.Table:
    if not schema.knows(file.schema_version):
        known = f"this loader knows {schema.version.split('.')[0]}.0.0 to {schema.version}"
        raise _wrong(store, file.key, f"it is of schema version {file.schema_version}; {known}", _UPGRADE)
    content = store.get(file.key)
    if content is None:
        raise _wrong(store, file.key, "the manifest lists it, and it is not there", _RESTORE)
    if len(content) != file.size_bytes:
        found = f"it has {len(content):,} of {file.size_bytes:,} bytes"
        raise _wrong(store, file.key, found, _RESTORE)
    if (digest := hashlib.sha256(content).hexdigest()) != file.sha256:
        found = f"its sha256 is {digest[:12]}…, the manifest says {file.sha256[:12]}…"
        raise _wrong(store, file.key, found, _RESTORE)
    try:
        table = pq.read_table(io.BytesIO(content))
    except pa.ArrowException as error:
        # Arrow's message may quote values.
        raise _wrong(store, file.key, f"it is no Parquet file ({type(error).__name__})", _RESTORE) from None
    if problem := _problem(table, file, kind, schema):
        raise _wrong(store, file.key, problem, _LATER)
    return table.drop_columns([kind.hour_column] if kind.hour_column in table.column_names else [])


def _problem(table: pa.Table, file: ArchivedFile, kind: Kind, schema: TableSchema) -> str:  # noqa: PLR0911 - a return a rule
    """Say what is wrong with a file's rows; "" when nothing is. Never quotes a value."""
    names = set(table.column_names)
    if unknown := sorted(names - schema.columns):
        return f"it has columns that the table has not: {', '.join(unknown)}"
    if lacking := sorted(schema.required - names):
        return f"it lacks columns that every version has: {', '.join(lacking)}"
    if empty := sorted(name for name in schema.required if table.column(name).null_count):
        return f"it has nulls where every row has a value: {', '.join(empty)}"
    if not pa.types.is_string(table.column(_AMOUNT).type):
        return f"amount is {table.column(_AMOUNT).type}; decimal text is exact"
    bounds = pc.min_max(table.column(kind.time_column)).as_py()
    hour = Hour.parse(file.hour)
    if bounds["min"] is not None and not hour.start_ms <= bounds["min"] <= bounds["max"] < hour.end_ms:
        return f"it holds {kind.time_column} from {bounds['min']} to {bounds['max']}, outside of {file.hour}"
    ids = table.column(_EVENT_ID)
    amounts = amount_text(_sum(table.column(_AMOUNT).to_pylist()))
    found = (table.num_rows, len(ids.unique()), amounts, bounds["min"], bounds["max"])
    said = (file.rows, file.distinct_event_ids, file.amount_sum, file.min_time_ms, file.max_time_ms)
    if found != said:
        return f"it holds {found} (rows, events, amount, first and last time), the manifest says {said}"
    return ""


def _firsts(ids: Iterable[str]) -> Iterator[bool]:
    seen: set[str] = set()
    for event_id in ids:
        yield event_id not in seen
        seen.add(event_id)


def _sum(amounts: Iterable[Any]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, Decimal(amount))
    return total


def _wrong(store: ArchiveStore, key: str, found: str, action: str) -> ArchivedHourError:
    return ArchivedHourError(f"s3://{store.bucket}/{key}: {found}. {action}")
