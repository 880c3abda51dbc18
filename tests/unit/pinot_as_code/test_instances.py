"""Which instances a tenant's selector finds, among instances in pools (the local engine has none)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pinot_as_code.instances import role_tags, selected
from pinot_as_code.transport import Deadline

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from pinot_as_code.client import PinotClient
    from tests.unit.pinot_as_code.conftest import Controller

pytestmark = pytest.mark.unit

CLUSTER: dict[str, dict[str, Any]] = {
    "Broker_a_8099": {"tags": ["broker_untagged"], "pools": None},
    "Server_hot-0_8098": {"tags": ["other_OFFLINE"], "pools": {"other_OFFLINE": "0"}},
    "Server_hot-1_8098": {"tags": ["server_untagged"], "pools": {"web_OFFLINE": "1"}},
    "Server_hot-2_8098": {"tags": ["web_OFFLINE", "web_REALTIME"], "pools": {"web_OFFLINE": 1}},
    "Server_warm-0_8098": {"tags": ["server_untagged"], "pools": None},
}


@pytest.fixture
def cluster(controller: Controller) -> None:
    """Let the controller show five instances."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.rpartition("/")[2]
        value = (
            {"instances": list(CLUSTER)} if name == "instances" else {"instanceName": name, **CLUSTER[name]}
        )
        content = json.dumps(value).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    controller.act(answer)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ({}, ["hot-0", "hot-1", "hot-2", "warm-0"]),
        ({"names": ["Server_hot-*"]}, ["hot-0", "hot-1", "hot-2"]),
        ({"pool": 1.0}, ["hot-1", "hot-2"]),
        ({"pool": 0.0}, ["hot-0"]),
        ({"pool": 7.0}, []),
        ({"names": ["*-1_*", "*-0_*"], "pool": 1.0}, ["hot-1"]),
        # Those that carry the tenant, then those that nobody has, then the others.
        ({"count": 1.0}, ["hot-2"]),
        ({"count": 3.0}, ["hot-1", "hot-2", "warm-0"]),
        ({"count": 2.0, "pool": 1.0}, ["hot-1", "hot-2"]),
    ],
)
def test_the_selector_finds(client: PinotClient, selector: dict[str, Any], found: list[str]) -> None:
    props = {"role": "SERVER", "instances": {"names": [], **selector}}

    instances = selected(client, role_tags("web", "SERVER"), props, Deadline.after(5))

    assert instances == tuple(f"Server_{name}_8098" for name in found)


@pytest.mark.usefixtures("cluster")
def test_a_role_is_never_mixed_with_the_other(client: PinotClient) -> None:
    props = {"role": "BROKER", "instances": {"names": ["*"]}}

    assert selected(client, role_tags("web", "BROKER"), props, Deadline.after(5)) == ("Broker_a_8099",)
