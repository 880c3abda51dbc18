"""Every update of the real stack stands in the archive, once, under lock, without the configuration."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.environment import REPOSITORY
from local.s3_client import S3_LOGIN, s3_client

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack import LocalStack

pytestmark = pytest.mark.e2e


class Audited:
    """The stack, and a bucket whose objects nobody deletes for a year."""

    def __init__(self, stack: LocalStack) -> None:
        """Make the bucket."""
        self.stack = stack
        self.bucket = f"audit-{uuid.uuid4().hex[:12]}"
        self.s3 = s3_client(stack.environment.s3_endpoint)
        where = {"LocationConstraint": "eu-central-1"}
        self.s3.create_bucket(
            Bucket=self.bucket, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=where
        )
        rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}}
        self.s3.put_object_lock_configuration(
            Bucket=self.bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run the command; return exit code and output."""
        own = ("--stack", "local", "--archive-bucket", self.bucket)
        where = ("--s3-endpoint", self.stack.environment.s3_endpoint, "--directory", str(REPOSITORY))
        done = subprocess.run(
            [sys.executable, "-m", "operations.audit", *own, *where, *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **self.stack.environment.pulumi_environment(), **S3_LOGIN},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def documents(self) -> dict[str, dict[str, Any]]:
        """Return what stands in the bucket, by key."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())
        keys = [item["Key"] for item in listed]
        return {
            key: json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()) for key in keys
        }


@pytest.fixture
def audited(stack: LocalStack) -> Audited:
    return Audited(stack)


def test_every_update_is_written_once_and_says_who_did_what(audited: Audited, tmp_path: Path) -> None:
    audited.stack.refresh()
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"resourcePlans": {"urn:pulumi:local::p::t::n": {"steps": ["update"]}}}))
    code, shown = audited.run("--user", "somebody@ci", "--plan", str(plan))
    assert code == 0, shown
    documents = audited.documents()
    history = json.loads(audited.stack.capture("stack", "history", "--json"))
    assert len(documents) == len(history)
    ordered = [documents[key] for key in sorted(documents)]
    assert [document["kind"] for document in ordered] == [entry["kind"] for entry in reversed(history)]
    assert max(document["changes"].get("create", 0) for document in ordered) > 10
    assert ordered[0]["who"]["git.head"]
    assert "user" not in ordered[0]["who"]
    assert ordered[-1]["who"]["user"] == "somebody@ci"
    assert ordered[-1]["plan_sha256"] == hashlib.sha256(plan.read_bytes()).hexdigest()
    assert ordered[-1]["planned"] == {"urn:pulumi:local::p::t::n": ["update"]}
    assert "bootstrapServers" not in json.dumps(documents), (
        "values of the configuration are nobody's business"
    )

    code, shown = audited.run()
    assert (code, f"0 of {len(history)} updates were new" in shown) == (0, True), shown
    assert audited.documents() == documents


def test_nobody_takes_a_document_back(audited: Audited) -> None:
    assert audited.run()[0] == 0
    for version in audited.s3.list_object_versions(Bucket=audited.bucket)["Versions"]:
        with pytest.raises(ClientError, match="AccessDenied"):
            audited.s3.delete_object(
                Bucket=audited.bucket, Key=version["Key"], VersionId=version["VersionId"]
            )
    assert audited.documents()


def test_a_history_that_says_something_else_is_refused(audited: Audited) -> None:
    assert audited.run()[0] == 0
    key, document = min(audited.documents().items())
    changed = json.dumps({**document, "kind": "destroy"}).encode()
    audited.s3.put_object(Bucket=audited.bucket, Key=key, Body=changed)
    code, shown = audited.run()
    assert code == 1
    assert "says something else than Pulumi's history" in shown


def test_a_stack_that_is_not_there_is_said(audited: Audited) -> None:
    code, shown = audited.run("--stack", "nobody")
    assert code == 1
    assert "pulumi stack history --stack nobody" in shown
