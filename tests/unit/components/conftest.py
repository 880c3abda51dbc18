"""A Pulumi program in one process: what it registered can be looked at afterwards, outside of any `apply`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockMonitor

from tests.unit.components.stack_files import ROOT

with warnings.catch_warnings():
    # The SDK announces its own deprecated modules, which nobody here uses, when it is first used.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pulumi_aws.s3 import Bucket as _  # noqa: F401 - loaded here for the tests that follow

if TYPE_CHECKING:
    from pathlib import Path

    from pulumi.runtime.proto import resource_pb2

SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the signature that marks a secret on the wire


@dataclass(frozen=True)
class Registered:
    """A resource as the engine would have been asked for it."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    depends_on: frozenset[str]
    """URNs."""
    protect: bool
    provider: str
    secret_inputs: frozenset[str]


@dataclass
class Program:
    """Everything that was registered, in order."""

    resources: list[Registered] = field(default_factory=list)

    def one(self, kind: str, name: str) -> Registered:
        """Return the resource of a type (by the type's last part) and name."""
        (found,) = [item for item in self.resources if item.type.endswith(f":{kind}") and item.name == name]
        return found

    def names(self, kind: str) -> list[str]:
        """Return the names of all resources of a type."""
        return [item.name for item in self.resources if item.type.endswith(f":{kind}")]

    def position(self, item: Registered) -> int:
        """Return when it was registered."""
        return self.resources.index(item)


class Engine(pulumi.runtime.Mocks):
    """Gives every resource an id, and its inputs as outputs."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Return id and outputs."""
        outputs = dict(args.inputs)
        if args.typ == "aws:s3/bucket:Bucket":
            outputs["arn"] = f"arn:aws:s3:::{args.inputs['bucket']}"
        if args.typ == "aws:kms/key:Key":
            outputs |= {"arn": f"arn:aws:kms:::key/{args.name}", "keyId": f"{args.name}-key"}
        if args.typ == "aws:iam/role:Role":
            outputs["arn"] = f"arn:aws:iam::123456789012:role/{args.inputs['name']}"
        if args.typ == "pulumi-python:dynamic/pinot:Password":
            outputs["value"] = f"generated for {args.inputs['username']}"
        return f"{args.name}-id", outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """There is no function that the program may call: a preview without credentials could not."""
        raise NotImplementedError(args.token)


class Hooks:
    """Takes the hooks that an engine would call."""

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        """Take a hook."""
        assert hook.name


class Recorder(MockMonitor):
    """Keeps the requests, with what the mocks are not told."""

    def __init__(self, program: Program) -> None:
        """Record into a program."""
        super().__init__(Engine())
        self._program = program

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:  # noqa: N802, ANN401 - the SDK's
        """Record and answer."""
        if request.type != "pulumi:pulumi:Stack":
            self._program.resources.append(
                Registered(
                    urn=self.make_urn(request.parent, request.type, request.name),
                    type=request.type,
                    name=request.name,
                    inputs=pulumi.runtime.rpc.deserialize_properties(request.object),
                    parent=request.parent,
                    depends_on=frozenset(request.dependencies),
                    protect=request.protect,
                    provider=request.provider,
                    secret_inputs=frozenset(
                        name
                        for name, value in request.object.fields.items()
                        if any(item.string_value == SECRET for item in value.struct_value.fields.values())
                    ),
                )
            )
        answer: Any = super()
        return answer.RegisterResource(request)


Build = Callable[[Callable[[], object]], Program]


@pytest.fixture(scope="session")
def checked_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a cache that tests of the whole product share, so that its files are checked once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def in_the_repository(checked_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build the product as the engine does: from the repository's root."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_CACHE_HOME", str(checked_files))


@pytest.fixture
def build() -> Build:
    """Run a program under mocks and return what it registered."""

    def run(program: Callable[[], object]) -> Program:
        found = Program()
        pulumi.runtime.set_mocks(Engine(), project="payments", stack="test", monitor=Recorder(found))
        # Without an engine that calls hooks, there is only their registration to answer.
        pulumi.runtime.settings.SETTINGS.callbacks = Hooks()
        in_loop: Any = pulumi.runtime.test  # has no types
        in_loop(lambda: (program(), None)[1])()
        return found

    return run
