"""All changes between two releases, the versions that they ask for, and the questions that lose something."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from product_model.evolution.contract_changes import contract_changes
from product_model.evolution.event_changes import event_changes
from product_model.evolution.rulebook import BUMPS, SEVERITIES, Bump, Change
from product_model.evolution.table_changes import OUTPUTS, output_changes, table_changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from product_model.evolution.surface import QuestionSurface, Surface

PRODUCT = "the product"
_TEXT = re.compile(r"'(?:[^']|'')*'")
_COMMENT = re.compile(r"--[^\n]*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Demand:
    """A version that is not high enough: of a contract, of the outputs, or of the whole product."""

    contract: str
    before: str
    found: str
    least: str
    because: Change
    topic: bool = False

    def __str__(self) -> str:
        """One line: what to raise to what, and why."""
        return (
            f"{self.contract}: {self.where} is {self.found} (was {self.before});"
            f" allowed: {self.least} or higher, because {self.because.what}"
        )

    @property
    def where(self) -> str:
        """Where the version stands."""
        descriptor = "of payment-service-data-product.yaml"
        if self.contract == OUTPUTS:
            return "OUTPUT_VERSION of payment_outputs/model.py"
        if self.contract == PRODUCT:
            return f"product.version {descriptor}"
        return (
            "info.version of asyncapi.yaml"
            if self.topic
            else f"the version of its schema or port {descriptor}"
        )


@dataclass(frozen=True)
class Loss:
    """A question that may get another answer, or none."""

    question: str
    askers: tuple[str, ...]
    change: Change

    def __str__(self) -> str:
        """One line: who asks what, and what it loses."""
        who = ", ".join(self.askers) or "nobody that is known"
        return f"question {self.question} (asked by {who}): {self.change.what}"


@dataclass(frozen=True)
class Verdict:
    """What a change of the product means."""

    changes: tuple[Change, ...]
    demands: tuple[Demand, ...]
    losses: tuple[Loss, ...]
    first: bool = False


def judge(before: Surface, after: Surface) -> Verdict:
    """Compare two releases. Before the first one nothing was promised, so nothing can break."""
    if not before.contracts:
        return Verdict((), (), (), first=True)
    changes = tuple(
        sorted(_changes(before, after), key=lambda change: SEVERITIES.index(change.rule.severity))
    )
    return Verdict(
        changes=changes,
        demands=tuple(_demands(before, after, changes)),
        losses=tuple(_losses(before.questions, changes)),
    )


def _changes(before: Surface, after: Surface) -> Iterator[Change]:
    for name in sorted(before.contracts.keys() - after.contracts.keys()):
        tables = tuple(before.contracts[name].tables)
        yield Change("port-removed", name, f"contract {name} removed", tables)
    for name in sorted(after.contracts.keys() - before.contracts.keys()):
        yield Change("port-added", name, f"contract {name} added")
    for name in sorted(before.contracts.keys() & after.contracts.keys()):
        yield from contract_changes(before.contracts[name], after.contracts[name])
    yield from event_changes(_topic(after), before.events, after.events)
    owners = {
        table: contract.name
        for contract in after.contracts.values()
        if "partitions" not in contract.terms
        for table in contract.tables
    }
    for name in sorted(before.tables.keys() & after.tables.keys() & owners.keys()):
        yield from table_changes(owners[name], before.tables[name], after.tables[name])
    yield from output_changes(before.outputs, after.outputs)


def _topic(surface: Surface) -> str:
    """Return the contract of the topic: the one with partitions."""
    found = (name for name, contract in surface.contracts.items() if "partitions" in contract.terms)
    return next(found, "events")


def _demands(before: Surface, after: Surface, changes: Sequence[Change]) -> Iterator[Demand]:
    for name in sorted(
        {change.contract for change in changes} & before.contracts.keys() & after.contracts.keys()
    ):
        old, new = before.contracts[name].version, after.contracts[name].version
        here = [change for change in changes if change.contract == name]
        for demand in _demand(name, old, new, here):
            yield replace(demand, topic="partitions" in after.contracts[name].terms)
    broken = [change for change in changes if change.contract == OUTPUTS and change.rule.bump == "major"]
    if broken and after.output_version <= before.output_version:
        least = str(before.output_version + 1)
        found = str(after.output_version)
        yield Demand(OUTPUTS, str(before.output_version), found, least, broken[0])
    if before.product_version and after.product_version:
        yield from _demand(PRODUCT, before.product_version, after.product_version, changes)


def _demand(name: str, before: str, after: str, changes: Sequence[Change]) -> Iterator[Demand]:
    if not changes:
        return
    first = min(changes, key=lambda change: BUMPS.index(change.rule.bump))
    least = raised(before, first.rule.bump)
    if _parts(after) < _parts(least):
        yield Demand(name, before, after, least, first)


def raised(version: str, bump: Bump) -> str:
    """Return the next version: `raised("1.2.3", "minor")` is 1.3.0."""
    major, minor, patch = _parts(version)
    return {
        "major": f"{major + 1}.0.0",
        "minor": f"{major}.{minor + 1}.0",
        "patch": f"{major}.{minor}.{patch + 1}",
    }[bump]


def _parts(version: str) -> tuple[int, int, int]:
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def _losses(questions: Sequence[QuestionSurface], changes: Sequence[Change]) -> Iterator[Loss]:
    for question in questions:
        words = set(_WORD.findall(_TEXT.sub("", _COMMENT.sub("", question.sql))))
        for change in changes:
            # A contract's tables say alike what changed; a question names the one that it reads.
            uses = words & set(change.tables) and (change.column is None or change.column in words)
            if change.rule.loses and uses:
                yield Loss(question.name, question.askers, change)
        gone = [change for change in changes if change.kind == "team-removed"]
        for change in gone:
            team = change.what.split()[1]
            if team in question.askers and words & set(change.tables):
                yield Loss(question.name, (team,), change)
