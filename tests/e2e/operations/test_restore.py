"""The drill: every Pinot table is lost, and comes back from archive and topic, proven equal."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest
import requests

from local.environment import REPOSITORY
from local.events.broker import Broker
from local.events.generator import BOOKED, REGISTERED, Plan, generate
from local.events.sample import send
from local.progress import say
from local.s3_client import s3_client
from operations.archive.layout import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import LocalStack

pytestmark = pytest.mark.e2e

_BUCKET: Final = "payments-local-archive"
_EVENTS: Final = 3_000
_PATIENCE_SECONDS: Final = 120
_LOGICAL: Final = tuple(kind.schema_name for kind in Kind)
_REALTIME: Final = (*(kind.realtime_table for kind in Kind), "payment_analytics")
_OFFLINE: Final = tuple(kind.offline_table for kind in Kind)


def _environ(stack: LocalStack) -> dict[str, str]:
    environment = stack.environment
    return os.environ | {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "ARCHIVE_BUCKET": _BUCKET,
        "ARCHIVE_S3_ENDPOINT": environment.s3_endpoint,
        "ARCHIVE_BOOTSTRAP_SERVERS": environment.kafka_bootstrap,
        "PINOT_CONTROLLER_URL": environment.controller_url,
        "PINOT_BROKER_URL": environment.broker_url,
    }


def _run(stack: LocalStack, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=REPOSITORY,
        env=_environ(stack),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_SECONDS,
    )


@contextmanager
def _archiver(stack: LocalStack) -> Iterator[None]:
    command = [
        sys.executable,
        "-m",
        "operations.archive",
        "run",
        "--batch-seconds",
        "1",
        "--closing-seconds",
        "1",
    ]
    process = subprocess.Popen([*command, "--grace-seconds", "0"], cwd=REPOSITORY, env=_environ(stack))
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE_SECONDS)


def _count(broker: Broker, table: str) -> int:
    count: int = broker.query(f"SELECT COUNT(*) FROM {table}").rows[0][0]  # noqa: S608 - names of the product
    return count


def _rows(broker: Broker, table: str) -> list[str]:
    """Return every row, cell by cell, in an order of its own."""
    sql = f"SELECT * FROM {table} LIMIT 10000000"  # noqa: S608 - names of the product
    answer = broker.query(sql, enableNullHandling="true", timeoutMs="60000")
    return sorted(
        json.dumps(dict(zip(answer.columns, row, strict=True)), sort_keys=True) for row in answer.rows
    )


def _digests(broker: Broker) -> dict[str, tuple[int, str]]:
    """Return rows and a digest of all cells of every table."""
    found = {}
    for table in (*_OFFLINE, *_REALTIME, *_LOGICAL):
        rows = _rows(broker, table)
        found[table] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
    return found


def _wait_for(broker: Broker, wanted: dict[str, int]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        counts = {table: _count(broker, table) for table in wanted}
        if all(counts[table] >= wanted[table] for table in wanted):
            return
        assert time.monotonic() < deadline, f"{counts} of {wanted}"
        time.sleep(0.3)


def _delete_everything(stack: LocalStack) -> None:
    url = stack.environment.controller_url
    for path in (
        *(f"logicalTables/{name}" for name in _LOGICAL),
        *(f"tables/{name}?type=realtime" for name in _REALTIME),
        *(f"tables/{name}?type=offline" for name in _OFFLINE),
        *(f"schemas/{name}" for name in (*_LOGICAL, *_REALTIME, *_OFFLINE)),
    ):
        answer = requests.delete(f"{url}/{path}", timeout=60)
        assert answer.status_code == 200, (path, answer.text)
    assert requests.get(f"{url}/tables", timeout=60).json()["tables"] == []


def _load_what_was_sent(
    stack: LocalStack, sent: Counter[str], before: dict[str, int], broker: Broker
) -> None:
    """Archive, and load as soon as hours are closed, until the offline tables have what was sent."""
    wanted = {kind.offline_table: before[kind.offline_table] + sent[kind.event_type] for kind in Kind}
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with _archiver(stack):
        while True:
            done = _run(stack, "operations.offline", "load")
            counts = {table: _count(broker, table) for table in wanted}
            if done.returncode == 0 and all(counts[table] >= wanted[table] for table in wanted):
                return
            assert time.monotonic() < deadline, (counts, wanted, done.stdout, done.stderr)
            time.sleep(1)


def test_every_table_is_lost_and_comes_back_equal_from_archive_and_topic(stack: LocalStack) -> None:
    broker = Broker(stack.environment.broker_url)
    before = {table: _count(broker, table) for table in (*_OFFLINE, *_REALTIME)}
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(minutes=1)
    records = list(generate(Plan(_EVENTS, 60, end, timedelta(hours=6))))
    send(stack.environment, iter(records))  # the ledger tells the stack's other tests of them
    kinds = Counter(json.loads(record.value or b"{}")["type"] for record in records)
    assert set(kinds) == {REGISTERED, BOOKED}
    _wait_for(
        broker, {kind.realtime_table: before[kind.realtime_table] + kinds[kind.event_type] for kind in Kind}
    )
    _load_what_was_sent(stack, kinds, before, broker)
    whole = _digests(broker)
    assert whole[Kind.BOOKED.offline_table][0] >= kinds[BOOKED]

    _delete_everything(stack)
    started = time.monotonic()
    stack.up("--refresh")  # what is gone is seen by looking
    made = time.monotonic()
    restored = _run(stack, "operations.restore", "tables")
    assert restored.returncode == 0, restored.stdout + restored.stderr
    _wait_for(broker, {table: whole[table][0] for table in _REALTIME})
    assert _digests(broker) == whole
    say(
        f"restored {sum(rows for rows, _ in whole.values()):,} rows: tables made in {made - started:.1f} s, "
        f"whole again after {time.monotonic() - started:.1f} s"
    )
    assert "payment_analytics: 7 of 90 days, from the topic payments" in restored.stdout
    assert _run(stack, "operations.offline", "reconcile").returncode == 0


def test_a_lost_hour_of_the_archive_is_detected_and_brought_back(stack: LocalStack) -> None:
    """It comes after the drill: the archive is full, and the tables equal it."""
    client = s3_client(stack.environment.s3_endpoint)
    listed = client.list_objects_v2(Bucket=_BUCKET, Prefix=f"manifests/kind={Kind.BOOKED}/")["Contents"]
    key = next(
        item["Key"]
        for item in listed
        if json.loads(client.get_object(Bucket=_BUCKET, Key=item["Key"])["Body"].read())["files"]
    )
    date, hour = key.split("date=")[1][:10], key.split("hour=")[1][:2]
    client.delete_object(Bucket=_BUCKET, Key=key)
    compared = _run(stack, "operations.offline", "reconcile")
    assert compared.returncode == 3, compared.stdout
    assert f"{date}T{hour}: the table has" in compared.stdout
    assert "the archive lost an hour" in compared.stdout
    advice = _run(stack, "operations.restore", "hour", Kind.BOOKED, f"{date}T{hour}").stdout
    assert "has no manifest" in advice
    assert "list-object-versions" in advice
    versions = client.list_object_versions(Bucket=_BUCKET, Prefix=key)
    (marker,) = [found for found in versions["DeleteMarkers"] if found["IsLatest"]]
    client.delete_object(Bucket=_BUCKET, Key=key, VersionId=marker["VersionId"])
    assert _run(stack, "operations.offline", "reconcile").returncode == 0
    assert (
        "every file is whole"
        in _run(stack, "operations.restore", "hour", Kind.BOOKED, f"{date}T{hour}").stdout
    )
