"""The compose file for users with Docker is no other platform than the one that is tested here."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any

import pytest
import yaml

from local.environment import PORTS, REPOSITORY

pytestmark = pytest.mark.unit

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "local" / "compose.yaml").read_text(encoding="utf-8"))
DEFAULTS = {field: port for field, _, port in PORTS}


def _in_pom(project: str, pattern: str) -> str:
    (found,) = re.findall(pattern, (REPOSITORY / "local" / project / "pom.xml").read_text(encoding="utf-8"))
    return str(found)


def test_images_are_of_the_versions_that_are_built_here() -> None:
    images = {name: service["image"] for name, service in COMPOSE["services"].items()}
    pinot = _in_pom("pinot-engine", r"<pinot\.version>(.+)</pinot\.version>")
    kafka = _in_pom("kafka", r"<artifactId>kafka_2\.13</artifactId>\s*<version>(.+)</version>")
    assert {images[name] for name in ("pinot-controller", "pinot-broker", "pinot-server")} == {
        f"apachepinot/pinot:{pinot}"
    }
    assert images["kafka"] == f"apache/kafka:{kafka}"
    assert images["s3"] == f"motoserver/moto:{version('moto')}"


def test_services_stand_at_the_addresses_of_the_committed_configuration() -> None:
    services, configs = COMPOSE["services"], COMPOSE["configs"]
    kafka = services["kafka"]["environment"]["KAFKA_LISTENERS"]
    assert f"PLAINTEXT://127.0.0.1:{DEFAULTS['kafka_port']}," in kafka
    assert services["s3"]["command"][-1] == str(DEFAULTS["s3_port"])
    assert f"controller.port={DEFAULTS['controller_port']}\n" in configs["controller"]["content"]
    assert f"queryPort={DEFAULTS['broker_port']}\n" in configs["broker"]["content"]


def test_instances_join_untagged_for_the_stack_to_tag_them() -> None:
    assert "\ncluster.tenant.isolation.enable=false\n" in COMPOSE["configs"]["controller"]["content"]


def test_everything_stays_on_this_machine_and_ends_when_it_ends() -> None:
    text = (REPOSITORY / "local" / "compose.yaml").read_text(encoding="utf-8")
    assert "0.0.0.0" not in text  # noqa: S104 - it is looked for, not bound
    assert all(service["network_mode"] == "host" for service in COMPOSE["services"].values())
    assert {service["restart"] for service in COMPOSE["services"].values()} == {"no"}
