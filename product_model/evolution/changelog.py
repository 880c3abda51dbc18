"""The changelog's entry for a release: what changed, by contract, between two marks; the rest is people's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from product_model.evolution.table_changes import OUTPUTS

if TYPE_CHECKING:
    from product_model.evolution.surface import Surface
    from product_model.evolution.verdict import Verdict

START = "<!-- changes: written by `make contract-diff`; words around it are yours -->"
END = "<!-- /changes -->"
_SECTION = re.compile(r"^## ", re.MULTILINE)


def entry(verdict: Verdict, after: Surface) -> str:
    """Return the marked part of an entry."""
    lines = [START]
    for name in dict.fromkeys(change.contract for change in verdict.changes):
        contract = after.contracts.get(name)
        version = (
            contract.version if contract else str(after.output_version) if name == OUTPUTS else "removed"
        )
        lines += ["", f"### {name} {version}", ""]
        for change in verdict.changes:
            if change.contract == name:
                lines.append(f"- **{change.rule.severity}** {change.what}: {change.rule.why}.")
    if verdict.losses:
        lines += ["", "### Questions that lose something", ""]
        lines += [f"- {loss}" for loss in verdict.losses]
    return "\n".join([*lines, "", END])


def with_entry(changelog: str, version: str, day: str, text: str) -> str:
    """Put the marked part into the section of a version; the section is made where there is none."""
    head = f"## {version} ({day})"
    sections = [match.start() for match in _SECTION.finditer(changelog)]
    starts = [start for start in sections if changelog[start:].startswith(f"## {version} ")]
    if not starts:
        at = sections[0] if sections else len(changelog)
        return f"{changelog[:at]}{head}\n\n{text}\n\n{changelog[at:]}".rstrip() + "\n"
    start = starts[0]
    end = next((other for other in sections if other > start), len(changelog))
    section = changelog[start:end]
    if START in section and END in section:
        before, _, rest = section.partition(START)
        section = f"{before}{text}{rest.partition(END)[2]}"
    else:
        section = f"{section.rstrip()}\n\n{text}\n\n"
    return f"{changelog[:start]}{section}{changelog[end:]}".rstrip() + "\n"
