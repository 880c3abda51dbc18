"""The local platform as processes: started, killed, found again, stopped, with nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local import ports
from local.environment import PORTS, REPOSITORY, LocalEnvironment
from local.failure import LocalFailureError
from local.platform import Platform, ServiceStatus
from local.processes import ProcessRecord
from local.s3_client import s3_client
from local.services import PLATFORM, SERVICES, ServiceName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.client import BaseClient

pytestmark = pytest.mark.e2e

GIBIBYTE = 2**30


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """Give a platform of this module's own, all services started: its tests kill what they like."""
    home = Path(tempfile.mkdtemp(prefix="payments-"))
    own = Platform(LocalEnvironment.ephemeral(home))
    own.start()
    yield own
    own.stop()
    shutil.rmtree(home)


def command_line(
    environment: LocalEnvironment, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m local` in `environment`."""
    own = {variable: str(getattr(environment, field)) for field, variable, _ in PORTS}
    return subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PAYMENTS_HOME": str(environment.home), **own, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def states(platform: Platform) -> dict[str, str]:
    return {status.name: status.state for status in platform.status() if status.name in PLATFORM}


def status_of(platform: Platform, name: ServiceName) -> ServiceStatus:
    return next(status for status in platform.status() if status.name == name)


def numbers(platform: Platform) -> dict[str, int | None]:
    return {name: platform.pid(name) for name in PLATFORM}


def end(platform: Platform, name: ServiceName, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a service and wait until the supervisor knows that it is gone."""
    pid = platform.pid(name)
    assert pid is not None
    os.kill(pid, number)
    deadline = time.monotonic() + 10
    while platform.pid(name) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def s3(environment: LocalEnvironment) -> BaseClient:
    return s3_client(environment.s3_endpoint)


def make_topic(environment: LocalEnvironment, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": environment.kafka_bootstrap})
    for future in admin.create_topics([NewTopic(name, 1, 1)]).values():
        future.result()


def topics(environment: LocalEnvironment) -> set[str]:
    return set(AdminClient({"bootstrap.servers": environment.kafka_bootstrap}).list_topics(timeout=10).topics)


def test_everything_runs_bound_to_this_machine_within_its_memory(platform: Platform) -> None:
    assert states(platform) == dict.fromkeys(PLATFORM, "running")
    assert sum(status.resident_bytes or 0 for status in platform.status()) < 2.5 * GIBIBYTE
    for status in platform.status():
        for port in status.ports if status.name in PLATFORM else ():
            holder = ports.holder("127.0.0.1", port)
            assert holder is not None
            assert holder.pid == status.pid
            # Nothing listens on the machine's other addresses: the port is free there.
            assert ports.holder("127.0.0.2", port) is None
    # Another shell finds it without the variables that set its ports.
    shown = command_line(
        platform.environment, "status", **dict.fromkeys((variable for _, variable, _ in PORTS), "")
    )
    assert shown.returncode == 0
    assert [line.split()[:2] for line in shown.stdout.splitlines()[:3]] == [
        ["Kafka", "running"],
        ["S3", "running"],
        ["Pinot", "running"],
    ]


def test_a_second_start_changes_nothing(platform: Platform) -> None:
    before = numbers(platform)
    platform.start()
    assert numbers(platform) == before
    assert None not in before.values()


@pytest.mark.parametrize("name", PLATFORM)
def test_a_killed_part_is_seen_and_only_it_is_started_again(platform: Platform, name: ServiceName) -> None:
    before = numbers(platform)
    end(platform, name)
    time.sleep(0.2)  # a supervisor that restarts would do it by now
    status = status_of(platform, name)
    assert status.state == "ended"
    assert status.detail.startswith("killed by a signal at ")
    assert str(platform.log(name)) in status.detail
    shown = command_line(platform.environment, "status")
    assert shown.returncode == 1
    assert f"{status.title:10}ended" in shown.stdout

    platform.start()
    after = numbers(platform)
    assert states(platform) == dict.fromkeys(PLATFORM, "running")
    assert {other for other in PLATFORM if after[other] != before[other]} == {name}


def test_clients_make_no_topic_by_asking_for_one(platform: Platform) -> None:
    client = AdminClient({"bootstrap.servers": platform.environment.kafka_bootstrap})
    client.list_topics("typo", timeout=10)
    time.sleep(0.2)
    assert "typo" not in topics(platform.environment)


def test_without_its_supervisor_a_service_is_still_found_and_ended(platform: Platform) -> None:
    before = numbers(platform)
    os.kill(int(platform._supervision.pid_file.read_text(encoding="utf-8")), signal.SIGKILL)
    while platform._supervision.alive():
        time.sleep(0.02)
    assert numbers(platform) == before
    assert "its supervisor is gone" in status_of(platform, "kafka").detail
    platform.stop()
    assert states(platform) == dict.fromkeys(PLATFORM, "stopped")
    assert all(pid is not None and ProcessRecord.of(pid) is None for pid in before.values())
    platform.start()
    assert states(platform) == dict.fromkeys(PLATFORM, "running")


def test_down_ends_only_what_it_started_and_up_finds_everything_again(platform: Platform) -> None:
    make_topic(platform.environment, "kept")
    region = {"LocationConstraint": "eu-central-1"}
    s3(platform.environment).create_bucket(Bucket="kept", CreateBucketConfiguration=region)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd=REPOSITORY) as bystander:
        try:
            started = [*numbers(platform).values(), platform._supervision.process_id()]
            stopped = command_line(platform.environment, "down")
            assert stopped.returncode == 0, stopped.stderr
            assert all(pid is not None and ProcessRecord.of(pid) is None for pid in started)
            assert bystander.poll() is None
        finally:
            bystander.kill()
    for field, _, _ in PORTS:
        assert ports.holder("127.0.0.1", getattr(platform.environment, field)) is None
    assert command_line(platform.environment, "down").returncode == 0  # nothing to do is no failure
    shown = command_line(platform.environment, "status")
    assert shown.returncode == 0
    assert shown.stdout.count("stopped") == len(SERVICES)

    platform.start()
    assert "kept" in topics(platform.environment)
    assert [bucket["Name"] for bucket in s3(platform.environment).list_buckets()["Buckets"]] == ["kept"]


@pytest.fixture
def nothing_runs() -> Iterator[LocalEnvironment]:
    """Give an environment in which nothing was started; whatever a test starts is ended."""
    home = Path(tempfile.mkdtemp(prefix="payments-"))
    environment = LocalEnvironment.ephemeral(home)
    yield environment
    Platform(environment).stop()
    shutil.rmtree(home)


def test_a_foreign_process_on_a_port_is_named_and_left_alone(nothing_runs: LocalEnvironment) -> None:
    port = nothing_runs.s3_port
    server = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with subprocess.Popen(server, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as foreign:
        try:
            while ports.holder("127.0.0.1", port) is None:
                time.sleep(0.02)
            with pytest.raises(LocalFailureError) as failure:
                Platform(nothing_runs).start("kafka", "s3")
            assert foreign.poll() is None
        finally:
            foreign.kill()
    message = str(failure.value)
    assert f"Port {port}, which S3 needs, is held by process {foreign.pid} (`python" in message
    assert f"-m http.server {port}" in message
    assert "PAYMENTS_S3_PORT" in message
    assert states(Platform(nothing_runs)) == dict.fromkeys(PLATFORM, "stopped")


def test_a_port_that_our_own_killed_service_left_is_no_foreign_one(nothing_runs: LocalEnvironment) -> None:
    platform = Platform(nothing_runs)
    platform.start("s3")
    before = platform.pid("s3")
    os.kill(int(platform._supervision.pid_file.read_text(encoding="utf-8")), signal.SIGKILL)
    platform.start("s3")
    assert status_of(platform, "s3").state == "running"
    assert platform.pid("s3") != before


def test_a_service_that_cannot_start_says_why_and_starts_once_it_can(nothing_runs: LocalEnvironment) -> None:
    platform = Platform(nothing_runs)
    journal = nothing_runs.home / "s3" / "journal"
    journal.mkdir(parents=True)
    with pytest.raises(LocalFailureError, match=r"S3 ended while it was starting(?s:.*)IsADirectoryError"):
        platform.start("s3")
    assert status_of(platform, "s3").detail.startswith("ended with exit status 1")
    journal.rmdir()
    platform.start("s3")
    assert status_of(platform, "s3").state == "running"


def test_another_definition_replaces_the_running_service(nothing_runs: LocalEnvironment) -> None:
    Platform(nothing_runs).start("s3")
    moved = replace(nothing_runs, s3_port=nothing_runs.kafka_port, kafka_port=nothing_runs.s3_port)
    Platform(moved).start("s3")
    assert s3(moved).list_buckets()["Buckets"] == []
    assert ports.holder("127.0.0.1", nothing_runs.s3_port) is None


def test_a_very_long_home_works(nothing_runs: LocalEnvironment) -> None:
    platform = Platform(replace(nothing_runs, home=nothing_runs.home / ("long" * 40)))
    platform.start("s3")
    try:
        assert status_of(platform, "s3").state == "running"
        directory = platform._supervision._socket.parent
    finally:
        platform.stop()
    assert not directory.exists()


@pytest.mark.parametrize("place", ["/proc/payments", "/dev/null/payments"])
def test_a_home_that_cannot_be_written_is_one_clear_sentence(
    nothing_runs: LocalEnvironment, place: str
) -> None:
    failed = command_line(nothing_runs, "up", PAYMENTS_HOME=place)
    assert failed.returncode == 1
    (line,) = [line for line in failed.stderr.splitlines() if line.startswith("error: ")]
    assert f"error: {place} cannot be written" in line
    assert "PAYMENTS_HOME" in line
    assert "Traceback" not in failed.stderr


def test_a_disk_that_is_nearly_full_is_refused_before_anything_starts(
    nothing_runs: LocalEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(nothing_runs.home)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100 * 2**20))
    with pytest.raises(
        LocalFailureError, match=r"has 100 MiB left; the platform needs 512 MiB\. Free some space"
    ):
        Platform(nothing_runs).start("s3")
    assert states(Platform(nothing_runs))["s3"] == "stopped"


