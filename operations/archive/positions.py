"""How far a partition is archived: the chain of its batches under `positions/`, which is the truth.

What Kafka has committed for the group is told to Kafka's tools and never read back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations.archive.layout import Done, Intent, done_key, intent_key, parse_position, positions_prefix
from operations.archive.store import ArchiveError, read_done, read_intent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.archive.store import ArchiveStore, Listed


@dataclass(frozen=True)
class Tail:
    """The end of a partition's chain.

    Args:
        next_offset: first offset that no done document covers; 0 for a new archive
        intent: the batch that was begun there, when one was
        new: nothing was ever archived of the partition

    """

    next_offset: int
    intent: Intent | None
    new: bool


def tail(store: ArchiveStore, topic: str, partition: int, highest: int) -> Tail:
    """Find the end of a partition's chain in some twenty requests, however long it is.

    Args:
        store: the archive
        topic: the topic
        partition: the partition
        highest: no batch begins above this offset (the topic's end)

    Raises:
        ArchiveError: the archive is further than the topic: it was made anew; or a document is damaged

    """
    last = _last(store, topic, partition, highest)
    if last is None:
        return Tail(0, read_intent(store, intent_key(topic, partition, 0)), new=True)
    done = read_done(store, done_key(topic, partition, last))
    if done is None:
        intent = _own(store, read_intent(store, intent_key(topic, partition, last)), last)
        return Tail(last, intent, new=last == 0)
    following = done.next_offset
    if following > highest:
        message = (
            f"the archive s3://{store.bucket} holds {topic}-{partition} up to offset {done.last_offset}, but "
            f"the topic ends before {highest}: it was deleted and made anew, or this is another Kafka. "
            "Offsets would stand for two events. Give the new topic another name, or an archive of its own."
        )
        raise ArchiveError(message)
    return Tail(following, read_intent(store, intent_key(topic, partition, following)), new=False)


def dones_from(store: ArchiveStore, topic: str, partition: int, first_offset: int) -> Iterator[Done]:
    """Yield the chain's batches from one that begins at an offset, as far as they are done."""
    offset = first_offset
    while (done := read_done(store, done_key(topic, partition, offset))) is not None:
        yield done
        offset = done.next_offset


def dones_since(
    store: ArchiveStore, topic: str, partition: int, highest: int, modified_ms: int
) -> Iterator[Done]:
    """Yield the batches that were finished at a time or later, by S3's clock."""
    low, high = 0, highest + 1
    while low < high:
        middle = (low + high) // 2
        found = _first_after(store, topic, partition, middle)
        if found is None or found.modified_ms >= modified_ms:
            high = middle
        else:
            low = parse_position(found.key)[0] + 1
    for listed in store.list(positions_prefix(topic, partition), after=_before(topic, partition, low)):
        offset, what = parse_position(listed.key)
        if what == "done" and (done := read_done(store, done_key(topic, partition, offset))) is not None:
            yield done


def _last(store: ArchiveStore, topic: str, partition: int, highest: int) -> int | None:
    """Find the greatest first offset under which a document stands, by bisection."""
    beyond = _first_after(store, topic, partition, highest + 1)
    if beyond is not None:
        return parse_position(beyond.key)[0]
    last: int | None = None
    low, high = 0, highest + 1
    while low < high:
        middle = (low + high) // 2
        found = _first_after(store, topic, partition, middle)
        if found is None:
            high = middle
        else:
            last = parse_position(found.key)[0]
            low = last + 1
    return last


def _first_after(store: ArchiveStore, topic: str, partition: int, offset: int) -> Listed | None:
    """Return the first document of a batch that begins at `offset` or later."""
    prefix = positions_prefix(topic, partition)
    return next(store.list(prefix, after=_before(topic, partition, offset), limit=1), None)


def _before(topic: str, partition: int, offset: int) -> str:
    """Return a key that sorts before all documents of an offset and after those of smaller ones."""
    return done_key(topic, partition, offset).removesuffix("done.json")


def _own(store: ArchiveStore, intent: Intent | None, offset: int) -> Intent:
    if intent is None or intent.first_offset != offset:
        message = (
            f"s3://{store.bucket}: the intent at offset {offset} is gone or of another offset; restore it"
        )
        raise ArchiveError(message)
    return intent
