"""The evidence of an erasure, in the archive bucket: what, where, when, hashes, what remains, by which law.

    audit/erasures/<request>/<attempt>.plan.json       before anything is changed
    audit/erasures/<request>/<attempt>.record.json     after it was verified

Neither holds an id or a hash of a person, a transaction or an event: whose request it was stands in the
controller's register under the request's number. An attempt with a plan and no record was killed or failed;
the next one goes on. Documents are written once, under the bucket's lock where it has one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

from operations.archive.layout import Document
from operations.archive.store import ArchiveError
from operations.erasure.plan import ANALYTICS
from product_model.erasure_rules import Situation

if TYPE_CHECKING:
    from operations.archive.store import ArchiveStore
    from operations.erasure.plan import Plan
    from product_model import Product
    from product_model.erasure_rules import ErasureRule, Keys

_ATTEMPTS: Final = 10_000


class Decision(Document):
    """What happens in a store, by which rule.

    Args:
        found: rows, files or transactions of the subject to which it applies; none where nobody can look
        law: of the ground that keeps what remains; none where nothing does

    """

    store: str
    action: str
    found: int | None
    remains: str
    ground: str | None
    law: str | None


class ChangedFile(Document):
    """A file, its SHA-256 before and after, and how many older versions S3 deleted or refused to delete."""

    key: str
    before_sha256: str
    after_sha256: str
    versions_removed: int = 0
    versions_kept: int = 0


class Evidence(Document):
    """One attempt, as planned or as done."""

    layout_version: Literal[1] = 1
    request: str
    attempt: int
    stage: Literal["plan", "record"]
    subject: Literal["transaction", "buyer"]
    right: str
    product_version: str
    at: str
    decisions: tuple[Decision, ...]
    orders_sent: int = 0
    files: tuple[ChangedFile, ...] = ()
    hours_replaced: tuple[str, ...] = ()
    not_done: tuple[str, ...] = ()
    verified: tuple[str, ...] = ()
    look_again_after: str | None = None

    @property
    def key(self) -> str:
        """Where it stands."""
        return f"audit/erasures/{self.request}/{self.attempt:04d}.{self.stage}.json"


def begin(store: ArchiveStore, evidence: Evidence) -> Evidence:
    """Write the plan under the request's next free number; return it with that number.

    Raises:
        ArchiveError: S3 does not take it, or there are too many attempts

    """
    for attempt in range(1, _ATTEMPTS):
        numbered = evidence.model_copy(update={"attempt": attempt})
        if store.get(numbered.key) is None and store.put_new(numbered.key, numbered.to_bytes()):
            return numbered
    message = f"request {evidence.request} has {_ATTEMPTS} attempts; use another number"
    raise ArchiveError(message)


def decisions(product: Product, plan: Plan, keys: Keys) -> tuple[Decision, ...]:
    """Return what the rules say, store by store, in the descriptor's order of stores."""
    rules = product.descriptor.erasure
    archive = Counter(file.rule for hour in plan.hours for file in hour.files)
    found: list[Decision] = []
    for store in product.descriptor.stores:
        if store == "archive":
            found += [_decision(product, store, rule, count) for rule, count in archive.items()]
            continue
        offline = Counter(hour.rule for hour in plan.hours if hour.kind.offline_table == store)
        if offline or store.endswith("_offline"):
            found += [_decision(product, store, rule, count) for rule, count in offline.items()]
            continue
        count: int | None = None
        if store in plan.realtime_rows:
            count = plan.realtime_rows[store]
        elif store == ANALYTICS:
            count = len(plan.transactions)
        found.append(_decision(product, store, rules.decide(store, Situation(keys=keys)), count))
    return tuple(found)


def _decision(product: Product, store: str, rule: ErasureRule, found: int | None) -> Decision:
    grounds = {ground.name: ground.law for ground in product.descriptor.erasure.grounds}
    return Decision(
        store=store,
        action=rule.action,
        found=found,
        remains=rule.remains,
        ground=rule.ground,
        law=None if rule.ground is None else grounds[rule.ground],
    )
