"""Forget a transaction or a buyer: says what would happen, and with --execute does it.

The archive's bucket, Pinot's addresses and the logins come from options or the environment (see --help).
Exit code: 0 planned or done, 1 Kafka, S3 or Pinot is in the way (the same command again goes on), 2 a wrong
option, 3 nothing is known of the subject, 4 done in part: something has to wait, and is named.
"""

from __future__ import annotations

import argparse
import re
import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from operations.archive.settings import SettingError, StreamSettings, kafka_login
from operations.archive.store import ArchiveError
from operations.erasure.execute import Tools, execute, planned
from operations.erasure.objects import Objects
from operations.erasure.orders import OrdersError
from operations.erasure.plan import Planner, Subject, SubjectError
from operations.offline.settings import Connections, add_options
from operations.offline.telling import say
from operations.pinot import PinotError
from product_model import load_product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.erasure.evidence import Evidence

_QUOTED_ID: Final = re.compile(r"'[A-Za-z0-9._:-]{1,64}'")
_REQUEST: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except SettingError as error:
        say(f"error: {error}")
        return 2
    except SubjectError as error:
        say(f"error: {error}")
        return 3
    except (ArchiveError, PinotError, OrdersError) as error:
        # A question that failed is quoted, with the ids in it.
        told = _QUOTED_ID.sub("'…'", str(error).replace(options.transaction or options.buyer, "…"))
        say(f"error: {told}")
        return 1


def _run(options: argparse.Namespace) -> int:
    subject = Subject("transaction" if options.transaction else "buyer", options.transaction or options.buyer)
    connections = Connections.of(options)
    if options.execute and not options.bootstrap_servers:
        message = "these settings are missing: --bootstrap-servers: Kafka's brokers, for the orders to forget"
        raise SettingError(message)
    request = _request(options, subject)
    product = load_product(connections.product)
    objects = Objects(connections.store.bucket, endpoint=connections.endpoint)
    plan = Planner(product, connections.store, objects, connections.pinot, options.keys).plan(
        subject, round(time.time() * 1000)
    )
    stream = StreamSettings(
        bootstrap_servers=options.bootstrap_servers or "none",
        topic=options.topic or product.descriptor.ports.input[0].topic,
        kafka_properties=options.kafka_properties,
    )
    tools = Tools(
        product=product,
        store=connections.store,
        objects=objects,
        pinot=connections.pinot,
        push=connections.push,
        kafka={"bootstrap.servers": stream.bootstrap_servers, **kafka_login(stream)},
        topic=stream.topic,
        keys=options.keys,
        told=say,
    )
    if not options.execute:
        for line in _lines(planned(tools, plan, request)):
            say(line)
        say("Nothing was changed: this is the plan. --execute carries it out.")
        return 0
    say(f"request {request}: evidence under audit/erasures/{request}/; after a failure give --request again")
    record = execute(tools, plan, request)
    for line in _lines(record):
        say(line)
    return 4 if record.not_done else 0


def _request(options: argparse.Namespace, subject: Subject) -> str:
    if options.request is None:
        return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    given: str = options.request
    if not _REQUEST.fullmatch(given) or subject.id in given:
        message = (
            "--request: found a text that is no number of a request; allowed: ^[A-Za-z0-9._-]{1,64}$ without"
            " the id that is to be forgotten, because the number stays in the evidence"
        )
        raise SettingError(message)
    return given


def _lines(evidence: Evidence) -> Iterator[str]:
    for decision in evidence.decisions:
        found = "" if decision.found is None else f" ({decision.found:,} found)"
        law = f" Kept by {decision.ground}: {decision.law}." if decision.law else ""
        yield f"{decision.store}{found}: {decision.action}. Remains: {decision.remains}{law}"
    for file in evidence.files:
        yield f"  {file.key}: {file.before_sha256[:12]}… → {file.after_sha256[:12]}…"
    yield from (f"✓ {line}" for line in evidence.verified)
    yield from (f"… {line}" for line in evidence.not_done)
    if evidence.look_again_after:
        yield (
            f"Look again after {evidence.look_again_after}: by then the topic has no event left that could"
            " be archived late. The same command finds what came, or that there is nothing."
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m operations.erasure",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument(
        "--transaction", metavar="ID", help="forget one transaction: both parties' identifiers"
    )
    whose.add_argument("--buyer", metavar="ID", help="forget a buyer in all transactions; the sellers stay")
    parser.add_argument("--execute", action="store_true", help="do it; without, the plan is shown")
    parser.add_argument(
        "--request", metavar="NUMBER", help="number of the request in your register (default: a new one)"
    )
    parser.add_argument(
        "--keys",
        choices=("none", "product", "subject"),
        default="none",
        help="whose key made the stored values: none (plain hashes), one of the product, one a subject",
    )
    parser.add_argument("--bootstrap-servers", help="Kafka's brokers, host:port, with commas")
    parser.add_argument("--topic", help="the topic of the events (default: the descriptor's)")
    parser.add_argument(
        "--kafka-properties", type=Path, help="a file of librdkafka settings, a name=value a line"
    )
    add_options(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
