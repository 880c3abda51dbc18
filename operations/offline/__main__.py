"""Fill the offline tables from the archive, hour by hour, and hold them against it.

The archive's bucket, Pinot's addresses and the login come from options or the environment (see --help).
Exit code: 0 all is well, 1 an hour could not be loaded or something is away, 2 a wrong option, 3 archive and
tables differ.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from datetime import datetime

from operations.archive.layout import DAY_MS, Kind
from operations.archive.measures import serve
from operations.archive.settings import SettingError
from operations.archive.store import ArchiveError
from operations.offline.merge import merge_days
from operations.offline.options import add_range, range_of
from operations.offline.pending import COMPARED_DAYS, boundary, closed_hours, lacking_hours
from operations.offline.settings import Connections, add_options
from operations.offline.signs import Signs
from operations.offline.telling import say, tell, tell_equal
from operations.pinot import PinotError

_MERGE_SECONDS = 86_400.0


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        connections = Connections.of(options)
        if options.command == "run":
            return run(connections, options.every, _watched(options))
        if options.command == "status":
            return status(connections)
        first, end = range_of(options)
        if options.command == "load":
            result = connections.loader(say).load(first, end)
            tell(result)
            return 0 if result.well else 1
        return 0 if tell_equal(connections, first, end) else 3
    except SettingError as error:
        say(f"error: {error}")
        return 2
    except (ArchiveError, PinotError) as error:
        say(f"error: {error}")
        return 1


def run(connections: Connections, every_seconds: float, signs: Signs) -> int:
    """Load again and again until the process is asked to end; what is away is tried at the next pass."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())

    def told(line: str) -> None:
        signs.alive()
        say(line)

    loader = connections.loader(told)
    merged_at = time.monotonic() - _MERGE_SECONDS if connections.merges else float("inf")
    while not ended.is_set():
        try:
            result = loader.load()
            signs.passed(result)
            tell(result, quiet=True)
            if time.monotonic() - merged_at >= _MERGE_SECONDS:
                merge_days(connections.pinot, Kind, told)
                merged_at = time.monotonic()
        except (ArchiveError, PinotError) as error:
            told(f"error: {error}; next try in {every_seconds:.0f} s")
        ended.wait(every_seconds)
    return 0


def status(connections: Connections) -> int:
    """Say how far archive and tables are, and what is lacking; nothing is changed."""
    well = True
    now_ms = round(time.time() * 1000)
    for kind in Kind:
        closed = closed_hours(connections.store, kind, None, None)
        lacking = list(
            lacking_hours(
                connections.store,
                connections.pinot,
                kind,
                closed.values(),
                changed_since_ms=now_ms - COMPARED_DAYS * DAY_MS,
            )
        )
        until = boundary(connections.pinot, kind)
        answered = (
            "nothing"
            if until is None
            else f"up to {datetime.fromtimestamp(until / 1000).astimezone():%Y-%m-%d %H:%M %Z}"
        )
        say(
            f"{'✗' if lacking else '✓'} {kind.offline_table}: {len(closed):,} closed hours"
            f"{f' until {max(closed)}' if closed else ''}, {len(lacking):,} not loaded"
            f"{f' from {lacking[0].manifest.hour}' if lacking else ''}; "
            f"the logical table takes {answered} from here"
        )
        well = well and not lacking
    return 0 if well else 1


def _watched(options: argparse.Namespace) -> Signs:
    """Serve what the loader shows of itself, where a port is given."""
    signs = Signs()
    if options.metrics_port is not None:
        server = serve(signs.measures, options.metrics_host, options.metrics_port, lambda: signs.healthy)
        say(f"measures on http://{options.metrics_host}:{server.server_address[1]}/metrics")
    return signs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m operations.offline",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("load", "load what the tables lack, once; a range that is given is compared whole"),
        ("run", "load again and again"),
        ("status", "say how far archive and tables are"),
        ("reconcile", "compare archive and tables by hour; exit code 3 when they differ"),
    ):
        command = commands.add_parser(name, help=what, description=what)
        add_options(command)
        if name == "run":
            command.add_argument(
                "--every", type=float, default=60.0, help="seconds from pass to pass (default: 60)"
            )
            command.add_argument(
                "--metrics-port",
                type=int,
                help="port of /metrics (Prometheus) and /health; 0: a free one (default: none)",
            )
            command.add_argument(
                "--metrics-host", default="127.0.0.1", help="address on which they are served (%(default)s)"
            )
        if name in {"load", "reconcile"}:
            add_range(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
