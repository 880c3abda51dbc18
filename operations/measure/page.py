"""The report as one page of HTML that needs nothing else: no script, no font, no address."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Final

from operations.measure.report import WORDS, figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from operations.measure.report import Measured, Report

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #c9302c; --open: #9a6700; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .3rem 0; } .quiet { opacity: .75; }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr));
  margin-top: 1rem; }
.card { border: 1px solid var(--line); border-top: 4px solid var(--tone); border-radius: .4rem;
  padding: .8rem; }
.card b { font-size: 1.5rem; display: block; } .card strong { color: var(--tone); }
.good { --tone: var(--good); } .bad { --tone: var(--bad); } .open { --tone: var(--open); }
.bar { background: var(--line); border-radius: .3rem; height: .5rem; margin: .4rem 0; overflow: hidden; }
.bar i { background: var(--tone); display: block; height: 100%; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem .3rem 0; text-align: left; }
.number { font-variant-numeric: tabular-nums; text-align: right; }
.columns { display: grid; gap: 2rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); }
"""
_TONES: Final = {True: "good", False: "bad", None: "open"}
_NAMES: Final = {
    "payments_volume_transactions": "Transactions of the last hour",
    "payments_volume_amount": "Amounts of the last hour (over all currencies)",
    "payments_success_percent": "Success rate over 24 hours, percent",
    "payments_processing_milliseconds": "Processing time over 24 hours, ms",
}


def page(report: Report) -> str:
    """Return the page."""
    moment = datetime.fromtimestamp(report.moment, UTC)
    body = "\n".join(_body(report))
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Objectives of {escape(report.environment)}</title>\n<style>{_STYLE}</style>\n"
        f"<h1>Payment service data product: objectives</h1>\n"
        f'<p class="quiet">{escape(report.environment)}, measured at {moment:%Y-%m-%d %H:%M:%S} UTC</p>\n'
        f"{body}\n</html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    yield '<div class="cards">'
    yield from (_card(one) for one in report.measured)
    yield "</div>"
    if report.business:
        yield '<h2>Business</h2>\n<div class="columns">'
        for name, title in _NAMES.items():
            rows = [
                (" ".join(labels.values()), f"{value:,.2f}".removesuffix(".00"))
                for found, labels, value in report.business
                if found == name
            ]
            yield f"<div><p>{escape(title)}</p>{_table((), rows)}</div>"
        yield "</div>"
    if report.reconciliation is not None:
        found = report.reconciliation
        yield f"<h2>Tables against the stream, {found.hours} hours</h2>"
        yield _table(("table", "rows expected"), [(name, f"{rows:,}") for name, rows in found.rows.items()])
        tone = "bad" if found.differing else "good"
        yield f'<p class="{tone}">{len(found.differing)} hours differ.</p>'
        yield from (f"<p>✗ {escape(str(hour))}</p>" for hour in found.differing)
    if report.quality:
        broken = [one for one in report.quality if one.broken]
        unasked = sum(one.broken is None for one in report.quality)
        yield "<h2>Quality rules of the contract</h2>"
        yield f"<p>{len(report.quality)} asked, {len(broken)} broken, {unasked} not measured.</p>"
        rows = [(f"{one.rule.table} {one.rule.name}", f"{one.broken:,}") for one in broken]
        yield _table(("rule", "rows that break it"), rows)
    if report.notes:
        yield "<h2>Notes</h2>"
        yield from (f"<p>{escape(note)}</p>" for note in report.notes)


def _card(one: Measured) -> str:
    bound = "at least" if one.unit == "percent" else "at most"
    value = "-" if one.value is None else figure(one.value, one.unit)
    used = one.budget_used
    bar = "" if used is None else f'<div class="bar"><i style="width: {min(100, 100 * used):.0f}%"></i></div>'
    told = (
        escape(one.reason)
        if used is None
        else f"{100 * used:,.1f} % of the budget used, {one.events:,} events"
    )
    return (
        f'<div class="card {_TONES[one.passed]}">{escape(one.objective)}<b>{value}</b>'
        f"{bound} {figure(one.target, one.unit)}{bar}<p>{told}</p><strong>{WORDS[one.passed]}</strong></div>"
    )


def _table(heads: Sequence[str], rows: Iterable[tuple[str, str]]) -> str:
    if heads:
        first, *others = heads
        head = f"<tr><th>{escape(first)}</th>"
        head += "".join(f'<th class="number">{escape(other)}</th>' for other in others) + "</tr>"
    else:
        head = ""
    lines = (f'<tr><td>{escape(name)}</td><td class="number">{value}</td></tr>' for name, value in rows)
    body = "".join(lines)
    return f"<table>{head}{body}</table>" if body else ""
