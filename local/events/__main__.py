"""Send generated events to Kafka, and hold the tables against what was sent."""

from __future__ import annotations

import argparse
import re
import sys
import time
from datetime import UTC, datetime, timedelta

from local.environment import LocalEnvironment
from local.events.broker import Broker, QueryError
from local.events.disturbances import USUAL, Shares
from local.events.generator import Plan
from local.events.ledger_file import LedgerFile
from local.events.produce import produce, topic_id
from local.events.reconcile import reconcile_settled
from local.events.sample import TOPIC, sample, send
from local.failure import LocalFailureError
from local.progress import say

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_USUAL_HOSTILE = 0.02


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0 well, 1 something is in the way, 3 the tables differ."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except (LocalFailureError, QueryError) as error:
        say(f"error: {error}")
        return 1
    return code


def _produce(options: argparse.Namespace) -> int:
    environment = LocalEnvironment.from_environ()
    seed = int(time.time()) if options.seed is None else options.seed
    plan = Plan(options.count, seed, datetime.now(UTC), options.window)
    shares = Shares(options.duplicates, options.late, options.foreign, options.broken)
    say(f"  → {plan.count:,} events of the last {options.window}, seed {seed}")
    records = sample(plan, shares, options.hostile)
    expected = int(plan.count * (1 + shares.added + options.hostile))
    if options.bootstrap or options.no_ledger:
        produce(
            records,
            options.bootstrap or environment.kafka_bootstrap,
            topic=options.topic,
            rate=options.rate,
            expected=expected,
        )
    else:
        send(environment, records, rate=options.rate, expected=expected)
    return 0


def _reconcile(options: argparse.Namespace) -> int:
    environment = LocalEnvironment.from_environ()
    known, ledger = LedgerFile(environment.home).read()
    if known != topic_id(environment.kafka_bootstrap, TOPIC):
        message = (
            "The topic was made anew since the events of the ledger were sent; send some with `make events`."
        )
        raise LocalFailureError(message)
    broker = Broker(environment.broker_url)
    results = reconcile_settled(ledger, broker, options.timeout)
    for result in results:
        for line in result.lines():
            print(line)
    return 0 if all(result.equal for result in results) else 3


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]*)([smhd])", text)
    if not found:
        message = f"{text!r} is no duration; write a number and s, m, h or d, such as 48h"
        raise argparse.ArgumentTypeError(message)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        message = f"{text!r} is no share; write a number from 0 to 1, such as 0.02"
        raise argparse.ArgumentTypeError(message)
    return share


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        message = f"{text!r} was given; a whole number of 1 or more is needed"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.events", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    sending = commands.add_parser(
        "produce", help="send events, and keep the ledger of what must come of them"
    )
    sending.add_argument(
        "--count", type=_positive, default=20_000, help="ordinary events (default %(default)s)"
    )
    sending.add_argument(
        "--rate", type=_positive, help="events a second (default: as fast as Kafka takes them)"
    )
    sending.add_argument(
        "--seed", type=int, help="the same seed draws the same events (default: the time, told at the start)"
    )
    sending.add_argument(
        "--window",
        type=_duration,
        default=timedelta(hours=48),
        help="how far back events go: 48h, 7d (default 48h)",
    )
    sending.add_argument(
        "--topic", default=TOPIC, help="with --bootstrap or --no-ledger (default %(default)s)"
    )
    sending.add_argument("--bootstrap", help="another Kafka than the local one; implies --no-ledger")
    sending.add_argument(
        "--no-ledger",
        action="store_true",
        help="do not add to the ledger; reconciling then tells differences",
    )
    for name, usual, what in (
        ("duplicates", USUAL.duplicates, "sent twice"),
        ("late", USUAL.late, "sent late and out of order"),
        ("foreign", USUAL.foreign, "of other kinds"),
        ("broken", USUAL.broken, "that break the contract"),
        ("hostile", _USUAL_HOSTILE, "made to do harm"),
    ):
        sending.add_argument(
            f"--{name}",
            type=_share,
            nargs="?",
            const=usual,
            default=0.0,
            metavar="SHARE",
            help=f"share of events {what} (default 0; {usual} without a number)",
        )
    sending.set_defaults(run=_produce)
    comparing = commands.add_parser("reconcile", help="compare every row of the tables with the ledger")
    comparing.add_argument(
        "--timeout", type=_positive, default=60, help="seconds to wait for rows (default %(default)s)"
    )
    comparing.set_defaults(run=_reconcile)
    return parser


if __name__ == "__main__":
    sys.exit(main())
