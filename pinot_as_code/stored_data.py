"""What is stored in a table, and whether its servers have let a deleted one go."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import pulumi

from .errors import PinotError
from .losses import UNKNOWN, Stored
from .transport import Deadline
from .validation.columns import columns_of, section

if TYPE_CHECKING:
    from .client import PinotClient
    from .documents import Document

_SECONDS: Final = 20.0
_DEPARTURE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.2


def stored(client: PinotClient, table: Document) -> Stored:
    """Return what is known of the rows of a table; what cannot be found out stays unknown.

    Segments alone say little of a REALTIME table, which has a consuming one for each partition even without
    a row; so when nothing is committed, the rows are counted.
    """
    table_type = str(table["tableType"])
    name = str(table["tableName"])
    deadline = Deadline.after(_SECONDS)
    try:
        view = client.external_view(name, table_type, deadline)
        committed = [segment for segment, states in view.items() if "CONSUMING" not in states.values()]
        count = len(view)
        if not committed and table_type == "REALTIME":
            rows = client.query(_select("COUNT(*)", f"{name}_{table_type}"), deadline)
            count = count if rows and float(rows[0][0]) > 0 else 0
    except PinotError as error:
        pulumi.log.debug(f"what table {name} holds could not be found out: {error}")
        return UNKNOWN
    return Stored(count, None if count == 0 else _oldest(client, name, table_type, table, deadline))


def _oldest(
    client: PinotClient, name: str, table_type: str, table: Document, deadline: Deadline
) -> float | None:
    column = section(table, "segmentsConfig").get("timeColumnName")
    try:
        schema = client.schema(name, deadline)
        if column is None or schema is None or columns_of(schema)[column].data_type != "TIMESTAMP":
            return None
        rows: list[list[Any]] = client.query(_select(f'MIN("{column}")', f"{name}_{table_type}"), deadline)
        return max(0.0, time.time() * 1000 - float(rows[0][0]))
    except (PinotError, LookupError, TypeError, ValueError) as error:
        pulumi.log.debug(f"how old the rows of table {name} are could not be found out: {error}")
        return None


def _select(what: str, table: str) -> str:
    return f'SELECT {what} FROM "{table}"'  # noqa: S608 - names of Pinot's own, checked to hold no quote


def await_departure(client: PinotClient, name: str, table_type: str, deadline: Deadline) -> None:
    """Wait until no server reports segments of a deleted table: before, a new one cannot be made."""
    limit = deadline.within(_DEPARTURE_SECONDS)
    try:
        while client.external_view(name, table_type, limit):
            if not limit.sleep(_PAUSE_SECONDS):
                break
        else:
            return
    except PinotError as error:
        pulumi.log.debug(f"whether the servers let table {name} go could not be found out: {error}")
    pulumi.log.warn(f"table {name}_{table_type} is deleted, but its servers have not let all segments go yet")
