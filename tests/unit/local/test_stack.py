"""The local stack's configuration carries the environment's ports, and nothing else is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml

from local.environment import REPOSITORY, LocalEnvironment
from local.stack import _NOTHING_NEW, _salt, with_ports

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.unit

COMMITTED = (REPOSITORY / "Pulumi.local.yaml").read_text(encoding="utf-8")
DEFAULTS = LocalEnvironment.from_environ({})
MOVED = replace(DEFAULTS, kafka_port=19092, controller_port=19000, broker_port=18099, s3_port=15000)


def test_with_the_default_ports_the_committed_configuration_is_taken_as_it_is() -> None:
    assert with_ports(COMMITTED, DEFAULTS) == COMMITTED


def test_every_address_of_the_committed_configuration_is_moved() -> None:
    config = yaml.safe_load(with_ports(COMMITTED, MOVED))["config"]
    assert config["payments:kafka"]["bootstrapServers"] == [MOVED.kafka_bootstrap]
    assert config["payments:aws"]["endpoint"] == MOVED.s3_endpoint
    assert config["pinot:controllerUrl"] == MOVED.controller_url
    assert config["payments:pinot"]["brokerUrl"] == MOVED.broker_url


def test_ports_that_change_places_are_moved_once() -> None:
    swapped = replace(DEFAULTS, controller_port=8099, broker_port=9000)
    assert (
        with_ports("a: 127.0.0.1:9000\nb: 127.0.0.1:8099", swapped) == "a: 127.0.0.1:8099\nb: 127.0.0.1:9000"
    )


@pytest.mark.parametrize(
    "address", ["http://pinot.example:9000", "http://10.127.0.0.1:9000", "127.0.0.1:90000", "127.0.0.1:9093"]
)
def test_another_address_stays(address: str) -> None:
    assert with_ports(f"x: {address}", MOVED) == f"x: {address}"


@pytest.mark.parametrize(
    "line",
    [
        "    kafka:index:Topic payments  ",
        "    pulumi:pulumi:Stack payment-service-data-product-local running ",
        "    pulumi-python:dynamic/pinot:Table transaction_booked_rt  ",
        " +  kafka:index:Topic payments creating (0s) ",
        " ~  kafka:index:Topic payments refresh (0.24s) ",
        "@ updating....",
        "",
    ],
)
def test_what_has_not_changed_is_not_shown(line: str) -> None:
    assert _NOTHING_NEW.fullmatch(f"{line}\n")


@pytest.mark.parametrize(
    "line",
    [
        " +  kafka:index:Topic payments created (1s) ",
        " ~  pulumi-python:dynamic/pinot:Table payment_analytics updated (0.3s) [diff: ~table_json]",
        " +  kafka:index:Topic payments creating (1s) error: Topic with this name already exists",
        "  kafka:index:Topic (payments):",
        "    error: Program failed with an unhandled exception:",
        "    kafka:9092 refused the connection",
        "    40 unchanged",
        "Diagnostics:",
    ],
)
def test_changes_and_errors_are_shown(line: str) -> None:
    assert not _NOTHING_NEW.fullmatch(f"{line}\n")


def test_the_salt_that_pulumi_wrote_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.local.yaml"
    assert _salt(file) == ""
    file.write_text("config:\n  a: b\nencryptionsalt: v1:abc=:v1:def\n", encoding="utf-8")
    assert _salt(file) == "encryptionsalt: v1:abc=:v1:def\n"
