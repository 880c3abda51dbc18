"""The stand-ins for previews without credentials: what they refuse, called as the engine calls them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from local.planned_resources import GOLDEN_PLANS
from local.plugins.kubernetes.provider import KubernetesStandIn
from local.plugins.offline.provider import OfflineProvider
from local.plugins.offline.sdk_inputs import Sdk, UnknownTypeError
from local.plugins.offline.serving import place
from local.plugins.wire import UNKNOWN, to_python, to_struct

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.unit

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
RELEASE = "kubernetes:helm.sh/v3:Release"
SECRET = "kubernetes:core/v1:Secret"  # noqa: S105 - a type
RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
MONITOR = "kubernetes:monitoring.coreos.com/v1:PodMonitor"


class AbortedError(Exception):
    """What `abort` of a call raises."""


class Context:
    """The part of a gRPC call that the providers use."""

    def abort(self, _code: object, message: str) -> NoReturn:
        """End the call."""
        raise AbortedError(message)


CONTEXT: Any = Context()


@cache
def kubernetes() -> KubernetesStandIn:
    return KubernetesStandIn(Sdk("kubernetes"))


@cache
def stand_in(package: str) -> OfflineProvider:
    return OfflineProvider(Sdk(package))


def aws() -> OfflineProvider:
    return stand_in("aws")


def urn(token: str, name: str = "thing") -> str:
    return f"urn:pulumi:prod::payments::payments:x:Y${token}::{name}"


@dataclass
class Checked:
    """The answer to Check."""

    inputs: dict[str, Any]
    failures: dict[str, str]


def check(token: str, inputs: dict[str, Any], provider: OfflineProvider | None = None) -> Checked:
    request = provider_pb2.CheckRequest(urn=urn(token), news=to_struct(inputs))
    answer = (provider or kubernetes()).Check(request, CONTEXT)
    return Checked(to_python(answer.inputs), {f.property: f.reason for f in answer.failures})


RIGHT: dict[str, dict[str, Any]] = {
    POLICY: {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "closed", "labels": {"a": "b"}},
        "spec": {
            "podSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]},
            "ingress": [
                {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 80}, {"port": "http"}]}
            ],
        },
    },
    RELEASE: {
        "name": "pinot",
        "chart": "pinot",
        "version": "1.0.0",
        "repositoryOpts": {"repo": "https://example.org"},
        "values": {"anything": {"goes": [1, None, "x"]}},
        "timeout": 600,
    },
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": {
        "metadata": {"name": "brokers"},
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": {"kind": "StatefulSet", "name": "b"},
            "behavior": {"scaleDown": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}},
        },
    },
    "kubernetes:policy/v1:PodDisruptionBudget": {
        "metadata": {"name": "zk"},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"a": "b"}}},
    },
    "kubernetes:core/v1:Namespace": {"metadata": {"name": "pinot", "labels": {"a": "b"}}},
    SECRET: {"metadata": {"name": "s"}, "stringData": {"a": "b"}, "immutable": True},
    "kubernetes:core/v1:ConfigMap": {
        "metadata": {"name": "board", "labels": {"a": "b"}},
        "data": {"a": "{}"},
    },
    RULE: {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "r"},
        "spec": {"groups": []},
    },
    MONITOR: {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": "m"},
        "spec": {"podMetricsEndpoints": [{"port": "metrics"}]},
    },
}


@pytest.mark.parametrize("token", RIGHT)
def test_right_inputs_pass_unchanged(token: str) -> None:
    checked = check(token, RIGHT[token])
    assert checked.failures == {}
    kept = {name: checked.inputs.get(name) for name in RIGHT[token]}
    assert kept == RIGHT[token]


# One misspelt nested input per resource type that the program makes.
MISSPELT = [
    (POLICY, ("spec", "ingress", 0, "from", 0, "ipBlok"), "ipBlock"),
    (POLICY, ("spec", "podSelector", "matchExpressions", 0, "vals"), "values"),
    (RELEASE, ("repositoryOpts", "rep"), "repo"),
    ("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", ("spec", "behavior", "scaledown"), "scaleDown"),
    ("kubernetes:policy/v1:PodDisruptionBudget", ("spec", "selector", "matchLabel"), "matchLabels"),
    ("kubernetes:core/v1:Namespace", ("metadata", "lables"), "labels"),
    (SECRET, ("metadata", "annotation"), "annotations"),
    ("kubernetes:core/v1:ConfigMap", ("metadata", "lables"), "labels"),
    (RULE, ("metadata", "lables"), "labels"),
    (MONITOR, ("metadata", "lables"), "labels"),
]


@pytest.mark.parametrize(("token", "path", "meant"), MISSPELT)
def test_a_misspelt_nested_input_is_named_with_the_likely_one(
    token: str, path: tuple[str | int, ...], meant: str
) -> None:
    import copy

    inputs: Any = copy.deepcopy(RIGHT[token])
    inside = inputs
    for part in path[:-1]:
        inside = inside[part]
    inside[path[-1]] = {}
    (failure,) = check(token, inputs).failures.items()
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    assert failure[0] == place
    assert failure[1].startswith(f"{place} is unknown; known here are ")
    assert failure[1].endswith(f"Did you mean {meant}?")


@pytest.mark.parametrize(
    ("token", "inputs", "failures"),
    [
        (RELEASE, {"name": "x"}, {"chart": "chart is missing."}),
        (RELEASE, {"chart": "x", "timeout": "600"}, {"timeout": "timeout must be a whole number."}),
        (RELEASE, {"chart": "x", "timeout": 0.5}, {"timeout": "timeout must be a whole number."}),
        (RELEASE, {"chart": "x", "timeout": True}, {"timeout": "timeout must be a whole number."}),
        (RELEASE, {"chart": "x", "atomic": "yes"}, {"atomic": "atomic must be true or false."}),
        (RELEASE, {"chart": ["x"]}, {"chart": "chart must be a text."}),
        (RELEASE, {"chart": "x", "values": "a: b"}, {"values": "values must be an object."}),
        (
            RELEASE,
            {"chart": "x", "valueYamlFiles": ["values.yaml"]},
            {"valueYamlFiles[0]": "valueYamlFiles[0] must be an asset or an archive."},
        ),
        (
            POLICY,
            {"spec": {"podSelector": {}, "policyTypes": "Ingress"}},
            {"spec.policyTypes": "spec.policyTypes must be a list."},
        ),
        (
            POLICY,
            {"spec": {"podSelector": "all"}},
            {"spec.podSelector": "spec.podSelector must be an object."},
        ),
        (
            POLICY,
            {"spec": {"podSelector": {}, "ingress": [{"ports": [{"port": {"number": 80}}]}]}},
            {"spec.ingress[0].ports[0].port": "spec.ingress[0].ports[0].port must be a whole number."},
        ),
        (
            "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
            {"spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "StatefulSet"}}},
            {"spec.scaleTargetRef.name": "spec.scaleTargetRef.name is missing."},
        ),
        (SECRET, {"stringData": {"a": 1}}, {"stringData.a": "stringData.a must be a text."}),
        (
            MONITOR,
            {"apiVersion": "monitoring.coreos.com/v2", "kind": "PodMonitor", "metadata": {}},
            {"apiVersion": "apiVersion must be monitoring.coreos.com/v1, as the resource's type says."},
        ),
    ],
)
def test_missing_and_wrongly_typed_inputs_are_named(
    token: str, inputs: dict[str, Any], failures: dict[str, str]
) -> None:
    assert check(token, inputs).failures == failures


def test_what_is_not_known_yet_is_no_mistake() -> None:
    unknown = {"metadata": {"labels": UNKNOWN}, "spec": {"podSelector": UNKNOWN, "ingress": [UNKNOWN]}}
    assert check(POLICY, unknown).failures == {}


def test_an_unknown_type_is_named_with_the_likely_one() -> None:
    with pytest.raises(
        AbortedError,
        match=r"no resource type kubernetes:core/v1:Secrte\. Did you mean kubernetes:core/v1:Secret\?",
    ):
        check("kubernetes:core/v1:Secrte", {"metadata": {}})


def test_a_name_is_given_to_what_has_none_and_the_same_in_every_preview() -> None:
    first, second = (check(SECRET, {"stringData": {"a": "b"}}).inputs["metadata"] for _ in range(2))
    assert first == second
    assert first["name"].startswith("thing-")
    assert len(first["name"]) == len("thing-") + 8
    assert check(SECRET, {"metadata": {"name": "mine"}}).inputs["metadata"] == {"name": "mine"}


def test_a_preview_shows_the_inputs_and_leaves_the_rest_unknown() -> None:
    request = provider_pb2.CreateRequest(urn=urn(RELEASE), properties=to_struct(RIGHT[RELEASE]), preview=True)
    planned = to_python(kubernetes().Create(request, CONTEXT).properties)
    assert planned["name"] == "pinot"
    assert planned["status"] == UNKNOWN
    request = provider_pb2.CreateRequest(
        urn=urn("aws:s3/bucket:Bucket"), properties=to_struct({"bucket": "events"}), preview=True
    )
    planned = to_python(aws().Create(request, CONTEXT).properties)
    assert (planned["bucket"], planned["arn"]) == ("events", UNKNOWN)


@pytest.mark.parametrize(
    ("verb", "method", "request_type"),
    [
        ("make", "Create", provider_pb2.CreateRequest),
        ("change", "Update", provider_pb2.UpdateRequest),
        ("delete", "Delete", provider_pb2.DeleteRequest),
        ("read", "Read", provider_pb2.ReadRequest),
    ],
)
def test_whatever_changes_something_is_refused_loudly(verb: str, method: str, request_type: Any) -> None:  # noqa: ANN401 - generated
    with pytest.raises(AbortedError) as error:
        getattr(kubernetes(), method)(request_type(urn=urn(RELEASE)), CONTEXT)
    message = str(error.value)
    assert message.startswith("OFFLINE PREVIEW: the stand-in for the kubernetes provider")
    assert f"was asked to {verb} thing ({RELEASE}) and never does. Nothing was done." in message


def test_functions_are_refused_with_the_way_out() -> None:
    with pytest.raises(AbortedError, match="Give what it asks for as a setting"):
        aws().Invoke(provider_pb2.InvokeRequest(tok="aws:index/getCallerIdentity:getCallerIdentity"), CONTEXT)


def test_an_unknown_key_of_the_provider_is_refused() -> None:
    request = provider_pb2.CheckRequest(
        urn=urn("pulumi:providers:kubernetes"),
        news=to_struct({"contxt": "prod", "namespace": "pinot", "version": "4.32.0"}),
    )
    (failure,) = kubernetes().CheckConfig(request, CONTEXT).failures
    assert failure.property == "contxt"
    assert "Did you mean context?" in failure.reason
    assert kubernetes().GetPluginInfo(empty_pb2.Empty(), CONTEXT).version == "4.32.0"


# And of the types of the other SDKs: the innermost object that the program gives, or the inputs themselves.
ELSEWHERE: dict[str, tuple[dict[str, Any], str, str]] = {
    "aws:s3/bucket:Bucket": ({"objectLockEnable": True}, "objectLockEnable", "objectLockEnabled"),
    "aws:s3/bucketVersioning:BucketVersioning": (
        {"bucket": "b", "versioningConfiguration": {"status": "Enabled", "mfaDelet": "Disabled"}},
        "versioningConfiguration.mfaDelet",
        "mfaDelete",
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        {
            "bucket": "b",
            "rules": [
                {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyID": "k"}}
            ],
        },
        "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyID",
        "kmsMasterKeyId",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        {
            "bucket": "b",
            "rules": [
                {
                    "id": "a",
                    "status": "Enabled",
                    "transitions": [{"storageClass": "STANDARD_IA", "day": 1}],
                }
            ],
        },
        "rules[0].transitions[0].day",
        "days",
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": (
        {"bucket": "b", "rule": {"defaultRetention": {"mode": "COMPLIANCE", "year": 7}}},
        "rule.defaultRetention.year",
        "years",
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        {"bucket": "b", "rule": {"objectOwnership": "BucketOwnerEnforced", "objectOwner": "x"}},
        "rule.objectOwner",
        "objectOwnership",
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        {"bucket": "b", "blockPublicAcl": True},
        "blockPublicAcl",
        "blockPublicAcls",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": ({"bucket": "b", "policy": "{}", "polcy": "{}"}, "polcy", "policy"),
    "aws:s3/bucketLogging:BucketLogging": (
        {
            "bucket": "b",
            "targetBucket": "l",
            "targetPrefix": "p",
            "targetObjectKeyFormat": {"partitionedPrefix": {"partitionDateSource": "x", "dateSource": "x"}},
        },
        "targetObjectKeyFormat.partitionedPrefix.dateSource",
        "partitionDateSource",
    ),
    "aws:iam/role:Role": (
        {"assumeRolePolicy": "{}", "inlinePolicies": [{"polcy": "{}"}]},
        "inlinePolicies[0].polcy",
        "policy",
    ),
    "aws:iam/rolePolicy:RolePolicy": ({"role": "r", "policy": "{}", "nmae": "x"}, "nmae", "name"),
    "aws:kms/key:Key": ({"enableKeyRotaton": True}, "enableKeyRotaton", "enableKeyRotation"),
    "aws:kms/alias:Alias": ({"targetKeyId": "k", "nam": "x"}, "nam", "name"),
    "kafka:index/topic:Topic": (
        {"partitions": 1, "replicationFactor": 1, "replicationFaktor": 3},
        "replicationFaktor",
        "replicationFactor",
    ),
    "kafka:index/acl:Acl": (
        {
            "aclOperation": "Read",
            "aclPermissionType": "Allow",
            "aclPrincipal": "User:a",
            "aclResourceName": "t",
            "aclResourceType": "Topic",
            "aclHost": "*",
            "aclHosts": "*",
        },
        "aclHosts",
        "aclHost",
    ),
    "kubernetes:core/v1:ServiceAccount": (
        {"metadata": {"lables": {}}},
        "metadata.lables",
        "labels",
    ),
    "kubernetes:apps/v1:Deployment": (
        {"spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "a", "imag": "b"}]}}}},
        "spec.template.spec.containers[0].imag",
        "image",
    ),
    "kubernetes:batch/v1:CronJob": (
        {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {}, "backofLimit": 0}}}},
        "spec.jobTemplate.spec.backofLimit",
        "backoffLimit",
    ),
    "kafka:index/quota:Quota": ({"entityType": "user", "confg": {}}, "confg", "config"),
    "kafka:index/userScramCredential:UserScramCredential": (
        {"username": "u", "scramMechanism": "SCRAM-SHA-512", "password": "p", "scramIteration": 1},
        "scramIteration",
        "scramIterations",
    ),
}


@pytest.mark.parametrize("token", ELSEWHERE)
def test_any_other_sdk_is_checked_the_same_way(token: str) -> None:
    inputs, path, meant = ELSEWHERE[token]
    failures = check(token, inputs, stand_in(token.partition(":")[0])).failures
    assert list(failures) == [path]
    assert failures[path].endswith(f"Did you mean {meant}?")


def test_every_type_that_dev_and_prod_make_has_its_misspelt_input() -> None:
    planned = {
        title.split()[0]
        for plan in GOLDEN_PLANS.glob("*.json")
        for title in json.loads(plan.read_text(encoding="utf-8"))
    }
    checked = {token for token in planned if token.split(":")[0] in {"aws", "kafka", "kubernetes"}}
    assert checked == {token for token, _, _ in MISSPELT} | ELSEWHERE.keys()


def test_an_assume_role_policy_may_be_text_or_document() -> None:
    assert check("aws:iam/role:Role", {"assumeRolePolicy": "{}"}, aws()).failures == {}


def test_a_type_of_another_sdk_is_none_of_this_one() -> None:
    with pytest.raises(UnknownTypeError):
        Sdk("kubernetes").resource("aws:s3/bucket:Bucket")


def test_the_launcher_stands_where_the_engine_looks(tmp_path: Path) -> None:
    path = place(tmp_path, "kubernetes", "local.plugins.kubernetes")
    assert path == tmp_path / "plugins" / "resource-kubernetes-v4.32.0" / "pulumi-resource-kubernetes"
    assert path.stat().st_mode & 0o111
    assert "-m local.plugins.kubernetes" in path.read_text()
