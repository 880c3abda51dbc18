"""The values in the real chart, rendered by Helm: run where both are at hand.

`helm pull pinot --repo https://raw.githubusercontent.com/apache/pinot/master/helm --version 1.0.0`, and
`PINOT_CHART=pinot-1.0.0.tgz pytest tests/e2e/test_chart_rendering.py`.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from components.kubernetes_settings import TlsSettings
from components.pinot_chart import pool_values, release_values
from tests.unit.components.pinot_deployments import deployment

if TYPE_CHECKING:
    from collections.abc import Iterator

CHART = os.environ.get("PINOT_CHART", "")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not CHART or shutil.which("helm") is None,
        reason="needs helm on PATH, and in PINOT_CHART the path of the chart pinot-1.0.0.tgz",
    ),
]

Objects = dict[tuple[str, str], dict[str, Any]]


def rendered(values: dict[str, Any], release: str = "pinot") -> str:
    """Return what Helm renders."""
    done = subprocess.run(
        ["helm", "template", release, CHART, "--namespace", "pinot", "--values", "-"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def render(values: dict[str, Any], release: str = "pinot") -> Objects:
    """Return what Helm renders, by kind and name."""
    documents = [document for document in yaml.safe_load_all(rendered(values, release)) if document]
    return {(document["kind"], document["metadata"]["name"]): document for document in documents}


def workloads(objects: Objects) -> dict[str, dict[str, Any]]:
    return {name: document["spec"] for (kind, name), document in objects.items() if kind == "StatefulSet"}


def test_the_main_release_is_the_cluster() -> None:
    objects = render(release_values(deployment()))
    replicas = {name: spec["replicas"] for name, spec in workloads(objects).items()}
    assert replicas == {
        "pinot-controller": 3,
        "pinot-broker": 3,
        "pinot-server": 6,
        "pinot-minion": 2,
        "pinot-zookeeper": 3,
    }
    assert not [name for kind, name in objects if kind == "Deployment"]
    assert {name for kind, name in objects if kind == "PodDisruptionBudget"} == {
        "pinot-controller",
        "pinot-broker",
        "pinot-server",
        "pinot-minion",
    }
    account = objects["ServiceAccount", "pinot"]
    assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": "@(pinot-role-arn)"}


def test_a_pools_release_is_servers_of_the_same_cluster() -> None:
    objects = render(pool_values(deployment(), "cold"), "pinot-cold")
    sets = workloads(objects)
    assert {name: spec["replicas"] for name, spec in sets.items()} == {
        "pinot-cold-controller": 0,
        "pinot-cold-broker": 0,
        "pinot-cold-server": 6,
    }
    assert not [name for kind, name in objects if kind in {"Deployment", "ServiceAccount"}]
    pod = sets["pinot-cold-server"]["template"]["spec"]
    assert pod["serviceAccountName"] == "pinot"
    arguments = pod["containers"][0]["args"]
    assert arguments[arguments.index("-zkAddress") + 1] == "pinot-zookeeper:2181"
    assert arguments[arguments.index("-clusterName") + 1] == "payments"


@pytest.mark.parametrize("tls", [None, TlsSettings(secret="pinot-tls")])  # noqa: S106 - a Secret's name
def test_no_configuration_has_a_key_twice(tls: TlsSettings | None) -> None:
    for objects in (
        render(release_values(deployment(tls=tls))),
        render(pool_values(deployment(tls=tls), "warm"), "pinot-warm"),
    ):
        for (kind, name), document in objects.items():
            if kind != "ConfigMap":
                continue
            (text,) = document["data"].values()
            keys = Counter(line.partition("=")[0].strip() for line in text.splitlines() if line.strip())
            assert [key for key, count in keys.items() if count > 1] == [], name


def test_nothing_is_open_or_moves_or_runs_as_root() -> None:
    for objects in (
        render(release_values(deployment())),
        render(pool_values(deployment(), "warm"), "pinot-warm"),
    ):
        types = {d["spec"].get("type", "ClusterIP") for (kind, _), d in objects.items() if kind == "Service"}
        assert types == {"ClusterIP"}
        for name, spec in workloads(objects).items():
            pod = spec["template"]["spec"]
            assert pod["terminationGracePeriodSeconds"] == 600, name
            if spec["replicas"] == 0:
                continue
            assert pod["securityContext"]["runAsNonRoot"] is True, name
            (container,) = pod["containers"]
            assert not container["image"].endswith(":latest"), name
            probes = {"livenessProbe", "readinessProbe"}
            assert probes | ({"startupProbe"} if "zookeeper" not in name else set()) <= container.keys(), name


def leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def other(value: Any) -> Any:  # noqa: ANN401 - any value of the chart
    """Return another value of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 7
        case str():
            return f"{value}x"
        case list():
            return [{"name": "other"}]
    return {"other": "1"}


def test_every_value_changes_something() -> None:
    """A value that the chart ignores is a promise that nobody keeps."""
    values = release_values(deployment())
    before = rendered(values)
    ignored = []
    for path in leaves(values):
        changed = copy.deepcopy(values)
        inside = changed
        for key in path[:-1]:
            inside = inside[key]
        inside[path[-1]] = other(inside[path[-1]])
        if rendered(changed) == before:
            ignored.append(".".join(path))
    assert ignored == []
