"""Pinot tables and logical tables as the product uses them.

Everything that Pinot would drop without a word is refused here, most of all where the drop is dangerous.
Names: https://docs.pinot.apache.org/configuration-reference/table and Pinot 1.5.1's TableConfig.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from product_model.pinot_schema import ColumnName, PinotModel

Digits = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}$")]
Period = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}[dhms]$")]
Days = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}d$")]
OfflineTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*_OFFLINE$")]
Options = dict[str, Any]

_HASHING_HERE = (
    "Pinot ignores it here and the value stays clear: hashing stands in ingestionConfig.enrichmentConfigs"
)


class SegmentsConfig(PinotModel):
    """Time, copies and retention of a table's segments."""

    MISTAKES: ClassVar[dict[str, str]] = {
        "replicasPerPartition": "it is deprecated: the key is replication",
        "schemaName": "a table's schema is the one of its name",
    }
    time_column_name: ColumnName
    replication: Digits
    # Pinot refuses YEARS; one unit for all is easier to compare.
    retention_time_unit: Literal["DAYS"]
    retention_time_value: Digits
    deleted_segments_retention_period: Period | None = None
    peer_segment_download_scheme: Literal["http", "https"] | None = None


class Tenants(PinotModel):
    """Which brokers answer and which servers hold."""

    broker: str
    server: str


class TierConfig(PinotModel):
    """A pool of servers to which segments of an age move."""

    name: str
    segment_selector_type: Literal["time"]
    segment_age: Days
    storage_type: Literal["pinot_server"]
    server_tag: OfflineTag
    tier_backend: str | None = None
    tier_backend_properties: dict[str, str] | None = None


class DedupConfig(PinotModel):
    """De-duplication of an append table by its schema's primary key."""

    dedup_enabled: Literal[True]
    hash_function: Literal["MURMUR3"]
    metadata_ttl: int = Field(alias="metadataTTL", gt=0, description="milliseconds of dedup_time_column")
    dedup_time_column: ColumnName
    preload: Literal["ENABLE", "DISABLE", "DEFAULT"] | None = None


class UpsertConfig(PinotModel):
    """Merging of a table's rows by its schema's primary key."""

    mode: Literal["PARTIAL", "FULL"]
    hash_function: Literal["MURMUR3"]
    comparison_columns: tuple[ColumnName, ...]
    default_partial_upsert_strategy: Literal["OVERWRITE", "IGNORE"]
    partial_upsert_strategies: dict[ColumnName, Literal["OVERWRITE", "IGNORE", "MIN", "MAX"]] = Field(
        default_factory=dict
    )
    delete_record_column: ColumnName
    snapshot: Literal["ENABLE", "DISABLE", "DEFAULT"]
    preload: Literal["ENABLE", "DISABLE", "DEFAULT"]


class RoutingConfig(PinotModel):
    """How brokers choose servers and leave out segments."""

    instance_selector_type: Literal["balanced", "replicaGroup", "strictReplicaGroup"] | None = None
    segment_pruner_types: tuple[Literal["time", "partition", "empty"], ...] = ()


class QueryConfig(PinotModel):
    """Limits of a query."""

    timeout_ms: int = Field(gt=0)


class StreamIngestionConfig(PinotModel):
    """The topic that a REALTIME table reads."""

    stream_config_maps: tuple[dict[str, str], ...] = Field(min_length=1, max_length=1)
    pauseless_consumption_enabled: bool = False


class BatchIngestionConfig(PinotModel):
    """How segments of an OFFLINE table come; without APPEND, Pinot never enforces its retention."""

    segment_ingestion_type: Literal["APPEND"]
    segment_ingestion_frequency: Literal["HOURLY", "DAILY"]


class EnricherProperties(PinotModel):
    """Field → function; the result replaces what the record had."""

    field_to_function_map: dict[str, str]


class EnrichmentConfig(PinotModel):
    """A step before the transforms; its functions are not checked by Pinot itself."""

    enricher_type: Literal["generateColumn"]
    properties: EnricherProperties
    pre_complex_type_transform: Literal[False]


class TransformConfig(PinotModel):
    """A column's function; Pinot skips it when the record already has a field of that name."""

    MISTAKES: ClassVar[dict[str, str]] = {
        "name": "the key is columnName",
        "function": "the key is transformFunction",
        "fieldName": "the key is columnName",
    }
    column_name: ColumnName
    transform_function: str


class FilterConfig(PinotModel):
    """Pinot DROPS a row for which the function is true."""

    filter_function: str


