"""The settings of Pinot on Kubernetes as a stack's file gives them, and what is said of a mistake."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from components.kubernetes_settings import KubernetesSettings
from components.pinot_sizes import Load, PoolSize
from components.setting_errors import allowed, explain
from components.setting_kinds import SettingsPart

pytestmark = pytest.mark.unit

LEAST: dict[str, Any] = {"clusterIdentifier": "payments-prod", "context": "prod"}


class Stack(SettingsPart):
    """A tree that embeds the settings as the stack's does."""

    pinot: KubernetesSettings = Field(description="Pinot.")


def mistakes(changes: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as error:
        Stack.model_validate_json(json.dumps({"pinot": LEAST | changes}))
    return str(explain(Stack, error.value))


def test_two_keys_are_enough() -> None:
    settings = KubernetesSettings.model_validate_json(json.dumps(LEAST))
    assert (settings.namespace, settings.release, settings.chart.version) == ("pinot", "pinot", "1.0.0")
    assert settings.load == Load()
    assert settings.network.broker_clients == ()


def test_everything_can_be_given_as_json() -> None:
    given = LEAST | {
        "image": {"repository": "mirror.example.org/pinot", "tag": "1.5.1", "digest": f"sha256:{'a' * 64}"},
        "sizes": {"cold": {"replicas": 9, "diskGib": 4000, "tolerations": [{"key": "spot"}]}},
        "network": {
            "brokerClients": [{"namespace": "bi", "pods": {"app": "proxy"}}],
            "egress": [{"cidrs": ["10.0.0.0/8"], "ports": [9096]}],
        },
        "controllerAccess": {"way": "port-forward", "port": 19000},
        "tls": {"secret": "pinot-tls"},
        "monitoring": {"podMonitor": True, "labels": {"release": "prometheus"}},
    }
    settings = KubernetesSettings.model_validate_json(json.dumps(given))
    assert settings.image.pinned_tag == f"1.5.1@sha256:{'a' * 64}"
    assert settings.sizes.pool("cold") is not None
    assert settings.network.egress[0].ports == (9096,)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"clusterIdentifier": None}, "payments:pinot.clusterIdentifier: found null; allowed is a text"),
        (
            {"nmespace": "x"},
            "payments:pinot.nmespace: found an unknown key; allowed here are chart, clusterIdentifier",
        ),
        ({"namespace": "Pinot"}, "allowed is at most 63 lower-case letters, digits or '-'"),
        (
            {"sizes": {"servers": {"replica": 3}}},
            "payments:pinot.sizes.servers.replica: found an unknown key",
        ),
        ({"sizes": {"servers": {"replicas": "3"}}}, "payments:pinot.sizes.servers.replicas: found a text"),
        ({"sizes": {"cold": {"heapMib": 1}}}, "allowed is a whole number from 64 to 4194304 (MiB)"),
        ({"image": {"repository": "pinot", "tag": "latest"}}, "payments:pinot.image.tag: found latest"),
        (
            {"image": {"repository": "pinot", "tag": "1", "digest": "sha256:12"}},
            "pinot.image.digest: found a text of 9 characters; allowed is sha256: and 64 hex",
        ),
        ({"chart": {"version": "0.3.5"}}, "payments:pinot.chart.version: found a text of 5 characters"),
        (
            {"network": {"egress": [{"cidrs": ["10/8"], "ports": [1]}]}},
            "payments:pinot.network.egress[0].cidrs",
        ),
        ({"network": {"egress": [{"ports": [70000]}]}}, "payments:pinot.network.egress[0].ports"),
        (
            {"network": {"brokerClients": [{"pods": {}}]}},
            "payments:pinot.network.brokerClients[0].namespace is",
        ),
        ({"controllerAccess": {"way": "internet"}}, "allowed is one of in-cluster, ingress, port-forward"),
        (
            {"controllerAccess": {"way": "ingress"}},
            "payments:pinot.controllerAccess.host: found none with way",
        ),
        ({"release": "pinot-with-a-name-that-is-too-long"}, "a letter, then at most 29 lower-case letters"),
    ],
)
def test_a_mistake_is_one_sentence_with_key_and_remedy(changes: dict[str, Any], sentence: str) -> None:
    said = mistakes(changes)
    assert sentence in said
    assert said.count("\n- ") == 1, said


def fields(part: type[BaseModel]) -> list[tuple[str, Any, Any]]:
    """Return every field of a part and of all parts below it."""
    found = []
    for name, info in part.model_fields.items():
        found.append((f"{part.__name__}.{name}", info, info.annotation))
        inner = [info.annotation, *getattr(info.annotation, "__args__", ())]
        for item in inner:
            if isinstance(item, type) and issubclass(item, BaseModel):
                found += fields(item)
    return found


def test_every_key_is_described_and_its_kind_has_words() -> None:
    seen = fields(KubernetesSettings)
    assert len(seen) > 60
    for name, info, annotation in seen:
        assert info.description, name
        assert info.description.endswith("."), name
        assert allowed(annotation, info.metadata), name


def test_sizes_are_given_in_part() -> None:
    assert PoolSize(replicas=3).heap_mib is None
