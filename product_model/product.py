"""The product as read from its directory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from product_model.assets import Assets
    from product_model.environment import Environment
    from product_model.errors import Disagreement


@dataclass(frozen=True)
class Product:
    """All files of the product, each parsed into its model."""

    directory: Path

    def render(self, environment: Environment) -> Assets:
        """Overlay what the environment changes; the result passes the same checks as the files."""
        raise NotImplementedError


def load_product(directory: Path) -> Product:
    """Read the product; raise ProductError that names file, key or line, what was found and what is allowed."""
    raise NotImplementedError


def check_product(product: Product) -> tuple[Disagreement, ...]:
    """Hold the files together; empty when they agree."""
    raise NotImplementedError
