"""The payment service data product as one Pulumi stack: settings in, one component, its outputs out."""

import sys
from typing import Final

import pulumi

from components.product import PaymentDataProduct
from components.product_files import ProductFilesError
from components.setting_errors import SettingsError, stack_configuration
from components.settings import load_settings
from product_model import ProductError

ERROR_SHOWN: Final = 32
"""Exit code by which a program tells Pulumi's Python host that it said itself what is wrong."""


def main() -> None:
    """Build the product from the stack's configuration."""
    try:
        product = PaymentDataProduct("payments", load_settings(*stack_configuration()))
    except (SettingsError, ProductError, ProductFilesError) as error:
        # The message says all there is to say; a traceback, or RunError's second error, would only hide it.
        pulumi.log.error(str(error))
        sys.exit(ERROR_SHOWN)
    for name, value in product.outputs.items():
        pulumi.export(name, value)


main()
