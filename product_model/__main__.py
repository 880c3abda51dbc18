"""`python -m product_model`: what holds the product's files together, and where they disagree (exit 1)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from product_model.checks.statements import ALL_RULES
from product_model.errors import ProductError
from product_model.product import load_product
from product_model.questions import load_questions

_PRODUCT = Path(__file__).resolve().parent.parent / "data-product"


def main(arguments: list[str] | None = None) -> int:
    """Check the product in a directory; 0 when its files agree, 1 when they do not."""
    parser = argparse.ArgumentParser(prog="python -m product_model", description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path, default=_PRODUCT, help="the product's directory")
    parser.add_argument("--rules", action="store_true", help="list the rules, and what happens without each")
    options = parser.parse_args(arguments)
    if options.rules:
        _say(*(f"{rule.name}: otherwise {rule.why}" for rule in ALL_RULES))
        return 0
    try:
        product = load_product(options.directory)
        questions = load_questions(options.directory / "queries")
    except ProductError as error:
        _say(str(error))
        return 1
    disagreements = [broken for rule in ALL_RULES for broken in rule.broken(product)]
    for rule in ALL_RULES:
        count = sum(broken.rule == rule.name for broken in disagreements)
        _say(f"  {'ok' if count == 0 else f'{count} wrong':>8}  {rule.name:16}  {rule.holds}")
    columns = sum(len(schema.columns) for schema in product.schemas)
    _say(
        f"{len(product.contract.messages)} events, {len(product.schemas)} schemas with {columns} columns, "
        f"{len(product.tables)} tables, {len(product.logical_tables)} logical tables, "
        f"{len(questions)} questions"
    )
    _say(*map(str, disagreements))
    return 1 if disagreements else 0


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
