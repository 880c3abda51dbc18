"""Reconciling: equal tables are equal, and each kind of difference is told without personal data."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from local.events.broker import Answer, Broker
from local.events.disturbances import USUAL, disturb
from local.events.generator import Plan, generate
from local.events.ledger import ANALYTICS_TABLE, BOOKED_TABLE, REGISTERED_TABLE, Ledger, Row, key_hash
from local.events.reconcile import TableResult, reconcile, reconcile_settled, wait_for_rows
from local.failure import LocalFailureError

pytestmark = pytest.mark.unit

END = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Tables:
    """Answers the reconciler's SQL from lists of rows, as Pinot's broker would."""

    def __init__(self, ledger: Ledger) -> None:
        """Hold what the ledger expects."""
        self.rows: dict[str, list[Row]] = {
            table: deepcopy(list(rows.values())) for table, rows in ledger.rows.items()
        }

    def query(self, sql: str, **_: str) -> Answer:
        """Answer the few shapes of SQL that reconciling asks."""
        found = re.fullmatch(r"SELECT (.*) FROM (\w+)(?: WHERE (.*?))?(?: LIMIT \d+)?", sql)
        assert found, sql
        columns, table, condition = found.groups()
        rows = self.rows[table]
        if columns == "COUNT(*)":
            return Answer(("count(*)",), ("LONG",), [[len(rows)]], 0.0)
        for column, operator, bound in re.findall(r"(\w+) (>=|<) '(.*?)'", condition or ""):
            rows = [row for row in rows if (str(row[column]) >= bound) == (operator == ">=")]
        names = tuple(re.sub(r"CAST\((\w+) AS LONG\)", r"\1", column) for column in columns.split(", "))
        return Answer(names, (), [[_json(row[name]) for name in names] for row in rows], 0.0)


def _json(cell: Any) -> Any:  # noqa: ANN401 - a cell as JSON has it
    return str(cell) if isinstance(cell, Decimal) else cell


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    found = Ledger()
    found.apply(disturb(generate(Plan(3_000, 1, END, timedelta(hours=3))), USUAL, 1))
    return found


@pytest.fixture(autouse=True)
def in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.events.reconcile._ROWS_A_SLICE", 500)


@pytest.fixture
def tables(ledger: Ledger) -> Tables:
    return Tables(ledger)


def compared(ledger: Ledger, tables: Tables) -> dict[str, TableResult]:
    return {result.table: result for result in reconcile(ledger, cast("Broker", tables))}


def test_equal_tables_are_equal_and_every_row_is_counted(ledger: Ledger, tables: Tables) -> None:
    for table, result in compared(ledger, tables).items():
        assert result.equal
        assert result.found == result.expected == len(ledger.rows[table]) > 1_000
        assert result.found_amount == result.expected_amount > 0
        assert len(list(result.lines())) == 1


def test_a_lost_row_a_doubled_row_and_a_row_too_many_are_told(ledger: Ledger, tables: Tables) -> None:
    rows = tables.rows[REGISTERED_TABLE]
    lost, twice = rows.pop(3), rows[5]
    rows += [dict(twice), dict(twice) | {"eventId": "nobody@example.com"}]
    result = compared(ledger, tables)[REGISTERED_TABLE]
    assert not result.equal
    assert (result.missing, result.doubled, result.unexpected) == (
        [lost["eventId"]],
        [twice["eventId"]],
        ["nobody@example.com"],
    )
    told = "\n".join(result.lines())
    assert f"missing (eventId): {lost['eventId']}" in told
    assert "unexpected (eventId): (an id of another form)" in told
    assert "@" not in told


@pytest.mark.parametrize(
    ("table", "column", "value", "shown"),
    [
        (REGISTERED_TABLE, "amount", Decimal("0.01"), True),
        (BOOKED_TABLE, "bookedAt", 1, True),
        (ANALYTICS_TABLE, "transactionStatus", None, True),
        (BOOKED_TABLE, "currency", "XXX", True),
        (BOOKED_TABLE, "currency", "someone@example.com", False),
        (ANALYTICS_TABLE, "buyerEmailHash", "someone@example.com", False),
        (REGISTERED_TABLE, "buyerId", "someone@example.com", False),
        (REGISTERED_TABLE, "metadata", '{"a":"someone@example.com"}', False),
    ],
)
def test_a_cell_that_differs_is_told_and_its_value_only_where_it_cannot_be_personal(
    ledger: Ledger,
    tables: Tables,
    table: str,
    column: str,
    value: Any,  # noqa: ANN401 - a cell
    shown: bool,  # noqa: FBT001
) -> None:
    row = next(row for row in tables.rows[table] if row[column] is not None)
    expected = row[column]
    row[column] = value
    result = compared(ledger, tables)[table]
    assert dict(result.cells) == {column: 1}
    told = "\n".join(result.lines())
    assert f"{column} differs in 1 rows" in told
    assert (f"expected {expected}, found {value}" in told) is shown
    assert "@" not in told


def test_rows_of_events_that_the_contract_leaves_open_are_counted_apart(ledger: Ledger) -> None:
    mixed = deepcopy(ledger)
    mixed.open_keys.add(key_hash("x"))
    tables = Tables(mixed)
    some = dict(tables.rows[REGISTERED_TABLE][0])
    tables.rows[REGISTERED_TABLE] += [some | {"eventId": "x"}, some | {"eventId": "y", "transactionId": "x"}]
    result = compared(mixed, tables)[REGISTERED_TABLE]
    assert result.equal
    assert result.open_rows == 2


def test_a_transaction_with_an_open_event_must_be_there_but_may_differ(ledger: Ledger) -> None:
    mixed = deepcopy(ledger)
    tables = Tables(mixed)
    touched, gone, *_ = tables.rows[ANALYTICS_TABLE]
    mixed.open_keys.update(key_hash(str(row["transactionId"])) for row in (touched, gone))
    touched["currency"] = "XXX"
    tables.rows[ANALYTICS_TABLE].remove(gone)
    result = compared(mixed, tables)[ANALYTICS_TABLE]
    assert (result.missing, dict(result.cells), result.open_rows) == ([gone["transactionId"]], {}, 1)


def test_waiting_ends_when_the_rows_are_there_and_says_what_is_missing_when_not(
    ledger: Ledger, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.events.reconcile._PATIENCE_SECONDS", 0.0)
    wait_for_rows(ledger, cast("Broker", tables), 0.0)
    tables.rows[BOOKED_TABLE].pop()
    with pytest.raises(LocalFailureError, match=rf"{BOOKED_TABLE} [\d,]+ of [\d,]+"):
        wait_for_rows(ledger, cast("Broker", tables), 0.0)


def test_missing_rows_are_waited_for_where_open_ones_may_have_been_counted(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed = deepcopy(ledger)
    mixed.open_keys.add(key_hash("x"))
    tables = Tables(mixed)
    late = tables.rows[BOOKED_TABLE].pop()
    tables.rows[BOOKED_TABLE].append(late | {"eventId": "x"})
    monkeypatch.setattr("local.events.reconcile._PATIENCE_SECONDS", 0.0)
    before = reconcile(mixed, cast("Broker", tables))
    assert [len(result.missing) for result in before] == [0, 1, 0]
    rounds = iter([None, lambda: tables.rows[BOOKED_TABLE].append(late)])
    original = reconcile

    def later(*given: Any) -> tuple[TableResult, ...]:  # noqa: ANN401 - passed on
        if arrives := next(rounds, None):
            arrives()
        return original(*given)

    monkeypatch.setattr("local.events.reconcile.reconcile", later)
    assert all(result.equal for result in reconcile_settled(mixed, cast("Broker", tables), 30.0))
