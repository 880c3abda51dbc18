"""The monitoring of a product: read, checked, and written out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from product_model.documents import Document, parse, read_document
from product_model.errors import ProductError
from product_model.monitoring.burn_rates import budget, unreachable
from product_model.monitoring.dashboards import (
    DASHBOARDS,
    Dashboards,
    dashboard_file,
    panel_addresses,
)
from product_model.monitoring.metric_names import unknown_metric
from product_model.monitoring.rules import alert_groups, objective_groups, threshold_milliseconds
from product_model.monitoring.sources import ALERTS, INDICATORS, Alerts, AlertSource, Indicators

if TYPE_CHECKING:
    from collections.abc import Iterator

    from product_model.descriptor import Alert, Objective
    from product_model.product import Product

RULES: Final = "monitoring/rules"
_HEAD: Final = "# Made by `make monitoring` of the descriptor and of {source}; change those.\n"


@dataclass(frozen=True)
class Monitoring:
    """The product's rules, ready to be written."""

    product: Product
    indicators: Indicators
    alerts: Alerts
    dashboards: Dashboards

    def rule_files(self) -> dict[str, str]:
        """Return the rule files as YAML by their path below the product's directory."""
        descriptor = self.product.descriptor
        objectives = [
            group for one in self.indicators.indicators for group in objective_groups(descriptor, one)
        ]
        others = alert_groups(descriptor, self.alerts.recordings, self.alerts.alerts)
        for group in (*objectives, *others):
            self._link(group["rules"])
        return {
            f"{RULES}/objectives.yaml": _yaml(INDICATORS, objectives),
            f"{RULES}/alerts.yaml": _yaml(ALERTS, others),
        }

    def files(self) -> dict[str, str]:
        """Return every file that is made, by its path below the product's directory."""
        descriptor = self.product.descriptor
        return self.rule_files() | {
            f"{DASHBOARDS.removesuffix('.yaml')}/{one.uid}.json": dashboard_file(descriptor, one)
            for one in self.dashboards.dashboards
        }

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule, in the files' order."""
        return [
            rule
            for text in self.rule_files().values()
            for group in yaml.safe_load(text)["groups"]
            for rule in group["rules"]
        ]

    def _link(self, rules: list[dict[str, Any]]) -> None:
        """Say in each alert where it is shown."""
        addresses = panel_addresses(self.dashboards)
        for rule in rules:
            if rule.get("alert") in addresses:
                rule["annotations"]["dashboard"] = addresses[rule["alert"]]

    def alert_names(self) -> tuple[str, ...]:
        """Return the names of all alerts, each once, in the files' order."""
        return tuple(dict.fromkeys(rule["alert"] for rule in self.rules() if "alert" in rule))


def load_monitoring(product: Product) -> Monitoring:
    """Read the files of indicators and alerts and hold them against the descriptor.

    Raises:
        ProductError: a file is missing or wrong, names a metric that nothing exports, or contradicts the
            descriptor; names file, key with line, what was found, what is allowed

    """
    documents = {file: read_document(product.directory, file) for file in (INDICATORS, ALERTS, DASHBOARDS)}
    monitoring = Monitoring(
        product,
        parse(documents[INDICATORS], Indicators),
        parse(documents[ALERTS], Alerts),
        parse(documents[DASHBOARDS], Dashboards),
    )
    for problem in (
        *_wrong_objectives(monitoring),
        *_wrong_indicators(monitoring, documents[INDICATORS]),
        *_wrong_promises(monitoring, documents[ALERTS]),
    ):
        raise problem
    try:
        rules = monitoring.rules()
    except ValueError as error:
        what, _, allowed = str(error).partition("; allowed: ")
        files = f"{INDICATORS}, {ALERTS}"
        raise ProductError(files, "expr", what, allowed) from None
    for problem in (*_unknown_names(rules), *_wrong_panels(monitoring, documents[DASHBOARDS], rules)):
        raise problem
    return monitoring


def _yaml(source: str, groups: list[dict[str, Any]]) -> str:
    return _HEAD.format(source=source) + yaml.dump(
        {"groups": groups}, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True
    )


class _Dumper(yaml.SafeDumper):
    """Writes expressions of several lines as such, and repeats labels instead of pointing at them."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - PyYAML's signature
        """No anchors: a rule is read by itself."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _wrong_objectives(monitoring: Monitoring) -> Iterator[ProductError]:
    document = monitoring.product.descriptor_document
    for number, objective in enumerate(monitoring.product.descriptor.objectives):
        try:
            problem = unreachable(objective)
        except ValueError as error:
            problem = str(error)
        if problem:
            yield _error(document, ("objectives", number), problem)


def _wrong_indicators(monitoring: Monitoring, document: Document) -> Iterator[ProductError]:
    objectives = [objective.name for objective in monitoring.product.descriptor.objectives]
    seen: set[str] = set()
    for number, indicator in enumerate(monitoring.indicators.indicators):
        if indicator.objective not in objectives or indicator.objective in seen:
            what = "stands twice" if indicator.objective in seen else "is none of the descriptor's"
            yield _error(
                document,
                ("indicators", number, "objective"),
                f"objective {indicator.objective!r} {what}; allowed: {', '.join(objectives)}, each once",
            )
        seen.add(indicator.objective)
    for name in sorted(set(objectives) - seen):
        yield _error(
            document, ("indicators",), f"objective {name!r} has no indicator; allowed: one for each objective"
        )


