"""A stack that breaks no policy, and ways to break it."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policy.resources import REQUIRED_TAGS, Context, Environment, Resource
from product_model import Environment as ProductEnvironment
from product_model import Product, load_product

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy.policies import ResourceRule, StackRule

REPOSITORY = Path(__file__).parents[2]
TAGS = {tag: "prod" if tag == "environment" else "x" for tag in REQUIRED_TAGS}
S3 = "aws:s3/"


@cache
def product() -> Product:
    return load_product(REPOSITORY / "data-product")


def context(environment: Environment = "prod") -> Context:
    return Context(environment=environment, product=product())


def resource(
    kind: str, name: str, props: Mapping[str, Any] | None = None, *, protect: bool = False, uses: str = ""
) -> Resource:
    return Resource(
        type=kind,
        name=name,
        urn=f"urn:pulumi:prod::payments::{kind}::{name}",
        props=props or {},
        protect=protect,
        uses=frozenset([uses] if uses else []),
    )


def changed(of: Resource, **props: Any) -> Resource:  # noqa: ANN401 - any property
    """Return a resource with some properties in place of its own; None takes one away."""
    merged = {**of.props, **props}
    return dataclasses.replace(of, props={name: value for name, value in merged.items() if value is not None})


@cache
def tables() -> dict[str, Resource]:
    """Return the product's tables as prod has them, by name."""
    environment = ProductEnvironment(bootstrap_servers="kafka:9096")
    return {
        table.name: resource(
            "pulumi-python:dynamic/pinot:Table",
            table.name,
            {"table_json": table.table_json, "schema_json": table.schema_json},
            protect=True,
        )
        for table in product().render(environment).tables
    }


def table_documents(name: str) -> dict[str, str]:
    """Return what a table resource is given."""
    return dict(tables()[name].props)


TOPIC = resource(
    "kafka:index/topic:Topic",
    "payments",
    {
        "name": "payments",
        "partitions": 12,
        "replicationFactor": 3,
        "config": {"min.insync.replicas": "2"},
    },
    protect=True,
)
RELEASE = resource(
    "kubernetes:helm.sh/v3:Release",
    "pinot-hot",
    {
        "chart": "pinot",
        "version": "1.0.0",
        "values": {
            "image": {"repository": "apachepinot/pinot", "tag": "1.5.1@sha256:" + "ab" * 32},
            "controller": {"external": {"enabled": False}},
            "broker": {"external": {"enabled": False}},
            "zookeeper": {"image": {"repository": "zookeeper", "tag": "3.9.3@sha256:" + "cd" * 32}},
        },
    },
    protect=True,
)


def bucket(name: str, *, lock: bool = False) -> dict[str, Resource]:
    """Return a bucket with all of its settings, by what they are; they know it by its output."""
    made = resource(
        f"{S3}bucket:Bucket",
        name,
        {"bucket": f"payments-{name}", "objectLockEnabled": lock, "tags": TAGS},
        protect=True,
    )

    def setting(kind: str, props: Mapping[str, Any]) -> Resource:
        token = f"{S3}{kind[0].lower()}{kind[1:]}:{kind}"
        return resource(token, name, {"bucket": f"payments-{name}", **props}, uses=made.urn)

    algorithm = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    settings = {
        "bucket": made,
        "block": setting("BucketPublicAccessBlock", dict.fromkeys(flags, True)),
        "encryption": setting("BucketServerSideEncryptionConfiguration", {"rules": [algorithm]}),
        "lifecycle": setting("BucketLifecycleConfiguration", {"rules": RULES[name]}),
        "policy": setting("BucketPolicy", {"policy": json.dumps({"Statement": [TLS_ONLY]})}),
    }
    if lock:
        rule = {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "years": 7}}}
        settings["lock"] = setting("BucketObjectLockConfiguration", rule)
    return settings


TLS_ONLY = {
    "Sid": "TlsOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
RULES: dict[str, list[dict[str, Any]]] = {
    "archive": [
        {
            "id": "events",
            "status": "Enabled",
            "expiration": {"days": 2557},
            "noncurrentVersionExpiration": {"noncurrentDays": 30},
            "transitions": [
                {"days": 90, "storageClass": "STANDARD_IA"},
                {"days": 365, "storageClass": "GLACIER_IR"},
                {"days": 1095, "storageClass": "DEEP_ARCHIVE"},
            ],
        },
        {"id": "markers", "status": "Enabled", "expiration": {"expiredObjectDeleteMarker": True}},
    ],
    "deep-store": [
        {
            "id": "segments",
            "status": "Enabled",
            "transitions": [{"days": 30, "storageClass": "INTELLIGENT_TIERING"}],
            "noncurrentVersionExpiration": {"noncurrentDays": 7},
        }
    ],
}


def stack() -> list[Resource]:
    """Return everything, without a violation."""
    return [
        *bucket("archive", lock=True).values(),
        *bucket("deep-store").values(),
        TOPIC,
        RELEASE,
        *tables().values(),
    ]


def one(rule: ResourceRule, of: Resource, environment: Environment = "prod") -> str:
    """Return the only sentence of a resource policy."""
    (sentence,) = rule(of, context(environment))
    return sentence


def none(rule: ResourceRule, of: Resource, environment: Environment = "prod") -> bool:
    return list(rule(of, context(environment))) == []


def of_stack(rule: StackRule, resources: list[Resource], environment: Environment = "prod") -> list[str]:
    return [violation.message for violation in rule(resources, context(environment))]


def settings(name: str, *, without: str = "", locked: bool = False, **changes: Resource) -> list[Resource]:
    """Return a bucket with its settings, some of them changed or taken away."""
    made = {**bucket(name, lock=locked), **changes}
    return [value for key, value in made.items() if key != without]
