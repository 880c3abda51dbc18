"""The guard of a topic's partitions: their number is fixed for good, unless a word says otherwise."""

from collections.abc import Mapping
from typing import Any, Final

import pulumi

WORD: Final = "change-partitions"
"""The word that lets a change through, under payments:guards.allow.topics."""
HOOK: Final = "partitions-are-fixed"


class PartitionsChangedError(ValueError):
    """A topic would get another number of partitions."""


def check_partitions(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Refuse another number of partitions.

    Fewer of them never come as an update: the provider would delete the topic and make a new one, which
    `protect` refuses.

    Raises:
        PartitionsChangedError: the numbers differ; it says what would happen, and the word.

    """
    found, wanted = before.get("partitions"), after.get("partitions")
    if found is None or found == wanted:
        return
    message = (
        f"Topic {name} has {found:g} partitions, and the settings ask for {wanted:g}: a transaction's next"
        " event would go to another partition, and upsert and de-duplication in Pinot would silently double."
        f" Leave the number, or say the word: payments:guards.allow: {{topics/{name}: [{WORD}]}}."
    )
    raise PartitionsChangedError(message)


def partition_guard() -> pulumi.ResourceHookBinding:
    """Return what holds topics to their partitions, in previews already."""

    def check(args: pulumi.ResourceHookArgs) -> None:
        check_partitions(args.name, args.old_inputs or {}, args.new_inputs or {})

    hook = pulumi.ResourceHook(HOOK, check, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_update=[hook])
