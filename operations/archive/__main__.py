"""Run the archiver, or tell how far the archive is.

Exit codes: 0 well, 1 Kafka, S3 or the archive is in the way, 2 a setting is wrong, 4 data was lost.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys

from operations.archive.archiver import Archiver, KafkaFailedError
from operations.archive.batches import DataLossError
from operations.archive.measures import Measures, serve
from operations.archive.settings import (
    ArchiveSettings,
    SettingError,
    add_arguments,
    kafka_login,
    load_settings,
)
from operations.archive.status import status_lines
from operations.archive.store import ArchiveError
from product_model import ProductError, load_product

log = logging.getLogger("operations.archive")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        settings = load_settings(ArchiveSettings, vars(options))
        if options.command == "status":
            for line in status_lines(settings, kafka_login(settings)):
                sys.stdout.write(f"{line}\n")
            return 0
        measures = Measures()
        archiver = Archiver(settings, load_product(settings.product), measures, kafka_login(settings))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: archiver.stop())
        if settings.metrics_port is not None:
            server = serve(measures, settings.metrics_host, settings.metrics_port, lambda: archiver.healthy)
            log.info("measures on http://%s:%d/metrics", settings.metrics_host, server.server_address[1])
        archiver.run()
    except (SettingError, ProductError) as error:
        log.error("%s", error)  # noqa: TRY400 - the message is for an operator
        return 2
    except DataLossError as error:
        log.critical("%s", error)
        return 4
    except (ArchiveError, KafkaFailedError) as error:
        log.error("%s", error)  # noqa: TRY400 - as above
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operations.archive", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, told in (
        ("run", "archive the topic's events until stopped (SIGTERM)"),
        ("status", "show how far each partition and the hours are"),
    ):
        add_arguments(commands.add_parser(name, help=told), ArchiveSettings)
    return parser


if __name__ == "__main__":
    sys.exit(main())
