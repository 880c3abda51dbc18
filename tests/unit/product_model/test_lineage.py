"""Lineage is found in the functions that tables run: who changes a function changes the lineage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from product_model.lineage.columns import ColumnOrigin, column_origins, filtered_by
from product_model.lineage.hops import Hop, Place, lineage
from product_model.lineage.openlineage import openlineage
from product_model.lineage.picture import lineage_graph, mermaid, svg
from product_model.pinot_table import IngestionConfig

if TYPE_CHECKING:
    from product_model import Product
    from tests.unit.product_model.conftest import ProductCopy

pytestmark = pytest.mark.unit

BOOKED = "pinot-tables/transaction-booked-rt-table.json"
TOPIC = Place("topic", "payments")


def _config(
    enrichment: dict[str, str], transforms: dict[str, str], dropped: str = "false"
) -> IngestionConfig:
    return IngestionConfig.model_validate(
        {
            "enrichmentConfigs": [
                {
                    "enricherType": "generateColumn",
                    "properties": {"fieldToFunctionMap": enrichment},
                    "preComplexTypeTransform": False,
                }
            ],
            "transformConfigs": [
                {"columnName": name, "transformFunction": text} for name, text in transforms.items()
            ],
            "filterConfig": {"filterFunction": dropped},
            "continueOnError": False,
            "rowTimeValueCheck": True,
        }
    )


def _origin(function: str) -> ColumnOrigin:
    return column_origins(_config({}, {"a": function}), ("a", "b"))["a"]


@pytest.mark.parametrize(
    ("function", "found"),
    [
        ("jsonPathString(data,'$.buyer.id')", "as it is: data.buyer.id"),
        ('"type"', "as it is: type"),
        ("sha256(toUtf8(lower(jsonPathString(data,'$.buyer.email'))))", "as a hash: data.buyer.email"),
        ("caseWhen(isNotDistinctFrom(k,'x'),jsonPathString(data,'$.s'))", "as it is: data.s | k"),
        ("caseWhen(isNull(u),jsonPathString(data,'$.s'),\"time\")", "as it is: data.s, time | u"),
        ("nullIf(\"source\",jsonPathString(data,'$.x'))", "changed: source | data.x"),
        ('caseWhen(isNull("__metadata$recordSerializedValueSize"),a,"time")', "as it is: time"),
        ("now()", "changed: "),
    ],
)
def test_a_value_is_a_source_and_what_only_decides_is_a_condition(function: str, found: str) -> None:
    origin = _origin(function)
    how = "as a hash" if origin.masked else "as it is" if origin.identity else "changed"
    conditions = f" | {', '.join(sorted(origin.conditions))}" if origin.conditions else ""
    assert f"{how}: {', '.join(sorted(origin.sources))}{conditions}" == found


def test_a_column_of_a_column_goes_back_to_the_event() -> None:
    config = _config({"b": "sha256(toUtf8(jsonPathString(data,'$.name')))"}, {"a": "upper(b)"}, "isNull(b)")
    found = column_origins(config, ("a", "b"))["a"]
    assert found.sources == {"data.name"}
    assert found.columns == {"b"}
    assert found.masked
    assert filtered_by(config) == {"b"}


def _hop(product: Product, kind: str, name: str) -> Hop:
    return next(hop for hop in lineage(product) if (hop.output.kind, hop.output.name) == (kind, name))


def test_the_merged_tables_columns_come_from_the_fields_of_their_events(product: Product) -> None:
    fields = _hop(product, "table", "payment_analytics").fields
    assert {use.field for use in fields["amount"]} == {
        "transactionWalletRegistered.data.amount",
        "transactionBooked.data.amount",
    }
    assert {(use.field, use.use) for use in fields["checkoutId"]} == {
        ("transactionWalletRegistered.data.checkoutId", "identity"),
        ("transactionWalletRegistered.type", "condition"),
    }
    assert {use.field for use in fields["processingTimeMs"] if use.use == "transformation"} == {
        "transactionBooked.data.bookedAt",
        "transactionBooked.data.registeredAt",
    }
    assert {(use.field, use.use) for use in fields["transactionStatus"]} == {
        ("transactionBooked.data.bookingStatus", "condition")
    }


def test_every_column_of_every_table_is_reached_from_the_topic(product: Product) -> None:
    hops = lineage(product)
    reached = {TOPIC}
    for hop in hops:
        assert set(hop.inputs) <= reached, hop.job
        reached.add(hop.output)
        if hop.output.kind != "question":
            assert all(hop.fields.values()), hop.job
    assert {place.name for place in reached if place.kind == "question"} == set(product.descriptor.questions)


def test_personal_data_reaches_a_column_only_as_a_hash(product: Product) -> None:
    personal = {
        f"{message.name}.{path}"
        for message in product.contract.messages.values()
        for path, field in message.fields.items()
        if field.personal_data is not None
    }
    assert len(personal) == 10
    seen = set()
    for hop in lineage(product):
        for column, uses in hop.fields.items():
            for use in uses:
                if use.field in personal:
                    seen.add(use.field)
                    assert use.masked, (hop.job, column)
    assert seen == personal


def test_a_function_changed_is_a_lineage_changed(product_copy: ProductCopy) -> None:
    product_copy.edit_text(
        BOOKED,
        """{"columnName": "merchantId", "transformFunction": "jsonPathString(data,'$.merchantId')"}""",
        """{"columnName": "merchantId", "transformFunction": "jsonPathString(data,'$.seller.name')"}""",
    )
    (use,) = _hop(product_copy.load(), "table", "transaction_booked_rt").fields["merchantId"]
    assert (use.field, use.masked) == ("transactionBooked.data.seller.name", False)


def test_archive_tables_read_the_archive_and_logical_ones_their_members(product: Product) -> None:
    offline = _hop(product, "table", "transaction_booked_offline")
    archive = Place("archive", "transaction_booked")
    assert offline.inputs == (archive,)
    assert [(use.place, use.field, use.use) for use in offline.fields["bookedHour"]] == [
        (archive, "bookedHour", "identity")
    ]
    archived = _hop(product, "archive", "transaction_booked")
    assert archived.fields == _hop(product, "table", "transaction_booked_rt").fields
    assert [(use.field, use.use) for use in offline.fields["amount"]] == [("amount", "identity")]
    logical = _hop(product, "logical table", "transaction_booked")
    assert {place.name for place in logical.inputs} == {"transaction_booked_rt", "transaction_booked_offline"}


def test_a_question_uses_the_columns_that_its_sql_names(product: Product) -> None:
    hop = _hop(product, "question", "success-rate-by-currency")
    assert hop.inputs == (Place("table", "transaction_booked_rt"),)
    assert set(hop.fields) == {"currency", "bookingStatus", "bookedAt"}
    assert hop.readers == ("payment-engineering", "finance-team")


def test_openlineage_has_an_event_a_step_and_is_the_same_each_time(product: Product) -> None:
    events = openlineage(product)
    assert events == openlineage(product)
    assert len(events) == len(lineage(product))
    for event in events:
        assert set(event) == {"eventTime", "producer", "schemaURL", "job", "inputs", "outputs"}
        assert event["eventTime"] == f"{product.descriptor.product.released.isoformat()}T00:00:00Z"
    booked = _output(events, "ingestion.transaction_booked_rt")
    uses = booked["facets"]["columnLineage"]["fields"]["buyerEmailHash"]["inputFields"]
    assert uses == [
        {
            "namespace": "kafka",
            "name": "payments",
            "field": "transactionBooked.data.buyer.email",
            "transformations": [
                {
                    "type": "DIRECT",
                    "subtype": "TRANSFORMATION",
                    "masking": True,
                    "description": "sha256 ← toutf8 ← nullif ← lower ← trim ← jsonpathstring",
                }
            ],
        }
    ]
    dropped = {use["field"] for use in booked["facets"]["columnLineage"]["dataset"]}
    assert {"transactionBooked.id", "transactionBooked.data.amount", "transactionBooked.type"} <= dropped


def _output(events: list[Any], job: str) -> Any:  # noqa: ANN401 - JSON
    return next(event["outputs"][0] for event in events if event["job"]["name"] == job)


def test_the_picture_has_a_box_a_place_and_none_over_another(product: Product) -> None:
    graph = lineage_graph(product)
    drawn = svg(graph, "Lineage", "In words")
    for node in graph.nodes:
        assert f"<title>{node.name}: " in drawn
        assert f'"{node.name}' in mermaid(graph)
    boxes = [
        (float(part.split('"')[1]), float(part.split('"')[3]))
        for part in drawn.split("<rect x=")[1:]
        for part in [f"x={part}"]
    ]
    assert len(boxes) == len(graph.nodes)
    for number, (x, y) in enumerate(boxes):
        assert y >= 0
        for other_x, other_y in boxes[number + 1 :]:
            assert abs(x - other_x) >= 158 or abs(y - other_y) >= 56
    assert json.dumps(mermaid(graph)).count("-->") == len(graph.edges)
