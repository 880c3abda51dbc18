"""A run's figures to Prometheus' Pushgateway: a run is over before anybody could scrape it."""

from __future__ import annotations

from typing import Final

import requests

GROUP: Final = "/metrics/job/payments-measure"
_SECONDS: Final = 10.0


def push(url: str, samples: str) -> None:
    """Put the samples in the place of the last run's.

    Args:
        url: of the Pushgateway
        samples: in Prometheus' text format

    Raises:
        ValueError: it does not take them

    """
    with requests.Session() as session:
        # A proxy that the shell names is for the outside.
        session.trust_env = False
        try:
            # PUT and not POST: a measure that this run does not have must not stay from an earlier one.
            answer = session.put(f"{url.rstrip('/')}{GROUP}", data=samples.encode(), timeout=_SECONDS)
        except requests.RequestException as error:
            problem = f"it does not answer ({type(error).__name__})"
        else:
            if answer.ok:
                return
            problem = f"it answered {answer.status_code}"
    message = f"--push {url}: {problem}; the figures stand in the report alone. Is it a Pushgateway?"
    raise ValueError(message)
