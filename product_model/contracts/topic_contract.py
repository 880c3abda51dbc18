"""The data contract of the topic: the events in the standard's words, beside AsyncAPI's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from product_model.contract import merged_schema
from product_model.contracts.odcs_parts import Json, contract_head, custom, kept, roles, value_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from product_model.contract import Message
    from product_model.product import Product

_LOGICAL = {
    "string": "string",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "object": "object",
}
_ORDER = ("public", "internal", "confidential", "restricted")


def topic_contract(product: Product) -> Json:
    """Return the contract of the topic that the product reads."""
    descriptor = product.descriptor
    port = descriptor.ports.input[0]
    purpose = (
        "The events as the payment service publishes them, personal data in clear: it writes, the product"
        " alone reads. Readers use the tables."
    )
    return {
        **contract_head(descriptor, port.name, product.contract.version, purpose),
        "servers": [
            {
                "server": "kafka",
                "type": "custom",
                "format": "json",
                "stream": port.topic,
                "description": "The brokers are the output endpoints.kafkaBootstrapServers of each stack.",
            }
        ],
        "schema": [_object(product, message) for message in product.contract.messages.values()],
        "roles": roles(descriptor, descriptor.access.writers, "write"),
        "slaProperties": [kept(port.topic, port.retention_days, driver="operational")],
        "customProperties": custom(
            classification=descriptor.product.classification,
            asyncapi=port.contract,
            contentType=port.content_type,
            recordKey=port.record_key,
            delivery=port.delivery,
            partitions=dict(port.partitions),
        ),
    }


def _object(product: Product, message: Message) -> Json:
    event = product.descriptor.event(message.name)
    return {
        "name": message.name,
        "physicalName": event.type,
        "physicalType": "event",
        "logicalType": "object",
        "description": event.description,
        "properties": _properties(_classes(product, message.name), merged_schema(message.schema), ""),
    }


def _classes(product: Product, event: str) -> dict[str, str]:
    """Return the highest class of the columns that hold each field of an event."""
    found: dict[str, str] = {}
    for schema in product.descriptor.schemas:
        for column in schema.columns:
            if event not in schema.events_of(column):
                continue
            for path in column.from_:
                other = found.get(path, "public")
                found[path] = max(other, column.classification, key=_ORDER.index)
    return found


def _properties(classes: Mapping[str, str], schema: Mapping[str, Any], prefix: str) -> list[Json]:
    required = schema.get("required", ())
    found = []
    for name, inner in schema["properties"].items():
        part = merged_schema(inner)
        path = f"{prefix}{name}"
        types = part.get("type", "string")
        types = [types] if isinstance(types, str) else types
        described: Json = {
            "name": name,
            "logicalType": _LOGICAL[types[0]],
            "physicalType": " | ".join(types),
            "required": name in required,
        }
        if path in classes:
            described["classification"] = classes[path]
        if "description" in part:
            described["description"] = part["description"].strip()
        if types[0] == "string":
            described |= value_rules(part)
        if "properties" in part:
            described["properties"] = _properties(classes, part, f"{path}.")
        if "x-personal-data" in part:
            described["customProperties"] = custom(personalData=part["x-personal-data"])
        found.append(described)
    return found
