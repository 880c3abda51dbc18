"""Differences between two tables' files, as far as readers notice them; and between two stacks' outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from product_model.evolution.rulebook import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from product_model.evolution.surface import TableSurface

OUTPUTS = "outputs"
_ONE_OF = "one of "


def table_changes(contract: str, before: TableSurface, after: TableSurface) -> Iterator[Change]:
    """Yield what changed in how a table answers; its columns stand in its contract."""
    name, tables = after.name, (after.name,)
    if before.kind != after.kind:
        what = f"{name} became {after.kind} from {before.kind}"
        yield Change("table-type-changed", contract, what, tables)
    if before.time_column != after.time_column:
        what = f"time column of {name} changed from {before.time_column} to {after.time_column}"
        yield Change("time-column-changed", contract, what, tables)
    if before.merging != after.merging:
        yield Change("merging-changed", contract, f"{name} merges otherwise", tables)
    if before.memory_ms != after.memory_ms:
        what = f"{name} knows repeats for {_days(after.memory_ms)} instead of {_days(before.memory_ms)}"
        yield Change("memory-of-repeats-changed", contract, what, tables)
    yield from _parts_of(contract, before, after)


def _parts_of(contract: str, before: TableSurface, after: TableSurface) -> Iterator[Change]:
    name, tables = after.name, (after.name,)
    for member in sorted(before.members - after.members):
        yield Change("member-removed", contract, f"{name} lost its member {member}", tables)
    for member in sorted(after.members - before.members):
        yield Change("member-added", contract, f"{name} got the member {member}", tables)
    for index in sorted(before.indexes - after.indexes):
        column = index.rsplit(" ", 1)[-1]
        yield Change("index-removed", contract, f"index {index} removed ({name})", tables, column)
    for index in sorted(after.indexes - before.indexes):
        yield Change("index-added", contract, f"index {index} added ({name})", tables)
    if before.sums - after.sums:
        what = f"star-tree of {name} no longer holds {'; '.join(sorted(before.sums - after.sums))}"
        yield Change("sums-changed", contract, what, tables)
    elif after.sums - before.sums:
        yield Change("index-added", contract, f"star-tree of {name} holds more", tables)


def _days(milliseconds: int | None) -> str:
    return "nothing" if milliseconds is None else f"{milliseconds / 86_400_000:g} days"


def output_changes(before: Any, after: Any, path: str = "") -> Iterator[Change]:  # noqa: ANN401 - JSON
    """Yield what changed in the shape of the outputs: nested objects and lists, texts name the types."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            here = f"{path}.{name}" if path else name
            if name not in after:
                yield Change("output-removed", OUTPUTS, f"output {here} removed")
            elif name not in before:
                yield Change("output-added", OUTPUTS, f"output {here} added")
            else:
                yield from output_changes(before[name], after[name], here)
    elif isinstance(before, list) and isinstance(after, list):
        yield from output_changes(before[0], after[0], f"{path}[]")
    elif before != after:
        old, new = _values(before), _values(after)
        if old is not None and new is not None and old < new:
            what = f"output {path} may be {', '.join(sorted(new - old))}"
            yield Change("output-values-added", OUTPUTS, what)
        else:
            yield Change("output-retyped", OUTPUTS, f"output {path} retyped from {before} to {after}")


def _values(kind: object) -> set[str] | None:
    if isinstance(kind, str) and kind.startswith(_ONE_OF):
        return set(kind.removeprefix(_ONE_OF).split(", "))
    return None
