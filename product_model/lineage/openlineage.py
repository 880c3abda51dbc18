"""The lineage as OpenLineage 2-0-2: static job events, as they hold whether or not anything runs.

https://openlineage.io/docs/spec/object-model
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from product_model.lineage.hops import FieldUse, Hop, Place, lineage

if TYPE_CHECKING:
    from product_model.product import Product

Json = dict[str, Any]
_SPEC = "https://openlineage.io/spec"
_SYSTEMS = {
    "topic": "kafka",
    "archive": "s3",
    "table": "pinot",
    "logical table": "pinot",
    "question": "pinot",
}


def openlineage(product: Product) -> list[Json]:
    """Return one event a step; equal files give equal events: their time is the release's."""
    return [_event(product, hop) for hop in lineage(product)]


def _event(product: Product, hop: Hop) -> Json:
    facts = product.descriptor.product
    producer = f"urn:{facts.domain}:{facts.id}:{facts.version}"

    def facet(schema: str, name: str, **content: object) -> Json:
        return {"_producer": producer, "_schemaURL": f"{_SPEC}/facets/{schema}#/$defs/{name}", **content}

    job_facets = {
        "documentation": facet(
            "1-1-0/DocumentationJobFacet.json", "DocumentationJobFacet", description=hop.description
        ),
        "jobType": facet(
            "2-0-4/JobTypeJobFacet.json",
            "JobTypeJobFacet",
            processingType="STREAMING" if any(place.kind == "topic" for place in hop.inputs) else "BATCH",
            integration=hop.by,
            jobType="QUERY" if hop.output.kind == "question" else "JOB",
        ),
    }
    event: Json = {
        "eventTime": f"{facts.released.isoformat()}T00:00:00Z",
        "producer": producer,
        "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/JobEvent",
        "job": {"namespace": facts.id, "name": hop.job, "facets": job_facets},
        "inputs": [_dataset(place) for place in hop.inputs],
        "outputs": [],
    }
    if hop.output.kind != "question":
        output = _dataset(hop.output)
        output["facets"] = {
            "schema": facet(
                "1-2-0/SchemaDatasetFacet.json", "SchemaDatasetFacet", fields=_fields(product, hop)
            ),
            "ownership": facet(
                "1-0-1/OwnershipDatasetFacet.json",
                "OwnershipDatasetFacet",
                owners=[{"name": f"team:{product.descriptor.owner.team}", "type": "OWNER"}],
            ),
            "columnLineage": facet(
                "1-2-0/ColumnLineageDatasetFacet.json",
                "ColumnLineageDatasetFacet",
                fields={name: {"inputFields": _inputs(uses)} for name, uses in hop.fields.items()},
                dataset=_inputs(hop.filters, subtype="FILTER"),
            ),
        }
        event["outputs"] = [output]
    return event


def _dataset(place: Place) -> Json:
    return {"namespace": _SYSTEMS[place.kind], "name": place.name}


def _fields(product: Product, hop: Hop) -> list[Json]:
    tables = {file.fact.name: file.fact.schema_ for file in product.tables}
    tables |= {file.fact.name: file.fact.schema_ for file in product.logical_tables}
    schema = product.schema(tables.get(hop.output.name, hop.output.name))
    views = {view.name: view for view in schema.columns}
    return [
        {"name": name, "type": views[name].data_type, "description": views[name].description}
        for name in hop.fields
    ]


def _inputs(uses: tuple[FieldUse, ...], *, subtype: str = "CONDITIONAL") -> list[Json]:
    found = []
    for use in uses:
        how: Json = {"type": "INDIRECT", "subtype": subtype, "masking": False}
        if use.use != "condition":
            how = {"type": "DIRECT", "subtype": use.use.upper(), "masking": use.masked}
        if use.functions:
            how["description"] = " ← ".join(use.functions)
        found.append({**_dataset(use.place), "field": use.field, "transformations": [how]})
    return found
