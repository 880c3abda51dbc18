"""The component: what the engine would be asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from components.kubernetes_settings import MonitoringSettings
from components.pinot_deployment import DeepStoreLocation
from components.pinot_kubernetes import KubernetesPinotCluster, PinotAccess, basic_token, with_references
from tests.unit.components.pinot_deployments import deployment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.components.conftest import Program

    Build = Callable[[Callable[[], object]], Program]

pytestmark = pytest.mark.unit

PASSWORD = "planted-admin-password-2f6c"  # noqa: S105 - planted, to be looked for
JAAS = "planted-jaas-entry-91ab"
ROLE = "arn:aws:iam::123456789012:role/pinot"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"


def cluster(build: Build, *, protect: bool = True, **changes: Any) -> Program:  # noqa: ANN401 - any field of the settings
    access = PinotAccess(
        role_arn=pulumi.Output.from_input(ROLE), admin_password=PASSWORD, kafka_jaas=JAAS, kms_key_arn=KEY
    )
    return build(lambda: KubernetesPinotCluster("pinot", deployment(**changes), access, protect=protect))


def test_one_release_with_everything_and_one_for_each_further_pool(build: Build) -> None:
    program = cluster(build)
    assert program.names("Release") == ["pinot-hot", "pinot-warm", "pinot-cold"]
    for name, release in (("pinot-hot", "pinot"), ("pinot-warm", "pinot-warm"), ("pinot-cold", "pinot-cold")):
        inputs = program.one("Release", name).inputs
        assert inputs["name"] == release
        assert inputs["namespace"] == "pinot"
        assert (inputs["chart"], inputs["version"]) == ("pinot", "1.0.0")
        assert inputs["repositoryOpts"] == {
            "repo": "https://raw.githubusercontent.com/apache/pinot/master/helm"
        }
        assert (inputs["atomic"], inputs["timeout"]) == (True, 1800)


def test_one_pool_makes_one_release(build: Build) -> None:
    assert cluster(build, tiers={}).names("Release") == ["pinot-hot"]


def test_everything_goes_through_the_named_cluster(build: Build) -> None:
    program = cluster(build, kubeconfig="/etc/kubeconfig")
    provider = program.one("kubernetes", "pinot-kubernetes")
    assert provider.inputs["clusterIdentifier"] == "payments-prod"
    assert provider.inputs["context"] == "prod"
    assert provider.inputs["kubeconfig"] == "/etc/kubeconfig"
    others = [item for item in program.resources if item.type.startswith("kubernetes:")]
    assert len(others) > 10
    assert {item.provider.rsplit("::", 1)[0] for item in others} == {provider.urn}


def test_references_are_put_in_their_places(build: Build) -> None:
    program = cluster(build, deep_store=DeepStoreLocation(bucket="b", region="eu-central-1", named_key=True))
    values = program.one("Release", "pinot-hot").inputs["values"]
    assert values["serviceAccount"]["annotations"] == {"eks.amazonaws.com/role-arn": ROLE}
    assert f"pinot.server.storage.factory.s3.ssekmsKeyId={KEY}\n" in values["server"]["extra"]["configs"]
    for name in program.names("Release"):
        assert "@(" not in json.dumps(program.one("Release", name).inputs)


def test_secrets_are_in_the_secret_and_nowhere_else(build: Build) -> None:
    program = cluster(build)
    secret = program.one("Secret", "pinot-credentials")
    assert secret.inputs["stringData"]["value"] == {
        "PINOT_ADMIN_PASSWORD": PASSWORD,
        "PINOT_AUTH_TOKEN": basic_token(PASSWORD),
        "KAFKA_JAAS_SECRET": JAAS,
    }
    assert "stringData" in secret.secret_inputs
    assert secret.inputs["immutable"] is True
    assert "name" not in secret.inputs["metadata"], (
        "a new content must make a new Secret, which rolls the pods"
    )
    others = json.dumps([item.inputs for item in program.resources if item is not secret])
    for planted in (PASSWORD, basic_token(PASSWORD), JAAS):
        assert planted not in others


def test_without_a_login_kafka_needs_no_secret(build: Build) -> None:
    access = PinotAccess(role_arn=ROLE, admin_password=PASSWORD)
    program = build(lambda: KubernetesPinotCluster("pinot", deployment(), access, protect=False))
    secret = program.one("Secret", "pinot-credentials")
    assert sorted(secret.inputs["stringData"]["value"]) == ["PINOT_ADMIN_PASSWORD", "PINOT_AUTH_TOKEN"]
    assert "stringData" in secret.secret_inputs


def test_doors_are_closed_before_anything_runs(build: Build) -> None:
    program = cluster(build)
    main = program.one("Release", "pinot-hot")
    policies = [item for item in program.resources if item.type.endswith(":NetworkPolicy")]
    assert {item.urn for item in policies} <= main.depends_on
    assert program.one("Secret", "pinot-credentials").urn in main.depends_on
    assert {item.inputs["metadata"]["name"] for item in policies} == {
        "pinot-closed",
        "pinot-controller",
        "pinot-broker",
        "pinot-server",
        "pinot-minion",
        "pinot-zookeeper",
    }


def test_further_pools_come_after_the_zookeeper_that_they_join(build: Build) -> None:
    program = cluster(build)
    main = program.one("Release", "pinot-hot")
    for pool in ("pinot-warm", "pinot-cold"):
        assert main.urn in program.one("Release", pool).depends_on


def test_what_holds_the_tables_is_protected(build: Build) -> None:
    guarded = cluster(build)
    assert {item.name for item in guarded.resources if item.protect} == {
        "pinot-namespace",
        "pinot-hot",
        "pinot-warm",
        "pinot-cold",
    }
    assert not [item for item in cluster(build, protect=False).resources if item.protect]


def test_the_namespace_takes_no_pod_with_more_rights_than_it_needs(build: Build) -> None:
    metadata = cluster(build).one("Namespace", "pinot-namespace").inputs["metadata"]
    assert metadata["name"] == "pinot"
    assert metadata["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_pod_monitors_only_when_asked(build: Build) -> None:
    assert cluster(build).names("PodMonitor") == []
    asked = cluster(build, monitoring=MonitoringSettings(pod_monitor=True, labels={"release": "prometheus"}))
    assert asked.names("PodMonitor") == ["pinot-monitor-pinot", "pinot-monitor-zookeeper"]
    inputs = asked.one("PodMonitor", "pinot-monitor-pinot").inputs
    assert inputs["metadata"] == {
        "name": "pinot-pinot",
        "namespace": "pinot",
        "labels": {"release": "prometheus"},
    }
    assert inputs["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"


def test_autoscaler_and_budget(build: Build) -> None:
    program = cluster(build)
    scaler = program.one("HorizontalPodAutoscaler", "pinot-brokers").inputs
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (3, 6)
    budget = program.one("PodDisruptionBudget", "pinot-zookeeper").inputs
    assert budget["spec"]["maxUnavailable"] == 1


def test_a_reference_that_is_not_given_is_named() -> None:
    with pytest.raises(LookupError, match=r"@\(kms-key-arn\): the values refer to it, and it is not given"):
        with_references({"a": ["key=@(kms-key-arn)"]}, {"@(kms-key-arn)": None})


def test_what_refers_to_nothing_stays_plain() -> None:
    values = {"a": 1, "b": ["x", {"c": None}], "d": "@(role)"}
    resolved = with_references(values, {"@(role)": "arn"})
    assert {**resolved, "d": None} == {**values, "d": None}
    assert isinstance(resolved["d"], pulumi.Output)
