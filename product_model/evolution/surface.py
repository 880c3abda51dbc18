"""What others hold in their hands, read from the published files of any release.

A release may be older than this program, so nothing here goes through the descriptor's model.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from product_model.documents import LOADER

if TYPE_CHECKING:
    from collections.abc import Mapping

PRODUCT, OUTPUTS = "data-product/", "payment_outputs/"
_DESCRIPTOR = f"{PRODUCT}payment-service-data-product.yaml"
_CONTRACT = re.compile(rf"{PRODUCT}contracts/(?P<name>[^/]+)\.odcs\.yaml")
_EVENT = re.compile(rf"{PRODUCT}contracts/events/(?P<name>[^/]+)\.schema\.json")
_TABLE = re.compile(rf"{PRODUCT}pinot-tables/[^/]+\.json")
_OUTPUTS = re.compile(rf"{OUTPUTS}outputs-v(?P<version>[0-9]+)\.json")
_QUESTION = re.compile(rf"{PRODUCT}queries/[0-9]+-(?P<name>[a-z0-9-]+)\.sql")
Json = dict[str, Any]


@dataclass(frozen=True)
class ColumnSurface:
    """A column as its contract tells it."""

    name: str
    type: str
    required: bool
    classification: str
    personal_data: str | None
    hashing: str | None
    values: frozenset[str] | None
    form: str | None
    origin: tuple[str, ...]
    key: bool
    description: str


@dataclass(frozen=True)
class ContractSurface:
    """A contract. `kept` is days by table or topic; promises are objectives, each a number with its unit."""

    name: str
    version: str
    status: str
    tables: Mapping[str, Mapping[str, ColumnSurface]]
    kept: Mapping[str, int]
    promises: Mapping[str, tuple[float, str]]
    teams: frozenset[str]
    terms: Mapping[str, Any]


@dataclass(frozen=True)
class TableSurface:
    """What a table's file adds to its contract: how it answers, merges and forgets repeats."""

    name: str
    kind: str
    time_column: str | None
    merging: Json
    memory_ms: int | None
    indexes: frozenset[str]
    sums: frozenset[str]
    members: frozenset[str]


@dataclass(frozen=True)
class QuestionSurface:
    """A question: its SQL, and who asks it."""

    name: str
    sql: str
    askers: tuple[str, ...]


@dataclass(frozen=True)
class Surface:
    """A whole release."""

    product_version: str | None = None
    contracts: Mapping[str, ContractSurface] = field(default_factory=dict)
    events: Mapping[str, Json] = field(default_factory=dict)
    tables: Mapping[str, TableSurface] = field(default_factory=dict)
    outputs: Json = field(default_factory=dict)
    output_version: int = 0
    questions: tuple[QuestionSurface, ...] = ()


def read_surface(files: Mapping[str, str]) -> Surface:
    """Read a release from its files: path relative to the repository → text."""
    descriptor: Json = _yaml(files.get(_DESCRIPTOR, "")) or {}
    contracts, events, tables, questions = {}, {}, {}, []
    outputs: dict[int, Json] = {}
    asked: Json = descriptor.get("questions", {})
    for path, text in sorted(files.items()):
        if found := _CONTRACT.fullmatch(path):
            contracts[found["name"]] = _contract(found["name"], _yaml(text))
        elif found := _EVENT.fullmatch(path):
            events[found["name"]] = json.loads(text)
        elif _TABLE.fullmatch(path):
            table = _table(json.loads(text))
            tables[table.name] = table
        elif found := _OUTPUTS.fullmatch(path):
            outputs[int(found["version"])] = json.loads(text)
        elif found := _QUESTION.fullmatch(path):
            name = found["name"]
            questions.append(QuestionSurface(name, text, tuple(asked.get(name, ()))))
    newest = max(outputs, default=0)
    return Surface(
        product_version=descriptor.get("product", {}).get("version"),
        contracts=contracts,
        events=events,
        tables=tables,
        outputs=outputs.get(newest, {}),
        output_version=newest,
        questions=tuple(questions),
    )


def _yaml(text: str) -> Any:  # noqa: ANN401 - YAML
    return yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe loader, in C where there is one


def _custom(part: Json) -> Json:
    return {item["property"]: item["value"] for item in part.get("customProperties", ())}


def _contract(name: str, content: Json) -> ContractSurface:
    levels = content.get("slaProperties", ())
    promises = {
        level["property"]: (float(level["value"]), str(level.get("unit", "")))
        for level in levels
        if level["property"] != "retention"
    }
    for thing in content.get("schema", ()):
        for quality in thing.get("quality", ()):
            # Said in words there: "… At least 99.99 percent, measured over 30d."
            said = re.search(r"At least (?P<least>[0-9.]+) (?P<unit>\w+),", quality.get("description", ""))
            if said:
                promises[quality["name"]] = (float(said["least"]), said["unit"])
    return ContractSurface(
        name=name,
        version=str(content["version"]),
        status=str(content["status"]),
        tables={
            thing["name"]: {column["name"]: _column(column) for column in thing["properties"]}
            for thing in content.get("schema", ())
            if thing.get("physicalType") != "event"
        },
        kept={level["element"]: level["value"] for level in levels if level["property"] == "retention"},
        promises=promises,
        teams=frozenset(role["role"] for role in content.get("roles", ())),
        terms=_custom(content),
    )


def _column(content: Json) -> ColumnSurface:
    custom = _custom(content)
    values = next(
        (q["arguments"]["validValues"] for q in content.get("quality", ()) if "arguments" in q), None
    )
    return ColumnSurface(
        name=content["name"],
        type=content["physicalType"],
        required=bool(content.get("required")),
        classification=content.get("classification", "public"),
        personal_data=custom.get("personalData"),
        hashing=content.get("transformDescription"),
        values=None if values is None else frozenset(map(str, values)),
        form=content.get("logicalTypeOptions", {}).get("pattern"),
        origin=(*content.get("transformSourceObjects", ()), *custom.get("derivedFrom", ())),
        key=bool(content.get("primaryKey")),
        description=content.get("description", ""),
    )


def _table(content: Json) -> TableSurface:
    index = content.get("tableIndexConfig", {})
    dedup, upsert = content.get("dedupConfig") or {}, content.get("upsertConfig") or {}
    merging = {
        key: upsert.get(key)
        for key in ("mode", "comparisonColumns", "defaultPartialUpsertStrategy", "partialUpsertStrategies")
        if upsert
    }
    indexes = {
        f"{name} on {config['name']}"
        for config in content.get("fieldConfigList", ())
        for name in config.get("indexes", {})
        if name not in {"forward", "dictionary"}
    }
    sums = {
        f"{pair} by {', '.join(tree['dimensionsSplitOrder'])}"
        for tree in index.get("starTreeIndexConfigs", ())
        for pair in tree["functionColumnPairs"]
    }
    return TableSurface(
        name=content["tableName"],
        kind=content.get("tableType", "LOGICAL"),
        time_column=content.get("segmentsConfig", {}).get("timeColumnName"),
        merging=merging,
        memory_ms=dedup.get("metadataTTL"),
        indexes=frozenset(indexes),
        sums=frozenset(sums),
        members=frozenset(content.get("physicalTableConfigMap", {})),
    )
