"""Another domain's program beside the local stack: it finds, asks and reads by the outputs alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.events.broker import Broker
from local.events.disturbances import USUAL
from local.events.generator import Plan
from local.events.ledger_file import LedgerFile
from local.events.reconcile import wait_for_rows
from local.events.sample import sample, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import LocalStack

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
PAYMENTS = "organization/payment-service-data-product/local"
KINDS = {
    "com.paymentic.payments.transaction-booked.v1",
    "com.paymentic.payments.transaction-wallet-registered.v1",
}


@dataclass
class ConsumerStack:
    """The example in a directory of its own, with the package that it installs and nothing else of ours."""

    directory: Path
    environment: dict[str, str]

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        return subprocess.run(
            ["pulumi", *arguments, "--stack", "finance", "--non-interactive"],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def consumer(stack: LocalStack, tmp_path: Path) -> Iterator[ConsumerStack]:
    directory, installed = tmp_path / "consumer", tmp_path / "installed"
    shutil.copytree(ROOT / "examples" / "consumer", directory)
    shutil.copytree(ROOT / "payment_outputs", installed / "payment_outputs")
    (directory / ".venv").symlink_to(ROOT / ".venv")
    environment = stack.environment.pulumi_environment() | {"PYTHONPATH": str(installed), "NO_COLOR": "1"}
    made = ConsumerStack(directory, environment)
    for arguments in (("stack", "init"), ("config", "set", "paymentsStack", PAYMENTS)):
        done = made.pulumi(*arguments)
        assert done.returncode == 0, done.stderr
    yield made
    assert made.pulumi("stack", "rm", "--yes", "--force").returncode == 0


def test_a_consumer_finds_asks_and_reads_by_the_outputs(consumer: ConsumerStack, stack: LocalStack) -> None:
    plan = Plan(300, 11, datetime.now(UTC), timedelta(hours=2))
    send(stack.environment, sample(plan, USUAL))
    broker = Broker(stack.environment.broker_url)
    wait_for_rows(LedgerFile(stack.environment.home).read()[1], broker, 60)

    done = consumer.pulumi("up", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr
    outputs = consumer.pulumi("stack", "output", "--json").stdout
    assert json.loads(outputs)["table"] == "transaction_booked"

    report = subprocess.run(
        [sys.executable, "report.py"],
        cwd=consumer.directory,
        env=consumer.environment,
        input=outputs,
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.returncode == 0, report.stderr
    found = json.loads(report.stdout)
    (booked,) = broker.query("SELECT COUNT(*) FROM transaction_booked_rt").rows
    assert sum(row[1] for row in found["booked"]) == booked[0] > 0
    assert found["events"].keys() >= KINDS
    # The topic has every delivery, the table each event once.
    assert found["events"]["com.paymentic.payments.transaction-booked.v1"] >= booked[0]
    assert consumer.pulumi("destroy", "--yes", "--skip-preview").returncode == 0


def test_what_the_product_does_not_have_fails_in_the_preview(consumer: ConsumerStack) -> None:
    program = consumer.directory / "__main__.py"
    text = program.read_text()
    assert '"transaction_booked"' in text
    program.write_text(text.replace('"transaction_booked"', '"transaction_refunded"'))
    done = consumer.pulumi("preview")
    assert done.returncode != 0
    said = " ".join((done.stdout + done.stderr).split())
    assert (
        "there is no table 'transaction_refunded'; known are payment_analytics, transaction_booked," in said
    )
