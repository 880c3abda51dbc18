"""Rules that hold the descriptor, the contract, the schemas and the tables together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from product_model.checks.rule import Finding, Rule, listed
from product_model.pinot_schema import DateTimeField

if TYPE_CHECKING:
    from product_model.checks.rule import Findings
    from product_model.column_facts import ColumnFact, SchemaFact
    from product_model.contract import ContractField
    from product_model.product import Product, TableFile


def _path(product: Product, schema: SchemaFact, column: ColumnFact | None = None) -> tuple[str | int, ...]:
    """Return the place of a schema, or of a column, in the descriptor."""
    number = product.descriptor.schemas.index(schema)
    if column is None:
        return ("schemas", number, "columns")
    return ("schemas", number, "columns", schema.columns.index(column))


def names(product: Product) -> Findings:
    """Files are named in the descriptor, and name themselves as it does."""
    for file in product.schemas:
        if file.schema.schema_name != file.fact.name:
            yield Finding(
                file.document, ("schemaName",), f"found {file.schema.schema_name!r}", repr(file.fact.name)
            )
    for table in product.tables:
        if table.table.table_name != table.fact.name:
            yield Finding(
                table.document, ("tableName",), f"found {table.table.table_name!r}", repr(table.fact.name)
            )
        if table.table.table_type != table.fact.table_type:
            allowed = f"{table.fact.table_type}, because it is of kind {table.fact.kind}"
            yield Finding(table.document, ("tableType",), f"found {table.table.table_type!r}", allowed)
    described = {fact.file for fact in product.descriptor.schemas}
    described |= {fact.file for fact in product.descriptor.tables}
    described |= {fact.file for fact in product.descriptor.logical_tables}
    for folder in ("pinot-schemas", "pinot-tables"):
        for found in sorted((product.directory / folder).glob("*")):
            if f"{folder}/{found.name}" not in described:
                what = f"{folder}/{found.name} belongs to no schema or table"
                yield Finding(product.descriptor_document, ("tables",), what, "an entry for every file")


def schema_columns(product: Product) -> Findings:
    """Look for columns that only the schema file or only the descriptor names."""
    for file in product.schemas:
        described = {column.name for column in file.fact.columns}
        for name in file.schema.column_names:
            if name not in described:
                what = f"column {name!r} of {file.document.file} has no description and no classification"
                allowed = "an entry for every column"
                yield Finding(product.descriptor_document, _path(product, file.fact), what, allowed)
        for column in file.fact.columns:
            if file.schema.column(column.name) is None:
                what = f"{file.document.file} has no column {column.name!r}"
                allowed = listed(file.schema.column_names)
                yield Finding(product.descriptor_document, _path(product, file.fact, column), what, allowed)


def _field(product: Product, event: str, path: str) -> ContractField | None:
    message = product.contract.message(event)
    return message.fields.get(path) if message else None


def contract_fields(product: Product) -> Findings:
    """Columns come from fields of the contract, and every field of the contract goes somewhere."""
    stored: dict[str, set[str]] = {}
    for schema in product.descriptor.schemas:
        for column in schema.columns:
            for event in schema.events_of(column):
                stored.setdefault(event, set()).update(column.from_)
                for path in column.from_:
                    if _field(product, event, path) is None:
                        what = f"{product.contract.file} has no field {path!r} in {event}"
                        message = product.contract.message(event)
                        allowed = listed(message.fields if message else ())
                        place = _path(product, schema, column)
                        yield Finding(product.descriptor_document, place, what, allowed)
    business = {event.message for event in product.descriptor.events if event.time_field}
    for event in sorted(business & product.contract.messages.keys()):
        for path in product.contract.messages[event].fields:
            if path not in stored.get(event, set()) and path not in product.descriptor.not_stored:
                what = f"no column of any schema holds the field {path!r} of {event}"
                allowed = "a column from it, or a reason under notStored"
                yield Finding(product.descriptor_document, ("schemas",), what, allowed)


def personal_data(product: Product) -> Findings:
    """Look for personal data that only the contract or only the descriptor knows as such."""
    for schema in product.descriptor.schemas:
        for column in schema.columns:
            hashed = product.descriptor.hashed(column)
            for event in schema.events_of(column):
                for path in column.from_:
                    field = _field(product, event, path)
                    if field is None:
                        continue
                    place = _path(product, schema, column)
                    if field.personal_data is not None and field.personal_data != column.personal_data:
                        what = (
                            f"personalData is {column.personal_data!r}, but {product.contract.file} marks "
                            f"{path!r} as {field.personal_data!r}"
                        )
                        yield Finding(product.descriptor_document, place, what, field.personal_data)
                    elif hashed and field.personal_data is None:
                        what = f"{product.contract.file} does not mark {path!r} as personal data"
                        allowed = f"x-personal-data: {column.personal_data} there"
                        yield Finding(product.descriptor_document, place, what, allowed)
            if hashed and column.classification != "restricted":
                what = f"{column.name} is derived from personal data and classified {column.classification}"
                yield Finding(product.descriptor_document, _path(product, schema, column), what, "restricted")


def required(product: Product) -> Findings:
    """Hold together what contract, descriptor and schema require."""
    for file in product.schemas:
        business = {event.message for event in product.descriptor.events if event.time_field}
        for column in file.fact.columns:
            events = [event for event in file.fact.events_of(column) if event in business]
            fields = [_field(product, event, path) for event in events for path in column.from_]
            by_contract = all(field is not None and field.required for field in fields)
            erased = set(file.fact.events_of(column)) - business
            place = _path(product, file.fact, column)
            if fields and not erased and column.required != by_contract and not column.kept_without:
                found = listed(column.from_)
                what = f"required is {column.required}, the contract says {by_contract} of {found}"
                yield Finding(product.descriptor_document, place, what, str(by_contract).lower())
            spec = file.schema.column(column.name)
            if spec is None:
                continue
            always = column.required and business & set(file.fact.events) <= set(file.fact.events_of(column))
            not_null = always and not (column.money and len(file.fact.events) > 1)
            if bool(spec.not_null) != not_null:
                what = f"notNull of {column.name!r} is {bool(spec.not_null)}"
                allowed = (
                    f"{str(not_null).lower()}, because the column is {'' if always else 'not '}always there"
                )
                yield Finding(file.document, (), what, allowed)


def retention(product: Product) -> Findings:
    """Tables keep what the descriptor promises, and no row is nowhere for a while."""
    shortest = 2 * product.descriptor.offline_loads.worst_lag_days
    for file in product.tables:
        found = file.table.segments_config.retention_time_value
        if found != str(file.fact.retention_days):
            place = ("segmentsConfig", "retentionTimeValue")
            allowed = f"{file.fact.retention_days}, as {product.descriptor_document.file} says"
            yield Finding(file.document, place, f"found {found} days", allowed)
        if file.fact.kind == "append" and file.fact.retention_days <= shortest:
            yield Finding(
                product.descriptor_document,
                ("tables", product.descriptor.tables.index(file.fact), "retentionDays"),
                f"found {file.fact.retention_days} days",
                f"more than {shortest}: twice the worst lag of the archive loads",
            )
        if file.fact.kind == "archive" and file.fact.retention_days != product.descriptor.archive.kept_days:
            yield Finding(
                product.descriptor_document,
                ("tables", product.descriptor.tables.index(file.fact), "retentionDays"),
                f"found {file.fact.retention_days} days",
                f"{product.descriptor.archive.kept_days}, as archive.keptDays says",
            )


def tiers(product: Product) -> Findings:
    """Archive tables move through the descriptor's tiers; others have none."""
    wanted = [(tier.name, f"{tier.after_days}d") for tier in product.descriptor.tiers]
    for file in product.tables:
        found = [(tier.name, tier.segment_age) for tier in file.table.tier_configs or ()]
        if file.fact.kind == "archive":
            if found != wanted:
                yield Finding(file.document, ("tierConfigs",), f"found {found}", f"{wanted}")
        elif file.table.tier_configs is not None:
            allowed = "none: only archive tables move to other servers (Pinot refuses tiers on upsert tables)"
            yield Finding(file.document, ("tierConfigs",), f"found {found}", allowed)


