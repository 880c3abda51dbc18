"""What a reader of the payment data product needs to know, taken from its stack and nowhere else."""

import pulumi

from payment_outputs import PaymentOutputsReference, Table

config = pulumi.Config()
payments = PaymentOutputsReference(config.require("paymentsStack"))


def amount_is_exact(table: Table) -> str:
    """Return the table's name; fail here, in the preview, when money would not be exact any more."""
    amount = table.column("amount")
    if amount.data_type != "BIG_DECIMAL":
        message = f"{table.name}.amount is {amount.data_type}; reports need BIG_DECIMAL."
        raise TypeError(message)
    return table.name


booked = payments.table("transaction_booked")
pulumi.export("brokerUrl", payments.endpoints.apply(lambda endpoints: endpoints.pinot_broker))
pulumi.export("table", booked.apply(amount_is_exact))
pulumi.export("timeColumn", booked.apply(lambda table: table.time_column))
# The topic is for whoever has a right on it; in dev and prod readers have none and use the tables.
pulumi.export(
    "bootstrapServers",
    payments.endpoints.apply(lambda endpoints: ",".join(endpoints.kafka_bootstrap_servers)),
)
pulumi.export("topic", payments.outputs.apply(lambda outputs: outputs.topics.events.name))
