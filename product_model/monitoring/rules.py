"""Prometheus rules: what is recorded of each objective, its budget, and every alert."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from product_model.monitoring.burn_rates import BURNS, WINDOWS, Burn, budget, duration, period_seconds

if TYPE_CHECKING:
    from product_model.descriptor import Alert, Descriptor, Objective
    from product_model.monitoring.sources import AlertSource, Indicator, Recording

Rule = dict[str, Any]
Group = dict[str, Any]

_MILLISECONDS: Final = {"milliseconds": 1, "minutes": 60_000}
_GROWTH: Final = re.compile(r"\bgrowth\((?P<counter>\w+(?:\{[^}]*\})?)\[(?P<window>\w+)\]\)")
_LEFT_OPEN: Final = re.compile(r"\{[a-z_]+\}")


def tables_expression(descriptor: Descriptor) -> str:
    """Return the regular expression of the product's tables, as metrics name them."""
    return "|".join(f"{name}.*" for name in sorted(descriptor.schema_names))


def filled(text: str, **values: str) -> str:
    """Fill in `{name}`s and spell out `growth(…)`; ValueError for a name without a value.

    Other braces are PromQL's or Go's. A counter that Pinot makes at its first event starts at 1, of which
    `increase` sees nothing: its growth is its increase, or itself while it is new (and Prometheus is not).
    """
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    left = _LEFT_OPEN.search(text)
    if left:
        message = f"{left.group()} has no value here; allowed: {', '.join(f'{{{name}}}' for name in values)}"
        raise ValueError(message)
    return _GROWTH.sub(
        r"increase(\g<counter>[\g<window>]) > 0"
        r" or \g<counter> unless \g<counter> offset \g<window> and on () count(up offset \g<window>) > 0",
        text,
    )


def runbook(alert: str) -> str:
    """Return where an alert's page is, relative to the repository."""
    return f"docs/runbooks/{alert}.md"


def series(window: int) -> str:
    """Return the name of the recorded share of bad events over a window (Sloth's name for it)."""
    return f"slo:sli_error:ratio_rate{duration(window)}"


def objective_groups(descriptor: Descriptor, indicator: Indicator) -> list[Group]:
    """Return the group of one objective: its indicators, its budget, its alerts."""
    objective = next(one for one in descriptor.objectives if one.name == indicator.objective)
    # One group: its rules are evaluated one after the other, so that an alert sees what was just recorded.
    rules = [
        *_recordings(descriptor, objective, indicator),
        *_budget(descriptor, objective),
        *_burn_alerts(descriptor, objective, indicator),
    ]
    return [{"name": f"payments-{objective.name}", "rules": rules}]


def alert_groups(
    descriptor: Descriptor, recordings: tuple[Recording, ...], alerts: tuple[AlertSource, ...]
) -> list[Group]:
    """Return the group of every other alert: what they look at over time, and they."""
    tables = tables_expression(descriptor)
    recorded = [{"record": one.record, "expr": filled(one.expr, tables=tables)} for one in recordings]
    return [
        {"name": "payments-alerts", "rules": [*recorded, *(_alert(descriptor, alert) for alert in alerts)]}
    ]


def threshold_milliseconds(unit: str, number: float) -> float | None:
    """Return a number of an objective or alert in milliseconds, None when it is no time."""
    return number * _MILLISECONDS[unit] if unit in _MILLISECONDS else None


def _labels(descriptor: Descriptor, objective: Objective) -> dict[str, str]:
    product = descriptor.product.id
    return {
        "sloth_id": f"{product}-{objective.name}",
        "sloth_service": product,
        "sloth_slo": objective.name,
    }


