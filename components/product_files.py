"""The product's files, read once they are known to agree: with each other, and with the stack's settings."""

import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

import product_model
from components.setting_errors import SettingsError
from components.settings import Settings
from product_model import Product, check_product, load_product

CHECKED: Final = "payment-service-data-product/checked"
"""Directory, under the user's cache, that remembers which files passed the checks."""


@dataclass(frozen=True)
class MonitoringFiles:
    """The files below `data-product/monitoring`, read: groups of rules, and dashboards' JSON by uid."""

    groups: list[dict[str, Any]]
    dashboards: Mapping[str, str]


class ProductFilesError(ValueError):
    """The product's files contradict each other."""


def read_product(settings: Settings) -> Product:
    """Return the product's files, which agree with each other and with the settings.

    Raises:
        ProductError: a file cannot be read; it names file, key and line.
        ProductFilesError: files contradict each other.
        SettingsError: the settings contradict the descriptor.

    """
    directory = Path(settings.product.directory)
    product = load_product(directory)
    if contradictions := contradictions_of(settings, product):
        raise SettingsError(contradictions)
    _check(product, directory)
    return product


def read_monitoring(directory: Path) -> MonitoringFiles:
    """Return the rules and dashboards below the product's directory, as they stand there.

    Raises:
        ProductFilesError: there are none.

    """
    monitoring = directory / "monitoring"
    rules = sorted((monitoring / "rules").glob("*.yaml"))
    dashboards = sorted((monitoring / "dashboards").glob("*.json"))
    if not rules or not dashboards:
        message = f"{monitoring} has no rules or no dashboards; `make monitoring` makes them."
        raise ProductFilesError(message)
    groups = [group for file in rules for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    return MonitoringFiles(groups, {file.stem: file.read_text(encoding="utf-8") for file in dashboards})


def _check(product: Product, directory: Path) -> None:
    """Hold the files together, unless these very files passed before: it takes longer than a preview."""
    passed = _cache() / CHECKED / digest(directory, Path(product_model.__path__[0]))
    if passed.exists():
        return
    if disagreements := check_product(product):
        listed = "\n".join(f"- {disagreement}" for disagreement in disagreements)
        message = f"The product's files under {directory} contradict each other:\n{listed}"
        raise ProductFilesError(message)
    # Without a place to remember it, the next run checks again.
    with contextlib.suppress(OSError):
        passed.parent.mkdir(parents=True, exist_ok=True)
        passed.touch()


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def digest(*directories: Path) -> str:
    """Return what changes when a file in the directories does: its path or content, compiled Python aside."""
    found = hashlib.sha256()
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                found.update(f"{path.relative_to(directory)}\0{content}\0".encode())
    return found.hexdigest()


def contradictions_of(settings: Settings, product: Product) -> list[str]:
    """Return a sentence for each setting that the descriptor fixes otherwise."""
    facts, environment = product.descriptor, settings.environment
    port, tiers = facts.ports.input[0], {tier.name: tier.after_days for tier in facts.archive.tiers}
    archive, topic = settings.archive, settings.kafka.topic
    fixed = [
        ("kafka.topic.name", topic.name, port.topic, "as the topic"),
        ("kafka.quarantine.name", settings.kafka.quarantine.name, port.quarantine_topic, "as the topic"),
        ("kafka.topic.partitions", topic.partitions, port.partitions[environment], "partitions"),
        ("kafka.topic.retentionDays", topic.retention_days, port.retention_days, "days"),
        ("archive.warmAfterDays", archive.warm_after_days, tiers["warm"], "days"),
        ("archive.coldAfterDays", archive.cold_after_days, tiers["cold"], "days"),
        ("archive.deepArchiveAfterDays", archive.deep_archive_after_days, tiers["deep"], "days"),
        ("archive.retentionDays", archive.retention_days, facts.archive.kept_days, "days"),
    ]
    file = product.descriptor_document.file
    known = ", ".join(sorted(facts.access.readers))
    return [
        *(
            f"payments:{key}: found {found} {unit}; allowed is {wanted}, as {file} has it for {environment}."
            for key, found, wanted, unit in fixed
            if found != wanted
        ),
        *(
            f"payments:access.readers.{group}: found no reader of the product; allowed is {known}, as {file}"
            " has them."
            for group in sorted(set(settings.access.readers) - set(facts.access.readers))
        ),
    ]
