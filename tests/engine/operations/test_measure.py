"""The measuring tool on a real Kafka and engine: healthy, and with one fault after the other.

What a report holds is also given to the alert rules: the alert that should fire does, and no other.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from local import promtool
from local.environment import default_cache
from local.events.generator import Plan, Record, generate
from local.events.ledger import Ledger
from local.events.produce import produce
from local.failure import LocalFailureError
from operations.measure.run import TABLES, Effort, Target, measure
from operations.measure.stream import Topic
from tests.engine.accepted_tables import make_topic, tag_instances, wait_until_consumed
from tests.engine.engine_process import EngineProcess
from tests.engine.product_tables import assets
from tests.engine.rule_cases import promtool_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from operations.measure.report import Report

pytestmark = pytest.mark.engine

PRODUCT = Path(__file__).parents[3] / "data-product"
TABLES_TOPIC, STREAM_TOPIC = "measured-tables", "measured-stream"
BOOKED = "transaction_booked_rt"
REGISTERED = "transaction_wallet_registered_rt"
# Each event is a row of an append table, and a part of one of payment_analytics: two rows that are compared.
EVENTS, EVENTS_IN_SOAK = 26_000, 52_000
NOTHING = Effort(questions=0, probes=0, hours=0, probe_patience_seconds=2)
RECONCILE = replace(NOTHING, hours=9, open_hours=True, patience_seconds=90)
ASK = replace(NOTHING, questions=42, question_rate=100)


@dataclass
class Stand:
    """An engine with the product's tables; `target` measures what they consume, `other` another stream."""

    engine: EngineProcess
    bootstrap: str
    target: Target
    ledger: Ledger

    @property
    def other(self) -> Target:
        """The same tables against the other topic."""
        return replace(self.target, topic=Topic(self.bootstrap, STREAM_TOPIC))

    def send(self, topic: str, *records: Record) -> None:
        """Send records."""
        produce(records, self.bootstrap, topic=topic, progress=False)


@pytest.fixture(scope="module")
def stand(
    kafka: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Stand]:
    events = EVENTS_IN_SOAK if request.config.option.markexpr == "soak" else EVENTS
    engine = EngineProcess(tmp_path_factory.mktemp("measure") / "pinot", [])
    for topic in (TABLES_TOPIC, STREAM_TOPIC):
        make_topic(kafka, topic, 3)
    tag_instances(engine)
    product = assets(kafka, TABLES_TOPIC)
    for schema in product.schemas:
        assert engine.ask("POST", "/schemas", schema.schema_json).status == 200
    for table in product.tables:
        config = json.loads(table.table_json)
        if table.name == BOOKED:
            # Without it a repeated event is a second row: a fault that a test can make.
            del config["dedupConfig"]
        assert engine.ask("POST", "/tables", json.dumps(config)).status == 200
    for logical in product.logical_tables:
        assert engine.ask("POST", "/logicalTables", logical.logical_table_json).status == 200
    records = list(generate(Plan(events, 11, datetime.now(UTC), timedelta(hours=8))))
    ledger = Ledger()
    ledger.apply(records)
    for topic in (TABLES_TOPIC, STREAM_TOPIC):
        produce(records, kafka, topic=topic, progress=False)
    for name in TABLES:
        wait_until_consumed(engine, name, events)
    target = Target("test", Topic(kafka, TABLES_TOPIC), engine.url(""), engine.url("", "broker"), PRODUCT)
    yield Stand(engine, kafka, target, ledger)
    engine.stop()


