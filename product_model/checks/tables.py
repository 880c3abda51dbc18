"""Rules on single tables: what Pinot accepts although it is broken, and what the product has decided."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from product_model.checks.rule import Finding, Rule, listed
from product_model.expressions import (
    ExpressionError,
    calls,
    identifiers,
    json_paths,
    parse,
    pinot_functions,
)
from product_model.ingestion import STREAM_MARKER
from product_model.pinot_schema import DateTimeField

if TYPE_CHECKING:
    from collections.abc import Iterator

    from product_model.checks.rule import Findings, Path
    from product_model.expressions import Expression
    from product_model.product import Product, TableFile

_ENVELOPE = frozenset({"id", "type", "source", "time", "data"})
_DAY_MS = 86_400_000
_REFERENCE = re.compile(r"\$\{[A-Z][A-Z0-9_]*\}")
# Pinot 1.5.1's ValueAggregatorFactory; a tree with another function is skipped without a word.
_STAR_TREE_FUNCTIONS = frozenset(
    {
        "COUNT", "SUM", "SUMPRECISION", "MIN", "MAX", "AVG", "MINMAXRANGE", "DISTINCTCOUNTBITMAP",
        "DISTINCTCOUNTHLL",
        "DISTINCTCOUNTHLLPLUS", "DISTINCTCOUNTULL", "DISTINCTCOUNTCPCSKETCH", "DISTINCTCOUNTTHETASKETCH",
        "DISTINCTCOUNTTUPLESKETCH", "PERCENTILEEST", "PERCENTILETDIGEST",
    }
)  # fmt: skip
_EXACT_SUM = "SUMPRECISION"


def ingestion_functions(file: TableFile) -> Iterator[tuple[Path, str | None, str]]:
    """Yield the place, the field it fills (None for the filter) and the text of each function of a table."""
    ingestion = file.table.ingestion_config
    for number, enrichment in enumerate(ingestion.enrichment_configs):
        place: Path = ("ingestionConfig", "enrichmentConfigs", number, "properties", "fieldToFunctionMap")
        for field, text in enrichment.properties.field_to_function_map.items():
            yield (*place, field), field, text
    for number, transform in enumerate(ingestion.transform_configs):
        place = ("ingestionConfig", "transformConfigs", number, "transformFunction")
        yield place, transform.column_name, transform.transform_function
    yield ("ingestionConfig", "filterConfig", "filterFunction"), None, ingestion.filter_config.filter_function


def functions(product: Product) -> Findings:
    """Every ingestion function is one that Pinot has."""
    known = pinot_functions()
    for file in product.tables:
        for place, _, text in ingestion_functions(file):
            if "groovy" in text.lower():
                yield Finding(
                    file.document, place, "it is Groovy, which Pinot refuses", "Pinot's own functions"
                )
                continue
            try:
                expression = parse(text)
            except ExpressionError as error:
                yield Finding(file.document, place, str(error), "calls, literals, AND/OR/NOT, comparisons")
                continue
            for call in calls(expression):
                counts = known.get(call.name)
                if call.name in {"and", "or"}:
                    continue
                if call.name not in known:
                    what = f"Pinot has no function {call.written!r}"
                    yield Finding(
                        file.document, place, what, "a function of Pinot 1.5.1 (pinot_functions.json)"
                    )
                elif counts is not None and len(call.arguments) not in counts:
                    what = f"{call.written!r} has {len(call.arguments)} arguments"
                    yield Finding(file.document, place, what, listed(counts))
                elif call.name in {"equals", "notequals"}:
                    what = f"{call.written!r} compares numbers only and fails on texts at ingestion"
                    yield Finding(file.document, place, what, "isDistinctFrom, isNotDistinctFrom")


def fields(product: Product) -> Findings:
    """Functions read fields that exist and fill columns that exist."""
    for file in product.tables:
        schema = product.schema(file.fact.schema_).schema
        columns = set(schema.column_names)
        known = columns | (_ENVELOPE | {STREAM_MARKER} if file.table.stream else set())
        for place, field, text in ingestion_functions(file):
            if field is not None and field not in columns | {"data"}:
                yield Finding(file.document, place, f"{field!r} is no column", listed(columns))
            for name in sorted(identifiers(_parsed(text)) - known):
                yield Finding(file.document, place, f"it reads {name!r}, which is no field", listed(known))


def origins(product: Product) -> Findings:
    """Every column of a table that reads events is filled from the fields that the descriptor names."""
    for file in product.tables:
        schema = product.schema(file.fact.schema_)
        if not file.table.stream:
            continue
        reads: dict[str, set[str]] = {}
        for _, field, text in ingestion_functions(file):
            if field is not None:
                expression = _parsed(text)
                reads.setdefault(field, set()).update(json_paths(expression), identifiers(expression))
        for column in schema.fact.columns:
            place = ("ingestionConfig", "transformConfigs")
            wanted = set(column.from_) | set(column.derived_from)
            # What any function may read besides: the kind, all data, the record's origin, the column itself.
            found = reads.get(column.name, set()) - {"data", STREAM_MARKER, column.name} - ({"type"} - wanted)
            if not found:
                what = f"nothing fills the column {column.name!r}"
                yield Finding(file.document, place, what, f"a transform from {listed(wanted)}")
            elif found != wanted:
                what = f"the column {column.name!r} is filled from {listed(found)}"
                yield Finding(file.document, place, what, f"{listed(wanted)}, as the descriptor says")


def deduplication(product: Product) -> Findings:
    """Append tables know a repeated event by its id, for as long as it may come."""
    wanted_ms = product.descriptor.deduplication.memory_days * _DAY_MS
    for file in product.tables:
        config = file.table.dedup_config
        if file.fact.kind != "append":
            if config is not None:
                yield Finding(
                    file.document, ("dedupConfig",), "it is there", f"none on a {file.fact.kind} table"
                )
            continue
        schema = product.schema(file.fact.schema_)
        if config is None:
            allowed = "dedupConfig by the event's id: delivery is at least once"
            yield Finding(file.document, (), "the table stores a repeated event twice", allowed)
            continue
        if schema.schema.primary_key_columns != ("eventId",):
            what = f"the key is {listed(schema.schema.primary_key_columns)}"
            yield Finding(schema.document, ("primaryKeyColumns",), what, "eventId")
        if config.metadata_ttl != wanted_ms:
            what = f"found {config.metadata_ttl} ms"
            allowed = f"{wanted_ms} ms: {product.descriptor.deduplication.memory_days} days"
            yield Finding(file.document, ("dedupConfig", "metadataTTL"), what, allowed)
        if config.dedup_time_column != file.table.segments_config.time_column_name:
            place = ("dedupConfig", "dedupTimeColumn")
            allowed = file.table.segments_config.time_column_name
            yield Finding(file.document, place, f"found {config.dedup_time_column!r}", allowed)
        yield from _one_copy_knows_all(file)


def _one_copy_knows_all(file: TableFile) -> Findings:
    if file.table.routing.instance_selector_type != "strictReplicaGroup":
        found = file.table.routing.instance_selector_type
        allowed = "strictReplicaGroup: all segments of a partition from one copy"
        yield Finding(file.document, ("routing", "instanceSelectorType"), f"found {found!r}", allowed)


def merging(product: Product) -> Findings:
    """See that a merged table takes both events in either order."""
    for file in product.tables:
        config = file.table.upsert_config
        if file.fact.kind != "merged":
            if config is not None:
                yield Finding(
                    file.document, ("upsertConfig",), "it is there", f"none on a {file.fact.kind} table"
                )
            continue
        if config is None:
            yield Finding(file.document, (), "nothing merges the events", "upsertConfig with mode PARTIAL")
            continue
        times = [event.time_field for event in product.descriptor.events if event.time_field]
        if sorted(config.comparison_columns) != sorted(times):
            place: Path = ("upsertConfig", "comparisonColumns")
            allowed = f"{listed(times)}: each event is compared with events of its own kind"
            yield Finding(file.document, place, f"found {listed(config.comparison_columns)}", allowed)
        if config.mode != "PARTIAL" or config.default_partial_upsert_strategy != "OVERWRITE":
            what = f"found {config.mode}, {config.default_partial_upsert_strategy}"
            yield Finding(file.document, ("upsertConfig", "mode"), what, "PARTIAL, OVERWRITE")
        name = file.table.segments_config.time_column_name
        if config.partial_upsert_strategies != {name: "MIN"}:
            place = ("upsertConfig", "partialUpsertStrategies")
            what = f"found {config.partial_upsert_strategies}"
            yield Finding(file.document, place, what, f"{name}: MIN, the earliest event; nothing else")
        schema = product.schema(file.fact.schema_)
        if schema.schema.primary_key_columns != ("transactionId",):
            what = f"the key is {listed(schema.schema.primary_key_columns)}"
            yield Finding(schema.document, ("primaryKeyColumns",), what, "transactionId, the record key")
        if file.table.table_index_config.star_tree_index_configs:
            place = ("tableIndexConfig", "starTreeIndexConfigs")
            yield Finding(file.document, place, "it has a star-tree", "none: rows of an upsert table change")
        yield from _one_copy_knows_all(file)


def pauseless(product: Product) -> Findings:
    """Append tables consume while they commit; a merged table does not, because Pinot could not repair it."""
    for file in product.tables:
        stream = file.table.ingestion_config.stream_ingestion_config
        if stream is None:
            continue
        wanted = file.fact.kind == "append"
        if stream.pauseless_consumption_enabled != wanted:
            place: Path = ("ingestionConfig", "streamIngestionConfig", "pauselessConsumptionEnabled")
            what = f"found {stream.pauseless_consumption_enabled}"
            yield Finding(file.document, place, what, f"{str(wanted).lower()} on a {file.fact.kind} table")
        if (
            int(file.table.segments_config.replication) > 1
            and not file.table.segments_config.peer_segment_download_scheme
        ):
            place = ("segmentsConfig", "peerSegmentDownloadScheme")
            yield Finding(file.document, place, "it is missing", "http or https, with more than one copy")


def money(product: Product) -> Findings:
    """Amounts are exact, in tables and in star-trees; no column is a float."""
    for file in product.schemas:
        for column in file.fact.columns:
            spec = file.schema.column(column.name)
            if column.money and spec is not None and spec.data_type != "BIG_DECIMAL":
                what = f"{column.name} is {spec.data_type}"
                yield Finding(file.document, ("metricFieldSpecs",), what, "BIG_DECIMAL: money is exact")
        for spec in file.schema.columns:
            if spec.data_type in {"FLOAT", "DOUBLE"}:
                what = f"{spec.name} is {spec.data_type}"
                yield Finding(file.document, (), what, "BIG_DECIMAL, LONG or INT: no column is a float")
    for table in product.tables:
        amounts = [c.name for c in product.schema(table.fact.schema_).fact.columns if c.money]
        for number, tree in enumerate(table.table.table_index_config.star_tree_index_configs):
            for name in amounts:
                if f"{_EXACT_SUM}__{name}" not in tree.function_column_pairs:
                    place = ("tableIndexConfig", "starTreeIndexConfigs", number, "functionColumnPairs")
                    what = f"it has no exact sum of {name}"
                    yield Finding(table.document, place, what, f"{_EXACT_SUM}__{name}")


def indexes(product: Product) -> Findings:
    """Indexes stand on columns that exist, in an encoding that can carry them."""
    for file in product.tables:
        schema = product.schema(file.fact.schema_).schema
        raw: set[str] = set()
        seen: set[str] = set()
        for number, config in enumerate(file.table.field_config_list):
            place = ("fieldConfigList", number)
            spec = schema.column(config.name)
            present = config.indexes.present
            if spec is None:
                yield Finding(
                    file.document, place, f"{config.name!r} is no column", listed(schema.column_names)
                )
                continue
            if config.name in seen:
                yield Finding(file.document, place, f"{config.name!r} stands twice", "each column once")
            seen.add(config.name)
            if config.encoding_type == "RAW":
                raw.add(config.name)
                if "inverted" in present or (
                    "range" in present and spec.data_type in {"BIG_DECIMAL", "STRING"}
                ):
                    what = f"{listed(present)} on {config.name}, which is RAW: the commit would fail"
                    yield Finding(file.document, place, what, "encodingType DICTIONARY")
            if "json" in present and spec.data_type not in {"JSON", "STRING"}:
                what = f"json on {config.name}, which is {spec.data_type}"
                yield Finding(file.document, place, what, "JSON")
            if config.timestamp_config is not None and not isinstance(spec, DateTimeField):
                yield Finding(file.document, place, f"{config.name} is no time", "a TIMESTAMP column")
        yield from _star_trees(file, set(schema.column_names), raw)


def _star_trees(file: TableFile, columns: set[str], raw: set[str]) -> Findings:
    for number, tree in enumerate(file.table.table_index_config.star_tree_index_configs):
        place: Path = ("tableIndexConfig", "starTreeIndexConfigs", number)
        for name in tree.dimensions_split_order:
            if name not in columns or name in raw:
                what = f"the dimension {name!r} is {'RAW' if name in raw else 'no column'}"
                yield Finding(
                    file.document, (*place, "dimensionsSplitOrder"), what, "columns with a dictionary"
                )
        for pair in tree.function_column_pairs:
            function, _, name = pair.partition("__")
            if function not in _STAR_TREE_FUNCTIONS or name not in columns | {"*"}:
                what = f"{pair!r} cannot be kept in a tree: Pinot would skip the whole tree"
                allowed = f"<function>__<column> with {listed(_STAR_TREE_FUNCTIONS)}"
                yield Finding(file.document, (*place, "functionColumnPairs"), what, allowed)


def promised_indexes(product: Product) -> Findings:
    """Amounts and times have ranges, free text is searchable, sums come from a tree."""
    for file in product.tables:
        schema = product.schema(file.fact.schema_)
        configs = {config.name: config for config in file.table.field_config_list}
        time_name = file.table.segments_config.time_column_name
        for column in schema.fact.columns:
            wanted = set()
            if column.money or column.name == time_name:
                wanted.add("range")
            if column.free_text:
                wanted.add("json")
            config = configs.get(column.name)
            lacking = wanted - (config.indexes.present if config else frozenset())
            if lacking:
                what = f"{column.name} has no index {listed(lacking)}"
                yield Finding(file.document, ("fieldConfigList",), what, listed(wanted))
        at = configs.get(time_name)
        granularities = at.timestamp_config.granularities if at and at.timestamp_config else ()
        if not {"HOUR", "DAY"} <= set(granularities):
            what = f"{time_name} has the granularities {listed(granularities)}"
            yield Finding(file.document, ("fieldConfigList",), what, "HOUR, DAY")
        index = file.table.table_index_config
        if file.fact.kind != "merged" and not (
            index.star_tree_index_configs and index.enable_dynamic_star_tree_creation
        ):
            allowed = "one, and enableDynamicStarTreeCreation, so that a reload can add it"
            yield Finding(file.document, ("tableIndexConfig",), "it has no star-tree", allowed)


def secrets(product: Product) -> Findings:
    """See that a stream's login stands in the file as a reference only."""
    for file in product.tables:
        for name, value in file.table.stream.items():
            secret = any(word in name.lower() for word in ("jaas", "password", "secret", "token"))
            if secret and not _REFERENCE.fullmatch(value):
                place = ("ingestionConfig", "streamIngestionConfig", "streamConfigMaps", 0, name)
                yield Finding(file.document, place, "it holds a secret in clear", "a reference: ${NAME}")


def _parsed(text: str) -> Expression:
    try:
        return parse(text)
    except ExpressionError:
        # The rule "functions" says so.
        return parse("null")


RULES = (
    Rule("functions", "all segments go to ERROR, or rows fail and their values stand in the log", functions),
    Rule("fields", "a function reads what is never there", fields),
    Rule("origins", "a column is null, or holds another field than it says", origins),
    Rule("deduplication", "a redelivered event is a payment counted twice", deduplication),
    Rule("merging", "a late event is lost, or a row is half of one", merging),
    Rule("pauseless", "rows are seen only seconds late while segments commit", pauseless),
    Rule("money", "cents are lost above 2^53", money),
    Rule("indexes", "a commit fails, or an index is silently not there", indexes),
    Rule("promised-indexes", "a question is slow", promised_indexes),
    Rule("secrets", "a password stands in the file", secrets),
)
