"""The local stack through Pulumi's real engine: up, nothing to do, change, drift, kill, destroy, up again."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from local.environment import PORTS, REPOSITORY, LocalEnvironment
from local.failure import LocalFailureError
from local.platform import Platform
from local.s3_client import s3_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import LocalStack

pytestmark = pytest.mark.e2e

TABLE = "transaction_booked_rt"


def controller(stack: LocalStack, path: str) -> Any:  # noqa: ANN401 - JSON
    answer = requests.get(f"{stack.environment.controller_url}/{path}", timeout=30)
    answer.raise_for_status()
    return answer.json()


def topics(environment: LocalEnvironment) -> set[str]:
    """Return the topics that are not Kafka's own."""
    found = AdminClient({"bootstrap.servers": environment.kafka_bootstrap}).list_topics(timeout=10).topics
    return {topic for topic in found if not topic.startswith("__")}


def buckets(environment: LocalEnvironment) -> set[str]:
    """Return the buckets, but for those of which the audit's tests may delete no object for a year."""
    client = s3_client(environment.s3_endpoint)
    names = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    return {name for name in names if not name.startswith("audit-")}


def nothing_is_left_to_do(stack: LocalStack) -> None:
    """Fail, with what Pulumi says, when the program, the state and the services differ from each other."""
    stack.capture("preview", "--expect-no-changes")
    stack.capture("refresh", "--preview-only", "--expect-no-changes")


def changes(stack: LocalStack) -> list[dict[str, Any]]:
    """Return the steps of a preview that are not `same`."""
    steps = json.loads(stack.capture("preview", "--json"))["steps"]
    return [step for step in steps if step["op"] != "same"]


def test_after_up_there_is_nothing_left_to_do(stack: LocalStack) -> None:
    nothing_is_left_to_do(stack)
    assert topics(stack.environment) == {"payments", "payments.quarantine"}
    assert buckets(stack.environment) == {"payments-local-deep-store", "payments-local-archive"}
    assert set(controller(stack, "tables")["tables"]) == {
        "transaction_wallet_registered_rt",
        "transaction_booked_rt",
        "transaction_wallet_registered_offline",
        "transaction_booked_offline",
        "payment_analytics",
    }
    assert set(controller(stack, "logicalTables")) == {"transaction_wallet_registered", "transaction_booked"}
    assert len(controller(stack, "schemas")) == 7
    tenants = controller(stack, "tenants")
    assert "payment_server" in tenants["SERVER_TENANTS"]
    assert "payment_broker" in tenants["BROKER_TENANTS"]


def test_outputs_name_this_environments_addresses(stack: LocalStack) -> None:
    assert stack.outputs()["endpoints"] == {
        "kafkaBootstrapServers": [stack.environment.kafka_bootstrap],
        "pinotBroker": stack.environment.broker_url,
        "pinotController": stack.environment.controller_url,
    }


def without(indexes: dict[str, Any], column: str, kind: str) -> dict[str, Any]:
    """Return a table's configuration without one index, as a new document."""
    changed: dict[str, Any] = json.loads(json.dumps(indexes))
    (field,) = [field for field in changed["fieldConfigList"] if field["name"] == column]
    del field["indexes"][kind]
    return changed


def test_an_index_taken_out_of_a_table_file_is_the_one_change_and_is_applied(
    stack: LocalStack, edited: LocalStack
) -> None:
    file = edited.project / "data-product" / "pinot-tables" / "transaction-booked-rt-table.json"
    table = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(without(table, "merchantId", "inverted"), indent=2), encoding="utf-8")
    (change,) = changes(edited)
    assert change["op"] == "update"
    assert change["urn"].endswith(f"dynamic/pinot:Table::{TABLE}")
    before = json.loads(change["oldState"]["inputs"]["table_json"])
    assert json.loads(change["newState"]["inputs"]["table_json"]) == without(before, "merchantId", "inverted")

    def is_inverted() -> bool:
        fields = controller(stack, f"tables/{TABLE}")["REALTIME"]["fieldConfigList"]
        return "inverted" in next(field for field in fields if field["name"] == "merchantId")["indexes"]

    assert is_inverted()
    edited.up()
    assert not is_inverted()
    nothing_is_left_to_do(edited)

    stack.up()
    assert is_inverted()


