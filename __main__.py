"""The payment service data product as one Pulumi stack: settings in, one component, its outputs out."""

import pulumi

from components.product import PaymentDataProduct
from components.product_files import ProductFilesError
from components.setting_errors import SettingsError, stack_configuration
from components.settings import load_settings
from product_model import ProductError


def main() -> None:
    """Build the product from the stack's configuration."""
    try:
        product = PaymentDataProduct("payments", load_settings(*stack_configuration()))
    except (SettingsError, ProductError, ProductFilesError) as error:
        # The message says all there is to say; a traceback would only hide it.
        raise pulumi.RunError(str(error)) from None
    for name, value in product.outputs.items():
        pulumi.export(name, value)


main()
