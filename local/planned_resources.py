"""What a preview plans, as a text to compare: each resource, its parent, what it waits for, its guard.

The plans of dev and prod are kept under tests/data/golden-plans, so that a pull request shows which
resources a change adds, takes away, reorders or leaves unprotected. After a change that is meant:
`make plans`, and read the difference before it is committed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from local.environment import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping

GOLDEN_PLANS: Final = REPOSITORY / "tests" / "data" / "golden-plans"
STACK: Final = "pulumi:pulumi:Stack"


def planned_resources(plan: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the planned resources of a `pulumi preview --json`, by type and name.

    Raises:
        ValueError: a step is no creation, so that the plan is not that of an empty stack; or two resources
            have the same type and name.

    """
    found: dict[str, dict[str, Any]] = {}
    for step in plan["steps"]:
        state, title = step["newState"], title_of(step["urn"])
        if step["op"] != "create":
            message = f"{title}: the step is {step['op']}; in an offline preview everything is created."
            raise ValueError(message)
        if title in found:
            message = f"{title}: two resources have this type and name; one would hide the other."
            raise ValueError(message)
        if title.startswith(STACK):
            continue
        found[title] = {
            "parent": title_of(state["parent"]),
            "protect": state.get("protect", False),
            "waitsFor": sorted(map(title_of, state.get("dependencies", ()))),
        }
    return dict(sorted(found.items()))


def title_of(urn: str) -> str:
    """Return the type and name of a URN, `urn:pulumi:<stack>::<project>::<parent types$type>::<name>`."""
    *_, types, name = urn.split("::")
    return f"{types.rsplit('$', 1)[-1]} {name}"


def plan_text(plan: Mapping[str, Any]) -> str:
    """Return the planned resources as the golden files hold them."""
    return json.dumps(planned_resources(plan), indent=2) + "\n"
