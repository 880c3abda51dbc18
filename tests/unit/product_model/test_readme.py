"""What the product's README says of tables, objectives, readers and questions is what the files say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from product_model import load_questions
from product_model.checks import RULES
from tests.unit.product_model.conftest import PRODUCT

if TYPE_CHECKING:
    from product_model import Product

pytestmark = pytest.mark.unit

README = (PRODUCT / "README.md").read_text(encoding="utf-8")


def _row(*words: str) -> str:
    rows = [
        line for line in README.splitlines() if line.startswith("|") and all(word in line for word in words)
    ]
    assert rows, f"no row of a table of the README holds {words}"
    return rows[0]


def test_every_table_stands_there_with_the_days_it_is_kept(product: Product) -> None:
    for table in product.descriptor.tables:
        assert f"{table.retention_days} days" in _row(f"`{table.name}`", " days |")
    for logical in product.descriptor.logical_tables:
        assert "as their members" in _row(f"`{logical.name}`", "as their members")


def test_every_objective_stands_there_with_its_figure(product: Product) -> None:
    said = {
        "availability": "99.9 % of queries",
        "query-latency": "95 % within 100 ms",
        "freshness": "99 % of events visible within 1 s",
        "accuracy": "99.99 % of rows",
        "completeness": "99.9 % of produced events",
    }
    for objective in product.descriptor.objectives:
        text = said[objective.name]
        assert text in README
        figure = f"{objective.target:g}"
        in_seconds = f"{objective.target / 1000:g} s"
        assert figure in text or in_seconds in text
        assert objective.percentile is None or text.startswith(f"{objective.percentile} %")
        assert objective.window == "30d"
        assert "30 days" in _row(text)


def test_every_question_stands_there_with_its_parameters_and_table() -> None:
    for question in load_questions(PRODUCT / "queries"):
        row = _row(f"| {question.number} |")
        for parameter in question.parameters:
            assert parameter.name in row
            if parameter.default and parameter.name != "rows":
                assert f"{parameter.name} ({parameter.default})" in row
        table = question.sql.split("FROM ")[1].split()[0]
        assert f"`{table}`" in row


def test_readers_owner_and_the_memory_of_repeats_are_the_descriptors(product: Product) -> None:
    for reader in product.descriptor.access.readers:
        assert reader in README
    assert product.descriptor.owner.name in README
    assert product.descriptor.deduplication.memory_days == 7
    assert "stored within seven days" in README
    assert f"archive loads ({product.descriptor.offline_loads.worst_lag_days} days)" in README


def test_every_rule_says_what_happens_without_it() -> None:
    assert all(rule.why and rule.name for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)
