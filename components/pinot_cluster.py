"""The Pinot cluster: where controller and brokers answer."""

import pulumi

from components.pinot_settings import ControllerSettings, PinotSettings


class PinotCluster(pulumi.ComponentResource):
    """A Pinot 1.5.1. In mode `external` it runs already, and nothing of it is made here."""

    controller_url: str
    broker_url: str

    def __init__(
        self,
        name: str,
        settings: PinotSettings,
        controller: ControllerSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Note the endpoints.

        Args:
            name: Pulumi's name of the component.
            settings: the cluster.
            controller: how to reach its controller.
            opts: options of the component.

        """
        super().__init__("payments:pinot_cluster:PinotCluster", name, None, opts)
        self.controller_url = controller.controller_url
        self.broker_url = settings.broker_url
        self.register_outputs({"controllerUrl": self.controller_url, "brokerUrl": self.broker_url})
