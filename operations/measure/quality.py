"""The contract's quality rules as SQL on Pinot: each counts the rows that break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from operations.pinot import Pinot, PinotError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from product_model.descriptor import TableFact
    from product_model.product import Product

_HASH: Final = "^[0-9a-f]{64}$"
_KEYED_HASH: Final = "^v[0-9]+:[0-9a-f]{64}$"
_OPTIONS: Final = {"enableNullHandling": "true", "timeoutMs": "60000"}


@dataclass(frozen=True)
class QualityRule:
    """One rule of a table. `broken` is the SQL condition of a row that breaks it."""

    table: str
    name: str
    broken: str

    @property
    def sql(self) -> str:
        """The question that counts broken rows."""
        return f"SELECT COUNT(*) FROM {self.table} WHERE {self.broken}"  # noqa: S608 - of the product's own files


@dataclass(frozen=True)
class QualityResult:
    """How many rows break a rule; None when it could not be asked, with the reason."""

    rule: QualityRule
    broken: int | None
    problem: str = ""


def quality_rules(product: Product, *, keyed: bool = False, match_minutes: int = 60) -> list[QualityRule]:
    """Return every rule of the real-time tables, from the published contracts and the descriptor.

    Args:
        product: its contracts say what is required, its forms and its values; its descriptor what is hashed
        keyed: whether personal data comes hashed with a key, and so has another form
        match_minutes: how old a booking without its registration must be to count as broken

    """
    found: dict[tuple[str, str], QualityRule] = {}
    for rule in _all_rules(product, keyed=keyed, match_minutes=match_minutes):
        found.setdefault((rule.table, rule.name), rule)
    return list(found.values())


def ask(pinot: Pinot, rules: list[QualityRule]) -> list[QualityResult]:
    """Ask each rule; one that Pinot cannot answer is told, not passed."""
    results = []
    for rule in rules:
        try:
            results.append(QualityResult(rule, int(pinot.rows(rule.sql, **_OPTIONS)[0][0])))
        except PinotError as error:
            results.append(QualityResult(rule, None, str(error).partition(" (SELECT")[0]))
    return results


def _all_rules(product: Product, *, keyed: bool, match_minutes: int) -> Iterator[QualityRule]:
    realtime = {table.fact.name: table.fact for table in product.tables if table.fact.kind != "archive"}
    for file in sorted((product.directory / "contracts").glob("*.odcs.yaml")):
        for part in yaml.safe_load(file.read_text(encoding="utf-8")).get("schema") or ():
            if part.get("physicalName") in realtime:
                for column in part["properties"]:
                    yield from _of_contract(part["physicalName"], column)
    yield from _of_descriptor(product, list(realtime.values()), keyed=keyed, match_minutes=match_minutes)


def _of_descriptor(
    product: Product, tables: list[TableFact], *, keyed: bool, match_minutes: int
) -> Iterator[QualityRule]:
    form = _KEYED_HASH if keyed else _HASH
    for table in tables:
        for fact in product.schema(table.schema_).fact.columns:
            if product.descriptor.hashed(fact) is not None:
                yield QualityRule(table.name, f"{fact.name}-hash", _not_like(fact.name, form))
            if fact.money:
                yield QualityRule(table.name, f"{fact.name}-format", _no_money(fact.name))
        if table.kind == "merged":
            yield from _of_both_kinds(table.name, match_minutes)


def _of_both_kinds(table: str, match_minutes: int) -> Iterator[QualityRule]:
    """Yield what holds between the two events of a transaction.

    The other way round is no rule: some transactions are never booked (question 5 lists them).
    """
    yield QualityRule(
        table, "time-order", "registeredAt IS NOT NULL AND bookedAt IS NOT NULL AND bookedAt < registeredAt"
    )
    yield QualityRule(
        table,
        "booking-has-registration",
        f"bookedAt IS NOT NULL AND registeredAt IS NULL AND bookedAt < ago('PT{match_minutes}M')",
    )


def _of_contract(table: str, column: dict[str, Any]) -> Iterator[QualityRule]:
    name = column["name"]
    if column.get("required"):
        yield QualityRule(table, f"{name}-present", f"{name} IS NULL")
    pattern = (column.get("logicalTypeOptions") or {}).get("pattern")
    if pattern and column.get("physicalType") == "STRING" and not name.endswith("Hash"):
        yield QualityRule(table, f"{name}-form", _not_like(name, pattern))
    for rule in column.get("quality") or ():
        if rule.get("metric") == "invalidValues" and rule.get("mustBe") == 0:
            values = ", ".join(f"'{value}'" for value in rule["arguments"]["validValues"])
            yield QualityRule(table, f"{name}-values", f"{name} IS NOT NULL AND {name} NOT IN ({values})")


def _not_like(column: str, pattern: str) -> str:
    return f"{column} IS NOT NULL AND NOT REGEXP_LIKE({column}, '{pattern}')"


def _no_money(column: str) -> str:
    """Return the condition of an amount that is negative or finer than a cent.

    Pinot gives a decimal back without the zeros at its end.
    """
    return f"{column} IS NOT NULL AND NOT REGEXP_LIKE(CAST({column} AS STRING), '^[0-9]+([.][0-9]{{1,2}})?$')"
