"""The provider protocol for previews without credentials.

Inputs are checked by the SDK's own types, and nothing is ever changed. What a preview shows is what the real
provider would be asked for; what the cloud alone knows stays unknown.
"""

# ruff: noqa: N802, ARG002 - the names and arguments of the methods are those of the gRPC service

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

from local.plugins.offline.sdk_inputs import Mistake, Sdk, UnknownTypeError
from local.plugins.wire import UNKNOWN, to_python, to_struct

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGINE_KEYS = frozenset({"version", "pluginDownloadURL"})
"""What the engine itself adds to a provider's configuration."""


class OfflineProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Stands in for one provider; a subclass adds what its provider does to inputs."""

    def __init__(self, sdk: Sdk, engine: str | None = None) -> None:
        """Stand in for the provider of an SDK; `engine` is the address to write warnings to."""
        self._sdk = sdk
        self._engine = engine
        self.configuration: dict[str, Any] = {}

    # What a subclass may know better -----------------------------------------------------------------------

    def mistakes(self, token: str, inputs: Mapping[str, Any]) -> list[Mistake]:
        """Return what is wrong with a resource's inputs."""
        return list(self._sdk.mistakes(token, inputs))

    def completed(self, token: str, urn: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs with what the provider adds to them."""
        return dict(inputs)

    def planned(self, token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the outputs in a preview: the inputs, and everything else not known."""
        return dict.fromkeys(self._sdk.outputs(token) - inputs.keys(), UNKNOWN) | dict(inputs)

    # The protocol ------------------------------------------------------------------------------------------

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Return the SDK's version, which is the one that the engine asks for."""
        return plugin_pb2.PluginInfo(version=self._sdk.version)

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Accept plain values only; the engine keeps track of secrets and outputs itself."""
        return provider_pb2.ProviderHandshakeResponse()

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse configuration that the provider does not have."""
        news = {name: value for name, value in to_python(request.news).items() if name not in ENGINE_KEYS}
        unknown = [
            mistake
            for mistake in self._sdk.mistakes(f"pulumi:providers:{self._sdk.package}", news)
            # What is structured travels as JSON text here, and its type is then no mistake.
            if not mistake.reason.startswith("must be")
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=map(_failure, unknown))

    def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Leave the comparison to the engine."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_UNKNOWN)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Remember the configuration, and say loudly that nothing real is asked."""
        self.configuration = to_python(request.args)
        package = self._sdk.package
        self._warn(
            f"OFFLINE PREVIEW: a stand-in answers for the {package} provider. It checks inputs by the types"
            f" of pulumi-{package} {self._sdk.version}; no account and no cluster is asked, and nothing can"
            " be changed."
        )
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse what the SDK's types do not allow, at any depth."""
        token = token_of(request.urn)
        inputs = to_python(request.news)
        try:
            found = self.mistakes(token, inputs)
        except UnknownTypeError as error:
            _abort(context, f"{error}")
        if found:
            return provider_pb2.CheckResponse(inputs=request.news, failures=map(_failure, found))
        return provider_pb2.CheckResponse(inputs=to_struct(self.completed(token, request.urn, inputs)))

    def Diff(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Leave the comparison to the engine: an offline preview starts from an empty stack."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_UNKNOWN)

    def Create(
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Plan in a preview; refuse otherwise."""
        if not request.preview:
            self._refuse(context, "make", request.urn)
        token = token_of(request.urn)
        return provider_pb2.CreateResponse(
            properties=to_struct(self.planned(token, to_python(request.properties)))
        )

    def Update(
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Plan in a preview; refuse otherwise."""
        if not request.preview:
            self._refuse(context, "change", request.urn)
        token = token_of(request.urn)
        return provider_pb2.UpdateResponse(properties=to_struct(self.planned(token, to_python(request.news))))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Refuse."""
        self._refuse(context, "delete", request.urn)

    def Read(
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """Refuse: there is nothing to read from."""
        self._refuse(context, "read", request.urn)

    def Invoke(
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        """Refuse: there is nobody to ask."""
        _abort(
            context,
            f"OFFLINE PREVIEW: the program calls {request.tok}, which the {self._sdk.package} provider"
            " answers with credentials only. Give what it asks for as a setting, so that previews need none.",
        )

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Let the calls under way come to their end; each is short."""
        return empty_pb2.Empty()

    def _refuse(self, context: grpc.ServicerContext, verb: str, urn: str) -> NoReturn:
        _abort(
            context,
            f"OFFLINE PREVIEW: the stand-in for the {self._sdk.package} provider was asked to {verb}"
            f" {urn.rsplit('::', 1)[-1]} ({token_of(urn)}) and never does. Nothing was done. Stand-ins serve"
            " `pulumi preview` only: run this with a PULUMI_HOME that has the real plugins.",
        )

    def _warn(self, message: str) -> None:
        if self._engine is None:
            return
        with grpc.insecure_channel(self._engine) as channel:
            request = engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message)
            engine_pb2_grpc.EngineStub(channel).Log(request)


def token_of(urn: str) -> str:
    """Return the resource type of a URN, `urn:pulumi:<stack>::<project>::<parent types$type>::<name>`."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _failure(mistake: Mistake) -> provider_pb2.CheckFailure:
    return provider_pb2.CheckFailure(property=mistake.path, reason=str(mistake))


def _abort(context: grpc.ServicerContext, message: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError  # abort() raises; this tells the type checker
