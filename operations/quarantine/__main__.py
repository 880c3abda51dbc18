"""Show what is in the quarantine, and send corrected events to the topic again.

Exit codes: 0 well, 1 Kafka is in the way or an event cannot be sent, 2 a setting is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from operations.archive.settings import (
    SettingError,
    StreamSettings,
    add_arguments,
    kafka_login,
    load_settings,
)
from operations.quarantine.redrive import Quarantine, RedriveError, corrected
from product_model import ProductError, load_product


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings(StreamSettings, vars(options))
        quarantine = Quarantine(settings, kafka_login(settings))
        if options.command == "list":
            _list(quarantine, options.rule)
        else:
            _redrive(settings, quarantine, options)
    except (SettingError, ProductError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except RedriveError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _list(quarantine: Quarantine, rule: str) -> None:
    rules: Counter[str] = Counter()
    for event in quarantine.events():
        if not event.rule.startswith(rule):
            continue
        rules[event.rule] += 1
        fate = "stored" if event.stored else "no row"
        _say(f"{event.id}  {event.time}  {fate}  {event.rule}  {event.reason}")
    _say("")
    for name, count in rules.most_common():
        _say(f"{count:>8,}  {name}")
    _say(f"{rules.total():>8,}  in all")


def _redrive(settings: StreamSettings, quarantine: Quarantine, options: argparse.Namespace) -> None:
    event = quarantine.find(options.id)
    original = quarantine.original(event) if options.event is None else _read(options.event)
    patch: Any = {} if options.patch is None else _json(options.patch)
    fixed = corrected(load_product(settings.product), event, original, patch, settings.pii_mode)
    if not options.send:
        _say(f"{event.id}: corrected like this it is stored. Nothing was sent: add --send to send it.")
        return
    quarantine.send(fixed, event.id)
    _say(f"{event.id}: sent to {settings.topic}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror})"
        raise SettingError(message) from None


def _json(path: Path) -> Any:  # noqa: ANN401 - JSON
    try:
        return orjson.loads(_read(path))
    except orjson.JSONDecodeError as error:
        message = f"{path} is no JSON (line {error.lineno}, column {error.colno}); a merge patch is an object"
        raise SettingError(message) from None


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operations.quarantine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    listing = commands.add_parser(
        "list", help="show each event with its rule, and how many there are of each"
    )
    listing.add_argument("--rule", default="", help="only rules that begin like this: contract:data.amount")
    driving = commands.add_parser(
        "redrive", help="check a corrected event, and with --send send it to the topic"
    )
    driving.add_argument("--id", required=True, help="the quarantine event's id, as `list` shows it")
    correction = driving.add_mutually_exclusive_group()
    correction.add_argument("--patch", type=Path, help="a file with a JSON merge patch of the original")
    correction.add_argument("--event", type=Path, help="a file with the whole corrected event")
    driving.add_argument("--send", action="store_true", help="send it; without, it is only checked")
    for command in (listing, driving):
        add_arguments(command, StreamSettings)
    return parser


if __name__ == "__main__":
    sys.exit(main())
