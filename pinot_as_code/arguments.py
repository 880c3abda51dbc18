"""What the arguments of all resources have in common: JSON texts, the guards' words, adoption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi

from .documents import canonical

Adopt = Literal["identical", "take-over"]
"""What to do with an object that is already there when the resource is created.

``identical`` adopts it when it equals the arguments and refuses otherwise, naming the differences;
``take-over`` changes it into what the arguments say, as an update would, guards included.
"""

JsonInput = pulumi.Input[str] | pulumi.Input[Mapping[str, Any]]
"""A JSON object as text or as a mapping. It travels and is stored as one canonical JSON string."""


def canonical_input(value: JsonInput) -> pulumi.Input[str]:
    """Return `canonical` of a plain value or of an output (a secret or unknown one stays so)."""
    if isinstance(value, str | Mapping):
        return canonical(value)
    output: pulumi.Output[Any] = pulumi.Output.from_input(value)
    return output.apply(canonical)


def words(allow: Sequence[str]) -> list[str]:
    """Return the guards' words as a sorted list, so that their order never makes a difference."""
    if isinstance(allow, str):
        message = f"allow must be a sequence of words, not the text {allow!r}: write allow=({allow!r},)"
        raise TypeError(message)
    return sorted(set(allow))


def in_place(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Return the options with delete before replace, which every Pinot object needs.

    An object is known by its name, and a second one cannot stand beside the first: "create the new, then
    delete the old" would adopt the old one and then delete it.
    """
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True))
