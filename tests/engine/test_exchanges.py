"""The engine answers as a real Pinot 1.5.1 cluster did: each recorded exchange is replayed and compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.engine.engine_process import EngineProcess
from tests.engine.recorded_exchanges import DATA, load_exchanges, load_plan
from tests.engine.replay import RECORDED_TOPICS, Replay, own_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine

FILES: Final = ("exchanges.jsonl", "exchanges-more.jsonl")
PARTITIONS: Final = 3
MOST_UNSUPPORTED: Final = 0.15

_SERVER_TAGS: Final = "payment_server_OFFLINE,payment_server_REALTIME"

_CASES: Final = [
    pytest.param(name, exchange.line, id=f"{name.removesuffix('.jsonl')}-{exchange.line}-{exchange.case}")
    for name in FILES
    for exchange in load_exchanges(name)
]


def _produce(kafka: str) -> None:
    """Make the recorded tables' topics, with rows for both kinds of table in every partition.

    The two recordings' tables filter for different spellings of the kinds.
    """
    admin = AdminClient({"bootstrap.servers": kafka})
    topics = [NewTopic(own_topic(name), PARTITIONS, 1) for name in RECORDED_TOPICS]
    for future in admin.create_topics(topics).values():
        future.result()
    producer = Producer({"bootstrap.servers": kafka})
    for partition in range(PARTITIONS):
        for kind, time_field in (("wallet-registered", "registeredAt"), ("booked", "bookedAt")):
            for spelling in (
                "com.paymentic.payments.transaction-{}.v1",
                "com.paymentic.payments.v1.transaction-{}",
            ):
                identity = f"{partition}-{kind}-{spelling.count('.')}-{spelling[-1]}"
                event = {
                    "id": identity,
                    "source": "/payment-service",
                    "type": spelling.format(kind),
                    "time": "2026-11-24T10:00:00.000Z",
                    "data": {
                        "transactionId": identity,
                        "paymentOrderId": "order",
                        "checkoutId": "checkout",
                        "journalEntryId": "entry",
                        "amount": "10.00",
                        "currency": "BRL",
                        "transactionType": "PAYMENT",
                        "bookingStatus": "SUCCESS",
                        "buyer": {"id": "buyer"},
                        "seller": {"id": "seller"},
                        time_field: "2026-11-24T10:00:00.000Z",
                    },
                }
                producer.produce(own_topic("payments"), json.dumps(event).encode(), partition=partition)
    assert producer.flush(30) == 0


@pytest.fixture(scope="session")
def recorded_topics(kafka: str) -> str:
    _produce(kafka)
    return kafka


@pytest.fixture(scope="session")
def replays(recorded_topics: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Replay]:
    done = {}
    for name in FILES:
        done[name] = Replay(name, tmp_path_factory.mktemp(name.removesuffix(".jsonl")), recorded_topics)
        done[name].run()
    return done


@pytest.mark.parametrize(("name", "line"), _CASES)
def test_answers_as_recorded(name: str, line: int, replays: dict[str, Replay]) -> None:
    replay = replays[name]
    differs = replay.differences[line]
    if line in replay.plan.unsupported:
        assert differs is not None, (
            f"it is supported now: take line {line} out of the plan's unsupported ones"
        )
        pytest.skip(replay.plan.unsupported[line])
    assert differs is None, differs


@pytest.mark.parametrize("name", FILES)
def test_few_exchanges_are_unsupported(name: str) -> None:
    unsupported = load_plan(name).unsupported
    assert len(unsupported) <= MOST_UNSUPPORTED * len(load_exchanges(name))
    assert all(reason.strip() for reason in unsupported.values())


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    running = EngineProcess(
        tmp_path_factory.mktemp("accepted") / "data",
        ["--server-instance", "Server_127.0.0.1_8098", "--broker-instance", "Broker_127.0.0.1_8099"],
    )
    for instance, tags in (
        ("Server_127.0.0.1_8098", _SERVER_TAGS),
        ("Broker_127.0.0.1_8099", "payment_broker_BROKER"),
    ):
        answer = running.ask("PUT", f"/instances/{instance}/updateTags?tags={tags}&updateBrokerResource=true")
        assert answer.status == 200
    yield running
    running.stop()


@pytest.mark.parametrize(
    "table_file",
    sorted((DATA / "accepted").rglob("table-*.json")),
    ids=lambda path: str(path.relative_to(DATA / "accepted")),
)
def test_accepted_configurations_validate_without_a_word(table_file: Path, engine: EngineProcess) -> None:
    table = json.loads(table_file.read_text(encoding="utf-8"))
    schema = json.loads(Path(str(table_file).replace("table-", "schema-")).read_text(encoding="utf-8"))
    configs = {"tableName": table["tableName"], "schema": schema, table["tableType"].lower(): table}

    answer = engine.ask("POST", "/tableConfigs/validate", json.dumps(configs))

    assert answer.status == 200, answer.body
    assert answer.body["unrecognizedProperties"] == {}
    assert answer.body["tableName"] == table["tableName"]


def test_a_typo_in_an_accepted_configuration_is_told(engine: EngineProcess) -> None:
    accepted = DATA / "accepted"
    table = json.loads((accepted / "table-transaction_booked_offline.json").read_text(encoding="utf-8"))
    schema = json.loads((accepted / "schema-transaction_booked_offline.json").read_text(encoding="utf-8"))
    table["segmentsConfig"]["retentionTimeUnitt"] = "DAYS"

    answer = engine.ask(
        "POST",
        "/tableConfigs/validate",
        json.dumps({"tableName": table["tableName"], "schema": schema, "offline": table}),
    )

    assert answer.status == 200
    assert answer.body["unrecognizedProperties"] == {"/offline/segmentsConfig/retentionTimeUnitt": "DAYS"}
