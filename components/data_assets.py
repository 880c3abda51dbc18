"""What lives in Pinot: tenants, schemas, tables and logical tables, made from the product's files."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.pinot_settings import PinotSettings, TenantSettings
from components.settings import GuardSettings
from components.stream_settings import KafkaSettings
from pinot_as_code.logical_table import PinotLogicalTable, PinotLogicalTableArgs
from pinot_as_code.schema import PinotSchema, PinotSchemaArgs
from pinot_as_code.table import PinotTable, PinotTableArgs
from pinot_as_code.tenant import InstanceSelector, PinotTenant, PinotTenantArgs, Role
from product_model import Assets, Environment, Pool


def product_environment(kafka: KafkaSettings, pinot: PinotSettings) -> Environment:
    """Return what this environment changes in the product's files."""
    pools = (("warm", pinot.warm), ("cold", pinot.cold))
    return Environment(
        topic=kafka.topic.name,
        bootstrap_servers=",".join(kafka.pinot_bootstrap_servers or kafka.bootstrap_servers),
        replication=pinot.replication,
        broker_tenant=pinot.brokers.tenant,
        server_tenant=pinot.servers.tenant,
        pools=tuple(
            Pool(name=name, after=f"{pool.after_days}d", server_tenant=pool.tenant)
            for name, pool in pools
            if pool is not None
        ),
        peer_download_scheme=pinot.peer_download_scheme,
        retention_days=dict(pinot.retention_days),
        segment_rows=pinot.segment_rows,
    )


@dataclass(frozen=True, kw_only=True)
class DataAssetsArgs:
    """What to make in Pinot, and what must be there before."""

    assets: Assets
    pinot: PinotSettings
    guards: GuardSettings
    topics: Sequence[pulumi.Resource]
    """A REALTIME table that came before its topic would make Pinot create the topic, with one partition."""


class DataAssets(pulumi.ComponentResource):
    """The product's tenants, schemas, tables and logical tables."""

    def __init__(self, name: str, args: DataAssetsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make them in the order in which Pinot accepts them; deletes go the other way round.

        Args:
            name: Pulumi's name of the component.
            args: what to make.
            opts: options of the component.

        """
        super().__init__("payments:data_assets:DataAssets", name, None, opts)
        self._args = args
        self._timeout = args.pinot.timeout_seconds
        tenants = self._tenants()
        schemas = self._schemas()
        tables = self._tables(tenants, schemas)
        self._logical_tables(schemas, tables)
        self.register_outputs({"tables": sorted(tables)})

    def _tenants(self) -> list[pulumi.Resource]:
        pinot = self._args.pinot
        pools: list[tuple[Role, TenantSettings | None]] = [
            ("BROKER", pinot.brokers),
            ("SERVER", pinot.servers),
            ("SERVER", pinot.warm),
            ("SERVER", pinot.cold),
        ]
        return [
            PinotTenant(
                pool.tenant,
                PinotTenantArgs(
                    name=pool.tenant,
                    role=role,
                    instances=InstanceSelector(names=pool.instances, count=pool.count),
                    allow=self._args.guards.allow,
                    timeout_seconds=self._timeout,
                ),
                pulumi.ResourceOptions(parent=self),
            )
            for role, pool in pools
            if pool is not None
        ]

    def _schemas(self) -> dict[str, pulumi.Resource]:
        guards = self._args.guards
        return {
            schema.name: PinotSchema(
                schema.name,
                PinotSchemaArgs(
                    schema_json=schema.schema_json,
                    allow=guards.allow,
                    adopt=guards.adopt,
                    timeout_seconds=self._timeout,
                ),
                pulumi.ResourceOptions(parent=self, protect=guards.protect),
            )
            for schema in self._args.assets.schemas
        }

    def _tables(
        self, tenants: Sequence[pulumi.Resource], schemas: dict[str, pulumi.Resource]
    ) -> dict[str, pulumi.Resource]:
        guards = self._args.guards
        tables: dict[str, pulumi.Resource] = {}
        for table in self._args.assets.tables:
            topics = self._args.topics if table.table_type == "REALTIME" else ()
            tables[table.name] = PinotTable(
                table.name,
                PinotTableArgs(
                    table_json=table.table_json,
                    schema_json=table.schema_json,
                    allow=guards.allow,
                    adopt=guards.adopt,
                    timeout_seconds=self._timeout,
                ),
                pulumi.ResourceOptions(
                    parent=self, protect=guards.protect, depends_on=[*tenants, *topics, schemas[table.name]]
                ),
            )
        return tables

    def _logical_tables(
        self, schemas: dict[str, pulumi.Resource], tables: dict[str, pulumi.Resource]
    ) -> None:
        guards = self._args.guards
        for logical in self._args.assets.logical_tables:
            PinotLogicalTable(
                logical.name,
                PinotLogicalTableArgs(
                    logical_table_json=logical.logical_table_json,
                    allow=guards.allow,
                    adopt=guards.adopt,
                    timeout_seconds=self._timeout,
                ),
                pulumi.ResourceOptions(
                    parent=self,
                    protect=guards.protect,
                    depends_on=[schemas[logical.name], *(tables[member] for member in logical.members)],
                ),
            )