def _wrong_promises(monitoring: Monitoring, document: Document) -> Iterator[ProductError]:
    descriptor = monitoring.product.descriptor
    promised = {alert.name: alert for alert in descriptor.alerts}
    objectives = {objective.name: objective for objective in descriptor.objectives}
    kept: set[str] = set()
    for number, alert in enumerate(monitoring.alerts.alerts):
        if alert.promise is None:
            continue
        place = ("alerts", number, "promise")
        if alert.promise not in promised or alert.promise in kept:
            what = "stands twice" if alert.promise in kept else "is none of the descriptor's"
            yield _error(
                document, place, f"alert {alert.promise!r} {what}; allowed: {', '.join(promised)}, each once"
            )
            continue
        kept.add(alert.promise)
        if "{above" not in alert.expr:
            yield _error(
                document,
                ("alerts", number, "expr"),
                "the expression has a threshold of its own; allowed: {above} of the descriptor",
            )
        yield from _wrong_threshold(monitoring, document, number, promised[alert.promise], objectives)
    for name in sorted(set(promised) - kept):
        yield _error(
            document, ("alerts",), f"nothing alerts on {name!r}; allowed: an alert with promise: {name}"
        )
    yield from _twice(monitoring, document)


def _wrong_threshold(
    monitoring: Monitoring, document: Document, number: int, promised: Alert, objectives: dict[str, Objective]
) -> Iterator[ProductError]:
    """Yield a threshold on the good side of its objective: it fires while the promise is kept."""
    source: AlertSource = monitoring.alerts.alerts[number]
    if promised.unit == "percent" and promised.above >= 100:  # noqa: PLR2004 - percent
        yield _error(
            document,
            ("alerts", number),
            f"alert {promised.name!r} above {promised.above:g} % can never fire; allowed: below 100",
        )
    if source.objective is None:
        return
    if source.objective not in objectives:
        yield _error(
            document,
            ("alerts", number, "objective"),
            f"objective {source.objective!r} is none of the descriptor's; allowed: {', '.join(objectives)}",
        )
        return
    objective = objectives[source.objective]
    alerts_above = threshold_milliseconds(promised.unit, promised.above)
    promises = threshold_milliseconds(objective.unit, objective.target)
    if alerts_above is None or promises is None:
        alerts_above, promises = promised.above, 100 * budget(objective)
    if alerts_above < promises:
        unit = "ms" if threshold_milliseconds(promised.unit, 1) is not None else "%"
        yield _error(
            document,
            ("alerts", number, "objective"),
            f"alert {promised.name!r} fires above {alerts_above:g} {unit}, while objective {objective.name!r}"
            f" still allows {promises:g} {unit}; allowed: a threshold of {promises:g} {unit} or more",
        )


def _twice(monitoring: Monitoring, document: Document) -> Iterator[ProductError]:
    names = [one.alert for one in monitoring.indicators.indicators]
    for number, alert in enumerate(monitoring.alerts.alerts):
        if alert.name in names:
            yield _error(
                document,
                ("alerts", number, "name"),
                f"alert {alert.name} stands twice; allowed: each name once",
            )
        names.append(alert.name)


def _unknown_names(rules: list[dict[str, Any]]) -> Iterator[ProductError]:
    recorded = {rule["record"] for rule in rules if "record" in rule}
    for rule in rules:
        problem = unknown_metric(rule["expr"], recorded)
        if problem:
            what, _, allowed = problem.partition("; allowed: ")
            name = rule.get("alert") or f"{rule['record']} ({rule.get('labels', {}).get('sloth_slo', '')})"
            yield ProductError(ALERTS if "for" in rule else INDICATORS, f"rule {name}: expr", what, allowed)


def _wrong_panels(
    monitoring: Monitoring, document: Document, rules: list[dict[str, Any]]
) -> Iterator[ProductError]:
    """Yield panels that ask for what nothing exports, and alerts that no panel, or none that is, explains."""
    recorded = {rule["record"] for rule in rules if "record" in rule}
    alerts = monitoring.alert_names()
    shown: set[str] = set()
    for number, dashboard in enumerate(monitoring.dashboards.dashboards):
        for position, panel in enumerate(dashboard.panels):
            place = ("dashboards", number, "panels", position)
            for query in panel.queries:
                problem = unknown_metric(query.expr, recorded)
                if problem:
                    yield _error(document, (*place, "queries"), problem)
            for alert in panel.alerts:
                if alert not in alerts or alert in shown:
                    what = "is on another panel too" if alert in shown else "is none of the rules'"
                    yield _error(
                        document, (*place, "alerts"), f"alert {alert} {what}; allowed: each alert once"
                    )
                shown.add(alert)
    for alert in alerts:
        if alert not in shown:
            yield _error(
                document, ("dashboards",), f"no panel explains {alert}; allowed: its name in a panel's alerts"
            )


def _error(document: Document, path: tuple[str | int, ...], problem: str) -> ProductError:
    what, _, allowed = problem.partition("; allowed: ")
    return ProductError(document.file, document.place(path), what, allowed)
