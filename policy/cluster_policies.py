"""What runs on Kubernetes: images and charts that stay the same, no doors to the internet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy.resources import Context, Resource

RELEASES: Final = frozenset({"kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart"})
SERVICE: Final = "kubernetes:core/v1:Service"
EXACT_VERSION: Final = re.compile(r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}$")
MOVING: Final = re.compile(r"(latest|nightly|main|master|edge|stable)([.-].*)?")
INSTEAD: Final = "use ClusterIP, and an ingress that only the company's network reaches."
PINOT_DOORS: Final = ("controller", "broker")
"""Roles of the Pinot chart whose `external.enabled` is true by default: a LoadBalancer each."""


def moving_image(resource: Resource, context: Context) -> Iterator[str]:
    """See that an image is the same tomorrow, in prod by its digest."""
    for place, image in _images(resource):
        name, _, tag = _without_digest(image).rpartition(":")
        if not name or "/" in tag:
            name, tag = _without_digest(image), ""
        if not tag and not DIGEST.search(image):
            yield f"{place} runs {image} without a tag, which is latest; name a version."
        elif MOVING.fullmatch(tag):
            yield f"{place} runs {image}, another image whenever that tag moves; name a version."
        elif context.prod and not DIGEST.search(image):
            yield f"{place} runs {image} without a digest in prod; append @sha256:…, as registries show it."


def _without_digest(image: str) -> str:
    return image.partition("@")[0]


def _images(resource: Resource) -> Iterator[tuple[str, str]]:
    """Yield the images of a release's values and of a workload's containers, with where they stand."""
    if resource.type in RELEASES:
        values = resource.props.get("values") or {}
        yield from _images_in_values(values, "values")
        if resource.props.get("chart") == "pinot" and not (values.get("image") or {}).get("tag"):
            yield "values.image", "apachepinot/pinot:latest"
    elif resource.type.startswith(("kubernetes:apps/", "kubernetes:batch/", "kubernetes:core/")):
        yield from _images_in_pods(resource.props.get("spec"), "spec")


def _images_in_values(values: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        place = f"{path}.{key}"
        if key == "image" and _is_map(value) and value.get("tag"):
            yield place, f"{value.get('repository') or '(no repository)'}:{value['tag']}"
        elif key == "image" and isinstance(value, str):
            yield place, value
        elif _is_map(value):
            yield from _images_in_values(value, place)


def _images_in_pods(part: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any part of a specification
    if _is_map(part):
        for key, value in part.items():
            place = f"{path}.{key}"
            if key in {"containers", "initContainers"}:
                for container in value or ():
                    if container.get("image"):
                        yield f"{place}[{container.get('name')}]", container["image"]
            else:
                yield from _images_in_pods(value, place)


def unpinned_chart(resource: Resource, _context: Context) -> Iterator[str]:
    """See that a chart is installed in one exact version."""
    if resource.type not in RELEASES:
        return
    chart, version = resource.props.get("chart"), resource.props.get("version")
    if not version:
        yield f"installs the newest version of the chart {chart}, whichever that is; give version: 1.0.0."
    elif not EXACT_VERSION.fullmatch(str(version)):
        yield f"installs the chart {chart} in {version}, a range; give one exact version."


def load_balancer(resource: Resource, _context: Context) -> Iterator[str]:
    """See that nothing is reachable from the internet: Pinot's controller can drop every table."""
    if resource.type == SERVICE and (resource.props.get("spec") or {}).get("type") == "LoadBalancer":
        yield f"is of type LoadBalancer; {INSTEAD}"
    if resource.type not in RELEASES:
        return
    values = resource.props.get("values") or {}
    for place in _load_balancers(values, "values"):
        yield f"{place} is LoadBalancer; {INSTEAD}"
    if resource.props.get("chart") == "pinot":
        for role in PINOT_DOORS:
            if ((values.get(role) or {}).get("external") or {}).get("enabled") is not False:
                yield (
                    f"values.{role}.external.enabled is not false, and the chart's default is a public"
                    " LoadBalancer; set it to false."
                )


def _load_balancers(values: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, value in values.items():
        place = f"{path}.{key}"
        if key == "type" and value == "LoadBalancer":
            yield place
        elif _is_map(value):
            yield from _load_balancers(value, place)


def _is_map(value: object) -> bool:
    return hasattr(value, "items")
