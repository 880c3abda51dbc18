"""A copy of the product in which a test makes one mistake."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from product_model import Disagreement, Product, load_product
from product_model.checks import RULES
from product_model.checks.statements import ALL_RULES

if TYPE_CHECKING:
    from collections.abc import Callable

PRODUCT = Path(__file__).parents[3] / "data-product"


@dataclass(frozen=True)
class ProductCopy:
    """A directory with the product's files, free to be broken."""

    directory: Path

    def edit_json(self, file: str, change: Callable[[Any], object]) -> None:
        """Change a JSON file's content."""
        path = self.directory / file
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content, indent=2), encoding="utf-8")

    def edit_text(self, file: str, old: str, new: str) -> None:
        """Change a file's text; `old` must stand in it, or the test would test nothing."""
        path = self.directory / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def load(self) -> Product:
        """Read it."""
        return load_product(self.directory)

    def broken(self, *names: str) -> tuple[Disagreement, ...]:
        """Check it by these rules, or by all that hold before it is deployed."""
        product = self.load()
        rules = [rule for rule in ALL_RULES if rule.name in names] if names else RULES
        assert len(rules) == len(names or RULES)
        return tuple(dict.fromkeys(broken for rule in rules for broken in rule.broken(product)))


@pytest.fixture
def product_copy(tmp_path: Path) -> ProductCopy:
    directory = tmp_path / "data-product"
    shutil.copytree(PRODUCT, directory)
    return ProductCopy(directory)


@pytest.fixture(scope="session")
def product() -> Product:
    """Read the product as it stands."""
    return load_product(PRODUCT)
