"""The cases of `tests/data/monitoring/rule-cases.yaml` as files that promtool runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

FILE: Final = Path(__file__).resolve().parents[1] / "data" / "monitoring" / "rule-cases.yaml"
NONE: Final = "none"
_MINUTE: Final = 60
_OF_OBJECTIVES: Final = ("payments_measured_", "pinot_broker_broker", "pinot_broker_queries_")


@dataclass(frozen=True)
class RuleCase:
    """One case: series by name, the minute that is looked at, and what is expected to fire."""

    alert: str
    when: str
    series: dict[str, str]
    step: int
    minute: int
    fires: dict[str, Any] | None
    also: tuple[str, ...]
    changed: frozenset[str] = frozenset()

    def files(self, files: list[str]) -> list[str]:
        """Return the rule files that the case can move: budgets only by what they are reckoned from.

        They are two thirds of all rules, and of the time that promtool takes.
        """
        if self.alert == NONE or any(name.startswith(_OF_OBJECTIVES) for name in self.changed):
            return files
        return [file for file in files if Path(file).name != "objectives.yaml"]

    def promtool(self, rules: list[dict[str, Any]], files: list[str]) -> dict[str, Any]:
        """Return promtool's file of this case alone."""
        expressions = [self._silent(self.minute, *((self.alert,) if self.fires else ()))]
        alerts: list[dict[str, Any]] = []
        if self.fires:
            expressions += [self._silent(self.minute - self.step), self._firing()]
            if "summary" in self.fires:
                alerts = [self._annotated(rules)]
        group = {
            "name": f"{self.alert}: {self.when}",
            "interval": f"{self.step}m",
            "input_series": [
                {"series": name, "values": self._values(values)}
                for name, values in self.series.items()
                if values != "gone"
            ],
            "promql_expr_test": expressions,
            "alert_rule_test": alerts,
        }
        return {"rule_files": self.files(files), "evaluation_interval": f"{self.step}m", "tests": [group]}

    def _silent(self, minute: int, *but: str) -> dict[str, Any]:
        allowed = "|".join(("-", *but, *self.also))
        expression = f'ALERTS{{alertstate="firing", alertname!~"{allowed}"}}'
        if self.fires and "ticket" not in self.fires["labels"].values():
            # The same alert as a ticket comes earlier than as a page.
            expression += f' unless ALERTS{{alertname="{self.alert}", severity="ticket"}}'
        return {"expr": expression, "eval_time": f"{minute}m", "exp_samples": []}

    def _firing(self) -> dict[str, Any]:
        labels = {
            "owner": "payment-engineering",
            **self.fires_labels,
            "product": "payment-service-data-product",
        }
        if "source" in labels:  # a budget's labels come with it
            objective = _objective(self.alert)
            labels |= {
                "sloth_slo": objective,
                "sloth_service": labels["product"],
                "sloth_id": f"{labels['product']}-{objective}",
            }
        chosen = ", ".join(f'{name}="{value}"' for name, value in labels.items())
        alert = f'ALERTS{{alertname="{self.alert}", alertstate="firing", {chosen}}}'
        return {
            "expr": f'{alert} and ALERTS{{severity="{labels["severity"]}"}}',
            "eval_time": f"{self.minute}m",
            "exp_samples": [{"labels": alert, "value": 1}],
        }

    @property
    def fires_labels(self) -> dict[str, str]:
        """Labels of the alert that fires, beside the product's."""
        return dict(self.fires["labels"]) if self.fires else {}

    def _annotated(self, rules: list[dict[str, Any]]) -> dict[str, Any]:
        assert self.fires is not None
        rule = next(
            rule
            for rule in rules
            if rule.get("alert") == self.alert
            and rule["labels"]["severity"] == self.fires["labels"]["severity"]
        )
        labels = {**rule["labels"], **self.fires_labels}
        if "source" in labels:
            objective = _objective(self.alert)
            labels |= {
                "sloth_slo": objective,
                "sloth_service": labels["product"],
                "sloth_id": f"{labels['product']}-{objective}",
            }
        annotations = {**rule["annotations"], "summary": self.fires["summary"]}
        return {
            "alertname": self.alert,
            "eval_time": f"{self.minute}m",
            "exp_alerts": [{"exp_labels": labels, "exp_annotations": annotations}],
        }

    def _values(self, written: str) -> str:
        kind, _, number = written.partition(" ")
        seconds, count = self.step * _MINUTE, self.minute // self.step + 1
        match kind:
            case "flat":
                return f"{number}x{count}"
            case "rate":
                return f"0+{float(number) * seconds:.10g}x{count}"
            case "clock":
                return f"{number}+{seconds}x{count}"
        return written


def rule_cases() -> list[RuleCase]:
    """Return every case, on top of the healthy series."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [
        RuleCase(
            alert=case["alert"],
            when=case["when"],
            series={**content["healthy"], **case.get("series", {})},
            step=_minutes(case.get("step", "1m")),
            minute=_minutes(case["fires"]["at"] if "fires" in case else case["quiet"]),
            fires=case.get("fires"),
            also=tuple(case.get("also", ())),
            changed=frozenset(case.get("series", {})),
        )
        for case in content["cases"]
    ]


def promtool_of(samples: str, moment: float, files: list[str]) -> dict[str, Any]:
    """Return promtool's file that asks what fires when a report's samples stand for hours.

    Args:
        samples: Prometheus' text format
        moment: the report's time in epoch seconds; times in it are moved so that it is now
        files: rule files

    """
    step, minute = 5, 600
    healthy = yaml.safe_load(FILE.read_text(encoding="utf-8"))["healthy"]
    told = dict(line.rsplit(" ", 1) for line in samples.splitlines() if line and line[0] != "#")
    names = {name.partition("{")[0] for name in told}
    series = {name: values for name, values in healthy.items() if name.partition("{")[0] not in names}
    # What a report does not hold stays healthy, objective by objective.
    series |= {name: values for name, values in healthy.items() if "objective=" in name and name not in told}
    for name, value in told.items():
        clock = "_timestamp_seconds" in name
        series[name] = f"clock {float(value) - moment:.10g}" if clock else f"flat {float(value):.10g}"
    case = RuleCase(NONE, "recorded", series, step, minute, None, ())
    return case.promtool([], files)


def _minutes(text: str) -> int:
    return int(text.removesuffix("m"))


def _objective(alert: str) -> str:
    word = alert.removeprefix("Payments").removesuffix("BudgetBurn")
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in word).strip("-")
