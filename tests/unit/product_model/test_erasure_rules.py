"""Retention, locks and holds against the right to erasure: the first rule of the table that fits decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from product_model.erasure_rules import Situation

if TYPE_CHECKING:
    from product_model import Product
    from tests.unit.product_model.conftest import ProductCopy

pytestmark = pytest.mark.unit

OFFLINE = "transaction_booked_offline"


@pytest.mark.parametrize(
    ("store", "situation", "action", "ground"),
    [
        ("payment_analytics", Situation(), "hide", None),
        ("payments", Situation(legal_hold=True), "expire", None),
        ("transaction_booked_rt", Situation(), "expire", None),
        (OFFLINE, Situation(), "rewrite", "financial-records"),
        (OFFLINE, Situation(legal_hold=True), "keep", "legal-claims"),
        ("archive", Situation(), "rewrite", "financial-records"),
        ("archive", Situation(lock="compliance"), "keep", "financial-records"),
        ("archive", Situation(lock="governance", keys="product"), "keep", "financial-records"),
        ("archive", Situation(lock="compliance", keys="subject"), "destroy-key", "financial-records"),
        ("archive", Situation(lock="compliance", keys="subject", legal_hold=True), "keep", "legal-claims"),
        ("audit", Situation(), "keep", "accountability"),
    ],
)
def test_the_first_rule_that_fits_decides(
    product: Product, store: str, situation: Situation, action: str, ground: str | None
) -> None:
    rule = product.descriptor.erasure.decide(store, situation)
    assert (rule.action, rule.ground) == (action, ground)
    assert rule.remains


def test_another_table_of_rules_decides_otherwise_without_other_code(product_copy: ProductCopy) -> None:
    product_copy.edit_text(
        "payment-service-data-product.yaml",
        "      when: {lock: [governance, compliance]}\n      action: keep",
        "      when: {lock: [compliance]}\n      action: keep",
    )
    erasure = product_copy.load().descriptor.erasure
    assert erasure.decide("archive", Situation(lock="governance")).action == "rewrite"
    assert erasure.decide("archive", Situation(lock="compliance")).action == "keep"


def test_an_unknown_store_is_told_with_those_that_there_are(product: Product) -> None:
    with pytest.raises(KeyError, match=r"no rule of erasure for 'warehouse'; there are rules for archive, "):
        product.descriptor.erasure.decide("warehouse", Situation())
