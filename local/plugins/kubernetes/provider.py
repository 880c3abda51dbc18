"""The kubernetes provider's own ways, as far as a preview shows them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from local.plugins.offline.provider import OfflineProvider
from local.plugins.offline.sdk_inputs import Mistake, UnknownTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping

RELEASE: Final = "kubernetes:helm.sh/v3:Release"
NAMESPACE: Final = "kubernetes:core/v1:Namespace"
CUSTOM: Final = "kubernetes:apiextensions.k8s.io:CustomResource"
SUFFIX: Final = 8
"""Characters by which the real provider makes a name unique; there they are drawn by lot."""


class KubernetesStandIn(OfflineProvider):
    """Names objects that have none, and takes custom resources, whose types no SDK declares."""

    def mistakes(self, token: str, inputs: Mapping[str, Any]) -> list[Mistake]:
        """Check by the SDK's types; of a custom resource, what every object of Kubernetes has."""
        try:
            return super().mistakes(token, inputs)
        except UnknownTypeError:
            if not _is_custom(inputs):
                raise
        return self._mistakes_of_custom(token, inputs)

    def _mistakes_of_custom(self, token: str, inputs: Mapping[str, Any]) -> list[Mistake]:
        group, kind = token.removeprefix("kubernetes:").rsplit(":", 1)
        found = [
            mistake
            for mistake in self._sdk.mistakes(NAMESPACE, {"metadata": inputs.get("metadata")})
            if mistake.path.startswith("metadata")
        ]
        for name, wanted in (("apiVersion", group), ("kind", kind)):
            if inputs.get(name) != wanted:
                found.append(Mistake(name, f"must be {wanted}, as the resource's type says."))
        return found

    def completed(self, token: str, urn: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Give a name to what has none, and the provider's namespace to a release without one."""
        name = urn.rsplit("::", 1)[-1]
        unique = f"{name}-{hashlib.sha256(urn.encode()).hexdigest()[:SUFFIX]}"
        completed = dict(inputs)
        if token == RELEASE:
            completed.setdefault("name", unique)
            completed.setdefault("namespace", self.configuration.get("namespace", "default"))
            return completed
        metadata = dict(completed.get("metadata") or {})
        if not metadata.get("name") and not metadata.get("generateName"):
            metadata["name"] = unique
            metadata["annotations"] = {**(metadata.get("annotations") or {}), "pulumi.com/autonamed": "true"}
        completed["metadata"] = metadata
        return completed

    def planned(self, token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs, and what the cluster adds as not known."""
        try:
            return super().planned(token, inputs)
        except UnknownTypeError:
            return dict(inputs)


def _is_custom(inputs: Mapping[str, Any]) -> bool:
    return isinstance(inputs.get("apiVersion"), str) and "/" in inputs["apiVersion"]
