"""A plan as text: nothing of it is lost or hidden."""

from __future__ import annotations

from typing import Any

import pytest

from local.planned_resources import planned_resources

pytestmark = pytest.mark.unit

URN = "urn:pulumi:prod::payments::payments:product:PaymentDataProduct$"
STACK = "urn:pulumi:prod::payments::pulumi:pulumi:Stack::payments-prod"


def step(kind: str, name: str, op: str = "create", **state: Any) -> dict[str, Any]:  # noqa: ANN401 - a state
    return {"op": op, "urn": f"{URN}{kind}::{name}", "newState": {"parent": STACK, **state}}


def test_a_resource_has_its_parent_its_guard_and_what_it_waits_for() -> None:
    topic = step("kafka:index/topic:Topic", "payments", protect=True)
    acl = step("kafka:index/acl:Acl", "pinot", dependencies=[topic["urn"]])
    stack = {"op": "create", "urn": STACK, "newState": {}}
    assert planned_resources({"steps": [stack, acl, topic]}) == {
        "kafka:index/acl:Acl pinot": {
            "parent": "pulumi:pulumi:Stack payments-prod",
            "protect": False,
            "waitsFor": ["kafka:index/topic:Topic payments"],
        },
        "kafka:index/topic:Topic payments": {
            "parent": "pulumi:pulumi:Stack payments-prod",
            "protect": True,
            "waitsFor": [],
        },
    }


@pytest.mark.parametrize("op", ["update", "replace", "delete"])
def test_a_step_that_is_no_creation_is_refused(op: str) -> None:
    with pytest.raises(ValueError, match=f"kafka:index/topic:Topic payments: the step is {op}"):
        planned_resources({"steps": [step("kafka:index/topic:Topic", "payments", op)]})


def test_two_of_a_name_are_refused() -> None:
    twice = [step("kafka:index/topic:Topic", "payments"), step("kafka:index/topic:Topic", "payments")]
    with pytest.raises(ValueError, match="two resources have this type and name"):
        planned_resources({"steps": twice})
