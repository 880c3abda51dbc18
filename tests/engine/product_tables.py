"""The product's own tables on an engine and a topic of a test's own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from local.environment import REPOSITORY
from product_model import load_product
from product_model.environment import Environment
from tests.engine.accepted_tables import make_topic, tag_instances

if TYPE_CHECKING:
    from product_model.assets import Assets
    from tests.engine.engine_process import EngineProcess


@cache
def assets(bootstrap: str, topic: str, segment_rows: int | None = None) -> Assets:
    """Render the product's files for one machine; `segment_rows` is when a consuming segment is committed."""
    environment = Environment(
        bootstrap_servers=bootstrap,
        topic=topic,
        replication=1,
        peer_download_scheme=None,
        segment_rows=segment_rows,
    )
    return load_product(REPOSITORY / "data-product").render(environment)


def create_product(
    engine: EngineProcess, bootstrap: str, topic: str, *, partitions: int = 3, segment_rows: int | None = None
) -> None:
    """Make the topic, tag the instances, and create every schema, table and logical table."""
    make_topic(bootstrap, topic, partitions)
    tag_instances(engine)
    product = assets(bootstrap, topic, segment_rows)
    wanted = [("/schemas", schema.schema_json) for schema in product.schemas]
    wanted += [("/tables", table.table_json) for table in product.tables]
    wanted += [("/logicalTables", table.logical_table_json) for table in product.logical_tables]
    for path, body in wanted:
        answer = engine.ask("POST", path, body)
        assert answer.status == 200, answer.body
