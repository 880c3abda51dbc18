"""The right to be forgotten, on everything real: what goes, what stays and why, and a kill at any point."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from operations.archive.layout import Hour, Kind
from operations.archive.store import ArchiveStore, latest
from operations.erasure import execute as execution
from operations.erasure import orders
from operations.erasure.objects import Objects
from operations.offline.push import ControllerPush
from operations.pinot import Pinot, PinotError
from tests.engine.operations.archived_hours import close, close_hour, payments, write_file
from tests.engine.operations.forgetting import SELLER_EMAIL, Forgetting, new_id
from tests.engine.product_payments import ANALYTICS, at, booked, registered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from operations.archive.layout import Manifest
    from tests.engine.operations.archived_hours import Row

pytestmark = pytest.mark.engine

ALICE, BOB = "buyer-alice", "buyer-bob"
EMAILS = {ALICE: "alice@example.com", BOB: "bob@example.com"}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def life(transaction: str, buyer: str, hours: int) -> list[dict[str, Any]]:
    people: dict[str, Any] = {
        "buyer": {"id": buyer, "email": EMAILS[buyer]},
        "seller": {"id": "s-1", "email": SELLER_EMAIL},
    }
    note: dict[str, Any] = {"metadata": {"note": f"for {buyer}"}}
    return [
        registered(transaction, at(hours=hours), **people, **note),
        booked(transaction, at(hours=hours - 1), **people, **note),
    ]


@pytest.fixture(scope="module")
def product(kafka: str, s3: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forgetting]:
    """Give a running product without a payment."""
    running = Forgetting.start(kafka, s3, tmp_path_factory.mktemp("forgetting"))
    yield running
    running.stop()


def test_a_buyer_is_forgotten_and_nobody_else(
    product: Forgetting, capsys: pytest.CaptureFixture[str]
) -> None:
    hers, his = [new_id() for _ in range(3)], [new_id() for _ in range(3)]
    for number, (one, other) in enumerate(zip(hers, his, strict=True)):
        product.send(*life(one, ALICE, 5 + number % 2), *life(other, BOB, 5 + number % 2))
    product.archive()
    offline = {kind: product.rows(kind.offline_table) for kind in Kind}
    assert all(len(rows) == 6 for rows in offline.values())
    before = product.objects()

    assert product.erase("--buyer", ALICE, "--request", "R-1") == 0
    assert "--execute carries it out" in capsys.readouterr().out
    assert product.objects() == before, "the plan changes nothing"
    assert not product.hidden(hers[0])

    assert product.erase("--buyer", ALICE, "--request", "R-1", "--execute") == 0
    shown = capsys.readouterr().out

    assert all(product.hidden(transaction) for transaction in hers)
    assert {row["transactionId"] for row in product.rows(ANALYTICS)} == set(his)
    for kind in Kind:
        assert product.rows(kind.offline_table) == sorted(map(without_alice, offline[kind]), key=str)
    everything = product.objects()
    for secret in (ALICE, digest(EMAILS[ALICE])):
        assert [key for key, content in everything.items() if holds(key, content, secret)] == []
    assert [key for key, content in everything.items() if holds(key, content, digest(EMAILS[BOB]))]
    plan, record = product.evidence("R-1")
    assert_evidence(plan, record, everything)
    told = json.dumps([plan, record]) + shown
    assert [word for word in (ALICE, *hers, digest(EMAILS[ALICE])) if word in told] == []

    # Late events of either kind, and newer than any, bring nothing back.
    people: dict[str, Any] = {"buyer": {"id": ALICE, "email": EMAILS[ALICE]}}
    product.send(
        *(registered(one, at(), **people) for one in hers), *(booked(one, at(), **people) for one in hers)
    )
    assert all(product.hidden(transaction) for transaction in hers)

    # Bob's late event of the same hour makes the archiver close it again, and the loader load it.
    product.send(*life(new_id(), BOB, 5))
    revisions = {kind: _revisions(product.stand.store, kind) for kind in Kind}
    product.archive()
    assert all(
        sum(_revisions(product.stand.store, kind).values()) > sum(revisions[kind].values()) for kind in Kind
    )
    old = {row["eventId"] for kind in Kind for row in offline[kind]}
    for kind in Kind:
        again = [row for row in product.rows(kind.offline_table) if row["eventId"] in old]
        assert again == sorted(map(without_alice, offline[kind]), key=str)

    # The command again, once what came late is closed: erased as well; and then there is nothing to change.
    assert product.erase("--buyer", ALICE, "--request", "R-1", "--execute") in {0, 4}
    before = product.objects("events/")
    assert product.erase("--buyer", ALICE, "--request", "R-1", "--execute") in {0, 4}
    assert product.objects("events/") == before


def without_alice(row: Row) -> Row:
    if row["buyerId"] != ALICE:
        return row
    gone = dict.fromkeys(("buyerEmailHash", "buyerNameHash", "buyerDocumentHash", "metadata"))
    return {**row, **gone, "buyerId": "erased"}


def holds(key: str, content: bytes, secret: str) -> bool:
    if key.partition("@")[0].endswith(".parquet"):
        return secret in str(pq.read_table(BytesIO(content)).to_pylist())
    return secret.encode() in content


def assert_evidence(plan: dict[str, Any], record: dict[str, Any], objects: dict[str, bytes]) -> None:
    assert (plan["stage"], record["stage"], record["orders_sent"]) == ("plan", "record", 6)
    assert record["not_done"] == []
    assert len(record["files"]) >= 4
    shas = {key.partition("@")[0]: hashlib.sha256(content).hexdigest() for key, content in objects.items()}
    for file in record["files"]:
        assert file["before_sha256"] != file["after_sha256"] == shas[file["key"]]
        assert (file["versions_removed"], file["versions_kept"]) == (1, 0)
    said = {decision["store"]: decision for decision in record["decisions"]}
    assert said["archive"]["law"] == "GDPR Art. 17(3)(b), LGPD art. 16 I"
    assert said["transaction_booked_rt"]["action"] == "expire"
    assert said["transaction_booked_rt"]["found"] == 3
    assert set(said) >= {"payments", "payments.quarantine", "deep-store", "audit", ANALYTICS}


def _revisions(store: ArchiveStore, kind: Kind) -> dict[Hour, int]:
    found = {}
    for listed in store.list(f"manifests/kind={kind}/"):
        hour = Hour.parse(listed.key.split("date=")[1].replace("/hour=", "T")[:13])
        manifest = latest(store, kind, hour)
        assert manifest is not None
        found[hour] = manifest.revision
    return found


class LockedHour:
    """An hour of a bucket with Object Lock, and one of its transactions."""

    _next = 0

    def __init__(self, product: Forgetting, *, loaded: bool = True) -> None:
        """Archive and load it; every one is another hour."""
        LockedHour._next += 1
        self.product = product
        self.hour = Hour.of_ms(Hour.parse("2026-03-14T00").start_ms + LockedHour._next * 3_600_000)
        self.bucket = f"locked-{new_id()[:12]}"
        product.stand.client.create_bucket(Bucket=self.bucket, ObjectLockEnabledForBucket=True)
        self.store = ArchiveStore(self.bucket, endpoint=product.stand.s3)
        self.rows = payments(Kind.BOOKED, self.hour, 20, seed=LockedHour._next)
        self.manifest = close_hour(self.store, Kind.BOOKED, self.hour, self.rows[:12], self.rows[12:])
        if loaded:
            assert product.load(self.store).well
        self.transaction = str(self.rows[3]["transactionId"])

    def erase(self, request: str, *more: str) -> int:
        """Forget the transaction."""
        return self.product.erase(
            "--transaction", self.transaction, "--request", request, "--execute", *more, bucket=self.bucket
        )

    def held(self) -> list[Row]:
        """Return the offline table's rows of the hour."""
        return [
            row
            for row in self.product.rows(Kind.BOOKED.offline_table)
            if row["transactionId"] in {one["transactionId"] for one in self.rows}
        ]

    def erased(self) -> Row:
        """Return the transaction's row."""
        (row,) = [row for row in self.held() if row["transactionId"] == self.transaction]
        return row

    def content(self) -> dict[str, bytes]:
        """Return what the files hold."""
        return self.product.objects("events/", bucket=self.bucket)


