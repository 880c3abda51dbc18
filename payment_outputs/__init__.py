"""The payment data product's outputs, typed: what other domains may build on."""

from payment_outputs.encoding import OutputsError
from payment_outputs.model import (
    OUTPUT_VERSION,
    Bucket,
    Buckets,
    Column,
    Endpoints,
    Objective,
    PaymentOutputs,
    Table,
    Tenant,
    Topic,
    UnknownNameError,
)
from payment_outputs.reference import PaymentOutputsReference, read_outputs

__all__ = [
    "OUTPUT_VERSION",
    "Bucket",
    "Buckets",
    "Column",
    "Endpoints",
    "Objective",
    "OutputsError",
    "PaymentOutputs",
    "PaymentOutputsReference",
    "Table",
    "Tenant",
    "Topic",
    "UnknownNameError",
    "read_outputs",
]
