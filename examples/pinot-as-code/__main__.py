"""A tenant, a schema, a table and a logical table in any Apache Pinot 1.5.1."""

import json
from pathlib import Path

import pulumi

from pinot_as_code.logical_table import PinotLogicalTable, PinotLogicalTableArgs
from pinot_as_code.schema import PinotSchema, PinotSchemaArgs
from pinot_as_code.table import PinotTable, PinotTableArgs
from pinot_as_code.tenant import PinotTenant, PinotTenantArgs

FILES = Path(__file__).parent

columns = json.loads((FILES / "page_views.schema.json").read_text(encoding="utf-8"))
history = (FILES / "page_views_history.table.json").read_text(encoding="utf-8")

brokers = PinotTenant("brokers", PinotTenantArgs(name="web", role="BROKER"))
servers = PinotTenant("servers", PinotTenantArgs(name="web", role="SERVER"))

# A schema has the name of the table, or logical table, that uses it: one file, two schemas.
schemas = {
    name: PinotSchema(name, PinotSchemaArgs(schema_json={**columns, "schemaName": name}))
    for name in ("page_views_history", "page_views")
}

table = PinotTable(
    "page_views_history",
    PinotTableArgs(table_json=history, schema_json={**columns, "schemaName": "page_views_history"}),
    pulumi.ResourceOptions(depends_on=[brokers, servers, schemas["page_views_history"]]),
)

logical = PinotLogicalTable(
    "page_views",
    PinotLogicalTableArgs(
        logical_table_json={
            "tableName": "page_views",
            "brokerTenant": "web",
            "physicalTableConfigMap": {"page_views_history_OFFLINE": {}},
            "refOfflineTableName": "page_views_history_OFFLINE",
        }
    ),
    pulumi.ResourceOptions(depends_on=[table, schemas["page_views"]]),
)

pulumi.export("table", table.name_with_type)
pulumi.export("logicalTable", logical.table_name)
pulumi.export("servers", servers.tagged_instances)