def _in_years(years: int) -> datetime:
    now = datetime.now(UTC)
    return now.replace(year=now.year + years, day=1)


GONE = {
    "buyerId": "erased",
    "sellerId": "erased",
    "buyerEmailHash": None,
    "buyerDocumentHash": None,
    "metadata": None,
}


def test_a_legal_hold_keeps_everything_and_is_named(
    product: Forgetting, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = LockedHour(product)
    product.stand.client.put_object_legal_hold(
        Bucket=locked.bucket, Key=locked.manifest.files[0].key, LegalHold={"Status": "ON"}
    )
    rows, files = locked.held(), locked.content()
    assert locked.erase("R-hold") == 0
    assert "Kept by legal-claims: GDPR Art. 17(3)(e)." in capsys.readouterr().out
    assert (locked.held(), locked.content()) == (rows, files)
    assert locked.product.objects("erasures/", bucket=locked.bucket) == {}
    record = product.evidence("R-hold", bucket=locked.bucket)[-1]
    said = {decision["store"]: decision["action"] for decision in record["decisions"]}
    assert (said["archive"], said[Kind.BOOKED.offline_table]) == ("keep", "keep")


def test_a_lock_keeps_the_files_and_the_table_is_erased_and_stays_so(
    product: Forgetting, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = LockedHour(product)
    for file in locked.manifest.files:
        product.stand.client.put_object_retention(
            Bucket=locked.bucket,
            Key=file.key,
            Retention={"Mode": "COMPLIANCE", "RetainUntilDate": _in_years(7)},
        )
    files, rows = locked.content(), locked.held()
    assert locked.erase("R-lock") == 0
    assert "Kept by financial-records" in capsys.readouterr().out
    assert locked.content() == files
    assert {name: locked.erased()[name] for name in GONE} == GONE
    others = [row for row in rows if row["transactionId"] != locked.transaction]
    assert [row for row in locked.held() if row["transactionId"] != locked.transaction] == others

    late = payments(Kind.BOOKED, locked.hour, 2, seed=99)
    added = write_file(locked.store, Kind.BOOKED, locked.hour, late, first_offset=900)
    written = [*locked.manifest.files, added]
    close(locked.store, Kind.BOOKED, locked.hour, written, locked.rows + late, revision=2)
    assert len(product.load(locked.store).loaded) == 1
    assert {name: locked.erased()[name] for name in GONE} == GONE


def test_an_hour_that_is_not_loaded_yet_is_left_to_the_loader(product: Forgetting) -> None:
    """Loading it out of turn could hide rows of earlier hours from the logical table."""
    locked = LockedHour(product, loaded=False)
    # By the real-time table the hour is found.
    product.send(booked(locked.transaction, _moment(locked.hour), buyer={"id": ALICE}))
    assert locked.erase("R-mask") == 0
    assert locked.held() == []
    assert product.load(locked.store).loaded
    assert len(locked.held()) == len(locked.rows)
    assert {name: locked.erased()[name] for name in GONE} == GONE


def _moment(hour: Hour) -> str:
    return f"{hour:%Y-%m-%dT%H}:30:00.000Z"


def test_with_a_key_a_subject_the_rules_ask_for_the_keys_end(
    product: Forgetting, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = LockedHour(product)
    for file in locked.manifest.files:
        product.stand.client.put_object_retention(
            Bucket=locked.bucket,
            Key=file.key,
            Retention={"Mode": "GOVERNANCE", "RetainUntilDate": _in_years(1)},
        )
    assert locked.erase("R-key", "--keys", "subject") == 4
    shown = capsys.readouterr().out
    assert "archive (1 found): destroy-key" in shown
    assert "the subject's key is to be destroyed" in shown


class KilledError(BaseException):
    """Stands for the end of the process: nothing catches it."""


def test_a_kill_before_any_step_is_made_good_by_the_same_command(
    product: Forgetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    last = {"step": 0}

    def killed_before(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the step takes and gives
            if last["step"] == 0:
                raise KilledError
            last["step"] -= 1
            steps.append(name)
            return call(*given, **named)

        return step

    places: tuple[tuple[Any, str], ...] = (
        (ArchiveStore, "put_new"),
        (Objects, "replace"),
        (Objects, "remove_older_versions"),
        (ControllerPush, "push"),
        (execution, "send_orders"),
    )
    locked = LockedHour(product)
    rows = locked.held()
    with monkeypatch.context() as patch:
        for owner, name in places:
            patch.setattr(owner, name, killed_before(name, getattr(owner, name)))
        for number in range(40):
            last["step"] = number
            steps.clear()
            try:
                code = locked.erase("R-kill")
            except KilledError:
                continue
            assert code == 0
            break
    assert number > 3, "the steps were not reached"
    assert_erased(locked, rows)
    documents = product.evidence("R-kill", bucket=locked.bucket)
    assert documents[-1]["stage"] == "record"
    assert [document["stage"] for document in documents].count("record") == 1


def assert_erased(locked: LockedHour, rows: list[Row]) -> None:
    after = locked.held()
    assert len(after) == len(rows)
    assert sum(Decimal(row["amount"]) for row in after) == sum(Decimal(row["amount"]) for row in rows)
    assert {name: locked.erased()[name] for name in GONE} == GONE
    manifest: Manifest | None = latest(locked.store, Kind.BOOKED, locked.hour)
    assert manifest is not None
    contents = locked.content()
    assert len(contents) == len(manifest.files), "no older version is left"
    for file in manifest.files:
        content = next(value for key, value in contents.items() if key.startswith(file.key))
        assert hashlib.sha256(content).hexdigest() == file.sha256
        for row in pq.read_table(BytesIO(content)).to_pylist():
            if row["transactionId"] == locked.transaction:
                assert {name: row[name] for name in GONE} == GONE


def test_a_lost_connection_is_said_without_the_id_and_the_next_run_goes_on(
    product: Forgetting, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = LockedHour(product)
    monkeypatch.setattr(orders, "_SECONDS", 1.0)
    arguments = ("--buyer", ALICE, "--request", "R-lost", "--execute")
    assert product.erase(*arguments, bucket=locked.bucket, kafka="127.0.0.1:1") == 1
    shown = capsys.readouterr().out
    assert "Run the same command again" in shown
    assert ALICE not in shown
    assert [document["stage"] for document in product.evidence("R-lost", bucket=locked.bucket)] == ["plan"]
    assert product.erase(*arguments, bucket=locked.bucket) in {0, 4}
    assert product.evidence("R-lost", bucket=locked.bucket)[-1]["stage"] == "record"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--transaction", "00000000-0000-4000-8000-000000000000"), 3, "nothing is known of it"),
        (("--buyer", "someone@example.com"), 3, "that are no id"),
        (("--buyer", ALICE, "--request", f"for-{ALICE}"), 2, "without the id"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_never_quoted(
    product: Forgetting,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    before = product.objects()
    assert product.erase(*arguments, "--execute") == code
    shown = capsys.readouterr().out
    assert told in shown
    assert arguments[1] not in shown
    assert product.objects() == before


def test_a_question_that_fails_is_told_without_the_ids_in_it(
    product: Forgetting, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(sql: str, **_: str) -> list[list[Any]]:
        message = f"Pinot's broker: 250: timed out (SELECT … '{ALICE}', 't-{ALICE[:3]}', {sql})"
        raise PinotError(message)

    monkeypatch.setattr(Pinot, "rows", lambda _self, sql, **named: refused(sql, **named))
    assert product.erase("--buyer", ALICE) == 1
    shown = capsys.readouterr().out
    assert "timed out" in shown
    assert (ALICE in shown, f"t-{ALICE[:3]}" in shown) == (False, False)
