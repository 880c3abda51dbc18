"""The shells around the rules: arguments, unknown values, a controller that is not up, state and pickles."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.dynamic import ConfigureRequest
from pulumi.dynamic.config import Config
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.rpc import UNKNOWN

from pinot_as_code.cluster_configuration import PinotClusterConfigurationProvider
from pinot_as_code.lifecycle import PinotProvider, unknown
from pinot_as_code.logical_table import PinotLogicalTableProvider
from pinot_as_code.schema import PinotSchemaProvider
from pinot_as_code.table import PinotTableProvider
from pinot_as_code.tenant import PinotTenantProvider
from pinot_as_code.user import PinotUserProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.pinot_as_code.conftest import Controller

pytestmark = pytest.mark.unit

PROVIDERS: tuple[type[PinotProvider], ...] = (
    PinotTenantProvider,
    PinotSchemaProvider,
    PinotTableProvider,
    PinotLogicalTableProvider,
    PinotUserProvider,
    PinotClusterConfigurationProvider,
)
COMMON = {"allow": [], "adopt": "identical", "timeout_seconds": 60.0}


def configured(provider: PinotProvider, url: str) -> PinotProvider:
    """Return a provider as the plugin makes it, with a client of its own."""
    provider.configure(ConfigureRequest(Config({"pinot:controllerUrl": url}, "project")))
    provider.client.silent_until = 0.0
    return provider


@pytest.fixture
def nobody(controller: Controller) -> str:
    """Give a URL at which nobody answers (the discard port), and a controller that would notice."""
    del controller
    return "http://127.0.0.1:9"


@pytest.fixture
def table_inputs(accepted: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Give the arguments of a table, as they reach a provider."""
    return {
        **COMMON,
        "table_json": json.dumps(accepted("table-transaction_booked_offline")),
        "schema_json": json.dumps(accepted("schema-transaction_booked_offline")),
        "force_commit": False,
    }


def reasons(provider: PinotProvider, inputs: dict[str, Any], olds: dict[str, Any] | None = None) -> str:
    """Return what a check finds wrong."""
    return "".join(failure.reason for failure in provider.check(olds or {}, dict(inputs)).failures)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_is_pickled_by_reference_and_small(provider: type[PinotProvider]) -> None:
    """What is pickled by value changes with every edit, and the next version cannot read the state."""
    pickled = base64.b64decode(serialize_provider(provider()))

    assert len(pickled) < 120
    assert provider.__module__.encode() in pickled
    assert provider.__name__.encode() in pickled
    assert b"check" not in pickled
    assert serialize_provider(provider()) == serialize_provider(provider())
    assert provider.serialize_as_secret_always is False


def test_the_names_that_old_states_hold_never_change() -> None:
    assert [f"{provider.__module__}.{provider.__name__}" for provider in PROVIDERS] == [
        "pinot_as_code.tenant.PinotTenantProvider",
        "pinot_as_code.schema.PinotSchemaProvider",
        "pinot_as_code.table.PinotTableProvider",
        "pinot_as_code.logical_table.PinotLogicalTableProvider",
        "pinot_as_code.user.PinotUserProvider",
        "pinot_as_code.cluster_configuration.PinotClusterConfigurationProvider",
    ]


def test_the_import_chain_is_light() -> None:
    """The provider's process loads these modules, and nothing of the big SDKs or the project around them."""
    code = (
        "import sys\n"
        "import pinot_as_code.table, pinot_as_code.tenant, pinot_as_code.logical_table\n"
        "import pinot_as_code.user, pinot_as_code.cluster_configuration\n"
        "print('\\n'.join(sys.modules))"
    )
    modules = set(
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout.split()
    )

    for heavy in (
        "pulumi_aws",
        "pulumi_kubernetes",
        "pulumi_kafka",
        "pydantic",
        "boto3",
        "components",
        "product_model",
    ):
        assert heavy not in modules


@pytest.mark.parametrize(
    ("value", "expected"),
    [(UNKNOWN, True), ([UNKNOWN], True), ({"a": [UNKNOWN]}, True), ("x", False), (5.0, False), (None, False)],
)
def test_unknown_values_are_recognised_wherever_they_are(value: object, *, expected: bool) -> None:
    assert unknown(value) is expected


def test_unknown_values_of_a_preview_are_neither_errors_nor_unchanged(
    nobody: str, table_inputs: dict[str, Any]
) -> None:
    table = configured(PinotTableProvider(), nobody)
    unknowable = {**table_inputs, "table_json": UNKNOWN}

    checked = table.check({}, dict(unknowable))

    assert checked.failures == []
    assert checked.inputs["table_json"] == UNKNOWN
    assert table.diff("t", table_inputs, unknowable).changes is True
    assert table.diff("t", table_inputs, {**table_inputs, "allow": [UNKNOWN]}).changes is True
    schema = {**COMMON, "schema_json": UNKNOWN}
    assert reasons(configured(PinotSchemaProvider(), nobody), schema) == ""
    logical = {**COMMON, "logical_table_json": UNKNOWN}
    assert reasons(configured(PinotLogicalTableProvider(), nobody), logical) == ""
    tenant = {"name": UNKNOWN, "role": "SERVER", "instances": {"names": []}, "allow": []}
    assert reasons(configured(PinotTenantProvider(), nobody), tenant) == ""
    user = {**COMMON, "username": "u", "component": "BROKER", "role": "USER", "password": UNKNOWN}
    assert reasons(configured(PinotUserProvider(), nobody), user) == ""
    settings = {"settings": UNKNOWN, "adopt": "identical"}
    assert reasons(configured(PinotClusterConfigurationProvider(), nobody), settings) == ""