def topic(product: Product) -> Findings:
    """Descriptor, contract and tables speak of one topic and of the same events."""
    port = product.descriptor.ports.input[0]
    place = ("ports", "input", 0)
    for key, found, allowed in (
        ("topic", port.topic, product.contract.topic),
        ("partitions", port.partitions.get("prod"), product.contract.partitions),
    ):
        if found != allowed:
            what = f"{product.contract.file} says {allowed!r}"
            yield Finding(product.descriptor_document, (*place, key), f"found {found!r}", what)
    for number, event in enumerate(product.descriptor.events):
        message = product.contract.message(event.message)
        known = listed(product.contract.messages)
        if message is None:
            what = f"{product.contract.file} has no message {event.message!r}"
            yield Finding(product.descriptor_document, ("events", number, "message"), what, known)
        elif message.type != event.type:
            what = f"found {event.type!r}, {product.contract.file} says {message.type!r}"
            yield Finding(product.descriptor_document, ("events", number, "type"), what, message.type)
    described = {event.message for event in product.descriptor.events}
    for name in sorted(product.contract.messages.keys() - described):
        what = f"the message {name!r} of {product.contract.file} is not described"
        yield Finding(product.descriptor_document, ("events",), what, "an entry for every message")
    for file in product.tables:
        found_topic = file.table.stream.get("stream.kafka.topic.name")
        if file.table.stream and found_topic != port.topic:
            what = f"it reads the topic {found_topic!r}"
            yield Finding(file.document, ("ingestionConfig", "streamIngestionConfig"), what, repr(port.topic))


