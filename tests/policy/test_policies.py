"""What holds for all policies: a right stack breaks none, and what is unknown is measured as prod."""

from __future__ import annotations

import pytest

from policy.policies import RESOURCE_POLICIES, STACK_POLICIES
from policy.resources import environment_of
from tests.policy.stacks import context, stack

pytestmark = pytest.mark.policy


def test_a_right_stack_breaks_nothing() -> None:
    everything = stack()
    sentences = [s for policy in RESOURCE_POLICIES for r in everything for s in policy.rule(r, context())]
    sentences += [v.message for policy in STACK_POLICIES for v in policy.rule(everything, context())]
    assert sentences == []


def test_names_are_given_once_and_say_what_for() -> None:
    names = [policy.name for policy in (*RESOURCE_POLICIES, *STACK_POLICIES)]
    assert len(names) == len(set(names))
    promises = [policy.promise for policy in (*RESOURCE_POLICIES, *STACK_POLICIES)]
    assert "An image is the same tomorrow, in prod by its digest." in promises
    assert all(promise[0].isupper() and promise.endswith(".") for promise in promises)


@pytest.mark.parametrize(
    ("stack_name", "configured", "environment"),
    [
        ("prod", None, "prod"),
        ("dev", None, "dev"),
        ("payments-eu", None, "prod"),
        ("payments-eu", "dev", "dev"),
    ],
)
def test_an_unknown_stack_is_measured_as_prod(
    stack_name: str, configured: str | None, environment: str
) -> None:
    assert environment_of(stack_name, configured) == environment
