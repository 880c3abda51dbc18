"""From a broken event to its corrected row: told, listed, refused, sent again; on a real Kafka and S3."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from local.environment import REPOSITORY
from local.events.generator import Plan, Record, generate
from operations.archive.layout import Kind
from tests.engine.operations.archive_stand import ArchiveStand

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine


def _run(stand: ArchiveStand, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = ("--bootstrap-servers", stand.kafka, "--topic", stand.topic, "--quarantine-topic", stand.quarantine)
    command = [sys.executable, "-m", "operations.quarantine", *arguments, *own]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=REPOSITORY, timeout=60)


def test_a_broken_event_is_told_listed_corrected_and_stored_once(kafka: str, s3: str, tmp_path: Path) -> None:
    stand = ArchiveStand(kafka, s3, tmp_path, partitions=1)
    records = list(generate(Plan(20, 91, datetime.now(UTC), timedelta(hours=1))))
    event = json.loads(records[0].value or b"")
    amount, event["data"]["amount"] = event["data"]["amount"], "12.3"
    records[0] = Record(records[0].key, json.dumps(event).encode())
    stand.send([*records, Record("a-key", b'{"no": "type"}')])
    assert stand.once().returncode == 0
    listed = _run(stand, "list")
    assert listed.returncode == 0, listed.stderr
    told = f"{stand.topic}-0-0"
    assert f"{told}  " in listed.stdout
    assert "       1  contract:data.amount:pattern" in listed.stdout
    assert "       2  in all" in listed.stdout
    assert event["data"]["buyer"].get("email", "nobody@") not in listed.stdout

    refused = _run(stand, "redrive", "--id", told, "--send")
    assert refused.returncode == 1
    assert "still is not stored: data.amount breaks 'pattern'" in refused.stderr
    unknown = _run(stand, "redrive", "--id", "payments-0-99")
    assert (unknown.returncode, "has no event 'payments-0-99'" in unknown.stderr) == (1, True)

    patch = tmp_path / "patch.json"
    patch.write_text(json.dumps({"data": {"amount": amount}}), encoding="utf-8")
    before = stand.end_offsets()
    checked = _run(stand, "redrive", "--id", told, "--patch", str(patch))
    assert (checked.returncode, "Nothing was sent" in checked.stdout) == (0, True)
    assert stand.end_offsets() == before
    for _ in range(2):  # twice, as a nervous operator does
        sent = _run(stand, "redrive", "--id", told, "--patch", str(patch), "--send")
        assert sent.returncode == 0, sent.stderr
    assert stand.end_offsets() == {0: before[0] + 2}
    assert stand.once().returncode == 0
    archived = stand.read()
    rows = [row for kind in Kind for row in archived.rows[kind] if row["eventId"] == event["id"]]
    assert [row["amount"] for row in rows] == [amount]
    assert archived.count("duplicates") == 1
    assert sum(len(of_kind) for of_kind in archived.rows.values()) == 20