@pytest.fixture(scope="module")
def fired(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Report], set[str]]:
    """Give a function that tells which alerts fire when a report's series stand for hours."""
    import os

    from product_model import load_product
    from product_model.monitoring import load_monitoring

    try:
        program = promtool.install(default_cache(os.environ))
    except LocalFailureError as error:
        pytest.skip(f"no promtool: {error}")
    directory = tmp_path_factory.mktemp("rules")
    files = []
    for name, text in load_monitoring(load_product(PRODUCT)).rule_files().items():
        file = directory / Path(name).name
        file.write_text(text)
        files.append(str(file))

    def alerts(report: Report) -> set[str]:
        test = directory / "recorded.yaml"
        content = promtool_of(report.prometheus(), report.moment, files)
        test.write_text(yaml.safe_dump(content, sort_keys=False, width=1000))
        result = subprocess.run(
            [str(program), "test", "rules", str(test)], capture_output=True, text=True, check=False
        )
        told = result.stdout + result.stderr
        assert result.returncode == 0 or "got:" in told, told
        return set(re.findall(r'alertname="(\w+)"', told))

    return alerts


def of(report: Report) -> dict[str, Any]:
    return {one.objective: one for one in report.measured}


def test_a_healthy_stack(stand: Stand, fired: Callable[[Report], set[str]]) -> None:
    report = measure(stand.target, replace(RECONCILE, questions=28, question_rate=50, probes=60))
    found = of(report)
    assert all(one.value is not None and one.events > 0 for one in found.values()), report.text()
    assert found["availability"].value == found["accuracy"].value == found["completeness"].value == 100
    assert found["freshness"].events == 60 * 3
    # The ledger works rows out on its own, from the events as sent.
    assert report.reconciliation is not None
    rows = report.reconciliation.rows
    assert rows[BOOKED] == len(stand.ledger.rows[BOOKED])
    assert rows[REGISTERED] == len(stand.ledger.rows[REGISTERED])
    analytics = stand.ledger.rows["payment_analytics"].values()
    assert rows["payment_analytics (transaction-booked)"] == sum(
        row["bookedAt"] is not None for row in analytics
    )
    assert report.reconciliation.expected > 2 * EVENTS - 1000
    assert [one.rule.name for one in report.quality if one.broken != 0] == []
    assert len(report.quality) > 50
    assert all(not one.breaking and not one.compatible for one in report.schemas)
    # How fast this machine is at this moment is no matter of the rules.
    assert fired(report) - {"PaymentsFreshnessBudgetBurn", "PaymentsQueryLatencyBudgetBurn"} <= {
        "PaymentsQueriesSlow"
    }


def test_one_row_lost_doubled_and_a_cent_off(stand: Stand, fired: Callable[[Report], set[str]]) -> None:
    moment = datetime.now(UTC).replace(minute=20, second=0, microsecond=0)
    lost, doubled, altered = (booked(f"a-{number}", moment - timedelta(hours=number)) for number in (1, 2, 3))
    cent = Record(altered.key, altered.value.replace(b'"12.34"', b'"12.35"') if altered.value else None)
    assert cent != altered
    for topic in (STREAM_TOPIC, TABLES_TOPIC):
        stand.send(topic, *(registered(one) for one in (lost, doubled, altered)))
    # What stands in the stream, and what the tables get instead of it.
    stand.send(STREAM_TOPIC, lost, doubled, foreign(doubled), altered)
    stand.send(TABLES_TOPIC, foreign(lost), doubled, doubled, cent)
    report = measure(stand.other, RECONCILE)
    found = of(report)
    assert 99.99 < found["completeness"].value < 100
    assert 99.99 < found["accuracy"].value < 100
    assert report.reconciliation is not None
    told = {
        (one.part, one.hour_ms): {name: count for name, count in one.counts.items() if count}
        for one in report.reconciliation.differing
    }
    hours = [
        int((moment - timedelta(hours=number)).replace(minute=0).timestamp() * 1000) for number in (1, 2, 3)
    ]
    analytics = "payment_analytics (transaction-booked)"
    assert told == {
        (BOOKED, hours[0]): {"missing": 1},
        (analytics, hours[0]): {"missing": 1},
        (BOOKED, hours[1]): {"doubled": 1},
        (BOOKED, hours[2]): {"altered": 1},
        # A merged row has one amount, whose hours are those of both its events.
        (analytics, hours[2]): {"altered": 1},
        ("payment_analytics (transaction-wallet-registered)", hours[2]): {"altered": 1},
    }
    text = report.text()
    assert f"{moment - timedelta(hours=1):%Y-%m-%dT%H}:00Z {BOOKED}: 1 missing (e-a-1)" in text
    assert " 100 %" not in text
    assert report.code == 3
    assert fired(report) == {"PaymentsReconciliationDiffers"}


