"""What the controller's answers mean, against the answers of a real 1.5.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pinot_as_code import errors
from pinot_as_code.transport import Deadline

if TYPE_CHECKING:
    from pinot_as_code.client import PinotClient
    from tests.unit.pinot_as_code.conftest import Controller

pytestmark = pytest.mark.unit


@pytest.fixture
def deadline() -> Deadline:
    """Give ten seconds."""
    return Deadline.after(10)


def recorded(exchanges: list[dict[str, Any]], case: str) -> tuple[int, Any]:
    """Return status and response of the first exchange of a case."""
    exchange = next(item for item in exchanges if item["case"] == case)
    return exchange["status"], exchange["response"]


def test_dropped_keys_are_an_error_with_the_likely_spelling(
    exchanges: list[dict[str, Any]], controller: Controller, client: PinotClient, deadline: Deadline
) -> None:
    controller.json(*recorded(exchanges, "C3.unknown-props"))

    with pytest.raises(errors.UnrecognisedKeysError) as caught:
        client.create_table({"tableName": "tmp_c"}, deadline)

    text = str(caught.value)
    assert (
        "/tableIndexConfig/starTreeIndexConfig/0/maxLeafRecords (did you mean starTreeIndexConfigs?)" in text
    )
    assert "/fieldConfigList/0/piiHash" in text
    assert "answered 200 all the same" in text


def test_what_is_created_never_overwrites(
    controller: Controller, client: PinotClient, deadline: Deadline
) -> None:
    controller.json(409, {"code": 409, "error": "Schema: s already exists"})

    with pytest.raises(errors.ConflictError):
        client.create_schema({"schemaName": "s"}, deadline)
    assert controller.requests[0].path == "/schemas?override=false"


def test_force_is_sent_only_when_asked_for(
    controller: Controller, client: PinotClient, deadline: Deadline
) -> None:
    controller.json(200, {"unrecognizedProperties": {}, "status": "ok"})

    client.update_schema({"schemaName": "s"}, deadline)
    client.update_schema({"schemaName": "s"}, deadline, force=True)
    client.update_table({"tableName": "t", "tableType": "OFFLINE"}, deadline)
    client.update_table({"tableName": "t", "tableType": "OFFLINE"}, deadline, force=True)

    assert ["force=true" in request.path for request in controller.requests] == [False, True, False, True]


@pytest.mark.parametrize("case", ["B.schema.get.unknown", "C.table.get.unknown", "F.logical.get.unknown"])
def test_what_is_not_there_is_none(
    exchanges: list[dict[str, Any]],
    controller: Controller,
    client: PinotClient,
    deadline: Deadline,
    case: str,
) -> None:
    controller.json(*recorded(exchanges, case))

    assert client.schema("nope", deadline) is None
    assert client.table("nope", "OFFLINE", deadline) is None
    assert client.logical_table("nope", deadline) is None
    client.delete_schema("nope", deadline)
    client.delete_table("nope", "OFFLINE", deadline)
    client.delete_logical_table("nope", deadline)
    assert client.external_view("nope", "OFFLINE", deadline) == {}


def test_a_table_is_read_without_the_suffix(
    controller: Controller, client: PinotClient, deadline: Deadline
) -> None:
    controller.json(200, {"OFFLINE": {"tableName": "t_OFFLINE", "tableType": "OFFLINE"}})

    assert client.table("t", "OFFLINE", deadline) == {"tableName": "t", "tableType": "OFFLINE"}
    assert client.table("t", "REALTIME", deadline) is None


def test_an_unknown_user_is_none_although_pinot_answers_200(
    exchanges: list[dict[str, Any]], controller: Controller, client: PinotClient, deadline: Deadline
) -> None:
    controller.json(*recorded(exchanges, "H.user.get.unknown"))
    assert client.user("nobody", "BROKER", deadline) is None

    controller.answers.clear()
    controller.json(*recorded(exchanges, "H.users.list"))
    users = client.users(deadline)
    assert users["admin_BROKER"]["role"] == "ADMIN"
    assert "$2a$10$" not in str(users)


def test_a_changed_user_is_sent_with_the_flag_that_hashes(
    controller: Controller, client: PinotClient, deadline: Deadline
) -> None:
    controller.json(200, {"status": "ok"})

    client.update_user({"username": "u", "component": "BROKER", "password": "p"}, deadline)

    assert "passwordChanged=true" in controller.requests[0].path


def test_a_reload_is_followed(
    exchanges: list[dict[str, Any]], controller: Controller, client: PinotClient, deadline: Deadline
) -> None:
    controller.json(*recorded(exchanges, "I.reload")).json(*recorded(exchanges, "H.svcmin2.reloadStatus"))

    job = client.reload("transaction_wallet_registered_rt", "REALTIME", deadline)
    assert job == "1f1bb742-2eb3-4515-8d40-c866374f80b8"
    status = client.reload_status(job, deadline)
    assert (status.total, status.succeeded, status.failed, status.finished) == (2, 2, 0, True)


@pytest.mark.parametrize(
    ("answer", "failed", "finished"),
    [
        (
            {"status": "IN_PROGRESS", "totalSegmentCount": 8, "successCount": 3, "failureCount": None},
            0,
            False,
        ),
        (
            {"status": "COMPLETED_WITH_ERRORS", "totalSegmentCount": 8, "successCount": 7, "failureCount": 1},
            1,
            True,
        ),
        ({"totalSegmentCount": 8, "successCount": 8}, 0, True),
        ({"totalSegmentCount": 8, "successCount": 7}, 0, False),
    ],
)
def test_how_far_a_reload_is(
    controller: Controller,
    client: PinotClient,
    deadline: Deadline,
    answer: object,
    failed: int,
    *,
    finished: bool,
) -> None:
    controller.json(200, answer)

    status = client.reload_status("job", deadline)
    assert (status.failed, status.finished) == (failed, finished)


def test_a_rebalance_says_what_it_would_do(
    exchanges: list[dict[str, Any]], controller: Controller, client: PinotClient, deadline: Deadline
) -> None:
    controller.json(*recorded(exchanges, "I.rebalance.tenant-gone"))
    gone = client.rebalance("t", "OFFLINE", deadline, dry_run=True)
    assert gone.status == "FAILED"
    assert "No instance found with tag" in gone.description
    assert "dryRun=true" in controller.requests[0].path


def test_a_failed_query_comes_with_200(
    controller: Controller, client: PinotClient, deadline: Deadline
) -> None:
    controller.json(200, {"exceptions": [{"errorCode": 190, "message": "TableDoesNotExistError"}]})

    with pytest.raises(errors.FailedError, match="the query failed: TableDoesNotExistError"):
        client.query("select 1 from nope", deadline)


@pytest.mark.parametrize("answer", [["x"], "x", 5])
def test_json_of_another_kind_is_no_controller(
    controller: Controller, client: PinotClient, deadline: Deadline, answer: object
) -> None:
    controller.json(200, answer)

    with pytest.raises(errors.NotPinotError, match="another kind than a Pinot controller's"):
        client.schema("s", deadline)
    with pytest.raises(errors.NotPinotError, match="another kind than a Pinot controller's"):
        client.instance_names(deadline)


def test_names_are_quoted_in_paths(controller: Controller, client: PinotClient, deadline: Deadline) -> None:
    controller.json(404, {"code": 404, "error": "no"})

    client.schema("a/../b?x", deadline)

    assert controller.requests[0].path == "/schemas/a%2F..%2Fb%3Fx"
