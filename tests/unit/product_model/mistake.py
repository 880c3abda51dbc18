"""What a mistake in the product's files is, and how one is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from tests.unit.product_model.conftest import ProductCopy

Change: TypeAlias = Callable[[ProductCopy, str], object]
Mistake: TypeAlias = tuple[str, Change, str, str]
"""The file, how the mistake is made, the rule that finds it, and part of what that rule says."""

BOOKED = "pinot-tables/transaction-booked-rt-table.json"
OFFLINE = "pinot-tables/transaction-booked-offline-table.json"
ANALYTICS = "pinot-tables/payment-analytics-view.json"
LOGICAL = "pinot-tables/transaction-booked-logical-table.json"
BOOKED_SCHEMA = "pinot-schemas/transaction-booked-schema.json"
ANALYTICS_SCHEMA = "pinot-schemas/payment-analytics-schema.json"
DESCRIPTOR = "payment-service-data-product.yaml"


def text_edit(old: str, new: str) -> Change:
    """Replace a text of the file."""
    return lambda copy, file: copy.edit_text(file, old, new)


def json_edit(change: Callable[[Any], object]) -> Change:
    """Change the file's document."""
    return lambda copy, file: copy.edit_json(file, change)
