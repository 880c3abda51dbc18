"""What an erasure meets, all of it real: a topic, an archive and its archiver, all tables, a loader."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import Producer

from local.environment import REPOSITORY
from operations.archive.layout import Kind
from operations.erasure.__main__ import main
from operations.offline.hour import TableSchema
from operations.offline.load import Loader, PassResult
from operations.offline.push import ControllerPush
from operations.pinot import Pinot
from product_model import load_product
from tests.engine.accepted_tables import tag_instances, wait_until_consumed
from tests.engine.engine_process import EngineProcess
from tests.engine.operations.archive_stand import ArchiveStand
from tests.engine.product_payments import ANALYTICS, BOOKED, WALLET
from tests.engine.product_tables import assets

if TYPE_CHECKING:
    from pathlib import Path

    from operations.archive.store import ArchiveStore

Event = dict[str, Any]
SELLER_EMAIL: Final = "seller@shop.example.com"


@dataclass
class Forgetting:
    """One product of a test module's own."""

    stand: ArchiveStand
    engine: EngineProcess
    pinot: Pinot
    producer: Producer
    sent: int = 0
    lines: list[str] = field(default_factory=list)

    @classmethod
    def start(cls, kafka: str, s3: str, place: Path) -> Forgetting:
        """Make topic, versioned bucket, engine and tables."""
        stand = ArchiveStand(kafka, s3, place)
        stand.client.put_bucket_versioning(Bucket=stand.bucket, VersioningConfiguration={"Status": "Enabled"})
        engine = EngineProcess(place / "pinot", [])
        tag_instances(engine)
        product = assets(kafka, stand.topic)
        wanted = [("/schemas", schema.schema_json) for schema in product.schemas]
        wanted += [("/tables", table.table_json) for table in product.tables]
        for path, body in wanted:
            answer = engine.ask("POST", path, body)
            assert answer.status == 200, answer.body
        pinot = Pinot(engine.url(""), engine.url("", "broker"), attempts=3)
        producer = Producer({"bootstrap.servers": kafka, "partitioner": "murmur2_random"})
        return cls(stand, engine, pinot, producer)

    def send(self, *events: Event) -> None:
        """Send events, and wait until all tables have read them."""
        for event in events:
            self.producer.produce(self.stand.topic, json.dumps(event).encode(), event["subject"])
        self.producer.flush(60)
        self.settle()

    def settle(self) -> None:
        """Wait until all tables have read the topic."""
        end = sum(self.stand.end_offsets().values())
        for table in (WALLET, BOOKED, ANALYTICS):
            wait_until_consumed(self.engine, table, end)

    def archive(self) -> None:
        """Archive what the topic holds, close its hours, load them."""
        done = self.stand.once("--closing-seconds", "0.2")
        assert done.returncode == 0, done.stderr
        result = self.load(self.stand.store)
        assert result.well, result

    def load(self, store: ArchiveStore) -> PassResult:
        """Load what the offline tables lack."""
        product = load_product(REPOSITORY / "data-product")
        schemas = {kind: TableSchema.of(product, kind) for kind in Kind}
        return Loader(store, self.pinot, ControllerPush(self.pinot), schemas).load()

    def erase(self, *arguments: str, bucket: str | None = None, kafka: str | None = None) -> int:
        """Run the command; return its exit code."""
        return main(
            [
                *arguments,
                *("--archive-bucket", bucket or self.stand.bucket),
                *("--s3-endpoint", self.stand.s3),
                *("--controller", self.pinot.controller_url),
                *("--broker", self.pinot.broker_url),
                *("--product", str(REPOSITORY / "data-product")),
                *("--bootstrap-servers", kafka or self.stand.kafka),
                *("--topic", self.stand.topic),
            ]
        )

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return all rows of a table, by column, in the order of event or transaction ids."""
        product = load_product(REPOSITORY / "data-product")
        schema = next(t.fact.schema_ for t in product.tables if t.fact.name == table)
        columns = list(product.schema(schema).schema.column_names)
        found = self.pinot.rows(
            f"SELECT {', '.join(columns)} FROM {table} LIMIT 10000",  # noqa: S608 - names of the product
            enableNullHandling="true",
        )
        return sorted((dict(zip(columns, row, strict=True)) for row in found), key=str)

    def hidden(self, transaction: str) -> bool:
        """Tell whether payment_analytics answers without a transaction, for a while at least."""
        for _ in range(5):
            sql = f"SELECT COUNT(*) FROM {ANALYTICS} WHERE transactionId = '{transaction}'"  # noqa: S608 - the test's own id
            if self.pinot.rows(sql) != [[0]]:
                return False
            time.sleep(0.05)
        return True

    def objects(self, prefix: str = "", *, bucket: str | None = None) -> dict[str, bytes]:
        """Return every version of every object, by key and version."""
        bucket = bucket or self.stand.bucket
        listed = self.stand.client.list_object_versions(Bucket=bucket, Prefix=prefix)
        assert not listed["IsTruncated"]
        return {
            f"{item['Key']}@{item['VersionId']}": self.stand.client.get_object(
                Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"]
            )["Body"].read()
            for item in listed.get("Versions", ())
        }

    def evidence(self, request: str, *, bucket: str | None = None) -> list[Event]:
        """Return all documents of a request, in the order of their keys."""
        found = self.objects(f"audit/erasures/{request}/", bucket=bucket)
        return [json.loads(found[key]) for key in sorted(found)]

    def stop(self) -> None:
        """End the engine."""
        self.engine.stop()


def new_id() -> str:
    """Make up an id."""
    return str(uuid.uuid4())
