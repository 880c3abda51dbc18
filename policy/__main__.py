"""The policy pack: `pulumi preview --policy-pack policy` (it runs in the preview and again in the update)."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
# Pulumi runs the pack's directory as a program; its modules and the product's model are a directory up.
sys.path.insert(0, str(REPOSITORY))

import pulumi  # noqa: E402 - after the path is set
from pulumi_policy import PolicyPack  # noqa: E402

from policy.pack import policies  # noqa: E402
from product_model import load_product  # noqa: E402

PolicyPack(
    name="payment-service-data-product",
    policies=policies(
        load_product(REPOSITORY / "data-product"), pulumi.Config("payments").get("environment")
    ),
)
