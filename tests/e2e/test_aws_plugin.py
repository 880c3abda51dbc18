"""The aws stand-in under Pulumi's real engine: a small program goes up, drifts, changes and goes."""

from __future__ import annotations

import json
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.s3_client import s3_client

if TYPE_CHECKING:
    from local.environment import LocalEnvironment

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
PROJECT = """
name: buckets
runtime: {{name: python, options: {{toolchain: pip, virtualenv: {virtualenv}}}}}
"""
PROGRAM = """
import pulumi, pulumi_aws as aws
from pulumi_aws import s3

server = pulumi.ResourceOptions(
    provider=aws.Provider(
        "aws",
        region="eu-central-1",
        endpoints=[{{"s3": "{endpoint}"}}],
        s3_use_path_style=True,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_requesting_account_id=True,
    )
)
events = s3.Bucket("events", bucket="{bucket}", force_destroy={force}, tags={{"a": "b"}}, opts=server)
enabled = {{"status": "Enabled"}}
s3.BucketVersioning("events", bucket=events.bucket, versioning_configuration=enabled, opts=server)
expiry = {{"id": "expiry", "status": "Enabled", "expiration": {{"days": {days}}}}}
s3.BucketLifecycleConfiguration("events", bucket=events.bucket, rules=[expiry], opts=server)
{more}
pulumi.export("arn", events.arn)
"""


@dataclass
class SmallStack:
    """A stack of the small program."""

    directory: Path
    environment: dict[str, str]
    endpoint: str

    def write(
        self, *, bucket: str = "e2e-events", days: int = 30, force: bool = False, more: str = ""
    ) -> None:
        """Write the program."""
        text = PROGRAM.format(endpoint=self.endpoint, bucket=bucket, days=days, force=force, more=more)
        (self.directory / "__main__.py").write_text(text)

    def pulumi(self, *arguments: str, succeeds: bool = True) -> str:
        """Run the command line and return all that it says."""
        done = subprocess.run(
            ["pulumi", *arguments, "--stack", "test", "--non-interactive", "--color", "never"],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert (done.returncode == 0) is succeeds, said
        return said

    def changes(self, *arguments: str) -> dict[str, Any]:
        """Return the steps of a preview that are no `same`, by the resource's type and name."""
        plan = json.loads(self.pulumi("preview", "--json", *arguments).split("\nwarning:")[0])
        return {
            "::".join(step["urn"].split("::")[2:]): step for step in plan["steps"] if step["op"] != "same"
        }


@pytest.fixture(scope="module")
def stack(
    local_environment: LocalEnvironment, s3: str, tmp_path_factory: pytest.TempPathFactory
) -> SmallStack:
    directory = tmp_path_factory.mktemp("buckets")
    (directory / "Pulumi.yaml").write_text(textwrap.dedent(PROJECT.format(virtualenv=ROOT / ".venv")))
    stack = SmallStack(directory, local_environment.pulumi_environment(), s3)
    stack.write()
    stack.pulumi("stack", "init")
    return stack


@pytest.fixture(scope="module")
def client(s3: str) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    return s3_client(s3)


def buckets(client: Any) -> set[str]:  # noqa: ANN401 - boto3 makes its classes at run time
    """Return the program's buckets that the server has."""
    names = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    return {name for name in names if name.startswith("e2e-")}


def test_what_goes_up_drifts_is_repaired_changes_and_goes(stack: SmallStack, client: Any) -> None:  # noqa: ANN401 - boto3's
    stack.write()
    stack.pulumi("up", "--yes", "--skip-preview")
    assert json.loads(stack.pulumi("stack", "output", "--json")) == {"arn": "arn:aws:s3:::e2e-events"}
    stack.pulumi("preview", "--expect-no-changes")
    stack.pulumi("refresh", "--preview-only", "--expect-no-changes")

    client.put_bucket_versioning(Bucket="e2e-events", VersioningConfiguration={"Status": "Suspended"})
    client.delete_bucket_lifecycle(Bucket="e2e-events")
    assert "error" in stack.pulumi("refresh", "--preview-only", "--expect-no-changes", succeeds=False)
    stack.pulumi("refresh", "--yes", "--skip-preview")
    drift = stack.changes()
    assert {name: step["op"] for name, step in drift.items() if "Stack" not in name} == {
        "aws:s3/bucketVersioning:BucketVersioning::events": "update",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration::events": "create",
    }
    versioning = drift["aws:s3/bucketVersioning:BucketVersioning::events"]
    assert list(versioning["detailedDiff"]) == ["versioningConfiguration.status"]
    stack.pulumi("up", "--yes", "--skip-preview")
    assert client.get_bucket_versioning(Bucket="e2e-events")["Status"] == "Enabled"

    stack.write(days=31)
    (changed,) = stack.changes().values()
    assert (changed["op"], list(changed["detailedDiff"])) == ("update", ["rules[0].expiration.days"])

    client.put_object(Bucket="e2e-events", Key="kept", Body=b"1")
    said = stack.pulumi("destroy", "--yes", "--skip-preview", succeeds=False)
    assert "bucket e2e-events is not empty: it holds for example kept. Nothing was deleted." in said
    assert client.get_object(Bucket="e2e-events", Key="kept")["Body"].read() == b"1"

    stack.write(days=31, force=True)
    stack.pulumi("up", "--yes", "--skip-preview")
    rules = client.get_bucket_lifecycle_configuration(Bucket="e2e-events")["Rules"]
    assert [rule["Expiration"]["Days"] for rule in rules] == [31]
    stack.write(bucket="e2e-renamed", days=31, force=True)
    stack.pulumi("up", "--yes", "--skip-preview")
    assert buckets(client) == {"e2e-renamed"}, "another name is another bucket"
    assert client.get_bucket_versioning(Bucket="e2e-renamed")["Status"] == "Enabled"
    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert buckets(client) == set()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            's3.BucketVersioning("x", bucket="x", versioning_configuration={"statsu": "x"}, opts=server)',
            "versioningConfiguration.statsu is no input of the aws provider",
        ),
        (
            's3.Bucket("x", bucket="x", acl="public-read", opts=server)',
            "acl is an input of the aws provider that its local stand-in does not act on",
        ),
        (
            'from pulumi_aws import sqs; sqs.Queue("x", opts=server)',
            "stand-in for the aws provider does not know aws:sqs/queue:Queue; it knows aws:s3",
        ),
        (
            'aws.Provider("y", region="a", endpoints=[{"s3": "https://s3.eu-central-1.amazonaws.com"}])',
            "is no http:// or https:// address of this machine",
        ),
    ],
)
def test_a_mistake_is_said_in_the_preview(stack: SmallStack, more: str, message: str) -> None:
    stack.write(more=more)
    assert message in " ".join(stack.pulumi("preview", succeeds=False).split())
