"""How far Pinot's consumers are, and how its schemas and clock compare: what the controller can tell."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import requests

from operations.measure.failure import MeasureError
from operations.pinot import authority
from product_model.environment import Environment

if TYPE_CHECKING:
    from product_model.product import Product

_PATIENCE_SECONDS: Final = 10.0
_SPECS: Final = ("dimensionFieldSpecs", "metricFieldSpecs", "dateTimeFieldSpecs")
_COMPARED: Final = ("dataType", "singleValueField", "notNull")


@dataclass(frozen=True)
class SchemaDifferences:
    """How a schema in Pinot differs from the repository's: columns more, and columns less or changed."""

    table: str
    compatible: tuple[str, ...]
    breaking: tuple[str, ...]


class Controller:
    """Pinot's controller; one connection is kept."""

    def __init__(self, url: str, login: tuple[str, str] | None = None) -> None:
        """Name it by URL."""
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = login
        self._session.verify = authority()

    def consumed(self, table: str) -> dict[int, int]:
        """Return by partition the offset that the furthest replica of a table will read next.

        Raises:
            MeasureError: the controller does not answer, or has no such table

        """
        body = self._get(f"/tables/{table}/consumingSegmentsInfo").json()
        found: dict[int, int] = {}
        for replicas in body["_segmentToConsumingInfoMap"].values():
            for replica in replicas:
                for partition, offset in replica["partitionToOffsetMap"].items():
                    found[int(partition)] = max(found.get(int(partition), 0), int(offset))
        return found

    def clock_offset_seconds(self, now: float) -> float:
        """Return by how much the controller's clock is ahead of `now` (epoch seconds), to half a second.

        Its answer's Date is cut to the second, so half of one is the best guess of the rest.
        """
        date = self._get("/health").headers.get("Date")
        if date is None:
            message = f"Pinot's controller at {self._url} tells no Date"
            raise MeasureError(message)
        return parsedate_to_datetime(date).timestamp() + 0.5 - now

    def schema_differences(self, product: Product) -> list[SchemaDifferences]:
        """Compare every schema with the repository's."""
        environment = Environment(
            bootstrap_servers="localhost:9092", topic="payments", replication=1, peer_download_scheme=None
        )
        found = []
        for schema in product.render(environment).schemas:
            answer = self._get(f"/schemas/{schema.name}", also=requests.codes.not_found)
            there = {} if answer.status_code == requests.codes.not_found else _columns(answer.json())
            found.append(_differences(schema.name, _columns(json.loads(schema.schema_json)), there))
        return found

    def _get(self, path: str, also: int = 200) -> requests.Response:
        try:
            answer = self._session.get(f"{self._url}{path}", timeout=_PATIENCE_SECONDS)
        except requests.RequestException as error:
            message = f"Pinot's controller at {self._url} does not answer ({type(error).__name__})"
            raise MeasureError(message) from error
        if answer.status_code not in {200, also}:
            message = f"Pinot's controller at {self._url} answered {answer.status_code} to GET {path}"
            raise MeasureError(message)
        return answer


def _columns(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    defaults = {"dataType": None, "singleValueField": True, "notNull": False}
    return {
        spec["name"]: {key: spec.get(key, defaults[key]) for key in _COMPARED}
        for specs in _SPECS
        for spec in schema.get(specs) or ()
    }


def _differences(
    table: str, wanted: dict[str, dict[str, Any]], there: dict[str, dict[str, Any]]
) -> SchemaDifferences:
    return SchemaDifferences(
        table,
        compatible=tuple(sorted(there.keys() - wanted.keys())),
        breaking=tuple(sorted(name for name, column in wanted.items() if there.get(name) != column)),
    )
