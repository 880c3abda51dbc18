"""Kubernetes: images, charts and load balancers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from components.kubernetes_settings import ImageSettings
from components.pinot_chart import pool_values, release_values
from policy.cluster_policies import load_balancer, moving_image, unpinned_chart
from tests.policy.stacks import RELEASE, changed, none, one, resource
from tests.unit.components.pinot_deployments import deployment

if TYPE_CHECKING:
    from policy.resources import Resource

pytestmark = pytest.mark.policy

DIGEST = "@sha256:" + "ab" * 32
SERVICE = "kubernetes:core/v1:Service"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def workload(image: str) -> Resource:
    containers = [{"name": "main", "image": image}]
    return resource(DEPLOYMENT, "loader", {"spec": {"template": {"spec": {"containers": containers}}}})


def released(**values: Any) -> Resource:  # noqa: ANN401 - any value of the chart
    return changed(RELEASE, values={**RELEASE.props["values"], **values})


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("loader", "runs loader without a tag, which is latest"),
        ("registry.example.org:5000/loader", "runs registry.example.org:5000/loader without a tag"),
        ("loader:latest", "another image whenever that tag moves"),
        ("loader:latest-11", "another image whenever that tag moves"),
        (f"loader:latest{DIGEST}", "another image whenever that tag moves"),
        ("loader:1.2.3", "runs loader:1.2.3 without a digest in prod"),
    ],
)
def test_images_that_change(image: str, message: str) -> None:
    sentence = one(moving_image, workload(image))
    assert message in sentence
    assert sentence.startswith("spec.template.spec.containers[main] runs ")


@pytest.mark.parametrize(
    "image", [f"loader:1.2.3{DIGEST}", f"loader{DIGEST}", f"r.example.org:5000/l:1{DIGEST}"]
)
def test_images_that_stay(image: str) -> None:
    assert none(moving_image, workload(image))


def test_dev_needs_a_version_but_no_digest() -> None:
    assert none(moving_image, workload("loader:1.2.3"), "dev")
    assert "another image" in one(moving_image, workload("loader:latest"), "dev")


def test_images_of_a_release() -> None:
    newest = released(image={"repository": "apachepinot/pinot", "tag": "latest"})
    assert one(moving_image, newest).startswith("values.image runs apachepinot/pinot:latest, another image")
    keeper = released(zookeeper={"image": {"repository": "zookeeper", "tag": "3.9.3"}})
    assert one(moving_image, keeper).startswith(
        "values.zookeeper.image runs zookeeper:3.9.3 without a digest"
    )
    default = changed(RELEASE, values={"controller": {}})
    assert one(moving_image, default).startswith("values.image runs apachepinot/pinot:latest")


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (None, "installs the newest version of the chart pinot"),
        ("^1.0.0", "in ^1.0.0, a range"),
        ("1.x", "a range"),
    ],
)
def test_a_chart_without_an_exact_version(version: str | None, message: str) -> None:
    assert message in one(unpinned_chart, changed(RELEASE, version=version))
    assert none(unpinned_chart, changed(RELEASE, version="1.0.0-rc.1"))


def test_a_service_that_is_a_load_balancer() -> None:
    service = resource(SERVICE, "broker", {"spec": {"type": "LoadBalancer"}})
    assert one(load_balancer, service).startswith("is of type LoadBalancer; use ClusterIP")
    assert none(load_balancer, changed(service, spec={"type": "ClusterIP"}))


def test_the_charts_own_load_balancers() -> None:
    assert one(load_balancer, released(broker={"external": {"enabled": True}})).startswith(
        "values.broker.external.enabled is not false"
    )
    assert one(load_balancer, released(controller={})).startswith(
        "values.controller.external.enabled is not false"
    )
    typed = released(server={"service": {"type": "LoadBalancer"}})
    assert one(load_balancer, typed).startswith("values.server.service.type is LoadBalancer")


def test_the_component_breaks_no_policy_of_kubernetes() -> None:
    digest = DIGEST.removeprefix("@")
    chosen = deployment(
        image=ImageSettings(repository="apachepinot/pinot", tag="1.5.1", digest=digest),
        zookeeper_image=ImageSettings(repository="zookeeper", tag="3.9.3", digest=digest),
    )
    for values in (release_values(chosen), pool_values(chosen, "warm")):
        release = changed(RELEASE, values=values)
        for rule in (moving_image, unpinned_chart, load_balancer):
            assert none(rule, release)
