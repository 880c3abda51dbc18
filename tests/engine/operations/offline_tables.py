"""An engine with the product's tables, an archive bucket, and a loader between them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from local.environment import REPOSITORY
from local.s3_client import s3_client
from operations.archive.layout import Hour, Kind, amount_text
from operations.archive.store import ArchiveStore
from operations.offline.hour import TableSchema
from operations.offline.load import Loader
from operations.offline.push import ControllerPush
from operations.pinot import Pinot
from product_model import load_product
from tests.engine.accepted_tables import tag_instances
from tests.engine.product_tables import assets

if TYPE_CHECKING:
    from tests.engine.engine_process import EngineProcess

# An hour of the past, so that it may be closed; the tests' hours lie around it.
NOON = Hour.parse("2026-03-14T12")


@dataclass
class Offline:
    """What a test of the loader has: all of it real, none of it shared with another test."""

    engine: EngineProcess
    endpoint: str
    store: ArchiveStore
    pinot: Pinot
    schemas: dict[Kind, TableSchema]
    lines: list[str]

    def loader(self) -> Loader:
        """Return a loader of both kinds with connections of its own, as another process has."""
        store = ArchiveStore(self.store.bucket, endpoint=self.endpoint, attempts=3)
        pinot = Pinot(self.pinot.controller_url, self.pinot.broker_url, attempts=3)
        return Loader(store, pinot, ControllerPush(pinot), self.schemas, told=self.lines.append)

    def state(self, kind: Kind) -> tuple[int, int, str]:
        """Return the offline table's rows, distinct events and exact sum."""
        sql = f"SELECT COUNT(*), DISTINCTCOUNT(eventId), SUMPRECISION(amount) FROM {kind.offline_table}"  # noqa: S608 - names of the product
        ((rows, events, amount),) = self.pinot.rows(sql)
        return rows, events, amount_text(Decimal(amount))

    def arguments(self, command: str) -> list[str]:
        """Return a command line of `python -m operations.offline`, but for the S3 endpoint."""
        return [
            command,
            *("--archive-bucket", self.store.bucket),
            *("--controller", self.pinot.controller_url),
            *("--broker", self.pinot.broker_url),
        ]


def new_bucket(endpoint: str) -> str:
    """Make a bucket of a test's own."""
    name = f"archive-{uuid.uuid4().hex[:12]}"
    s3_client(endpoint).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return name


def offline(engine: EngineProcess, endpoint: str) -> Offline:
    """Put the parts together; the engine must hold the tables."""
    product = load_product(REPOSITORY / "data-product")
    return Offline(
        engine=engine,
        endpoint=endpoint,
        store=ArchiveStore(new_bucket(endpoint), endpoint=endpoint, attempts=3),
        pinot=Pinot(engine.url(""), engine.url("", "broker"), attempts=3),
        schemas={kind: TableSchema.of(product, kind) for kind in Kind},
        lines=[],
    )


def create_offline_tables(engine: EngineProcess, bootstrap: str = "127.0.0.1:9") -> None:
    """Make the two offline tables, and no other."""
    tag_instances(engine)
    for table in assets(bootstrap, "payments").tables:
        if table.table_type == "OFFLINE":
            for path, body in (("/schemas", table.schema_json), ("/tables", table.table_json)):
                answer = engine.ask("POST", path, body)
                assert answer.status == 200, answer.body


def drop_offline_tables(engine: EngineProcess) -> None:
    """Delete the two offline tables with their rows, and the schemas, which a test may have changed."""
    for kind in Kind:
        for path in (f"/tables/{kind.offline_table}?type=offline", f"/schemas/{kind.offline_table}"):
            answer = engine.ask("DELETE", path)
            assert answer.status == 200, answer.body
