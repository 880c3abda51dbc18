"""What is sent to try the product: ordinary events, disturbed as asked, hostile ones between."""

from __future__ import annotations

from itertools import count as numbers
from typing import TYPE_CHECKING

from local.events.disturbances import Shares, disturb
from local.events.generator import Plan, Record, generate
from local.events.hostile import generate_hostile
from local.events.ledger_file import LedgerFile
from local.events.produce import Sent, produce, topic_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.environment import LocalEnvironment
    from local.events.ledger import Ledger

TOPIC = "payments"


def sample(plan: Plan, shares: Shares, hostile: float = 0.0) -> Iterator[Record]:
    """Yield the plan's events, disturbed, and hostile records spread between them.

    Args:
        plan: the ordinary events
        shares: how they are disturbed
        hostile: number of hostile records for each ordinary event, 0 to 1

    """
    count = int(plan.count * hostile)
    hostile_records = generate_hostile(count, plan.seed, plan.end) if count else iter(())
    every = int(1 / hostile) if count else 0
    for number, record in zip(numbers(1), disturb(generate(plan), shares, plan.seed), strict=False):
        yield record
        if every and number % every == 0:
            yield from _next(hostile_records)
    yield from hostile_records


def send(
    environment: LocalEnvironment,
    records: Iterator[Record],
    *,
    rate: float | None = None,
    expected: int | None = None,
) -> Sent:
    """Send records to the local environment's topic and add what must come of them to its ledger.

    Raises:
        LocalFailureError: Kafka does not take them, or the ledger cannot be written

    """
    known = topic_id(environment.kafka_bootstrap, TOPIC)
    with LedgerFile(environment.home).sending(known) as ledger:
        recorded = _recorded(records, ledger)
        return produce(recorded, environment.kafka_bootstrap, topic=TOPIC, rate=rate, expected=expected)


def _next(records: Iterator[Record]) -> Iterator[Record]:
    for record in records:
        yield record
        return


def _recorded(records: Iterator[Record], ledger: Ledger) -> Iterator[Record]:
    for record in records:
        ledger.apply_one(record)
        yield record
