"""Grafana dashboards of `dashboards.yaml`: typed, laid out, and bound to alerts and runbooks.

The JSON is Grafana's dashboard model of schema version 39 (Grafana 11); a newer Grafana moves it on.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from product_model.monitoring.rules import filled, runbook, tables_expression

if TYPE_CHECKING:
    from product_model.descriptor import Descriptor

DASHBOARDS: Final = "monitoring/dashboards.yaml"
SCHEMA_VERSION: Final = 39

_WIDTH: Final = 12
_HEIGHT: Final = 8
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}

Text = Annotated[str, StringConstraints(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Query(_Part):
    """One line of a panel: an expression of PromQL, and how the line is called."""

    expr: Text
    legend: Text


class Panel(_Part):
    """One panel; `alerts` are those that it explains."""

    title: Text
    kind: Literal["timeseries", "stat"]
    unit: Text
    queries: tuple[Query, ...] = Field(min_length=1)
    alerts: tuple[Text, ...] = ()
    note: Text | None = None


class Dashboard(_Part):
    """One dashboard; its uid is part of its address and must never change."""

    uid: Annotated[str, StringConstraints(pattern=r"^payments-[a-z]+$")]
    title: Text
    panels: tuple[Panel, ...] = Field(min_length=1)


class Dashboards(_Part):
    """The file of dashboards."""

    dashboards: tuple[Dashboard, ...]


def panel_addresses(dashboards: Dashboards) -> dict[str, str]:
    """Return where each alert is explained: the path of its panel below Grafana's root."""
    return {
        alert: f"/d/{dashboard.uid}?viewPanel={number}"
        for dashboard in dashboards.dashboards
        for number, panel in enumerate(dashboard.panels, start=1)
        for alert in panel.alerts
    }


def dashboard_file(descriptor: Descriptor, dashboard: Dashboard) -> str:
    """Return a dashboard as Grafana's JSON."""
    content: dict[str, Any] = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": [descriptor.product.id, descriptor.owner.team],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "utc",
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                    "current": {},
                    "hide": 0,
                }
            ]
        },
        "links": [
            {
                "title": "Other dashboards",
                "type": "dashboards",
                "tags": [descriptor.product.id],
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "annotations": {
            "list": [
                {
                    "name": "Alerts",
                    "datasource": _SOURCE,
                    "enable": True,
                    "iconColor": "red",
                    "expr": f'ALERTS{{alertstate="firing", product="{descriptor.product.id}"}}',
                    "titleFormat": "{{alertname}}",
                }
            ]
        },
        "panels": [
            _panel(descriptor, number, panel) for number, panel in enumerate(dashboard.panels, start=1)
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _panel(descriptor: Descriptor, number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number - 1, 2)
    told = [panel.note] if panel.note else []
    told += [f"{alert}: see {runbook(alert)}" for alert in panel.alerts]
    found: dict[str, Any] = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": "\n\n".join(told),
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + position),
                "datasource": _SOURCE,
                "expr": filled(query.expr, tables=tables_expression(descriptor)),
                "legendFormat": query.legend,
            }
            for position, query in enumerate(panel.queries)
        ],
    }
    if panel.kind == "stat":
        found["options"] = {"reduceOptions": {"calcs": ["lastNotNull"]}, "textMode": "value_and_name"}
    return found