def _recordings(descriptor: Descriptor, objective: Objective, indicator: Indicator) -> list[Rule]:
    tables = tables_expression(descriptor)
    rules: list[Rule] = []
    for source in indicator.sources:
        labels = {**_labels(descriptor, objective), "source": source.name}
        for window in WINDOWS:
            values = {"window": duration(window), "tables": tables, "objective": objective.name}
            bad, total = filled(source.bad, **values), filled(source.total, **values)
            rules.append({"record": series(window), "expr": f"({bad})\n/\n({total})", "labels": labels})
        # Over the whole period from what is recorded: a month of raw series is too much to read every time.
        shortest = f'{series(WINDOWS[0])}{{sloth_slo="{objective.name}", source="{source.name}"}}'
        rules.append(
            {
                "record": f"slo:sli_error:ratio_rate{objective.window}",
                "expr": f"avg_over_time({shortest}[{objective.window}])",
                "labels": labels,
            }
        )
    return rules


def _budget(descriptor: Descriptor, objective: Objective) -> list[Rule]:
    labels = _labels(descriptor, objective)
    chosen = f'{{sloth_slo="{objective.name}"}}'
    share = budget(objective)
    period = f"slo:sli_error:ratio_rate{objective.window}{chosen}"
    exprs = {
        "slo:objective:ratio": f"vector({1 - share:.10g})",
        "slo:error_budget:ratio": f"vector({share:.10g})",
        "slo:time_period:days": f"vector({objective.window.removesuffix('d')})",
        "slo:current_burn_rate:ratio": f"{series(WINDOWS[0])}{chosen} / {share:.10g}",
        "slo:period_burn_rate:ratio": f"{period} / {share:.10g}",
        "slo:period_error_budget_remaining:ratio": f"1 - {period} / {share:.10g}",
    }
    return [{"record": record, "expr": expr, "labels": labels} for record, expr in exprs.items()]


def _burn_alerts(descriptor: Descriptor, objective: Objective, indicator: Indicator) -> list[Rule]:
    rules: list[Rule] = []
    for severity in ("page", "ticket"):
        burns = [burn for burn in BURNS if burn.severity == severity]
        speed = {"page": "so fast that it is gone within days", "ticket": "faster than it grows back"}[
            severity
        ]
        rules.append(
            {
                "alert": indicator.alert,
                "expr": "\nor\n".join(_passed(objective, burn) for burn in burns),
                "labels": {
                    "severity": severity,
                    "owner": descriptor.owner.team,
                    "product": descriptor.product.id,
                },
                "annotations": {
                    "summary": f"The error budget of {objective.name} burns {speed}"
                    " ({{ $labels.source }}: {{ $value | humanizePercentage }} bad).",
                    "impact": indicator.impact,
                    "runbook": runbook(indicator.alert),
                },
            }
        )
    return rules


def _passed(objective: Objective, burn: Burn) -> str:
    threshold = f"{burn.factor(period_seconds(objective)):.10g} * {budget(objective):.10g}"
    chosen = f'{{sloth_slo="{objective.name}"}}'
    return f"({series(burn.short)}{chosen} > {threshold}\nand\n{series(burn.long)}{chosen} > {threshold})"


def _alert(descriptor: Descriptor, alert: AlertSource) -> Rule:
    values = {"tables": tables_expression(descriptor)}
    if alert.promise is not None:
        values |= _threshold(next(one for one in descriptor.alerts if one.name == alert.promise))
    return {
        "alert": alert.name,
        "expr": filled(alert.expr, **values),
        "for": alert.for_,
        "labels": {
            "severity": alert.severity,
            "owner": alert.owner or descriptor.owner.team,
            "product": descriptor.product.id,
        },
        "annotations": {
            "summary": filled(alert.summary, **values),
            "impact": alert.impact,
            "runbook": runbook(alert.name),
        },
    }


def _threshold(promised: Alert) -> dict[str, str]:
    values = {"above": f"{promised.above:g}"}
    milliseconds = threshold_milliseconds(promised.unit, promised.above)
    if milliseconds is not None:
        values |= {
            "above_milliseconds": f"{milliseconds:.10g}",
            "above_seconds": f"{milliseconds / 1000:.10g}",
        }
    if promised.percentile is not None:
        values["percentile"] = str(promised.percentile)
    return values
