"""What the stack puts out. Pure: all of it is known from settings and files before anything is made."""

from typing import Any, Final

from components.settings import Settings
from components.store_settings import BucketSettings
from components.stream_settings import TopicSettings
from payment_outputs.discovery import discovery_document
from payment_outputs.encoding import to_plain
from payment_outputs.model import (
    OUTPUT_VERSION,
    Bucket,
    Buckets,
    Column,
    Endpoints,
    Objective,
    PaymentOutputs,
    Table,
    Tenant,
    Topic,
    Topics,
)
from product_model import Product

QUARANTINE_CONTENT_TYPE: Final = "application/json"


def product_outputs(settings: Settings, product: Product) -> dict[str, Any]:
    """Return the stack's outputs by name, as plain values."""
    facts = product.descriptor
    outputs: dict[str, Any] = {
        "output_version": OUTPUT_VERSION,
        "environment": settings.environment,
        "topics": _topics(settings, product),
        "endpoints": Endpoints(
            kafka_bootstrap_servers=settings.kafka.bootstrap_servers,
            pinot_broker=settings.broker_url,
            pinot_controller=settings.controller.controller_url,
        ),
        "tables": (*_tables(settings, product), *_logical_tables(settings, product)),
        "buckets": Buckets(
            deep_store=_bucket(settings.deep_store, settings), archive=_bucket(settings.archive, settings)
        ),
        "tenants": _tenants(settings),
        "objectives": tuple(
            Objective(
                name=objective.name,
                target=objective.target,
                unit=objective.unit,
                percentile=objective.percentile,
                window=objective.window,
                description=objective.description,
            )
            for objective in facts.objectives
        ),
    }
    document = discovery_document(_identity(product), outputs, _links(settings, product))
    plain: dict[str, Any] = to_plain(PaymentOutputs(**outputs, discovery=document))
    return plain


def _topics(settings: Settings, product: Product) -> Topics:
    port = product.descriptor.ports.input[0]
    contract = _path(settings, port.contract)

    def topic(topic_settings: TopicSettings, content_type: str) -> Topic:
        return Topic(
            name=topic_settings.name,
            partitions=topic_settings.partitions,
            retention_days=topic_settings.retention_days,
            content_type=content_type,
            record_key=port.record_key,
            contract=contract,
        )

    return Topics(
        events=topic(settings.kafka.topic, port.content_type),
        quarantine=topic(settings.kafka.quarantine, QUARANTINE_CONTENT_TYPE),
    )


def _columns(product: Product, schema: str) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=column.name,
            data_type=column.data_type,
            classification=column.classification,
            nullable=column.nullable,
        )
        for column in product.schema(schema).columns
    )


def _tables(settings: Settings, product: Product) -> tuple[Table, ...]:
    return tuple(
        Table(
            name=file.fact.name,
            kind=file.fact.table_type,
            description=file.fact.row,
            schema_version=product.schema(file.fact.schema_).fact.version,
            time_column=file.table.segments_config.time_column_name,
            retention_days=settings.pinot.retention_days.get(file.fact.name, file.fact.retention_days),
            members=(),
            columns=_columns(product, file.fact.schema_),
        )
        for file in product.tables
    )


def _logical_tables(settings: Settings, product: Product) -> tuple[Table, ...]:
    physical = {table.name: table for table in _tables(settings, product)}
    return tuple(
        Table(
            name=file.fact.name,
            kind="LOGICAL",
            description=physical[file.fact.members[0]].description,
            schema_version=product.schema(file.fact.schema_).fact.version,
            time_column=physical[file.fact.members[0]].time_column,
            retention_days=max(physical[member].retention_days for member in file.fact.members),
            members=file.fact.members,
            columns=_columns(product, file.fact.schema_),
        )
        for file in product.logical_tables
    )


def _bucket(bucket: BucketSettings, settings: Settings) -> Bucket:
    return Bucket(name=bucket.bucket, arn=bucket.arn, region=settings.aws.region)


def _tenants(settings: Settings) -> tuple[Tenant, ...]:
    pinot = settings.pinot
    servers = (pinot.servers, pinot.warm, pinot.cold)
    return (
        Tenant(name=pinot.brokers.tenant, role="BROKER"),
        *(Tenant(name=pool.tenant, role="SERVER") for pool in servers if pool is not None),
    )


def _identity(product: Product) -> dict[str, Any]:
    facts = product.descriptor
    return {
        "id": facts.product.id,
        "name": facts.product.name,
        "version": facts.product.version,
        "status": facts.product.status,
        "archetype": facts.product.archetype,
        "domain": facts.product.domain,
        "subDomain": facts.product.sub_domain,
        "boundedContext": facts.product.bounded_context,
        "classification": facts.product.classification,
        "purpose": facts.product.purpose,
        "limits": facts.product.limits,
        "owner": {"team": facts.owner.team, "name": facts.owner.name},
        "readers": facts.access.readers,
        "events": [event.type for event in facts.events],
    }


def _links(settings: Settings, product: Product) -> dict[str, str]:
    return {
        "descriptor": _path(settings, product.descriptor_document.file),
        "contract": _path(settings, product.descriptor.ports.input[0].contract),
        "documentation": _path(settings, "README.md"),
        "questions": _path(settings, "queries"),
    }


def _path(settings: Settings, file: str) -> str:
    return f"{settings.product.directory}/{file}"