def test_what_was_changed_behind_pulumis_back_is_seen_and_put_right(stack: LocalStack) -> None:
    url = f"{stack.environment.controller_url}/logicalTables/transaction_booked"
    requests.delete(url, timeout=30).raise_for_status()
    with pytest.raises(LocalFailureError, match="transaction_booked"):
        stack.capture("refresh", "--preview-only", "--expect-no-changes")
    stack.up("--refresh")
    assert "transaction_booked" in controller(stack, "logicalTables")
    nothing_is_left_to_do(stack)


def test_topics_of_a_stack_whose_state_is_gone_are_told_with_the_cure(stack: LocalStack) -> None:
    state = stack.environment.state
    kept = state.rename(state.with_name("kept"))
    try:
        with pytest.raises(LocalFailureError, match=r"topics are there already(?s:.*)`make clean` deletes"):
            stack.up()
    finally:
        shutil.rmtree(state)
        kept.rename(state)
    nothing_is_left_to_do(stack)


def test_after_down_and_up_the_stack_needs_nothing(stack: LocalStack) -> None:
    platform = Platform(stack.environment)
    platform.stop()
    platform.start()
    nothing_is_left_to_do(stack)


def test_plain_pulumi_works_by_hand_and_leaves_the_committed_files_alone(
    stack: LocalStack, tmp_path: Path
) -> None:
    committed = (REPOSITORY / "Pulumi.local.yaml").read_bytes()
    variables = {variable: str(getattr(stack.environment, field)) for field, variable, _ in PORTS}
    exports = subprocess.run(
        [sys.executable, "-m", "local", "env"],
        cwd=REPOSITORY,
        env={**os.environ, **variables, "PAYMENTS_HOME": str(stack.environment.home)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"--config-file {stack.configuration}" in exports  # because the ports are not the default ones
    (tmp_path / "exports").write_text(exports, encoding="utf-8")
    by_hand = f"pulumi preview --non-interactive --expect-no-changes --config-file {stack.configuration}"
    shell = subprocess.run(
        ["bash", "-euc", f"source {tmp_path}/exports; {by_hand}"],
        cwd=REPOSITORY,
        env={**os.environ, "AWS_PROFILE": "production", "PULUMI_BACKEND_URL": "file:///nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shell.returncode == 0, shell.stdout + shell.stderr
    assert "unchanged" in shell.stdout
    assert (REPOSITORY / "Pulumi.local.yaml").read_bytes() == committed


def test_destroy_leaves_nothing_and_a_killed_up_is_picked_up_by_the_next(stack: LocalStack) -> None:
    stack.destroy()
    assert topics(stack.environment) == set()
    assert buckets(stack.environment) == set()
    assert controller(stack, "tables")["tables"] == []
    assert controller(stack, "schemas") == []
    assert controller(stack, "logicalTables") == []
    tenants = controller(stack, "tenants")
    assert "payment_server" not in tenants["SERVER_TENANTS"]
    assert "payment_broker" not in tenants["BROKER_TENANTS"]

    kill_up_in_the_middle(stack)
    assert topics(stack.environment), "the kill came before anything was made"
    assert controller(stack, "logicalTables") == [], "the kill came too late"
    stack.up()
    nothing_is_left_to_do(stack)
    assert set(controller(stack, "logicalTables")) == {"transaction_wallet_registered", "transaction_booked"}


def kill_up_in_the_middle(stack: LocalStack) -> None:
    """Run `up` and kill it with SIGKILL, plugins and program too, as soon as Kafka has a topic."""
    command = stack._command("up", "--yes", "--skip-preview")
    running = subprocess.Popen(
        command,
        cwd=stack.project,
        env=stack._environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not topics(stack.environment):
        assert running.poll() is None
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    for pid in processes_of(stack.environment):  # Pulumi gives its plugins groups of their own
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def processes_of(environment: LocalEnvironment) -> Iterator[int]:
    """Yield the processes that have this environment's PULUMI_HOME: the engine's children."""
    mark = f"PULUMI_HOME={environment.pulumi_home}\0".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes() + b"\0":
                yield int(process.name)


def test_topics_are_made_as_the_settings_say(stack: LocalStack) -> None:
    client = AdminClient({"bootstrap.servers": stack.environment.kafka_bootstrap})
    described = client.list_topics(timeout=10).topics
    assert {name: len(described[name].partitions) for name in ("payments", "payments.quarantine")} == {
        "payments": 3,
        "payments.quarantine": 3,
    }
    resource = ConfigResource(ConfigResource.Type.TOPIC, "payments")
    configuration = client.describe_configs([resource])[resource].result()
    assert int(configuration["retention.ms"].value) == 7 * 24 * 3600 * 1000
    assert configuration["min.insync.replicas"].value == "1"
