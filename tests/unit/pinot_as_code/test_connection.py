"""Which controller and as whom: configuration, environment, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pinot_as_code.connection import ConfigurationError, client_for

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.unit

URL = "http://localhost:9000"


def test_the_environment_overrides_the_configuration() -> None:
    configured = {"pinot:controllerUrl": "http://one:9000"}

    assert client_for(configured, {}).url == "http://one:9000"
    assert client_for(configured, {"PINOT_CONTROLLER_URL": "http://two:9000/"}).url == "http://two:9000"


def test_the_same_settings_share_one_client() -> None:
    assert client_for({"pinot:controllerUrl": URL}, {}) is client_for({}, {"PINOT_CONTROLLER_URL": URL})
    assert client_for({"pinot:controllerUrl": URL}, {}) is not client_for(
        {"pinot:controllerUrl": URL, "pinot:token": "t"}, {}
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "pinot:controllerUrl is not set; wanted: the controller's base URL"),
        ({"pinot:controllerUrl": "localhost:9000"}, "is 'localhost:9000'; wanted: a URL such as"),
        ({"pinot:controllerUrl": "http://admin:hunter2@c:9000"}, "pinot:controllerUrl holds credentials"),
        ({"pinot:controllerUrl": URL, "pinot:username": "a"}, "config set --secret pinot:password"),
        (
            {"pinot:controllerUrl": URL, "pinot:password": "hunter2"},
            "pinot:username is not set while its partner",
        ),
        (
            {"pinot:controllerUrl": URL, "pinot:token": "hunter2", "pinot:username": "a"},
            "pinot:token is set beside pinot:username",
        ),
        (
            {"pinot:controllerUrl": URL, "pinot:caFile": "/no/such/file"},
            "names /no/such/file, which is no file",
        ),
        (
            {"pinot:controllerUrl": URL, "pinot:callTimeoutSeconds": "soon"},
            "is soon; wanted: seconds up to 3600",
        ),
        ({"pinot:controllerUrl": URL, "pinot:callTimeoutSeconds": "0"}, "is 0; wanted: seconds"),
    ],
)
def test_a_wrong_setting_is_named_with_its_cure_and_without_secrets(
    settings: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client_for(settings, {})

    assert message in str(caught.value)
    assert "environment variable PINOT_" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_authoritys_file_that_holds_no_certificate_is_told(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("-----BEGIN NONSENSE-----", "utf-8")

    with pytest.raises(ConfigurationError, match=r"ca\.pem, which holds no certificate that can be read"):
        client_for({"pinot:controllerUrl": URL, "pinot:caFile": str(authority)}, {})
