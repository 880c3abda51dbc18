"""Rules on the archive tables: how hours come in, become days, and grow cheaper with age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from product_model.checks.rule import Finding, Rule, listed

if TYPE_CHECKING:
    from product_model.checks.rule import Findings
    from product_model.product import Product

_TASKS: Final = ("task", "taskTypeConfigsMap")
_LOAD: Final = "SegmentGenerationAndPushTask"
_MERGE: Final = "MergeRollupTask"
_BUFFER: Final = "1day.bufferTimePeriod"


def offline_loads(product: Product) -> Findings:
    """Hours come from Parquet when the loader says so, answer a day late, and are merged once settled."""
    settled = max(table.retention_days for table in product.descriptor.tables if table.kind == "append")
    for file in product.tables:
        if file.fact.kind != "archive":
            continue
        batch = file.table.ingestion_config.batch_ingestion_config
        if batch is None or batch.segment_ingestion_frequency != "DAILY":
            found = None if batch is None else batch.segment_ingestion_frequency
            allowed = "DAILY: an hour that comes late or out of order is still answered by the append table"
            place = ("ingestionConfig", "batchIngestionConfig", "segmentIngestionFrequency")
            yield Finding(file.document, place, f"found {found!r}", allowed)
        tasks = (file.table.task or {}).get("taskTypeConfigsMap", {})
        for name in (_LOAD, _MERGE):
            if "schedule" in tasks.get(name, {}):
                allowed = "none: the loader starts it and reads its subtasks' errors, which the state hides"
                yield Finding(file.document, (*_TASKS, name, "schedule"), "it is there", allowed)
        if tasks.get(_LOAD, {}).get("inputFormat") != "parquet":
            found = tasks.get(_LOAD, {}).get("inputFormat")
            yield Finding(file.document, (*_TASKS, _LOAD, "inputFormat"), f"found {found!r}", "parquet")
        buffer = tasks.get(_MERGE, {}).get(_BUFFER, "")
        if not (buffer.endswith("d") and buffer[:-1].isdigit() and int(buffer[:-1]) > settled):
            allowed = (
                f"more than {settled} days, as long as the append table may get late rows: {settled + 1}d"
            )
            yield Finding(file.document, (*_TASKS, _MERGE, _BUFFER), f"found {buffer!r}", allowed)


def cold_indexes(product: Product) -> Findings:
    """See that a tier drops indexes for tiers that exist, and none without which a question fails."""
    for file in product.tables:
        tiers = [tier.name for tier in file.table.tier_configs or ()]
        for number, config in enumerate(file.table.field_config_list):
            for tier, overwrite in (config.tier_overwrites or {}).items():
                place = ("fieldConfigList", number, "tierOverwrites", tier)
                if tier not in tiers:
                    yield Finding(file.document, place, f"there is no tier {tier!r}", listed(tiers))
                if "json" in config.indexes.present and "json" not in overwrite.get("indexes", {"json": 1}):
                    allowed = "json: JSON_MATCH fails on a segment without it, it does not get slow"
                    yield Finding(file.document, place, f"{config.name} loses its json index", allowed)


RULES = (
    Rule("offline-loads", "the logical table hides an hour, or a late event doubles a day", offline_loads),
    Rule("cold-indexes", "a question over old days fails", cold_indexes),
)