def test_an_old_jdk_is_told_before_anything_starts(nothing_runs: LocalEnvironment, tmp_path: Path) -> None:
    (tmp_path / "java").write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n", encoding="utf-8")
    (tmp_path / "java").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    failed = command_line(nothing_runs, "up", PATH=path, JAVA_HOME="")
    assert failed.returncode == 1
    assert "error: Java 17 or later is needed" in failed.stderr
    assert f"{tmp_path}/java (from PATH) is Java 11. Install a JDK" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert states(Platform(nothing_runs)) == dict.fromkeys(PLATFORM, "stopped")


def test_a_preview_comes_before_the_first_up(nothing_runs: LocalEnvironment) -> None:
    shown = command_line(nothing_runs, "preview")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert " to create" in shown.stdout
    assert f"the Pinot controller at {nothing_runs.controller_url} does not answer yet" in shown.stdout


def test_a_wrong_port_is_told_by_its_variable(nothing_runs: LocalEnvironment) -> None:
    failed = command_line(nothing_runs, "status", PAYMENTS_BROKER_PORT="broker")
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: PAYMENTS_BROKER_PORT is 'broker'; a port is a whole number")


def test_clean_leaves_no_home_behind(nothing_runs: LocalEnvironment) -> None:
    Platform(nothing_runs).start("s3")
    cleaned = command_line(nothing_runs, "clean")
    assert cleaned.returncode == 0, cleaned.stderr
    assert not nothing_runs.home.exists()
    nothing_runs.home.mkdir()  # for the fixture to remove
