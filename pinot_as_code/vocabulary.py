"""What Pinot understands: the keys of its configurations with types and defaults, its indexes and functions.

Read off Pinot's own classes by ``validation/Vocabulary.java`` into ``validation/pinot-1.5.1.json``, so that
"is this a key of Pinot's" and "did the server add this by itself" are answered by a rule and not by a list
kept by hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

PINOT_VERSION: Final = "1.5.1"

ABSENT: Final = object()
"""Stands for "no such key", where None is a value."""

_IDENTITY: Final = {
    "FieldConfig": "name",
    "DimensionFieldSpec": "name",
    "MetricFieldSpec": "name",
    "DateTimeFieldSpec": "name",
    "ComplexFieldSpec": "name",
    "TransformConfig": "columnName",
    "AggregationConfig": "columnName",
    "TierConfig": "name",
    "TunerConfig": "name",
    "TableSamplerConfig": "name",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of a value: scalar, enumeration, list, map with free keys, free JSON, or described object."""

    text: str
    """As the vocabulary writes it: ``string``, ``enum:A|B``, ``[FieldConfig]``, ``{string}``, ``json``."""

    @property
    def element(self) -> Kind | None:
        """Type of a list's elements; None when this is no list."""
        return Kind(self.text[1:-1]) if self.text.startswith("[") else None

    @property
    def value(self) -> Kind | None:
        """Type of a map's values; None when this is no map."""
        return Kind(self.text[1:-1]) if self.text.startswith("{") else None

    @property
    def choices(self) -> tuple[str, ...]:
        """The words of an enumeration; empty when this is none."""
        return tuple(self.text[5:].split("|")) if self.text.startswith("enum:") else ()

    @property
    def keys(self) -> dict[str, Key] | None:
        """The keys of a described object; None when this is none."""
        return vocabulary().types.get(self.text)

    @property
    def identity(self) -> str | None:
        """The key that tells objects of this type apart in a list, e.g. ``name``; None: their position."""
        return _IDENTITY.get(self.text)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a described object."""

    kind: Kind
    default: Any
    """What the server shows when the key is left out; `ABSENT` when it shows nothing."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All of it."""

    types: dict[str, dict[str, Key]]
    indexes: dict[str, Kind]
    """Name in ``fieldConfigList[].indexes`` to the type of its configuration."""
    star_tree_functions: frozenset[str]
    """Aggregations that a star-tree can hold; a pair with any other is skipped without a word."""
    aggregation_functions: frozenset[str]
    scalar_functions: dict[str, frozenset[int]]
    """Lower-case name without underscores to the accepted numbers of arguments; -1 stands for any number."""


@cache
def vocabulary() -> Vocabulary:
    """Load the vocabulary, once a process."""
    file = resources.files(__package__).joinpath("validation", f"pinot-{PINOT_VERSION}.json")
    raw = json.loads(file.read_text(encoding="utf-8"))
    return Vocabulary(
        types={
            name: {
                key: Key(Kind(entry[0]), entry[1] if len(entry) > 1 else ABSENT)
                for key, entry in keys.items()
            }
            for name, keys in raw["types"].items()
        },
        indexes={name: Kind(kind) for name, kind in raw["indexes"].items()},
        star_tree_functions=frozenset(raw["starTreeFunctions"]),
        aggregation_functions=frozenset(raw["aggregationFunctions"]),
        scalar_functions={name: frozenset(counts) for name, counts in raw["scalarFunctions"].items()},
    )


TABLE: Final = Kind("TableConfig")
SCHEMA: Final = Kind("Schema")
LOGICAL_TABLE: Final = Kind("LogicalTableConfig")
USER: Final = Kind("UserConfig")
