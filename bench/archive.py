"""How fast the archiver turns a topic into Parquet files, and how much memory that takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.measure import Measure, mebibytes
from bench.session import make_topic, own_platform
from local.environment import REPOSITORY
from local.events.disturbances import USUAL, Shares
from local.events.generator import Plan
from local.events.produce import produce
from local.events.sample import sample
from local.failure import LocalFailureError
from local.progress import step
from local.s3_client import S3_LOGIN, s3_client

if TYPE_CHECKING:
    from local.environment import LocalEnvironment

TITLE = "Archiver"
EVENTS = 400_000
_BUCKET = "bench-archive"
_PARTITIONS = 3


@dataclass(frozen=True)
class _Run:
    """One archiver from its start to its end, on one core."""

    events: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int

    def figure(self) -> str:
        return (
            f"{self.events / self.seconds:,.0f} events/s; {self.events / self.cpu_seconds:,.0f} a "
            f"second of processor time ({self.events:,} events, {self.seconds:.1f} s, start included)"
        )


def run() -> list[Measure]:
    """Fill topics, then archive each from its beginning to its end."""
    with own_platform("kafka", "s3") as platform:
        environment = platform.environment
        s3_client(environment.s3_endpoint).create_bucket(
            Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": S3_LOGIN["AWS_REGION"]}
        )
        ordinary = _archived(environment, "ordinary", Shares(), EVENTS, timedelta(hours=2))
        usual = _archived(environment, "disturbed", USUAL, EVENTS // 4, timedelta(hours=2))
        spread = _archived(environment, "spread", Shares(), EVENTS // 4, timedelta(hours=48))
    peak = max(found.peak_bytes for found in (ordinary, usual, spread))
    return [
        Measure("events of two hours, on one core", ordinary.figure(), "≥ 20,000 events/s"),
        Measure("the same with duplicates, late, foreign and broken ones", usual.figure()),
        Measure("events of 48 hours at once: 96 files a batch", spread.figure()),
        Measure("most memory in any of these runs", mebibytes(peak), "≤ 300 MiB"),
    ]


def _archived(
    environment: LocalEnvironment, topic: str, shares: Shares, events: int, window: timedelta
) -> _Run:
    for name in (topic, f"{topic}.quarantine"):
        make_topic(environment, name, _PARTITIONS)
    with step(f"filling topic {topic}"):
        plan = Plan(events, 1, datetime.now(UTC), window)
        sent = produce(sample(plan, shares), environment.kafka_bootstrap, topic=topic, progress=False)
    command = [
        *(sys.executable, "-m", "operations.archive", "run", "--once"),
        *("--bootstrap-servers", environment.kafka_bootstrap, "--bucket", _BUCKET, "--topic", topic),
        *("--quarantine-topic", f"{topic}.quarantine", "--s3-endpoint", environment.s3_endpoint),
    ]
    with step(f"archiving topic {topic}"), (environment.logs / f"archiver-{topic}.log").open("wb") as log:
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd=REPOSITORY,
            env={**os.environ, **S3_LOGIN},
            preexec_fn=lambda: os.sched_setaffinity(0, {0}),  # noqa: PLW1509 - no other thread runs here
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        message = f"The archiver ended with {process.returncode}; see {log.name}."
        raise LocalFailureError(message)
    return _Run(sent.records, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
