"""Asking Pinot's broker."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import requests

from local.failure import LocalFailureError

# Rows without an answer are no answer: what a laptop holds is answered well within this.
_TIMEOUT_SECONDS = 120.0
_SHOWN_CHARACTERS = 300


class QueryError(Exception):
    """The broker answered with exceptions; the message holds their codes and texts, not the SQL's values."""


@dataclass(frozen=True)
class Answer:
    """Rows as they came, the columns' names and types, and the seconds from asking to having the answer."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[list[Any]]
    seconds: float
    # As the broker tells it, in whole milliseconds: without HTTP and JSON.
    broker_milliseconds: int = 0


class Broker:
    """One broker; connections are kept."""

    def __init__(self, url: str) -> None:
        """Name the broker: `http://host:port`."""
        self._url = url.rstrip("/")
        self._session = requests.Session()
        # A proxy that the shell names is for the outside, not for the broker on this machine.
        self._session.trust_env = False

    def query(self, sql: str, **options: str) -> Answer:
        """Ask; `options` are Pinot's query options.

        Raises:
            QueryError: the broker refused or could not answer
            LocalFailureError: nothing answers at the URL

        """
        body = {"sql": sql, "queryOptions": ";".join(f"{name}={value}" for name, value in options.items())}
        started = time.perf_counter()
        try:
            response = self._session.post(f"{self._url}/query/sql", json=body, timeout=_TIMEOUT_SECONDS)
        except requests.RequestException as error:
            message = (
                f"Pinot's broker at {self._url} does not answer ({type(error).__name__}); "
                "see `make status`, start it with `make up`."
            )
            raise LocalFailureError(message) from error
        seconds = time.perf_counter() - started
        if response.status_code != requests.codes.ok:
            message = f"the broker answered {response.status_code}: {response.text[:_SHOWN_CHARACTERS]}"
            raise QueryError(message)
        answer = response.json()
        if answer.get("exceptions"):
            message = "; ".join(
                f"{found.get('errorCode')}: {found.get('message', '')[:_SHOWN_CHARACTERS]}"
                for found in answer["exceptions"]
            )
            raise QueryError(message)
        table = answer.get("resultTable")
        if table is None:
            return Answer((), (), [], seconds)
        schema = table["dataSchema"]
        names, types = tuple(schema["columnNames"]), tuple(schema["columnDataTypes"])
        return Answer(names, types, table["rows"], seconds, int(answer.get("timeUsedMs", 0)))
