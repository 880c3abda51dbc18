"""Parts that every data contract (Open Data Contract Standard 3.1.0) of the product has.

https://bitol-io.github.io/open-data-contract-standard/v3.1.0/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from product_model.descriptor import Descriptor, Objective

Json = dict[str, Any]
# By objective: the standard's word for it. Accuracy and completeness stand with the data, as qualities.
_SLA = {"availability": "availability", "query-latency": "latency", "freshness": "freshness"}
_QUALITIES = ("accuracy", "completeness")


def contract_id(descriptor: Descriptor, port: str) -> str:
    """Return the id by which contracts refer to each other."""
    return f"{descriptor.product.id}/{port}"


def contract_head(descriptor: Descriptor, port: str, version: str, purpose: str) -> Json:
    """Return identity, purpose, people: what comes before the schema."""
    facts = descriptor.product
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": contract_id(descriptor, port),
        "name": port,
        "version": version,
        "status": facts.status,
        "domain": facts.domain,
        "dataProduct": facts.id,
        "tags": [facts.sub_domain, facts.archetype],
        "contractCreatedTs": f"{facts.released.isoformat()}T00:00:00Z",
        "description": {
            "purpose": purpose,
            "limitations": facts.limits,
            "usage": descriptor.access.request,
        },
        "team": {
            "name": descriptor.owner.team,
            "description": f"{descriptor.owner.name} owns it and answers for it.",
        },
    }


def roles(descriptor: Descriptor, teams: tuple[str, ...], access: str) -> list[Json]:
    """Return who may read or write, and who approves."""
    return [{"role": team, "access": access, "firstLevelApprovers": descriptor.owner.team} for team in teams]


def service_levels(descriptor: Descriptor) -> list[Json]:
    """Return the objectives that the standard has a word for."""
    return [
        _service_level(objective, _SLA[objective.name])
        for objective in descriptor.objectives
        if objective.name in _SLA
    ]


def _service_level(objective: Objective, word: str) -> Json:
    percentile = f"{objective.percentile} percent of them, " if objective.percentile else ""
    return {
        "property": word,
        "value": objective.target,
        "unit": objective.unit,
        "driver": "operational",
        "description": f"{objective.description} {percentile}measured over {objective.window}.".replace(
            ". measured", ". Measured"
        ),
    }


def kept(table: str, days: int, *, driver: str) -> Json:
    """Return how long something is kept."""
    return {
        "property": "retention",
        "value": days,
        "unit": "d",
        "element": table,
        "driver": driver,
        "description": f"Rows of {table} end after {days} days.",
    }


def qualities(descriptor: Descriptor, *, unique: str | None) -> list[Json]:
    """Return what is promised of all rows together."""
    found: list[Json] = [
        {
            "name": objective.name,
            "type": "text",
            "dimension": objective.name,
            "description": f"{objective.description} At least {objective.target:g} {objective.unit}, measured"
            f" over {objective.window}.",
        }
        for objective in descriptor.objectives
        if objective.name in _QUALITIES
    ]
    if unique is not None:
        found.append(
            {
                "name": "uniqueness",
                "type": "text",
                "dimension": "uniqueness",
                "description": unique,
            }
        )
    return found


def custom(**properties: object) -> list[Json]:
    """Return properties that the standard has no word for; None is left out."""
    return [{"property": name, "value": value} for name, value in properties.items() if value is not None]


def value_rules(schema: Mapping[str, Any]) -> Json:
    """Return what a JSON Schema says of a text's form and values, in the standard's words."""
    options = {
        name: schema[name] for name in ("pattern", "format", "minLength", "maxLength") if name in schema
    }
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    found: Json = {}
    if options:
        found["logicalTypeOptions"] = options
    if values:
        found["quality"] = [
            {
                "name": "values",
                "type": "library",
                "metric": "invalidValues",
                "dimension": "conformity",
                "arguments": {"validValues": list(values)},
                "mustBe": 0,
            }
        ]
    return found