@pytest.mark.soak
def test_the_same_among_a_hundred_thousand(stand: Stand, fired: Callable[[Report], set[str]]) -> None:
    assert sum(map(len, stand.ledger.rows.values())) > 75_000
    test_one_row_lost_doubled_and_a_cent_off(stand, fired)


def test_a_consumer_that_is_paused(stand: Stand, fired: Callable[[Report], set[str]]) -> None:
    assert stand.engine.ask("POST", f"/tables/{BOOKED}/pauseConsumption").status == 200
    try:
        report = measure(stand.target, replace(NOTHING, probes=30, probe_rate=100))
        behind = measure(stand.target, replace(RECONCILE, patience_seconds=1))
    finally:
        assert stand.engine.ask("POST", f"/tables/{BOOKED}/resumeConsumption").status == 200
    freshness = of(report)["freshness"]
    assert freshness.passed is False
    assert freshness.bad >= 30
    assert f"30 probes were not seen by {BOOKED}" in report.notes
    assert fired(report) == {"PaymentsFreshnessBudgetBurn"}
    # Late cannot be told from lost: that is no pass.
    assert of(behind)["completeness"].passed is None
    assert f"behind the topic after 1 s ({BOOKED}" in of(behind)["completeness"].reason


def test_events_that_break_the_contract(stand: Stand, fired: Callable[[Report], set[str]]) -> None:
    broken = booked("broken", datetime.now(UTC) - timedelta(hours=1))
    value = (broken.value or b"").replace(b'"12.34"', b'"12.345"')
    stand.send(TABLES_TOPIC, *[Record("broken", value)] * 700)
    report = measure(stand.target, RECONCILE)
    assert report.reconciliation is not None
    assert report.reconciliation.judged["broken"] == 700
    assert of(report)["completeness"].value == 100
    # One row more than sent: the doubled one of the test above.
    assert fired(report) == {"PaymentsIngestionErrors", "PaymentsReconciliationDiffers"}


def test_questions_that_take_long(stand: Stand, fired: Callable[[Report], set[str]]) -> None:
    with slowed(stand.engine.url("", "broker"), 0.15) as address:
        report = measure(replace(stand.target, broker_url=address), ASK)
    found = of(report)
    assert found["availability"].value == 100
    assert found["query-latency"].passed is False
    assert found["query-latency"].bad == ASK.questions
    assert found["query-latency"].value >= 150
    assert "PaymentsQueryLatencyBudgetBurn" in fired(report)
    assert fired(report) <= {"PaymentsQueryLatencyBudgetBurn", "PaymentsQueriesSlow"}


def test_a_broker_that_does_not_answer(stand: Stand, fired: Callable[[Report], set[str]]) -> None:
    report = measure(replace(stand.target, broker_url="http://127.0.0.1:9"), ASK)
    found = of(report)
    assert found["availability"].value == 0
    assert found["query-latency"].passed is None
    assert "no question was answered" in found["query-latency"].reason
    assert report.code == 3
    assert fired(report) == {"PaymentsAvailabilityBudgetBurn", "PaymentsMeasurementMissing"}


def test_a_kafka_that_does_not_answer(stand: Stand, fired: Callable[[Report], set[str]]) -> None:
    away = replace(stand.target, topic=Topic("127.0.0.1:9", TABLES_TOPIC))
    report = measure(away, replace(RECONCILE, probes=5))
    found = of(report)
    for name in ("freshness", "accuracy", "completeness"):
        assert found[name].passed is None
        assert "Kafka at 127.0.0.1:9 does not answer" in found[name].reason
    assert report.code == 4
    assert fired(report) == {"PaymentsMeasurementMissing"}


