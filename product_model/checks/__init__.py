"""What holds the product's files together: a table of rules, each with what happens otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from product_model.checks import agreement, behaviour, history, tables

if TYPE_CHECKING:
    from product_model.checks.rule import Rule
    from product_model.errors import Disagreement
    from product_model.product import Product

RULES: tuple[Rule, ...] = (*agreement.RULES, *tables.RULES, *history.RULES, *behaviour.RULES)
"""What must hold before anything is deployed; `statements` has what must hold before a release, besides."""


def check_product(product: Product) -> tuple[Disagreement, ...]:
    """Hold the files together; empty when they agree."""
    return tuple(dict.fromkeys(broken for rule in RULES for broken in rule.broken(product)))
