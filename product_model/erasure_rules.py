"""What an erasure may do in which store: a table of rules in the descriptor, decided by the first that fits.

The right to erasure (GDPR Art. 17(1)) meets duties to keep (Art. 17(3)), Object Lock and what a store can do
at all. Which of them wins is written down, not programmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from product_model.fact_types import Days, Part, Team, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

Lock = Literal["none", "governance", "compliance"]
Keys = Literal["none", "product", "subject"]
Action = Literal["hide", "rewrite", "destroy-key", "expire", "keep"]


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is found where an erasure wants to act.

    `keys` says whose key made the stored values: none (plain hashes), one of the product, one a subject.
    """

    lock: Lock = "none"
    legal_hold: bool = False
    keys: Keys = "none"


class Condition(Part):
    """When a rule fits; what is not said fits always."""

    lock: tuple[Lock, ...] = ()
    legal_hold: bool | None = None
    keys: tuple[Keys, ...] = ()

    def fits(self, situation: Situation) -> bool:
        """Whether the situation is one of those meant."""
        return (
            (not self.lock or situation.lock in self.lock)
            and (self.legal_hold is None or situation.legal_hold == self.legal_hold)
            and (not self.keys or situation.keys in self.keys)
        )


class Ground(Part):
    """Why something may stay although its erasure was asked for."""

    name: Team
    law: Text
    meaning: Text


class ErasureRule(Part):
    """What happens in some stores.

    Args:
        action: hide: rows disappear from answers; rewrite: files are written anew without the identifiers;
            destroy-key: the values can be linked to nobody any more; expire: it ends by the store's own
            retention; keep: it stays
        remains: what is still there afterwards, and how long
        ground: which of the grounds keeps it; needed where something is kept

    """

    stores: tuple[Text, ...] = Field(min_length=1)
    when: Condition = Condition()
    action: Action
    remains: Text
    ground: Team | None = None

    @model_validator(mode="after")
    def _grounded(self) -> ErasureRule:
        if self.action == "keep" and self.ground is None:
            message = f"erasure keeps {self.stores[0]!r} without a ground; allowed: one of erasure.grounds"
            raise ValueError(message)
        return self


class Erasure(Part):
    """The right, the time to answer, and the table of rules."""

    right: Text
    answer_within_days: Days
    grounds: tuple[Ground, ...] = Field(min_length=1)
    rules: tuple[ErasureRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known_grounds(self) -> Erasure:
        known = [ground.name for ground in self.grounds]
        for rule in self.rules:
            if rule.ground is not None and rule.ground not in known:
                message = f"ground {rule.ground!r} is not described; allowed: {', '.join(known)}"
                raise ValueError(message)
        return self

    def check_complete(self, stores: Sequence[str]) -> None:
        """Raise ValueError where a store has no rule that always fits, or a rule has no such store."""
        for rule in self.rules:
            for store in rule.stores:
                if store not in stores:
                    message = f"erasure names the store {store!r}; allowed: {', '.join(stores)}"
                    raise ValueError(message)
        for store in stores:
            rules = [rule for rule in self.rules if store in rule.stores]
            if not rules or rules[-1].when != Condition():
                message = (
                    f"erasure does not say what happens in {store!r} in every case; allowed: a last rule for"
                    " it without `when`"
                )
                raise ValueError(message)
            if any(rule.when == Condition() for rule in rules[:-1]):
                message = (
                    f"a rule of erasure for {store!r} is never reached; allowed: the one without `when` last"
                )
                raise ValueError(message)

    def decide(self, store: str, situation: Situation) -> ErasureRule:
        """Return the first rule for the store that fits; KeyError names the stores that there are."""
        for rule in self.rules:
            if store in rule.stores and rule.when.fits(situation):
                return rule
        known = sorted({name for rule in self.rules for name in rule.stores})
        message = f"no rule of erasure for {store!r}; there are rules for {', '.join(known)}"
        raise KeyError(message)
