"""The local S3 server keeps what it was given, over restarts and kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.environment import REPOSITORY, free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from botocore.client import BaseClient

pytestmark = pytest.mark.engine


@contextmanager
def s3_server(journal: Path, *, end: signal.Signals = signal.SIGTERM) -> Iterator[BaseClient]:
    """Run a server on `journal` and give a client for it; afterwards end it with the signal `end`."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "local.s3_server", "--port", str(port), "--journal", str(journal)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
                break
            except OSError:
                if process.poll() is not None:
                    assert process.stderr is not None
                    pytest.fail(process.stderr.read())
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="eu-central-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the server takes any
            config=Config(retries={"total_max_attempts": 1}),
        )
    finally:
        process.send_signal(end)
        process.wait(timeout=20)
        assert process.stderr is not None
        process.stderr.close()


def everything(client: BaseClient) -> dict[str, Any]:
    """Read back all that a client can see of bucket `archive`."""
    versions = client.list_object_versions(Bucket="archive")
    return {
        "buckets": [(b["Name"], b["CreationDate"]) for b in client.list_buckets()["Buckets"]],
        "versioning": client.get_bucket_versioning(Bucket="archive")["Status"],
        "tags": client.get_bucket_tagging(Bucket="archive")["TagSet"],
        "versions": [
            (v["Key"], v["VersionId"], v["ETag"], v["LastModified"], v["IsLatest"])
            for v in versions["Versions"]
        ],
        "markers": [(m["Key"], m["VersionId"]) for m in versions.get("DeleteMarkers", [])],
        "body": client.get_object(Bucket="archive", Key="registered/ä hour=1.bin")["Body"].read(),
        "metadata": client.head_object(Bucket="archive", Key="registered/ä hour=1.bin")["Metadata"],
    }


def fill(client: BaseClient) -> None:
    where = {"LocationConstraint": "eu-central-1"}
    client.create_bucket(Bucket="archive", CreateBucketConfiguration=where)
    client.put_bucket_versioning(Bucket="archive", VersioningConfiguration={"Status": "Enabled"})
    client.put_bucket_tagging(Bucket="archive", Tagging={"TagSet": [{"Key": "product", "Value": "payments"}]})
    key = "registered/ä hour=1.bin"
    client.put_object(Bucket="archive", Key=key, Body=b"first")
    client.put_object(Bucket="archive", Key=key, Body=bytes(range(256)) * 40, Metadata={"rows": "12"})
    client.put_object(Bucket="archive", Key="gone", Body=b"x")
    client.delete_object(Bucket="archive", Key="gone")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_brings_back_buckets_versions_and_dates(tmp_path: Path, end: signal.Signals) -> None:
    with s3_server(tmp_path / "journal", end=end) as client:
        fill(client)
        before = everything(client)
    assert len(before["versions"]) == 3
    time.sleep(1.1)  # S3's dates have whole seconds: a date taken anew at replay would differ
    with s3_server(tmp_path / "journal") as client:
        assert everything(client) == before


def test_a_multipart_upload_goes_on_after_a_restart_and_stays_after_another(tmp_path: Path) -> None:
    part = b"p" * (5 * 2**20)  # S3's smallest part
    with s3_server(tmp_path / "journal") as client:
        client.create_bucket(
            Bucket="uploads", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        upload = client.create_multipart_upload(Bucket="uploads", Key="big")["UploadId"]
        first = client.upload_part(Bucket="uploads", Key="big", UploadId=upload, PartNumber=1, Body=part)[
            "ETag"
        ]
    with s3_server(tmp_path / "journal") as client:
        last = client.upload_part(Bucket="uploads", Key="big", UploadId=upload, PartNumber=2, Body=b"end")[
            "ETag"
        ]
        parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": last}]
        client.complete_multipart_upload(
            Bucket="uploads", Key="big", UploadId=upload, MultipartUpload={"Parts": parts}
        )
    with s3_server(tmp_path / "journal") as client:
        assert client.get_object(Bucket="uploads", Key="big")["Body"].read() == part + b"end"


def test_an_entry_cut_short_by_a_kill_is_dropped_and_the_rest_stays(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with s3_server(journal) as client:
        fill(client)
    whole = journal.stat().st_size
    with s3_server(journal) as client:
        client.put_object(Bucket="archive", Key="late", Body=b"z" * 1000)
    os.truncate(journal, journal.stat().st_size - 400)
    with s3_server(journal) as client:
        keys = {o["Key"] for o in client.list_objects_v2(Bucket="archive")["Contents"]}
        assert keys == {"registered/ä hour=1.bin"}
        assert journal.stat().st_size == whole
        client.put_object(Bucket="archive", Key="next", Body=b"y")
    with s3_server(journal) as client:
        assert client.get_object(Bucket="archive", Key="next")["Body"].read() == b"y"


def test_a_refused_request_is_not_remembered_and_no_signature_is_written_down(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with s3_server(journal) as client:
        with pytest.raises(ClientError, match="NoSuchBucket"):
            client.put_object(Bucket="nowhere", Key="k", Body=b"v")
        assert journal.stat().st_size == 0
        client.create_bucket(
            Bucket="uploads", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
    entry = json.loads(journal.read_bytes().splitlines()[0])
    assert entry["environ"]["HTTP_AUTHORIZATION"].endswith("Signature=0")


def test_the_journal_of_an_emptied_server_starts_anew(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with s3_server(journal) as client:
        client.create_bucket(
            Bucket="uploads", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        client.delete_bucket(Bucket="uploads")
    with s3_server(journal) as client:
        assert client.list_buckets()["Buckets"] == []
    assert journal.stat().st_size == 0