def time_column(product: Product) -> Findings:
    """See that the time column is a time, and the kind's own on append and archive tables."""
    for file in product.tables:
        name = file.table.segments_config.time_column_name
        schema = product.schema(file.fact.schema_)
        place = ("segmentsConfig", "timeColumnName")
        if not isinstance(schema.schema.column(name), DateTimeField):
            times = listed(column.name for column in schema.schema.date_time_field_specs)
            yield Finding(file.document, place, f"{name!r} is no time of {schema.document.file}", times)
        elif file.fact.kind != "merged":
            wanted = product.descriptor.event(schema.fact.events[0]).time_field
            if name != wanted:
                yield Finding(file.document, place, f"found {name!r}", f"{wanted!r}, the event's own time")


def logical_tables(product: Product) -> Findings:
    """See that a logical table joins its members, and that these share one schema."""
    by_name: dict[str, TableFile] = {file.fact.name: file for file in product.tables}
    for file in product.logical_tables:
        members = {by_name[name].table.name_with_type: by_name[name] for name in file.fact.members}
        found = set(file.table.physical_table_config_map)
        if found != set(members):
            what = f"found {listed(found)}"
            yield Finding(file.document, ("physicalTableConfigMap",), what, listed(members))
        if file.table.table_name != file.fact.name:
            what = f"found {file.table.table_name!r}"
            yield Finding(file.document, ("tableName",), what, repr(file.fact.name))
        for key, name, kind in (
            ("refRealtimeTableName", file.table.ref_realtime_table_name, "REALTIME"),
            ("refOfflineTableName", file.table.ref_offline_table_name, "OFFLINE"),
        ):
            right = [member for member, part in members.items() if part.table.table_type == kind]
            if name not in right:
                yield Finding(file.document, (key,), f"found {name!r}", listed(right))
        boundary = file.table.time_boundary_config.parameters.get("includedTables", ())
        offline = [member for member, part in members.items() if part.table.table_type == "OFFLINE"]
        if sorted(boundary) != sorted(offline):
            place = ("timeBoundaryConfig", "parameters", "includedTables")
            yield Finding(file.document, place, f"found {listed(boundary)}", listed(offline))
        for member in members.values():
            if member.fact.schema_ != file.fact.schema_:
                what = f"its member {member.fact.name} has the schema {member.fact.schema_!r}"
                yield Finding(file.document, ("physicalTableConfigMap",), what, repr(file.fact.schema_))


RULES = (
    Rule("names", "Pinot pairs tables and schemas by name, and a file that nobody names is forgotten", names),
    Rule("schema-columns", "a column is stored that nobody described or classified", schema_columns),
    Rule("contract-fields", "a column is always null, or a field is lost without a word", contract_fields),
    Rule("personal-data", "personal data such as the tax number is not known as such", personal_data),
    Rule("required", "a missing value is stored as the text 'null', or a null is not seen as one", required),
    Rule("retention", "data goes too early or stays too long", retention),
    Rule("tiers", "old segments stay on dear servers, or a table names servers that are not there", tiers),
    Rule("topic", "tables read another topic than the one that is described", topic),
    Rule("time-column", "retention and time filters go by the wrong time", time_column),
    Rule("logical-tables", "a reader misses one half of the rows", logical_tables),
)
