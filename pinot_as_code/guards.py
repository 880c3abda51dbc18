"""Which changes lose or corrupt data, why, and the word that allows each. Pure: a table of rules.

A guarded change is refused unless its word stands in the resource's ``allow``; the message says what is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from . import losses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .losses import Change


@dataclass(frozen=True, slots=True)
class Guard:
    """One rule."""

    word: str
    """The word that allows it."""
    kind: str
    reason: str
    """What is lost or corrupted, and how."""
    finds: Callable[[Change], Iterator[str]] = field(repr=False)
    """Yields what exactly in a change it is about."""
    only_with_data: bool = True
    """Whether it matters only when rows are stored."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change that is not allowed as long as a word is missing."""

    guard: Guard
    change: Change
    details: tuple[str, ...]

    def __str__(self) -> str:
        """Return what would be lost, why, and what to write where."""
        what = "; ".join(self.details)
        how = (
            ""
            if self.change.new is not None
            else " and run `pulumi up` first: a deletion reads it from the state"
        )
        return (
            f"{self.change.kind} {self.change.name}: {what}. {self.guard.reason} To do it all the same, put "
            f'"{self.guard.word}" into allow of this resource{how}.'
        )


def findings(change: Change) -> tuple[Refusal, ...]:
    """Return everything guarded in a change, whatever words are given."""
    found = []
    for guard in GUARDS:
        if guard.kind == change.kind and not (guard.only_with_data and change.stored.empty):
            details = tuple(guard.finds(change))
            if details:
                found.append(Refusal(guard, change, details))
    return tuple(found)


def refusals(change: Change, allow: Iterable[str]) -> tuple[Refusal, ...]:
    """Return what is guarded in a change and not allowed by a word."""
    words = set(allow)
    return tuple(refusal for refusal in findings(change) if refusal.guard.word not in words)


def unknown_words(kind: str, allow: Iterable[str]) -> tuple[str, ...]:
    """Return the words that no guard of a kind knows: a misspelt one would silently allow nothing."""
    return tuple(sorted(set(allow) - set(words_of(kind))))


def words_of(kind: str) -> tuple[str, ...]:
    """Return the words that a kind of resource may have in ``allow``."""
    return tuple(
        sorted({guard.word for guard in GUARDS if guard.kind == kind} | _OTHER_WORDS.get(kind, set()))
    )


_OTHER_WORDS: Final = {
    "schema": {"unknown-keys"},
    "table": {"unknown-keys"},
    "logical table": {"unknown-keys"},
}
"""``unknown-keys``: let keys pass that this package does not know, for a Pinot newer than it."""


GUARDS: Final = (
    Guard(
        "remove-column",
        "schema",
        "The stored values can no longer be read.",
        losses.removed_columns,
        only_with_data=False,
    ),
    Guard(
        "retype-column",
        "schema",
        "Segments keep the old type, so that queries over old and new ones fail or answer wrongly.",
        losses.retyped_columns,
        only_with_data=False,
    ),
    Guard(
        "change-field-kind",
        "schema",
        "Pinot accepts it, but stored nulls of a metric are 0 and of a dimension are not, and rows that were "
        "aggregated stay so: sums and counts over old and new segments disagree.",
        losses.changed_kinds,
        only_with_data=False,
    ),
    Guard(
        "change-primary-key",
        "schema",
        "Stored rows were merged or de-duplicated by the old key and will not be again.",
        losses.changed_key,
        only_with_data=False,
    ),
    Guard(
        "replace",
        "schema",
        "A schema is known by its name; its table would lose it.",
        losses.replaced,
        only_with_data=False,
    ),
    Guard("delete-data", "table", "They cannot be read from Pinot any more.", losses.deleted),
    Guard(
        "replace",
        "table",
        "A table is known by its name and type: the new one starts empty.",
        losses.replaced,
        only_with_data=False,
    ),
    Guard(
        "lower-retention",
        "table",
        "Pinot accepts it without a word and deletes what is older at its next retention run.",
        losses.lowered_retention,
    ),
    Guard(
        "lower-replication",
        "table",
        "Fewer servers may fail before rows that are not in the deep store yet are lost.",
        losses.lowered_replication,
    ),
    Guard(
        "change-time-column",
        "table",
        "Stored segments carry the time range of the old column: retention, tiers and time filters go by it.",
        losses.changed("segmentsConfig", "timeColumnName"),
    ),
    Guard(
        "change-topic",
        "table",
        "Pinot goes on at the old topic's offsets: events are skipped or read twice.",
        losses.changed_topics,
    ),
    Guard(
        "change-upsert",
        "table",
        "Stored rows were merged by the old rule; the same key may then answer with old and new rows.",
        losses.changed_upsert,
    ),
    Guard(
        "change-dedup",
        "table",
        "Events that are stored already are not recognised, or wrongly so: rows are doubled or dropped.",
        losses.changed_dedup,
    ),
    Guard(
        "change-partition-column",
        "table",
        "Stored segments are partitioned the old way: queries that prune by partition miss their rows.",
        losses.changed_partitioning,
    ),
    Guard(
        "remove-member",
        "logical table",
        "Queries on the logical name no longer see its rows.",
        losses.lost_members,
        only_with_data=False,
    ),
    Guard(
        "replace",
        "logical table",
        "Queries on the old name fail.",
        losses.replaced,
        only_with_data=False,
    ),
    Guard(
        "shrink-tenant",
        "tenant",
        "Pinot accepts it; tables then have no place for these segments, and queries miss their rows.",
        losses.shrunk,
        only_with_data=False,
    ),
    Guard(
        "remove-last-admin",
        "user",
        "Nobody could manage the component any more.",
        losses.last_admin,
        only_with_data=False,
    ),
)
"""All guards, in the order in which they are told."""
