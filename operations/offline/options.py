"""Hours on a command line."""

from __future__ import annotations

import argparse

from operations.archive.layout import Hour


def hour(text: str) -> Hour:
    """Read `2026-03-14T09`, or `2026-03-14` for its first hour."""
    for form in (text, f"{text}T00"):
        try:
            return Hour.parse(form)
        except ValueError:
            continue
    message = f"{text!r} is no hour; allowed: 2026-03-14T09 or 2026-03-14, UTC"
    raise argparse.ArgumentTypeError(message)


def add_range(parser: argparse.ArgumentParser) -> None:
    """Add --from and --to."""
    parser.add_argument(
        "--from", dest="first", type=hour, help="first hour: 2026-03-14T09, UTC (default: all)"
    )
    parser.add_argument("--to", dest="last", type=hour, help="last hour, included (default: all)")


def range_of(options: argparse.Namespace) -> tuple[Hour | None, Hour | None]:
    """Return the first hour and the one after the last."""
    return options.first, None if options.last is None else Hour.of_ms(options.last.end_ms)
