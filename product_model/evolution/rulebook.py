"""Kinds of changes: how bad each is, why, and what to do instead.

breaking: a query, program or promise that holds today may not hold tomorrow; asks for a major version.
risky: it goes on working, but somebody should look; asks for a minor version.
safe: nobody has to do anything; asks for a minor version where something is new, else for a patch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["breaking", "risky", "safe"]
Bump = Literal["major", "minor", "patch"]
SEVERITIES: Final[tuple[Severity, ...]] = ("breaking", "risky", "safe")
BUMPS: Final[tuple[Bump, ...]] = ("major", "minor", "patch")


@dataclass(frozen=True)
class Kind:
    """A kind of change; where it `loses`, a question that uses the thing may get another answer, or none."""

    severity: Severity
    why: str
    instead: str
    bump: Bump
    loses: bool = False


def _breaking(why: str, instead: str, *, loses: bool = False) -> Kind:
    return Kind("breaking", why, instead, "major", loses)


def _risky(why: str, instead: str, *, loses: bool = False) -> Kind:
    return Kind("risky", why, instead, "minor", loses)


def _safe(why: str, bump: Bump = "minor") -> Kind:
    return Kind("safe", why, "nothing to do", bump)


_BESIDE = "add a new one beside it, tell the readers, and remove the old one in the next major version"
_PRODUCERS = "make it optional first, let every producer follow, and ask for it in the next major version"

KINDS: Final[dict[str, Kind]] = {
    # Columns.
    "column-added": _safe("no query names it yet"),
    "column-added-not-null": _risky(
        "rows stored before hold Pinot's default there, which reads as a value", "let it be null"
    ),
    "column-removed": _breaking("a query that names it fails", _BESIDE, loses=True),
    "column-renamed": _breaking("a query that names it fails", _BESIDE, loses=True),
    "column-retyped": _breaking(
        "Pinot keeps the type of a stored column, and readers parse by it", _BESIDE, loses=True
    ),
    "column-became-optional": _breaking(
        "readers were promised a value and get null, which without null handling reads as 'null' or 0",
        "keep it required, or put the optional value into a new column",
        loses=True,
    ),
    "column-became-required": _risky(
        "rows stored before may hold null, and events without it become no row", "load the old rows anew"
    ),
    "class-lowered": _breaking(
        "the data may go to more people than the persons concerned were told",
        "have the data protection officer decide; say in the changelog who did",
    ),
    "class-raised": _risky("readers may have to give it up", "tell the readers before it is deployed"),
    "personal-data-changed": _breaking(
        "hashing, erasure and access go by the kind of personal data", "keep the kind; use a new column"
    ),
    "hash-changed": _breaking(
        "equal values have other hashes than before: joins over time find nothing", _BESIDE, loses=True
    ),
    "values-added": _risky(
        "a query or program that lists the values misses the new one", "tell the readers before it is sent"
    ),
    "values-removed": _risky("a query that asks for the value finds nothing", "keep it listed", loses=True),
    "form-changed": _risky("a reader that checks the form refuses what comes", "tell the readers"),
    "origin-changed": _breaking("the name stays and holds something else", _BESIDE, loses=True),
    "key-changed": _breaking("a row is something else than before", "make a new table", loses=True),
    "description-changed": _safe("only the words changed", "patch"),
    # Tables.
    "table-added": _safe("nobody reads it yet"),
    "table-removed": _breaking("every query on it fails", _BESIDE, loses=True),
    "table-type-changed": _breaking("Pinot makes another table of it, and its rows stay behind", _BESIDE),
    "time-column-changed": _breaking(
        "retention, time filters and the boundary of the logical table go by another time",
        "make a new table",
        loses=True,
    ),
    "merging-changed": _breaking("rows of one key become another row than before", "make a new table"),
    "kept-shorter": _breaking("rows that readers count on are gone", "keep it as long", loses=True),
    "kept-longer": _risky(
        "data on persons stays longer than was told", "have the data protection officer agree"
    ),
    "member-removed": _breaking("a logical table answers with a part of its rows", _BESIDE, loses=True),
    "member-added": _risky("a logical table answers with more rows", "check that no row is in two members"),
    "index-removed": _risky("questions that filter by it read every row", "measure the questions first"),
    "index-added": _safe("answers are the same", "patch"),
    "sums-changed": _risky("questions that the star-tree answered read rows", "measure the questions first"),
    "memory-of-repeats-changed": _risky(
        "a repeat that comes later is counted twice, or more memory is needed", "see the descriptor's reason"
    ),
    # Promises and people.
    "promise-lowered": _breaking("readers built on it", "keep it, and meet it"),
    "promise-dropped": _breaking("readers built on it", "keep it, and meet it"),
    "promise-raised": _safe("readers get more"),
    "promise-added": _safe("readers get more"),
    "team-removed": _breaking("the team's programs are refused", "agree on a day with the team"),
    "team-added": _risky("more people see the data", "have the owner approve the purpose"),
    "deprecated": _risky("readers have to move", "say in the changelog where to, and until when"),
    "retired": _breaking("readers have nothing to read", "deprecate first"),
    "port-added": _safe("nobody reads it yet"),
    "port-removed": _breaking("whoever reads there has nothing to read", "deprecate it first", loses=True),
    # The topic and its events.
    "partitions-changed": _breaking(
        "a transaction's next event goes to another partition: merging and de-duplication silently double",
        "never: a new topic, and the old one read to its end",
    ),
    "record-key-changed": _breaking("events of one transaction no longer meet", "a new topic"),
    "terms-changed": _breaking(
        "producers and readers of the topic decode or repeat otherwise", "a new topic"
    ),
    "event-added": _safe("tables store no event that they do not know"),
    "event-removed": _breaking("columns that it fills stay null", "go on reading it"),
    "event-type-changed": _breaking("events of the old type become no row", "read both types for a while"),
    "field-added": _safe("producers may leave it out"),
    "field-added-required": _breaking("events of producers that do not send it become no row", _PRODUCERS),
    "field-removed": _breaking("the columns from it stay null", "go on reading it, as optional"),
    "field-renamed": _breaking("the old name is read by nobody", "read both names for a while"),
    "field-became-required": _breaking("events without it become no row", _PRODUCERS),
    "field-became-optional": _risky("columns from it may be null", "see that their columns may be"),
    "field-retyped": _breaking("events of the old type become no row", _BESIDE),
    "field-widened": _risky("readers meet types that they did not", "tell the readers"),
    "field-narrowed": _breaking("events that were valid become no row", _PRODUCERS),
    "field-values-added": _risky("tables of the old release drop events with it", "deploy the tables first"),
    "field-values-removed": _breaking("events with it become no row", "go on taking it"),
    "field-form-changed": _breaking("events that were valid may become no row", _PRODUCERS),
    "field-form-dropped": _risky("readers meet forms that they did not", "tell the readers"),
    "mark-dropped": _breaking(
        "personal data is no longer known as such, and no longer hashed", "keep x-personal-data"
    ),
    "mark-added": _risky("what was stored in clear has to be hashed", "see what is stored already"),
    "combination-changed": _breaking("events that were valid may become no row", _PRODUCERS),
    # The stack's outputs.
    "output-added": _safe("no program reads it yet"),
    "output-removed": _breaking("programs of other domains fail at their next run", "keep it"),
    "output-retyped": _breaking("programs of other domains fail at their next run", "add another output"),
    "output-values-added": _risky("a program that lists the values misses the new one", "tell the readers"),
}


@dataclass(frozen=True)
class Change:
    """One difference.

    Args:
        kind: a key of KINDS
        contract: the contract that it belongs to
        what: the difference in words, without its reason
        tables: tables that it concerns
        column: the column that it concerns

    """

    kind: str
    contract: str
    what: str
    tables: tuple[str, ...] = ()
    column: str | None = None

    @property
    def rule(self) -> Kind:
        """The kind's severity and reasons."""
        return KINDS[self.kind]

    def __str__(self) -> str:
        """One line for people: class, what, why."""
        return f"{self.rule.severity}: {self.what}: {self.rule.why}"