class IngestionConfig(PinotModel):
    """From an event, or a file's record, to a row."""

    stream_ingestion_config: StreamIngestionConfig | None = None
    batch_ingestion_config: BatchIngestionConfig | None = None
    enrichment_configs: tuple[EnrichmentConfig, ...] = ()
    transform_configs: tuple[TransformConfig, ...] = ()
    filter_config: FilterConfig
    # True would store rows with nulls where something failed.
    continue_on_error: Literal[False]
    row_time_value_check: Literal[True]


class StarTreeIndexConfig(PinotModel):
    """A tree of sums over dimensions."""

    dimensions_split_order: tuple[ColumnName, ...] = Field(min_length=1)
    function_column_pairs: tuple[str, ...] = Field(min_length=1)
    max_leaf_records: int = Field(gt=0)
    skip_star_node_creation_for_dimensions: tuple[ColumnName, ...] = ()


class TableIndexConfig(PinotModel):
    """What concerns the whole table; single columns stand in fieldConfigList."""

    MISTAKES: ClassVar[dict[str, str]] = {
        **dict.fromkeys(
            (
                "invertedIndexColumns",
                "bloomFilterColumns",
                "rangeIndexColumns",
                "jsonIndexColumns",
                "noDictionaryColumns",
            ),
            "one form for all: a column's indexes stand in fieldConfigList",
        ),
        "streamConfigs": "it is deprecated: ingestionConfig.streamIngestionConfig.streamConfigMaps",
    }
    load_mode: Literal["MMAP"]
    enable_dynamic_star_tree_creation: bool = False
    star_tree_index_configs: tuple[StarTreeIndexConfig, ...] = ()


class Indexes(PinotModel):
    """A column's indexes. Pinot does not check these names at all: a misspelt one is no index."""

    dictionary: Options | None = None
    forward: Options | None = None
    inverted: Options | None = None
    range: Options | None = None
    bloom: Options | None = None
    json_: Options | None = Field(default=None, alias="json")
    text: Options | None = None
    fst: Options | None = None
    h3: Options | None = None

    @property
    def present(self) -> frozenset[str]:
        """Names of the indexes that are there."""
        return frozenset(self.model_dump(by_alias=True, exclude_none=True))


class TimestampConfig(PinotModel):
    """Columns of the time cut to these granularities, beside the time itself."""

    granularities: tuple[Literal["MINUTE", "HOUR", "DAY", "WEEK", "MONTH"], ...]


class FieldConfig(PinotModel):
    """How one column is stored and indexed."""

    MISTAKES: ClassVar[dict[str, str]] = dict.fromkeys(
        ("transformFunction", "transformConfig", "hash", "hashFunction", "piiHash", "properties"),
        _HASHING_HERE,
    ) | {
        "indexType": "it is deprecated: the key is indexes",
        "indexTypes": "it is deprecated: the key is indexes",
    }
    name: ColumnName
    encoding_type: Literal["DICTIONARY", "RAW"]
    indexes: Indexes = Indexes()
    timestamp_config: TimestampConfig | None = None
    tier_overwrites: dict[str, Options] | None = None


class PinotTable(PinotModel):
    """A physical table."""

    MISTAKES: ClassVar[dict[str, str]] = {
        "schemaName": "a table's schema is the one of its name",
        "tableIndexConfigs": "the key is tableIndexConfig",
    }
    table_name: ColumnName
    table_type: Literal["REALTIME", "OFFLINE"]
    segments_config: SegmentsConfig
    tenants: Tenants
    tier_configs: tuple[TierConfig, ...] | None = None
    dedup_config: DedupConfig | None = None
    upsert_config: UpsertConfig | None = None
    routing: RoutingConfig
    query: QueryConfig
    quota: dict[str, str] | None = None
    task: Options | None = None
    ingestion_config: IngestionConfig
    table_index_config: TableIndexConfig
    field_config_list: tuple[FieldConfig, ...]
    metadata: dict[str, Any]

    @property
    def name_with_type(self) -> str:
        """Pinot's physical name."""
        return f"{self.table_name}_{self.table_type}"

    @property
    def stream(self) -> dict[str, str]:
        """The stream's configuration; empty for an OFFLINE table."""
        stream = self.ingestion_config.stream_ingestion_config
        return stream.stream_config_maps[0] if stream else {}


class TimeBoundaryConfig(PinotModel):
    """From when on the REALTIME member answers."""

    boundary_strategy: Literal["min"]
    parameters: dict[Literal["includedTables"], tuple[str, ...]]


class PinotLogicalTable(PinotModel):
    """Physical tables behind one name."""

    table_name: ColumnName
    broker_tenant: str
    physical_table_config_map: dict[str, Options]
    ref_realtime_table_name: str
    ref_offline_table_name: str
    time_boundary_config: TimeBoundaryConfig
    query: QueryConfig
