"""Resources as Pulumi's engine would drive them: check, diff, then create, update or nothing.

Only a provider's calls are made here, in the engine's order and with what it would hand over; the state is a
dictionary. Every operation is a run of its own, with a new provider object, as a new process would have.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulumi.dynamic import ConfigureRequest
from pulumi.dynamic.config import Config

from pinot_as_code.cluster_configuration import PinotClusterConfigurationProvider
from pinot_as_code.logical_table import PinotLogicalTableProvider
from pinot_as_code.schema import PinotSchemaProvider
from pinot_as_code.table import PinotTableProvider
from pinot_as_code.tenant import PinotTenantProvider
from pinot_as_code.user import PinotUserProvider

if TYPE_CHECKING:
    from pinot_as_code.lifecycle import PinotProvider

Document = dict[str, Any]


class RefusedArgumentsError(Exception):
    """A check found the arguments wrong. The text is what a user reads."""


@dataclass(frozen=True)
class Declared:
    """A resource as a program declares it."""

    provider: type[PinotProvider]
    inputs: Document


@dataclass
class Held:
    """A resource as the state holds it."""

    declared: Declared
    id: str
    inputs: Document
    outputs: Document


@dataclass
class Run:
    """One stack against one controller."""

    configuration: dict[str, str]
    state: dict[str, Held] = field(default_factory=dict)

    def provider(self, kind: type[PinotProvider]) -> PinotProvider:
        """Return a provider as the plugin makes it at the start of a run."""
        provider = kind()
        provider.configure(ConfigureRequest(Config(dict(self.configuration), "project")))
        provider.client.silent_until = 0.0
        return provider

    def preview(self, name: str, declared: Declared) -> str:
        """Return what `up` would do: ``create``, ``update``, ``replace`` or ``same``."""
        held, provider = self.state.get(name), self.provider(declared.provider)
        inputs = self._checked(provider, {} if held is None else held.inputs, declared)
        if held is None:
            return "create"
        difference = provider.diff(held.id, copy.deepcopy(held.outputs), inputs)
        if difference.replaces:
            return "replace"
        return "update" if difference.changes else "same"

    def up(self, name: str, declared: Declared) -> str:
        """Bring one resource to what is declared; return what was done."""
        step = self.preview(name, declared)
        held, provider = self.state.get(name), self.provider(declared.provider)
        inputs = self._checked(provider, {} if held is None else held.inputs, declared)
        if held is None:
            made = provider.create(copy.deepcopy(inputs))
            self.state[name] = Held(declared, made.id, inputs, made.outs or {})
        elif step == "update":
            updated = provider.update(held.id, copy.deepcopy(held.outputs), copy.deepcopy(inputs))
            self.state[name] = Held(declared, held.id, inputs, updated.outs or {})
        elif step == "replace":
            made = provider.create(copy.deepcopy(inputs))
            provider.delete(held.id, copy.deepcopy(held.outputs))
            self.state[name] = Held(declared, made.id, inputs, made.outs or {})
        return step

    def refresh(self, name: str) -> str:
        """Bring what is really there into the state; return ``same``, ``update`` or ``delete``."""
        held = self.state[name]
        read = self.provider(held.declared.provider).read(held.id, copy.deepcopy(held.outputs))
        if not read.id:
            del self.state[name]
            return "delete"
        outputs, inputs = read.outs or {}, read.inputs or {}
        changed = (outputs, inputs) != (held.outputs, held.inputs)
        self.state[name] = Held(held.declared, read.id, inputs, outputs)
        return "update" if changed else "same"

    def destroy(self, *names: str) -> None:
        """Delete resources, from the state alone; all of them, last made first, when none is named."""
        for name in names or tuple(reversed(self.state)):
            held = self.state[name]
            self.provider(held.declared.provider).delete(held.id, copy.deepcopy(held.outputs))
            del self.state[name]

    @staticmethod
    def _checked(provider: PinotProvider, olds: Document, declared: Declared) -> Document:
        result = provider.check(copy.deepcopy(olds), copy.deepcopy(declared.inputs))
        if result.failures:
            raise RefusedArgumentsError("\n".join(failure.reason for failure in result.failures))
        return result.inputs


COMMON: Document = {"allow": [], "adopt": "identical", "timeout_seconds": 30.0}


def tenant(name: str, role: str, *patterns: str, **arguments: object) -> Declared:
    """Declare a tenant on the instances with these names; `count` is a part of the selector."""
    selector: Document = {"names": sorted(patterns)}
    if "count" in arguments:
        selector["count"] = float(str(arguments.pop("count")))
    if arguments.pop("elastic", False):
        selector["elastic"] = True
    plain = {"name": name, "role": role, "instances": selector, "allow": [], "timeout_seconds": 30.0}
    return Declared(PinotTenantProvider, {**plain, **arguments})


def schema(document: Document, **arguments: object) -> Declared:
    """Declare a schema."""
    return Declared(PinotSchemaProvider, {**COMMON, "schema_json": json.dumps(document), **arguments})


def table(document: Document, columns: Document, **arguments: object) -> Declared:
    """Declare a table."""
    texts = {"table_json": json.dumps(document), "schema_json": json.dumps(columns)}
    return Declared(PinotTableProvider, {**COMMON, "force_commit": False, **texts, **arguments})


def logical_table(document: Document, **arguments: object) -> Declared:
    """Declare a logical table."""
    return Declared(
        PinotLogicalTableProvider, {**COMMON, "logical_table_json": json.dumps(document), **arguments}
    )


def user(name: str, password: str, **arguments: object) -> Declared:
    """Declare a user of the broker."""
    plain = {
        "username": name,
        "component": "BROKER",
        "password": password,
        "role": "USER",
        "tables": [],
        "exclude_tables": [],
        "permissions": ["READ"],
    }
    return Declared(PinotUserProvider, {**COMMON, **plain, **arguments})


def settings(adopt: str = "identical", **values: str) -> Declared:
    """Declare keys of the cluster's configuration."""
    plain = {"settings": values, "adopt": adopt, "timeout_seconds": 30.0}
    return Declared(PinotClusterConfigurationProvider, plain)
