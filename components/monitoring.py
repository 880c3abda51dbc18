"""Alerting rules and dashboards of the product, where the Prometheus operator and Grafana find them."""

from typing import Any, Final

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ConfigMap

from components.kubernetes_settings import MonitoringSettings
from components.product_files import MonitoringFiles

DASHBOARD_LABEL: Final = {"grafana_dashboard": "1"}
"""By which Grafana's sidecar finds dashboards (its chart's default)."""


class Monitoring(pulumi.ComponentResource):
    """A PrometheusRule with every rule, and a ConfigMap for each dashboard, as the settings ask for them."""

    def __init__(
        self,
        name: str,
        settings: MonitoringSettings,
        files: MonitoringFiles,
        *,
        namespace: pulumi.Input[str],
        provider: kubernetes.Provider,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make them.

        Args:
            name: Pulumi's name of the component.
            settings: which of the two, their labels, and where runbooks are read.
            files: what the product's files hold.
            namespace: the namespace: its output, where this stack makes it.
            provider: the cluster.
            opts: options of the component.

        """
        super().__init__("payments:monitoring:Monitoring", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self, provider=provider)
        if settings.rules:
            CustomResource(
                f"{name}-rules",
                api_version="monitoring.coreos.com/v1",
                kind="PrometheusRule",
                metadata={
                    "name": "payments-rules",
                    "namespace": namespace,
                    "labels": dict(settings.labels),
                },
                spec={"groups": with_runbooks(files.groups, settings.runbooks)},
                opts=inside,
            )
        if settings.dashboards:
            for uid, text in files.dashboards.items():
                ConfigMap(
                    f"{name}-{uid}",
                    metadata={"name": uid, "namespace": namespace, "labels": DASHBOARD_LABEL},
                    data={f"{uid}.json": text},
                    opts=inside,
                )
        self.register_outputs({})


def with_runbooks(groups: list[dict[str, Any]], address: str | None) -> list[dict[str, Any]]:
    """Return the groups with `runbook_url`, which Alertmanager's templates use, where there is an address.

    A rule names its runbook by its path in the repository; the address is what stands before that path.
    """
    if address is None:
        return groups
    return [{**group, "rules": [_with_runbook(rule, address) for rule in group["rules"]]} for group in groups]


def _with_runbook(rule: dict[str, Any], address: str) -> dict[str, Any]:
    annotations = rule.get("annotations", {})
    if "runbook" not in annotations:
        return rule
    url = f"{address.rstrip('/')}/{annotations['runbook']}"
    return {**rule, "annotations": {**annotations, "runbook_url": url}}