def test_a_controller_that_is_not_up_is_no_error_and_is_said_once(
    nobody: str, table_inputs: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    table = configured(PinotTableProvider(), nobody)

    assert reasons(table, table_inputs) == ""
    assert reasons(table, {**table_inputs, "timeout_seconds": 61.0}) == ""

    assert capsys.readouterr().err.count("does not answer yet") == 1


def test_an_unwell_controller_is_no_error_of_the_arguments(
    controller: Controller, table_inputs: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    controller.text(503, "starting")

    assert reasons(configured(PinotTableProvider(), controller.url), table_inputs) == ""
    assert "status 503 (starting)" in capsys.readouterr().err


def test_what_the_controller_refuses_is_told_before_anything_changes(
    controller: Controller, table_inputs: dict[str, Any]
) -> None:
    controller.json(400, {"code": 400, "error": "Task generator not found for task type: NoSuchTask"})

    found = reasons(configured(PinotTableProvider(), controller.url), table_inputs)

    assert "table_json: POST /tableConfigs/validate: refused (status 400): Task generator not found" in found
    assert [request.method for request in controller.requests] == ["POST"]
    assert "validationTypesToSkip=TENANT" in controller.requests[0].path
    assert controller.requests[0].body["offline"]["tableName"] == "transaction_booked_offline"


def test_wrong_credentials_are_told_by_their_setting(
    controller: Controller, table_inputs: dict[str, Any]
) -> None:
    controller.json(403, {"code": 403, "error": "Permission is denied"})

    found = reasons(configured(PinotTableProvider(), controller.url), table_inputs)

    assert "pinot:username: POST /tableConfigs/validate: the controller at" in found


def test_what_did_not_change_is_not_asked_again(controller: Controller, table_inputs: dict[str, Any]) -> None:
    controller.json(200, {"unrecognizedProperties": {}})
    table = configured(PinotTableProvider(), controller.url)

    first = table.check({}, dict(table_inputs))
    second = table.check(dict(first.inputs), dict(table_inputs))

    assert len(controller.requests) == 1
    assert second.inputs == first.inputs
    assert table.diff("t", first.inputs, second.inputs).changes is False


def test_all_mistakes_are_told_at_once_and_none_shows_the_documents(
    nobody: str, table_inputs: dict[str, Any]
) -> None:
    table = json.loads(table_inputs["table_json"])
    table["segmentsConfig"]["retentionTimeUnit"] = "YEARS"
    table["quotaa"] = {"sasl.jaas.config": "hunter2"}
    inputs = {
        **table_inputs,
        "table_json": json.dumps(table),
        "allow": ["delete_data"],
        "timeout_seconds": -1.0,
    }

    (failure,) = configured(PinotTableProvider(), nobody).check({}, {**inputs, "adopt": "maybe"}).failures

    assert failure.property == ""
    for part in (
        "table_json: segmentsConfig.retentionTimeUnit: is 'YEARS'",
        "table_json: quotaa: is no key of Pinot's (did you mean quota?)",
        "allow: 'delete_data' is no word of a guard; there are: ",
        "timeout_seconds: is -1.0",
        "adopt: is 'maybe'; allowed: identical, take-over",
    ):
        assert part in failure.reason
    assert "hunter2" not in failure.reason


def test_keys_of_a_newer_pinot_pass_with_a_word(controller: Controller, table_inputs: dict[str, Any]) -> None:
    controller.json(200, {"unrecognizedProperties": {}})
    table = json.loads(table_inputs["table_json"]) | {"isMaterializedView": True}
    inputs = {**table_inputs, "table_json": json.dumps(table)}
    provider = configured(PinotTableProvider(), controller.url)

    assert "isMaterializedView: is no key of Pinot's" in reasons(provider, inputs)
    assert reasons(provider, {**inputs, "allow": ["unknown-keys"]}) == ""


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a":1,"a":2}'])
def test_what_is_no_document_is_a_failure_of_its_argument(
    nobody: str, table_inputs: dict[str, Any], text: str
) -> None:
    assert "schema_json: " in reasons(
        configured(PinotTableProvider(), nobody), {**table_inputs, "schema_json": text}
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"tableName": "other"}, "tableName changes from"),
        ({"tableType": "REALTIME"}, "tableType changes from"),
    ],
)
def test_another_name_or_type_is_refused_and_becomes_a_replacement_only_with_the_word(
    controller: Controller, table_inputs: dict[str, Any], change: dict[str, str], text: str
) -> None:
    controller.json(404, {"code": 404, "error": "not there"})
    provider = configured(PinotTableProvider(), controller.url)
    inputs = {**table_inputs, "table_json": json.dumps(json.loads(table_inputs["table_json"]) | change)}

    found = reasons(provider, inputs, table_inputs)

    assert text in found
    assert 'put "replace" into allow' in found
    difference = provider.diff("t", table_inputs, inputs)
    assert difference.replaces == ["table_json"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"name": "a b"}, "name: is 'a b'; a name holds no white space"),
        ({"name": "x_BROKER"}, "write the tenant's name alone"),
        ({"role": "MINION"}, "role: is 'MINION'; allowed: SERVER, BROKER"),
        ({"instances": {"names": [], "count": 0.0}}, "count is 0.0; wanted: a whole number from 1"),
        ({"instances": {"names": [], "pool": -1.0}}, "pool is -1.0; wanted: a whole number from 0"),
        ({"allow": ["shrink"]}, "'shrink' is no word of a guard; there are: shrink-tenant"),
    ],
)
def test_a_tenants_arguments(nobody: str, inputs: dict[str, Any], message: str) -> None:
    plain = {"name": "t", "role": "SERVER", "instances": {"names": []}, "allow": [], "timeout_seconds": 5.0}
    assert reasons(configured(PinotTenantProvider(), nobody), plain) == ""

    assert message in reasons(configured(PinotTenantProvider(), nobody), {**plain, **inputs})


