"""What lives in Pinot: tenants, schemas, tables and logical tables, made from the product's files."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pydantic import ValidationError

from components.pinot_cluster import PinotReadiness
from components.pinot_settings import PinotSettings, TenantSettings
from components.setting_errors import SettingsError
from components.settings import GuardSettings, ProductSettings
from components.stream_settings import KafkaSettings
from pinot_as_code.logical_table import PinotLogicalTable, PinotLogicalTableArgs
from pinot_as_code.schema import PinotSchema, PinotSchemaArgs
from pinot_as_code.table import PinotTable, PinotTableArgs
from pinot_as_code.tenant import PinotTenant, PinotTenantArgs, Role
from product_model import Assets, Environment, Pool


def product_environment(kafka: KafkaSettings, pinot: PinotSettings, product: ProductSettings) -> Environment:
    """Return what this environment changes in the product's files.

    Raises:
        SettingsError: the product's model refuses it, such as a secret in clear in Pinot's Kafka properties.

    """
    pools = (("warm", pinot.warm), ("cold", pinot.cold))
    try:
        return Environment(
            topic=kafka.topic.name,
            bootstrap_servers=",".join(kafka.pinot_bootstrap_servers or kafka.bootstrap_servers),
            kafka_properties=dict(kafka.pinot_properties),
            replication=pinot.replication,
            broker_tenant=pinot.brokers.tenant,
            server_tenant=pinot.servers.tenant,
            pools=tuple(
                Pool(name=name, after=f"{pool.after_days}d", server_tenant=pool.tenant)
                for name, pool in pools
                if pool is not None
            ),
            minions=pinot.minions or pinot.mode == "kubernetes",
            peer_download_scheme=pinot.peer_download_scheme,
            retention_days=dict(pinot.retention_days),
            segment_rows=pinot.segment_rows,
            pii_mode=product.personal_data,
        )
    except ValidationError as error:
        # The messages name the property; what was found may be a secret and is left out.
        raise SettingsError(
            [
                f"payments:kafka, payments:pinot: {details['msg']}"
                for details in error.errors(include_input=False)
            ]
        ) from None


@dataclass(frozen=True, kw_only=True)
class DataAssetsArgs:
    """What to make in Pinot, and what must be there before."""

    assets: Assets
    pinot: PinotSettings
    guards: GuardSettings
    stream: Sequence[pulumi.Resource]
    """Topics and rights to read them. A REALTIME table that came before its topic would make Pinot create the
    topic, with one partition."""
    cluster: PinotReadiness


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
        schemas = self._schemas(tenants)
        tables = self._tables(tenants, schemas)
        self._logical_tables(schemas, tables)
        self.register_outputs({"tables": sorted(tables)})

    def _tenants(self) -> list[pulumi.Resource]:
        pinot, cluster = self._args.pinot, self._args.cluster
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
                    instances=cluster.instances_of(pool),
                    allow=self._args.guards.words("tenants", pool.tenant),
                    timeout_seconds=self._timeout,
                ),
                pulumi.ResourceOptions(parent=self, depends_on=list(cluster.before_tenant(pool.tenant))),
            )
            for role, pool in pools
            if pool is not None
        ]

    def _schemas(self, tenants: Sequence[pulumi.Resource]) -> dict[str, pulumi.Resource]:
        """Make the schemas after the tenants, which wait until the controller of a new cluster answers."""
        guards = self._args.guards
        return {
            schema.name: PinotSchema(
                schema.name,
                PinotSchemaArgs(
                    schema_json=schema.schema_json,
                    allow=guards.words("schemas", schema.name),
                    adopt=guards.adopt,
                    timeout_seconds=self._timeout,
                ),
                pulumi.ResourceOptions(
                    parent=self, protect=guards.protect, depends_on=[*self._args.cluster.controller, *tenants]
                ),
            )
            for schema in self._args.assets.schemas
        }

    def _tables(
        self, tenants: Sequence[pulumi.Resource], schemas: dict[str, pulumi.Resource]
    ) -> dict[str, pulumi.Resource]:
        guards = self._args.guards
        tables: dict[str, pulumi.Resource] = {}
        for table in self._args.assets.tables:
            stream = self._args.stream if table.table_type == "REALTIME" else ()
            tables[table.name] = PinotTable(
                table.name,
                PinotTableArgs(
                    table_json=table.table_json,
                    schema_json=table.schema_json,
                    allow=guards.words("tables", table.name),
                    adopt=guards.adopt,
                    timeout_seconds=self._timeout,
                ),
                pulumi.ResourceOptions(
                    parent=self, protect=guards.protect, depends_on=[*tenants, *stream, schemas[table.name]]
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
                    allow=guards.words("logicalTables", logical.name),
                    adopt=guards.adopt,
                    timeout_seconds=self._timeout,
                ),
                pulumi.ResourceOptions(
                    parent=self,
                    protect=guards.protect,
                    depends_on=[schemas[logical.name], *(tables[member] for member in logical.members)],
                ),
            )
