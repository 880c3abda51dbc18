"""Reading the outputs of the payment data product's stack from another program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from payment_outputs.encoding import OutputsError, camel, field_types, from_plain
from payment_outputs.model import OUTPUT_VERSION, Endpoints, PaymentOutputs, Table

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_outputs(outputs: Mapping[str, Any], stack: str = "the stack") -> PaymentOutputs:
    """Return what `pulumi stack output --json` or a StackReference gives, as typed objects.

    Raises:
        OutputsError: it is another stack or version, or not complete; it names the output.

    """
    version = outputs.get("outputVersion")
    if version is None:
        known = ", ".join(sorted(outputs)) or "none"
        message = (
            f"{stack} has no output outputVersion; known outputs are {known}. Is it a stack of the payment"
            " data product, and has `pulumi up` run?"
        )
        raise OutputsError(message)
    if version != OUTPUT_VERSION:
        message = (
            f"{stack} has outputs of version {version}; this package reads version {OUTPUT_VERSION}. Install"
            " the payment-outputs of that version."
        )
        raise OutputsError(message)
    return from_plain(PaymentOutputs, outputs, stack)


class PaymentOutputsReference:
    """A reference to the payment data product's stack, with typed outputs."""

    def __init__(self, stack: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """Refer to a stack.

        Args:
            stack: the stack's full name, `organization/payment-service-data-product/prod`.
            opts: options of the StackReference.

        """
        self.stack = stack
        self.reference = pulumi.StackReference(stack, opts=opts)

    @property
    def outputs(self) -> pulumi.Output[PaymentOutputs]:
        """All outputs; fails with an OutputsError as `read_outputs` does."""
        return self.reference.outputs.apply(lambda outputs: read_outputs(outputs, self.stack))

    @property
    def endpoints(self) -> pulumi.Output[Endpoints]:
        """Where Kafka and Pinot answer."""
        return self.outputs.apply(lambda outputs: outputs.endpoints)

    def table(self, name: str) -> pulumi.Output[Table]:
        """Return a table; fails with an UnknownNameError that lists the tables."""
        return self.outputs.apply(lambda outputs: outputs.table(name))


def output_names() -> tuple[str, ...]:
    """Return the names of the outputs, as the stack exports them."""
    return tuple(camel(name) for name in field_types(PaymentOutputs))
