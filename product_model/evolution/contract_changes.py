"""Differences between two contracts: columns, retention, promises, teams, terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from product_model.evolution.rulebook import Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from product_model.evolution.surface import ColumnSurface, ContractSurface

_ORDER = ("public", "internal", "confidential", "restricted")
# Where less is better; of everything else that is promised, more is.
_LESS_IS_BETTER = frozenset({"milliseconds", "minutes", "changes"})
_TERMS = {"partitions": "partitions-changed", "recordKey": "record-key-changed"}
_WORDS = frozenset({"asyncapi", "classification"})


def contract_changes(before: ContractSurface, after: ContractSurface) -> Iterator[Change]:
    """Yield what changed from one contract to the next."""
    name = after.name
    for table in sorted(before.tables.keys() - after.tables.keys()):
        yield Change("table-removed", name, f"table {table} removed", (table,))
    for table in sorted(after.tables.keys() - before.tables.keys()):
        yield Change("table-added", name, f"table {table} added", (table,))
    yield from _joined(
        change
        for table in sorted(before.tables.keys() & after.tables.keys())
        for change in _table_changes(name, table, before.tables[table], after.tables[table])
    )
    yield from _kept(name, before.kept, after.kept)
    yield from _promises(name, before.promises, after.promises)
    for team in sorted(before.teams - after.teams):
        yield Change("team-removed", name, f"team {team} may no longer use it", tuple(before.tables))
    for team in sorted(after.teams - before.teams):
        yield Change("team-added", name, f"team {team} may use it")
    if before.status != after.status:
        kind = {"deprecated": "deprecated", "retired": "retired"}.get(after.status, "description-changed")
        yield Change(kind, name, f"status changed from {before.status} to {after.status}")
    for term in sorted((before.terms.keys() | after.terms.keys()) - _WORDS):
        old, new = before.terms.get(term), after.terms.get(term)
        if old != new:
            yield Change(_TERMS.get(term, "terms-changed"), name, f"{term} changed from {old} to {new}")
    old, new = before.terms.get("classification"), after.terms.get("classification")
    if old in _ORDER and new in _ORDER and old != new:
        yield _class_change(name, (), "the contract", str(old), str(new))


def _joined(changes: Iterator[Change]) -> Iterator[Change]:
    """Say once what changed alike in several tables of a contract."""
    tables: dict[tuple[str, str, str, str | None], list[str]] = {}
    for change in changes:
        key = (change.kind, change.contract, change.what, change.column)
        tables.setdefault(key, []).extend(change.tables)
    for (kind, contract, what, column), found in tables.items():
        yield Change(kind, contract, f"{what} ({', '.join(found)})", tuple(found), column)


def _table_changes(
    contract: str, table: str, before: Mapping[str, ColumnSurface], after: Mapping[str, ColumnSurface]
) -> Iterator[Change]:
    removed = {name: before[name] for name in before if name not in after}
    added = {name: after[name] for name in after if name not in before}
    for name, column in removed.items():
        twin = next((new for new in added.values() if _same_but_name(column, new)), None)
        if twin is not None:
            del added[twin.name]
            what = f"column {name} renamed to {twin.name}"
            yield Change("column-renamed", contract, what, (table,), name)
        else:
            yield Change("column-removed", contract, f"column {name} removed", (table,), name)
    for name, column in added.items():
        kind = "column-added-not-null" if column.required else "column-added"
        what = f"column {name} added{', not null' if column.required else ''}"
        yield Change(kind, contract, what, (table,), name)
    for name in before:
        if name in after:
            for kind, what in _column_changes(before[name], after[name]):
                yield Change(kind, contract, f"column {name}{what}", (table,), name)
    key = [name for name, column in before.items() if column.key]
    new_key = [name for name, column in after.items() if column.key]
    if key != new_key:
        what = f"key changed from {', '.join(key) or 'none'} to {', '.join(new_key) or 'none'}"
        yield Change("key-changed", contract, what, (table,))


def _same_but_name(one: ColumnSurface, other: ColumnSurface) -> bool:
    same = one.type == other.type and one.required == other.required
    return same and (one.origin == other.origin != () or one.description == other.description)


def _column_changes(before: ColumnSurface, after: ColumnSurface) -> Iterator[tuple[str, str]]:
    if before.type != after.type:
        yield "column-retyped", f" retyped from {before.type} to {after.type}"
    if before.required and not after.required:
        yield "column-became-optional", " may be null now"
    if after.required and not before.required:
        yield "column-became-required", " is not null now"
    if before.classification != after.classification:
        kind = _class_kind(before.classification, after.classification)
        yield kind, f"'s class changed from {before.classification} to {after.classification}"
    if before.personal_data != after.personal_data:
        said = f"'s kind of personal data changed from {before.personal_data} to {after.personal_data}"
        yield "personal-data-changed", said
    if before.hashing != after.hashing:
        yield "hash-changed", "'s hashing changed"
    yield from _value_changes(before, after)
    if before.origin != after.origin:
        gone = [place for place in before.origin if place not in after.origin]
        kind = "origin-changed" if gone else "description-changed"
        yield kind, f"'s origin changed to {', '.join(after.origin) or 'nothing'}"
    if before.description != after.description:
        yield "description-changed", "'s description changed"


def _value_changes(before: ColumnSurface, after: ColumnSurface) -> Iterator[tuple[str, str]]:
    lost = (before.values or frozenset()) - (after.values or frozenset())
    new = (after.values or frozenset()) - (before.values or frozenset())
    if before.values is not None and after.values is not None:
        if lost:
            yield "values-removed", f" has no longer {', '.join(sorted(lost))}"
        if new:
            yield "values-added", f" may be {', '.join(sorted(new))}"
    elif before.values != after.values or before.form != after.form:
        yield "form-changed", f"'s form changed from {before.form} to {after.form}"


def _class_kind(before: str, after: str) -> str:
    return "class-lowered" if _ORDER.index(after) < _ORDER.index(before) else "class-raised"


def _class_change(contract: str, tables: tuple[str, ...], thing: str, before: str, after: str) -> Change:
    what = f"class of {thing} changed from {before} to {after}"
    return Change(_class_kind(before, after), contract, what, tables)


def _kept(contract: str, before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[Change]:
    for place in sorted(before.keys() & after.keys()):
        if before[place] != after[place]:
            kind = "kept-shorter" if after[place] < before[place] else "kept-longer"
            what = f"{place} kept {after[place]} days instead of {before[place]}"
            yield Change(kind, contract, what, (place,))


def _promises(
    contract: str, before: Mapping[str, tuple[float, str]], after: Mapping[str, tuple[float, str]]
) -> Iterator[Change]:
    for name in sorted(before.keys() - after.keys()):
        yield Change("promise-dropped", contract, f"{name} is no longer promised")
    for name in sorted(after.keys() - before.keys()):
        yield Change("promise-added", contract, f"{name} is promised")
    for name in sorted(before.keys() & after.keys()):
        (old, unit), (new, new_unit) = before[name], after[name]
        if unit != new_unit:
            what = f"{name} is promised in {new_unit} instead of {unit}"
            yield Change("promise-lowered", contract, what)
        elif old != new:
            worse = (new > old) == (unit in _LESS_IS_BETTER)
            what = f"{name} promised is {new:g} {unit} instead of {old:g}"
            yield Change("promise-lowered" if worse else "promise-raised", contract, what)
