"""The pack under Pulumi's real engine: each policy is broken once and reported, and a right stack passes."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.plugins.offline.serving import place
from policy.policies import RESOURCE_POLICIES, STACK_POLICIES
from tests.policy.stacks import RULES, TAGS, table_documents

if TYPE_CHECKING:
    from local.environment import LocalEnvironment

pytestmark = pytest.mark.policy

ROOT = Path(__file__).parents[2]
PROJECT = "name: payments\nruntime: {{name: python, options: {{toolchain: pip, virtualenv: {virtualenv}}}}}\n"
DIGEST = "@sha256:" + "ab" * 32

COMMON = """
import json
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_kafka as kafka
import pulumi_kubernetes as kubernetes
from pulumi.dynamic import Resource, ResourceProvider
from pulumi_aws import s3


class PinotTable(Resource, module="pinot", name="Table"):
    def __init__(self, name, documents, opts=None):
        super().__init__(ResourceProvider(), name, documents, opts)


def table(file):
    return json.loads(Path(file).read_text())


def through(provider, **options):
    return pulumi.ResourceOptions(provider=provider, **options)


account = aws.Provider("aws", region="eu-central-1")
cluster = kubernetes.Provider("kubernetes", context="prod", cluster_identifier="prod")
brokers = kafka.Provider("kafka", bootstrap_servers=["kafka:9096"])
"""
RIGHT = """
tags = {tags}
archive = s3.Bucket(
    "archive", bucket="archive", object_lock_enabled=True, tags=tags, opts=through(account, protect=True)
)
s3.BucketPublicAccessBlock(
    "archive", bucket=archive.id, block_public_acls=True, block_public_policy=True, ignore_public_acls=True,
    restrict_public_buckets=True, opts=through(account),
)
encryption = {{"apply_server_side_encryption_by_default": {{"sse_algorithm": "aws:kms"}}}}
s3.BucketServerSideEncryptionConfiguration(
    "archive", bucket=archive.id, rules=[encryption], opts=through(account)
)
s3.BucketLifecycleConfiguration("archive", bucket=archive.id, rules={rules}, opts=through(account))
s3.BucketObjectLockConfiguration(
    "archive", bucket=archive.id, rule={{"default_retention": {{"mode": "COMPLIANCE", "years": 7}}}},
    opts=through(account),
)
aws.iam.Role(
    "reader", assume_role_policy="{{}}", tags={{**tags, "reader": "finance-team"}}, opts=through(account)
)
kafka.Topic(
    "payments", name="payments", partitions=12, replication_factor=3, config={{"min.insync.replicas": "2"}},
    opts=through(brokers, protect=True),
)
kafka.Acl(
    "pinot", acl_operation="Read", acl_permission_type="Allow", acl_principal="User:pinot", acl_host="*",
    acl_resource_name="payments", acl_resource_type="Topic", opts=through(brokers),
)
PinotTable("transaction_booked_rt", table("right.json"), pulumi.ResourceOptions(protect=True))
kubernetes.helm.v3.Release(
    "pinot", name="pinot", chart="pinot", version="1.0.0",
    values={{
        "image": {{"repository": "apachepinot/pinot", "tag": "1.5.1{digest}"}},
        "controller": {{"external": {{"enabled": False}}}},
        "broker": {{"external": {{"enabled": False}}}},
    }},
    opts=through(cluster, protect=True),
)
kubernetes.core.v1.Service("broker", spec={{"type": "ClusterIP"}}, opts=through(cluster))
kubernetes.apps.v1.Deployment(
    "loader",
    spec={{
        "selector": {{}},
        "template": {{"spec": {{"containers": [{{"name": "main", "image": "loader:1.2.3{digest}"}}]}}}},
    }},
    opts=through(cluster),
)
"""
WRONG = """
s3.Bucket("archive", bucket="archive", acl="public-read", opts=through(account))
aws.iam.Role(
    "reader", assume_role_policy="{{}}", tags={{**{tags}, "reader": "marketing"}}, opts=through(account)
)
kafka.Topic(
    "payments", name="payments", partitions=12, replication_factor=1, opts=through(brokers, protect=True)
)
kafka.Acl(
    "finance", acl_operation="Read", acl_permission_type="Allow", acl_principal="User:finance-team",
    acl_host="*",
    acl_resource_name="payments", acl_resource_type="Topic", opts=through(brokers),
)
PinotTable("transaction_booked_rt", table("wrong.json"), pulumi.ResourceOptions(protect=True))
kubernetes.helm.v3.Release("other", chart="other", opts=through(cluster, protect=True))
kubernetes.core.v1.Service("broker", spec={{"type": "LoadBalancer"}}, opts=through(cluster))
kubernetes.apps.v1.Deployment(
    "loader",
    spec={{
        "selector": {{}},
        "template": {{"spec": {{"containers": [{{"name": "main", "image": "loader:latest"}}]}}}},
    }},
    opts=through(cluster),
)
"""
VIOLATION = re.compile(r"\[mandatory\]\s+(\S+)\s+\((\S+): (\S+)\)")


@dataclass
class PreviewedStack:
    """A stack that is only ever previewed, without any credential."""

    directory: Path
    environment: dict[str, str]

    def preview(self, program: str) -> tuple[int, str]:
        """Preview a program under the pack; return the exit code and all that was said."""
        (self.directory / "__main__.py").write_text(COMMON + program)
        done = subprocess.run(
            [
                "pulumi",
                "preview",
                "--stack",
                "prod",
                "--policy-pack",
                str(ROOT / "policy"),
                "--non-interactive",
            ],
            cwd=self.directory,
            env={**self.environment, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def stack(local_environment: LocalEnvironment, tmp_path_factory: pytest.TempPathFactory) -> PreviewedStack:
    directory = tmp_path_factory.mktemp("policies")
    (directory / "Pulumi.yaml").write_text(PROJECT.format(virtualenv=ROOT / ".venv"))
    right = table_documents("transaction_booked_rt")
    (directory / "right.json").write_text(json.dumps(right))
    wrong = right["table_json"].replace(
        r" OR (isNotNull(sellerNameHash) AND NOT(regexpLike(sellerNameHash,", " OR (false AND (length("
    )
    wrong = wrong.replace('"retentionTimeValue":"30"', '"retentionTimeValue":"20"')
    assert wrong.count("(false AND (length(") == wrong.count('"retentionTimeValue":"20"') == 1
    (directory / "wrong.json").write_text(json.dumps({**right, "table_json": wrong}))
    home, state = directory / "home", directory / "state"
    state.mkdir()
    place(home, "kubernetes", "local.plugins.kubernetes")
    for package in ("aws", "kafka"):
        place(home, package, "local.plugins.offline", package)
    environment = {
        **local_environment.pulumi_environment(),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{state}",
    }
    subprocess.run(
        ["pulumi", "stack", "init", "prod"], cwd=directory, env=environment, check=True, capture_output=True
    )
    return PreviewedStack(directory, environment)


def test_each_policy_is_broken_once_and_reported(stack: PreviewedStack) -> None:
    code, said = stack.preview(WRONG.format(tags=TAGS))
    assert code != 0
    reported = {name: resource for name, _, resource in VIOLATION.findall(said)}
    assert reported == {
        "public-bucket": "archive",
        "unencrypted-bucket": "archive",
        "bucket-lifecycle": "archive",
        "unlocked-archive": "archive",
        "unprotected": "archive",
        "missing-tags": "archive",
        "unknown-reader": "reader",
        "fragile-topic": "payments",
        "topic-open-to": "finance",
        "clear-personal-data": "transaction_booked_rt",
        "broken-contract": "transaction_booked_rt",
        "unpinned-chart": "other",
        "load-balancer": "broker",
        "moving-image": "loader",
    }, said
    assert reported.keys() == {policy.name for policy in (*RESOURCE_POLICIES, *STACK_POLICIES)}
    assert "reader is a role for marketing, which is no reader in payment-service-data-product.yaml" in said


def test_a_right_stack_passes_without_any_credential(stack: PreviewedStack) -> None:
    rules = RULES["archive"]
    code, said = stack.preview(RIGHT.format(tags=TAGS, rules=rules, digest=DIGEST))
    assert code == 0, said
    assert VIOLATION.findall(said) == []
    assert "payment-service-data-product@v1.0.0" in said
    assert said.count("OFFLINE PREVIEW: a stand-in answers for the") >= 3
