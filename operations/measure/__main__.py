"""Measure the product's objectives in an environment, once, and report."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from operations.archive.settings import read_properties
from operations.measure.page import page
from operations.measure.pushing import push
from operations.measure.run import Effort, Target, measure
from operations.measure.stream import Topic
from product_model.errors import ProductError

if TYPE_CHECKING:
    from collections.abc import Callable

_USUAL: Final = Effort()


def main(arguments: list[str] | None = None) -> int:
    """Return 0: all well, 3: a promise missed or a row wrong, 4: not measured, 1: a mistake in the call."""
    options = _parser().parse_args(arguments)
    try:
        report = measure(_target(options), _effort(options))
    except (ProductError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    written: dict[str, Callable[[], str]] = {
        "text": report.text,
        "json": report.json,
        "prometheus": report.prometheus,
        "html": lambda: page(report),
    }
    for kind, make in written.items():
        file: Path | None = getattr(options, kind)
        if file is not None:
            # A reader of the file (a textfile collector) must never see half of it.
            half = file.with_name(f".{file.name}.half")
            half.write_text(make(), encoding="utf-8")
            half.replace(file)
    if options.text is None:
        sys.stdout.write(report.text())
    if options.push is not None:
        try:
            push(options.push, report.prometheus())
        except ValueError as error:
            sys.stderr.write(f"error: {error}\n")
            return 1
    return report.code


def _target(options: argparse.Namespace) -> Target:
    user, password = os.environ.get("MEASURE_PINOT_USER"), os.environ.get("MEASURE_PINOT_PASSWORD")
    return Target(
        name=options.environment,
        topic=Topic(options.kafka, options.topic, tuple(read_properties(options.kafka_properties).items())),
        controller_url=options.controller,
        broker_url=options.broker,
        product=options.product,
        login=(user, password) if user and password else None,
        keyed=options.keyed,
    )


def _effort(options: argparse.Namespace) -> Effort:
    return Effort(
        questions=options.questions,
        question_rate=options.question_rate,
        probes=options.probes,
        probe_rate=options.probe_rate,
        hours=options.hours,
        open_hours=options.open_hours,
        patience_seconds=options.patience,
        credentials=dict(map(_credential, options.credential)),
    )


def _credential(text: str) -> tuple[str, float]:
    name, _, date = text.partition("=")
    try:
        return name, datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        message = f"--credential: {text!r} was given; allowed: NAME=YYYY-MM-DD, the day it was made"
        raise ValueError(message) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operations.measure", description=__doc__)
    add = parser.add_argument
    add("--environment", default="local", help="name in the report (default %(default)s)")
    add("--kafka", default="127.0.0.1:9092", help="Kafka's brokers (default %(default)s)")
    add("--topic", default="payments", help="the topic of the events (default %(default)s)")
    add("--kafka-properties", type=Path, help="file of librdkafka settings for the login, name=value a line")
    add("--controller", default="http://127.0.0.1:9000", help="Pinot's controller (default %(default)s)")
    add("--broker", default="http://127.0.0.1:8099", help="Pinot's broker (default %(default)s)")
    add("--product", type=Path, default=Path("data-product"), help="the product's files")
    add("--keyed", action="store_true", help="personal data comes hashed with a key")
    add("--questions", type=_whole, default=_USUAL.questions, help="questions to ask; 0: none")
    add("--question-rate", type=_positive, default=_USUAL.question_rate, help="a second")
    add("--probes", type=_whole, default=_USUAL.probes, help="probe events to send; 0: none")
    add("--probe-rate", type=_positive, default=_USUAL.probe_rate, help="a second")
    add("--hours", type=_whole, default=_USUAL.hours, help="closed hours to hold against the stream; 0: none")
    add("--open-hours", action="store_true", help="up to now; only where nobody sends meanwhile")
    add("--patience", type=_positive, default=_USUAL.patience_seconds, help="seconds to wait for the tables")
    add("--credential", action="append", default=[], metavar="NAME=DATE", help="when a credential was made")
    add("--text", type=Path, help="write the report as text there (and not to the terminal)")
    add("--json", type=Path, help="write it as JSON there")
    add("--prometheus", type=Path, help="write it in Prometheus' text format there")
    add("--push", help="give it to the Prometheus Pushgateway of this URL")
    add("--html", type=Path, help="write it as a page there")
    return parser


def _whole(text: str) -> int:
    if not text.isdecimal():
        message = f"{text!r} was given; a whole number from 0 on is needed"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        message = f"{text!r} was given; a number above 0 is needed"
        raise argparse.ArgumentTypeError(message)
    return number


if __name__ == "__main__":
    sys.exit(main())