def test_a_tenant_is_not_renamed(nobody: str) -> None:
    plain = {"name": "t", "role": "SERVER", "instances": {"names": []}, "allow": [], "timeout_seconds": 5.0}

    found = reasons(configured(PinotTenantProvider(), nobody), {**plain, "name": "u"}, plain)

    assert "changes from SERVER t to SERVER u, another tenant" in found


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"username": "a.b"}, "a name without dots, slashes and spaces"),
        ({"component": "MINION"}, "component: is 'MINION'; allowed: BROKER, CONTROLLER, SERVER"),
        ({"role": "ROOT"}, "role: is 'ROOT'; allowed: USER, ADMIN"),
        ({"password": ""}, "password: is missing or empty"),
        ({"permissions": ["WRITE"]}, "holds 'WRITE'; allowed: READ, CREATE, UPDATE, DELETE"),
        ({"tables": ["t"], "exclude_tables": ["t"]}, "exclude_tables: holds t, which tables holds too"),
    ],
)
def test_a_users_arguments(nobody: str, inputs: dict[str, Any], message: str) -> None:
    plain = {
        **COMMON,
        "username": "u",
        "component": "BROKER",
        "role": "USER",
        "password": "hunter2",
        "permissions": [],
    }
    assert reasons(configured(PinotUserProvider(), nobody), plain) == ""

    found = reasons(configured(PinotUserProvider(), nobody), {**plain, **inputs})

    assert message in found
    assert "hunter2" not in found


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "settings: is empty; remove the resource instead"),
        ({"a b": "x"}, "has the key 'a b'"),
        ({"a": 5.0}, "a is 5.0; Pinot stores texts"),
    ],
)
def test_the_cluster_configurations_arguments(nobody: str, settings: dict[str, Any], message: str) -> None:
    provider = configured(PinotClusterConfigurationProvider(), nobody)
    assert reasons(provider, {"settings": {"a": "x"}, "adopt": "identical"}) == ""

    assert message in reasons(provider, {"settings": settings, "adopt": "identical"})


def test_two_tenants_that_share_an_instance_do_not_overwrite_each_other(controller: Controller) -> None:
    """Tags are replaced as a whole list; the four threads of a run must not lose each other's."""
    tags: dict[str, list[str]] = {"Server_a_8098": ["server_untagged"]}

    def answer(handler: Any) -> None:  # noqa: ANN401 - BaseHTTPRequestHandler
        path, _, query = handler.path.partition("?")
        if path == "/instances":
            value: dict[str, Any] = {"instances": list(tags)}
        elif path == "/tables":
            value = {"tables": []}
        else:
            name = path.split("/")[2]
            if handler.command == "PUT":
                tags[name] = query.partition("tags=")[2].partition("&")[0].replace("%2C", ",").split(",")
            value = {"instanceName": name, "tags": list(tags[name])}
        content = json.dumps(value).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    controller.act(answer)
    provider = configured(PinotTenantProvider(), controller.url)
    names = [f"tenant{number}" for number in range(8)]
    props = {"role": "SERVER", "instances": {"names": []}, "allow": [], "timeout_seconds": 20.0}
    threads = [threading.Thread(target=provider.create, args=({**props, "name": name},)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    expected = {f"{name}_{suffix}" for name in names for suffix in ("OFFLINE", "REALTIME")}
    assert set(tags["Server_a_8098"]) == expected

    for name in names[1:]:
        provider._made.clear()
        provider.delete(f"{name}/SERVER", {**props, "name": name})
    assert set(tags["Server_a_8098"]) == {"tenant0_OFFLINE", "tenant0_REALTIME"}
