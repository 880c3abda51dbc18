"""The data product as typed Python: what `data-product/` says, for one environment, held together by checks.

Pure: no network, no Pulumi, nothing but files in and values out. The usual way through it:

    product = load_product(Path("data-product"))
    disagreements = check_product(product)        # files that contradict each other
    assets = product.render(Environment(...))     # schemas, tables and logical tables as canonical JSON
    questions = load_questions(product.directory / "queries")
"""

from product_model.assets import Assets, LogicalTableAsset, SchemaAsset, TableAsset
from product_model.checks import check_product
from product_model.environment import Environment, Pool
from product_model.errors import Disagreement, ProductError
from product_model.product import ColumnView, Product, load_product
from product_model.questions import Question, load_questions

__all__ = [
    "Assets",
    "ColumnView",
    "Disagreement",
    "Environment",
    "LogicalTableAsset",
    "Pool",
    "Product",
    "ProductError",
    "Question",
    "SchemaAsset",
    "TableAsset",
    "check_product",
    "load_product",
    "load_questions",
]
