"""The report: each objective and what was measured, as text, JSON or Prometheus' text format.

`passed` is None where a measurement could not be made; that is no pass.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.measure.business import Figure
    from operations.measure.progress import SchemaDifferences
    from operations.measure.quality import QualityResult
    from operations.measure.reconcile import Reconciliation

WORDS: Final = {True: "pass", False: "FAIL", None: "not measured"}


@dataclass(frozen=True)
class Measured:
    """One objective, measured or not.

    Args:
        objective: its name in the descriptor
        target: what is promised, in `unit` (percent: at least; milliseconds: at most, at the percentile)
        unit: percent or milliseconds
        budget: share of events that may be bad, 0 to 1
        value: what was found, in the same unit
        events: events that were judged, and `bad` of them
        reason: why it was not measured
        asked: whether this run was to measure it at all

    """

    objective: str
    target: float
    unit: str
    budget: float
    value: float | None = None
    events: int = 0
    bad: int = 0
    reason: str = ""
    asked: bool = True

    @property
    def passed(self) -> bool | None:
        """Whether the promise was kept in this measurement."""
        if self.value is None:
            return None
        return self.value >= self.target if self.unit == "percent" else self.value <= self.target

    @property
    def budget_used(self) -> float | None:
        """Share of the budget that such events would use up, 1 being all of it."""
        return self.bad / self.events / self.budget if self.events else None


@dataclass
class Report:
    """Everything that a run found."""

    environment: str
    moment: float
    measured: list[Measured] = field(default_factory=list)
    reconciliation: Reconciliation | None = None
    quality: list[QualityResult] = field(default_factory=list)
    schemas: list[SchemaDifferences] = field(default_factory=list)
    newest_record: dict[str, float] = field(default_factory=dict)
    behind_seconds: dict[str, float] = field(default_factory=dict)
    clock_offsets: dict[str, float] = field(default_factory=dict)
    certificates: dict[str, float] = field(default_factory=dict)
    credentials: dict[str, float] = field(default_factory=dict)
    offline_until: dict[str, float] = field(default_factory=dict)
    business: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        """The exit code: 0 all well, 3 a promise missed, a row or schema wrong, 4 something not measured.

        What this run was not asked for does not count.
        """
        asked = [one for one in self.measured if one.asked]
        if any(one.passed is False for one in asked) or self._wrong():
            return 3
        unasked = any(one.broken is None for one in self.quality)
        return 4 if unasked or not asked or any(one.passed is None for one in asked) else 0

    def _wrong(self) -> bool:
        differs = self.reconciliation is not None and bool(self.reconciliation.differing)
        return (
            differs
            or any(one.broken for one in self.quality)
            or any(one.breaking or one.compatible for one in self.schemas)
        )

    def text(self) -> str:
        """Lay the report out for a person."""
        return "\n".join(self._lines()) + "\n"

    def json(self) -> str:
        """Return the report as JSON."""
        content: dict[str, Any] = {
            "environment": self.environment,
            "moment": self.moment,
            "objectives": [
                {
                    "name": one.objective,
                    "target": one.target,
                    "unit": one.unit,
                    "value": one.value,
                    "events": one.events,
                    "bad": one.bad,
                    "budgetUsed": one.budget_used,
                    "result": WORDS[one.passed],
                    "reason": one.reason or None,
                }
                for one in self.measured
            ],
            "reconciliation": None
            if self.reconciliation is None
            else {
                "rows": self.reconciliation.rows,
                "hours": self.reconciliation.hours,
                "events": self.reconciliation.judged,
                "differing": [
                    {"part": hour.part, "hourMs": hour.hour_ms, "counts": hour.counts, "keys": hour.keys}
                    for hour in self.reconciliation.differing
                ],
            },
            "quality": [
                {
                    "table": one.rule.table,
                    "rule": one.rule.name,
                    "sql": one.rule.sql,
                    "broken": one.broken,
                    "problem": one.problem or None,
                }
                for one in self.quality
            ],
            "schemas": [
                {"table": one.table, "compatible": one.compatible, "breaking": one.breaking}
                for one in self.schemas
            ],
            "behindSeconds": self.behind_seconds,
            "clockOffsets": self.clock_offsets,
            "business": [{"name": name, **labels, "value": value} for name, labels, value in self.business],
            "notes": self.notes,
        }
        return json.dumps(content, indent=2) + "\n"

    def prometheus(self) -> str:
        """Return the report in Prometheus' text exposition format 0.0.4."""
        written: dict[str, list[str]] = {}
        for name, labels, value in self._samples():
            told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            written.setdefault(name, []).append(
                f"{name}{{{told}}} {value:.17g}" if told else f"{name} {value:.17g}"
            )
        return "".join(f"# TYPE {name} gauge\n" + "\n".join(lines) + "\n" for name, lines in written.items())

    def _samples(self) -> Iterator[tuple[str, dict[str, str], float]]:
        for one in self.measured:
            yield from self._samples_of_objective(one)
        yield from self._samples_of_reconciliation()
        yield from self.business
        for result in self.quality:
            if result.broken is not None:
                labels = {"table": result.rule.table, "rule": result.rule.name}
                yield "payments_quality_broken_rows", labels, result.broken
        for differences in self.schemas:
            for kind, columns in (("compatible", differences.compatible), ("breaking", differences.breaking)):
                yield "payments_schema_differences", {"table": differences.table, "kind": kind}, len(columns)
        for name, label, values in (
            ("payments_stream_newest_record_timestamp_seconds", "topic", self.newest_record),
            ("payments_table_behind_seconds", "table", self.behind_seconds),
            ("payments_clock_offset_seconds", "service", self.clock_offsets),
            ("payments_certificate_expiry_timestamp_seconds", "endpoint", self.certificates),
            ("payments_credential_issued_timestamp_seconds", "credential", self.credentials),
            ("payments_offline_loaded_until_timestamp_seconds", "table", self.offline_until),
        ):
            for key, value in values.items():
                yield name, {label: key}, value

    def _samples_of_objective(self, one: Measured) -> Iterator[tuple[str, dict[str, str], float]]:
        labels = {"objective": one.objective}
        if one.asked:
            yield "payments_measurement_failed", labels, float(one.value is None)
        if one.value is not None:
            yield "payments_measured_value", labels, one.value
            yield "payments_measured_events", labels, one.events
            yield "payments_measured_bad_events", labels, one.bad
            yield "payments_measured_passed", labels, float(bool(one.passed))
            yield "payments_measured_timestamp_seconds", labels, self.moment

    def _samples_of_reconciliation(self) -> Iterator[tuple[str, dict[str, str], float]]:
        if self.reconciliation is None:
            return
        found: dict[tuple[str, str], int] = {}
        for part, rows in self.reconciliation.rows.items():
            found[part, "expected"] = rows
            for finding in ("missing", "doubled", "altered", "unexpected"):
                found[part, finding] = 0
        for hour in self.reconciliation.differing:
            for finding, count in hour.counts.items():
                found[hour.part, finding] = found.get((hour.part, finding), 0) + count
        for (part, finding), count in found.items():
            yield "payments_reconciled_rows", {"table": part, "finding": finding}, count
        for judged, count in self.reconciliation.judged.items():
            if judged != "other":
                yield "payments_stream_events", {"judged": judged}, count

    def _lines(self) -> Iterator[str]:
        yield f"Objectives of {self.environment}"
        yield (
            f"  {'objective':<15} {'promised':>18} {'measured':>14} {'of events':>12} {'budget used':>12}"
            "  result"
        )
        for one in self.measured:
            value = "-" if one.value is None else figure(one.value, one.unit)
            bound = "at least" if one.unit == "percent" else "at most"
            used = "-" if one.budget_used is None else f"{100 * one.budget_used:,.1f} %"
            yield (
                f"  {one.objective:<15} {bound + ' ' + figure(one.target, one.unit):>18} {value:>14} "
                f"{one.events:>12,} {used:>12}  {WORDS[one.passed]}"
                + (f": {one.reason}" if one.reason else "")
            )
        if self.reconciliation is not None:
            hours = f"{self.reconciliation.hours} hours"
            yield f"Tables against the stream, {hours}:"
            for part, rows in sorted(self.reconciliation.rows.items()):
                yield f"  {part}: {rows:,} rows expected"
            yield from (f"  ✗ {hour}" for hour in self.reconciliation.differing)
        broken = [one for one in self.quality if one.broken]
        unasked = [one for one in self.quality if one.broken is None]
        if self.quality:
            told = f"{len(broken)} broken, {len(unasked)} not measured"
            yield f"Quality rules: {len(self.quality)} asked, {told}"
        yield from (f"  ✗ {one.rule.table} {one.rule.name}: {one.broken:,} rows" for one in broken)
        for problem in dict.fromkeys(one.problem for one in unasked):
            rules = [f"{one.rule.table} {one.rule.name}" for one in unasked if one.problem == problem]
            more = f" and {len(rules) - 1} more" if len(rules) > 1 else ""
            yield f"  ? {rules[0]}{more}: {problem}"
        for schema in self.schemas:
            if schema.breaking:
                yield f"  ✗ schema {schema.table}: missing or changed {', '.join(schema.breaking)}"
            if schema.compatible:
                yield f"  ✗ schema {schema.table}: not in the repository {', '.join(schema.compatible)}"
        yield from (f"  {note}" for note in self.notes)


def figure(value: float, unit: str) -> str:
    """Write a figure; a percentage is cut, never rounded up to a promise that was missed."""
    if unit == "percent":
        return f"{math.floor(value * 100_000) / 100_000:.5f}".rstrip("0").rstrip(".") + " %"
    return f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"  # noqa: PLR2004 - two figures say enough


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