def test_a_schema_that_was_changed_by_hand(stand: Stand, fired: Callable[[Report], set[str]]) -> None:
    kept = stand.engine.ask("GET", f"/schemas/{BOOKED}").body
    wide = json.loads(json.dumps(kept))
    wide["dimensionFieldSpecs"].append({"name": "addedByHand", "dataType": "STRING"})
    put_schema(stand, wide)
    widened = measure(stand.target, NOTHING)
    assert [(one.table, one.compatible) for one in widened.schemas if one.compatible] == [
        (BOOKED, ("addedByHand",))
    ]
    assert fired(widened) == {"PaymentsSchemaDrift"}
    other = json.loads(json.dumps(kept))
    next(one for one in other["dimensionFieldSpecs"] if one["name"] == "merchantId")["dataType"] = "LONG"
    put_schema(stand, other, "?force=true")
    changed = measure(stand.target, NOTHING)
    put_schema(stand, kept, "?force=true")
    assert [(one.table, one.breaking) for one in changed.schemas if one.breaking] == [
        (BOOKED, ("merchantId",))
    ]
    assert fired(changed) == {"PaymentsSchemaDrift", "PaymentsBreakingSchemaChange"}


def test_a_table_that_was_dropped(stand: Stand, fired: Callable[[Report], set[str]]) -> None:
    # The last test of this file: the table does not come back.
    assert stand.engine.ask("DELETE", "/logicalTables/transaction_booked").status == 200
    assert stand.engine.ask("DELETE", f"/tables/{BOOKED}?type=realtime").status == 200
    report = measure(stand.target, replace(ASK, hours=2, open_hours=True, patience_seconds=1))
    found = of(report)
    assert found["availability"].passed is False
    assert found["accuracy"].passed is None
    assert BOOKED in found["accuracy"].reason
    told = fired(report)
    assert {"PaymentsAvailabilityBudgetBurn", "PaymentsMeasurementMissing"} <= told
    assert told <= {
        "PaymentsAvailabilityBudgetBurn",
        "PaymentsMeasurementMissing",
        "PaymentsQueryLatencyBudgetBurn",
    }


def put_schema(stand: Stand, schema: dict[str, Any], options: str = "") -> None:
    answer = stand.engine.ask("PUT", f"/schemas/{BOOKED}{options}", json.dumps(schema))
    assert answer.status == 200, answer.body


def booked(name: str, moment: datetime) -> Record:
    when = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {
        "specversion": "1.0",
        "id": f"e-{name}",
        "source": "/payment-service",
        "type": "com.paymentic.payments.transaction-booked.v1",
        "time": when,
        "subject": name,
        "datacontenttype": "application/json",
        "data": {
            "transactionId": name,
            "paymentOrderId": f"o-{name}",
            "journalEntryId": f"j-{name}",
            "amount": "12.34",
            "currency": "EUR",
            "transactionType": "PAYMENT",
            "bookingStatus": "SUCCESS",
            "buyer": {"id": "b-1"},
            "seller": {"id": "s-1"},
            "bookedAt": when,
        },
    }
    return Record(name, json.dumps(event).encode())


def registered(booking: Record) -> Record:
    """Return the registration of a booked transaction, at the same time."""
    event = json.loads(booking.value or b"")
    event["id"] = event["id"].replace("e-", "r-")
    event["type"] = "com.paymentic.payments.transaction-wallet-registered.v1"
    event["data"]["registeredAt"] = event["data"].pop("bookedAt")
    event["data"]["checkoutId"] = event["data"].pop("journalEntryId")
    del event["data"]["bookingStatus"]
    return Record(booking.key, json.dumps(event).encode())


def foreign(record: Record) -> Record:
    """Return an event that takes a place in the partition, and is none of the product's business."""
    return Record(record.key, b'{"specversion":"1.0","type":"com.paymentic.other.v1","id":"x"}')


@contextmanager
def slowed(url: str, seconds: float) -> Iterator[str]:
    """Give the address of a way to the broker on which every answer takes longer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(seconds)
            answer = requests.post(
                url + self.path, data=body, headers={"Content-Type": "application/json"}, timeout=60
            )
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
