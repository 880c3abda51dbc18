"""The provider protocol (pulumirpc.ResourceProvider), as far as the engine calls it here."""

# ruff: noqa: N802, ARG002 - the names and arguments of the methods are those of the gRPC service

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NoReturn

import grpc
from google.protobuf import empty_pb2

from local.plugins.aws import bucket, bucket_settings
from local.plugins.aws.input_types import PROVIDER, input_types, mistakes
from local.plugins.aws.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc
from local.plugins.aws.resource import Change, Properties, ResourceType, changes
from local.plugins.aws.s3_server import S3Error, S3Server, refusal
from local.plugins.wire import UNKNOWN, Json, is_unknown, to_python, to_struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf import struct_pb2

VERSION: Final = "7.51.1"
"""The version of the aws SDK whose inputs it takes; the engine asks for it."""
RESOURCE_TYPES: Final[dict[str, ResourceType]] = {
    resource_type.pulumi_type: resource_type
    for resource_type in (
        bucket.Bucket(),
        bucket_settings.BucketVersioning(),
        bucket_settings.BucketEncryption(),
        bucket_settings.BucketPublicAccessBlock(),
        bucket_settings.BucketOwnershipControls(),
        bucket_settings.BucketPolicy(),
        bucket_settings.BucketLifecycleConfiguration(),
        bucket_settings.BucketObjectLockConfiguration(),
    )
}
PROVIDER_SUPPORTED: Final = frozenset(
    {
        "endpoints",
        "region",
        "s3UsePathStyle",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
    }
)
ENGINE_KEYS: Final = frozenset({"version", "pluginDownloadURL"})
"""What the engine itself adds to a provider's configuration."""
KINDS: Final = {
    ("ADD", False): provider_pb2.PropertyDiff.ADD,
    ("ADD", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("DELETE", False): provider_pb2.PropertyDiff.DELETE,
    ("DELETE", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("UPDATE", False): provider_pb2.PropertyDiff.UPDATE,
    ("UPDATE", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def type_of(urn: str) -> str:
    """Return the resource type of a URN, `urn:pulumi:<stack>::<project>::<parent types$type>::<name>`."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def provider_settings(properties: Mapping[str, Json]) -> Properties:
    """Return a provider's configuration with what is structured read from the JSON text it travels as."""
    declared = input_types()[PROVIDER]
    settings = {}
    for name, value in properties.items():
        if name in ENGINE_KEYS:
            continue
        kind = declared[name]["kind"] if name in declared else "text"
        settings[name] = (
            json.loads(value) if isinstance(value, str) and kind != "text" and value != UNKNOWN else value
        )
    return settings


def endpoint_of(settings: Mapping[str, Json]) -> str | None:
    """Return the S3 endpoint of a provider's configuration."""
    found = [entry["s3"] for entry in settings.get("endpoints") or () if entry.get("s3")]
    return found[-1] if found else None


def unsupported(supported: frozenset[str], inputs: Mapping[str, Json], path: str = "") -> Iterator[str]:
    """Yield the paths of inputs that the aws provider has but the stand-in does not act on."""
    for name, value in inputs.items():
        place = f"{path}.{name}" if path else name
        if name.startswith("__") or value is None or place in supported:
            continue
        inside = [path for path in supported if path.startswith(f"{place}.")]
        parts = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]
        if not inside:
            yield place
        for part in parts if inside else ():
            yield from unsupported(supported, part, place)


class AwsStandIn(provider_pb2_grpc.ResourceProviderServicer):
    """Makes buckets and their settings on the S3 server of this machine."""

    def __init__(self) -> None:
        """Start without a server; the engine configures it."""
        self._s3: S3Server | None = None

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Return the version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Accept plain values only; the engine keeps track of secrets and outputs itself."""
        return provider_pb2.ProviderHandshakeResponse()

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse what is unknown or cannot be done here, and any endpoint that is not on this machine."""
        news = to_python(request.news)
        settings = provider_settings(news)
        failures = [_failure(path, text) for path, text in mistakes(input_types()[PROVIDER], settings)]
        failures += [
            _failure(path, _NOT_HERE) for path in unsupported(PROVIDER_SUPPORTED, settings) if not failures
        ]
        if not failures and not is_unknown(settings) and (reason := refusal(endpoint_of(settings))):
            failures.append(_failure("endpoints", f"the S3 endpoint {reason}"))
        return provider_pb2.CheckResponse(inputs=to_struct(news), failures=failures)

    def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Another endpoint or region is a change in place: the resources keep their names."""
        old, new = to_python(request.old_inputs), to_python(request.news)
        changed = sorted(
            name for name in (old.keys() | new.keys()) - ENGINE_KEYS if old.get(name) != new.get(name)
        )
        return _diff([Change(name, "UPDATE", replaces=False) for name in changed])

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Remember the server."""
        settings = provider_settings(to_python(request.args))
        endpoint = endpoint_of(settings)
        try:
            self._s3 = S3Server(endpoint or "", settings.get("region") or "us-east-1")
        except ValueError as error:
            _abort(context, str(error))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse what the SDK does not declare, and what the stand-in would silently leave out."""
        resource_type = self._type(request.urn, context)
        inputs = to_python(request.news)
        failures = [
            _failure(path, text) for path, text in mistakes(input_types()[resource_type.pulumi_type], inputs)
        ]
        failures += [
            _failure(path, _NOT_HERE) for path in unsupported(resource_type.supported, inputs) if not failures
        ]
        failures += [
            _failure(name, "is missing; the local stand-in for the aws provider needs it.")
            for name in sorted(resource_type.required)
            if inputs.get(name) is None
        ]
        failures += [
            _failure(name, f"is no JSON: {problem}.")
            for name in sorted(resource_type.json_texts & inputs.keys())
            if (problem := _not_json(inputs[name]))
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Compare the inputs; after a refresh the old ones are what the server has."""
        resource_type = self._type(request.urn, context)
        old, new = to_python(request.old_inputs), to_python(request.news)
        ignored = set(request.ignoreChanges)
        return _diff([change for change in changes(resource_type, old, new) if change.path not in ignored])

    def Create(
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Make the resource, or say in a preview what it would be."""
        resource_type = self._type(request.urn, context)
        inputs = to_python(request.properties)
        s3 = self._server(context)
        identity = ""
        if not request.preview:
            try:
                identity = resource_type.create(s3, inputs)
            except S3Error as error:
                _abort(context, str(error))
        return provider_pb2.CreateResponse(id=identity, properties=_outputs(resource_type, inputs, s3))

    def Read(
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """Bring back what the server has: as inputs too, so that the next preview shows what drifted."""
        resource_type = self._type(request.urn, context)
        s3 = self._server(context)
        try:
            live = resource_type.read(s3, request.id)
        except S3Error as error:
            _abort(context, str(error))
        if live is None:
            return provider_pb2.ReadResponse()
        inputs = resource_type.seen(to_python(request.inputs), live)
        return provider_pb2.ReadResponse(
            id=request.id, inputs=to_struct(inputs), properties=_outputs(resource_type, inputs, s3)
        )

    def Update(
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Change the resource, or say in a preview what it would be."""
        resource_type = self._type(request.urn, context)
        s3 = self._server(context)
        new = to_python(request.news)
        if not request.preview:
            try:
                resource_type.update(s3, request.id, to_python(request.old_inputs), new)
            except S3Error as error:
                _abort(context, str(error))
        return provider_pb2.UpdateResponse(properties=_outputs(resource_type, new, s3))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Remove the resource."""
        resource_type = self._type(request.urn, context)
        try:
            resource_type.delete(self._server(context), request.id, to_python(request.properties))
        except S3Error as error:
            _abort(context, str(error))
        return empty_pb2.Empty()

    def Invoke(
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        """Refuse: there is no account to ask."""
        _abort(
            context,
            f"the local stand-in for the aws provider has no function {request.tok}; it only makes buckets.",
        )

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Let the calls under way come to their end; each is one short call."""
        return empty_pb2.Empty()

    def _server(self, context: grpc.ServicerContext) -> S3Server:
        if self._s3 is None:
            _abort(context, "the local stand-in for the aws provider was called before it was configured.")
        return self._s3

    @staticmethod
    def _type(urn: str, context: grpc.ServicerContext) -> ResourceType:
        resource_type = RESOURCE_TYPES.get(type_of(urn))
        if resource_type is None:
            _abort(
                context,
                f"the local stand-in for the aws provider does not know {type_of(urn)}; it knows"
                f" {', '.join(sorted(RESOURCE_TYPES))}. Add the type to local/plugins/aws, or make the"
                " resource in dev and prod only.",
            )
        return resource_type


_NOT_HERE: Final = "is an input of the aws provider that its local stand-in does not act on."


def _abort(context: grpc.ServicerContext, message: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError  # abort() raises; this tells the type checker


def _failure(path: str, text: str) -> provider_pb2.CheckFailure:
    return provider_pb2.CheckFailure(property=path, reason=f"{path} {text}")


def _not_json(text: object) -> str | None:
    if is_unknown(text) or not isinstance(text, str):
        return None
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"{error.msg} at character {error.pos}"
    return None


def _outputs(resource_type: ResourceType, inputs: Properties, s3: S3Server) -> struct_pb2.Struct:
    return to_struct({**resource_type.computed(inputs, s3.region), **inputs})


def _diff(found: list[Change]) -> provider_pb2.DiffResponse:
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({change.path.split(".")[0].split("[")[0] for change in found}),
        replaces=sorted({change.path for change in found if change.replaces}),
        # Two buckets of one name cannot be there at once.
        deleteBeforeReplace=any(change.replaces for change in found),
        hasDetailedDiff=True,
        detailedDiff={
            change.path: provider_pb2.PropertyDiff(kind=KINDS[change.kind, change.replaces], inputDiff=True)
            for change in found
        },
    )
