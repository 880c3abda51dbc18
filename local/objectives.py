"""`make objectives`: the objectives measured on the local stack, told here and shown as a page."""

from __future__ import annotations

import sys
from typing import Final

from local.environment import REPOSITORY, LocalEnvironment
from local.events.sample import TOPIC
from local.progress import say
from operations.measure.__main__ import main as measure

# What is sent here is up to 48 hours old, and nobody sends meanwhile.
_USUAL: Final = ("--hours", "49", "--open-hours")


def main(arguments: list[str]) -> int:
    """Return the exit code of the measurement."""
    environment = LocalEnvironment.from_environ()
    page = environment.home / "objectives.html"
    code = measure(
        [
            *("--kafka", environment.kafka_bootstrap, "--topic", TOPIC),
            *("--controller", environment.controller_url, "--broker", environment.broker_url),
            *("--product", str(REPOSITORY / "data-product"), "--html", str(page)),
            *_USUAL,
            *arguments,
        ]
    )
    say(f"  → as a page: {page}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
