"""The product's descriptor in the words of the Open Data Product Standard 1.0.0.

https://bitol-io.github.io/open-data-product-standard/v1.0.0/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from product_model.contracts.odcs_parts import Json, contract_id, custom

if TYPE_CHECKING:
    from product_model.descriptor import OutputPort
    from product_model.product import Product


def port_version(product: Product, port: OutputPort) -> str:
    """Return the version of an output port's contract."""
    return port.version or product.schema(port.schemas[0]).fact.version


def data_product(product: Product) -> Json:
    """Return the descriptor in the standard's words."""
    descriptor = product.descriptor
    facts, source = descriptor.product, descriptor.ports.input[0]
    origin = {"id": contract_id(descriptor, source.name), "version": product.contract.version}
    return {
        "apiVersion": "v1.0.0",
        "kind": "DataProduct",
        "id": facts.id,
        "name": facts.name,
        "version": facts.version,
        "status": facts.status,
        "domain": facts.domain,
        "tags": [facts.sub_domain, facts.archetype],
        "productCreatedTs": f"{facts.released.isoformat()}T00:00:00Z",
        "description": {
            "purpose": facts.purpose,
            "limitations": facts.limits,
            "usage": descriptor.access.request,
        },
        "inputPorts": [
            {
                "name": source.name,
                "version": product.contract.version,
                "contractId": origin["id"],
                "customProperties": custom(type=source.kind, topic=source.topic),
            }
        ],
        "outputPorts": [
            {
                "name": port.name,
                "description": port.description,
                "type": port.kind,
                "version": port_version(product, port),
                "contractId": contract_id(descriptor, port.name),
                "inputContracts": [origin],
            }
            for port in descriptor.ports.output
        ],
        "managementPorts": [
            {
                "name": "discovery",
                "content": "discoverability",
                "type": "rest",
                "description": "The output `discovery` of each stack: all that is offered, as JSON.",
            }
        ],
        "team": {
            "name": descriptor.owner.team,
            "description": f"{descriptor.owner.name} owns it and answers for it.",
        },
        "customProperties": custom(
            boundedContext=facts.bounded_context,
            classification=facts.classification,
            readers=list(descriptor.access.readers),
            writers=list(descriptor.access.writers),
            admins=list(descriptor.access.admins),
        ),
    }
