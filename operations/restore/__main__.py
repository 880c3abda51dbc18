"""Bring the product's history back after its tables, or hours of its archive, were lost.

`plan` reads only; `tables` fills the offline tables from the archive, oldest hour first, and proves them
equal; `hour` says what brings a lost hour of the archive back. Exit code: 0 all is well, 1 something could
not be loaded or is away, 2 a wrong option, 3 archive and tables differ.
"""

from __future__ import annotations

import argparse
import sys
import time

from operations.archive.layout import Hour, Kind
from operations.archive.settings import SettingError
from operations.archive.store import ArchiveError
from operations.offline.options import add_range, hour, range_of
from operations.offline.settings import Connections, add_options
from operations.offline.telling import say, tell, tell_equal
from operations.pinot import PinotError
from operations.restore.inventory import archived, what_comes_back
from operations.restore.lost_hour import advise
from product_model import load_product


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        connections = Connections.of(options)
        if options.command == "hour":
            for line in advise(connections, options.kind, options.hour):
                say(line)
            return 0
        first, end = range_of(options)
        plan(connections, first, end)
        return 0 if options.command == "plan" else restore_tables(connections, first, end)
    except SettingError as error:
        say(f"error: {error}")
        return 2
    except (ArchiveError, PinotError) as error:
        say(f"error: {error}")
        return 1


def plan(connections: Connections, first: Hour | None, end: Hour | None) -> None:
    """Say what comes back from where, and what does not."""
    ranges = tuple(archived(connections.store, kind, first, end) for kind in Kind)
    for line in what_comes_back(ranges, load_product(connections.product)):
        say(line)


def restore_tables(connections: Connections, first: Hour | None, end: Hour | None) -> int:
    """Load a range into the offline tables, oldest hour first, and compare it with the archive."""
    started = time.monotonic()
    result = connections.loader(say).load(first, end)
    tell(result)
    loaded = time.monotonic()
    equal = tell_equal(connections, first, end)
    say(f"loaded in {loaded - started:.1f} s, compared in {time.monotonic() - loaded:.1f} s")
    if not equal:
        return 3
    return 0 if result.well else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m operations.restore",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("plan", "say what comes back from where, and what does not; nothing is changed"),
        ("tables", "fill the offline tables from the archive and prove them equal; `pulumi up` comes first"),
        (
            "hour",
            "find out whether an hour of the archive is lost, and what brings it back; nothing is changed",
        ),
    ):
        command = commands.add_parser(name, help=what, description=what)
        add_options(command)
        if name == "hour":
            command.add_argument("kind", type=Kind, choices=list(Kind))
            command.add_argument("hour", type=hour, help="2026-03-14T09, UTC")
        else:
            add_range(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
