"""The Pinot cluster: where controller and brokers answer."""

import pulumi

from components.settings import Settings


class PinotCluster(pulumi.ComponentResource):
    """A Pinot 1.5.1. In mode `external` it runs already, and nothing of it is made here."""

    controller_url: str
    broker_url: str

    def __init__(
        self,
        name: str,
        settings: Settings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Note the endpoints.

        Args:
            name: Pulumi's name of the component.
            settings: the stack's settings: the cluster, and how to reach its controller.
            opts: options of the component.

        """
        super().__init__("payments:pinot_cluster:PinotCluster", name, None, opts)
        self.controller_url = settings.controller.controller_url
        self.broker_url = settings.broker_url
        self.register_outputs({"controllerUrl": self.controller_url, "brokerUrl": self.broker_url})
