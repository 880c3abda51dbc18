"""The policies as CrossGuard wants them: its arguments become resources, sentences violations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi_policy import (
    EnforcementLevel,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy.policies import RESOURCE_POLICIES, STACK_POLICIES, ResourcePolicy, StackPolicy
from policy.resources import Context, Resource, environment_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_policy import Policy

    from product_model import Product

    Contexts = Callable[[str], Context]


def policies(product: Product, configured_environment: str | None) -> list[Policy]:
    """Return the pack's policies.

    Args:
        product: the data product, whose descriptor says what is promised.
        configured_environment: `payments:environment` of the stack; none where it is not told.

    """

    def context(urn: str) -> Context:
        return Context(environment=environment_of(stack_of(urn), configured_environment), product=product)

    return [
        *(_resource_policy(policy, context) for policy in RESOURCE_POLICIES),
        *(_stack_policy(policy, context) for policy in STACK_POLICIES),
    ]


def stack_of(urn: str) -> str:
    """Return the stack of a URN, `urn:pulumi:<stack>::…`."""
    return urn.split("::", 1)[0].rsplit(":", 1)[-1]


def _resource_policy(policy: ResourcePolicy, context: Contexts) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = Resource(
            type=args.resource_type,
            name=args.name,
            urn=args.urn,
            props=plain(args.props),
            protect=args.opts.protect,
        )
        for sentence in policy.rule(resource, context(args.urn)):
            report(f"{args.name} {sentence}", args.urn)

    return ResourceValidationPolicy(
        name=policy.name,
        description=policy.promise,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
    )


def _stack_policy(policy: StackPolicy, context: Contexts) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        stack = [
            Resource(
                type=resource.resource_type,
                name=resource.name,
                urn=resource.urn,
                props=plain(resource.props),
                protect=resource.opts.protect,
                uses=frozenset(
                    used.urn for found in resource.property_dependencies.values() for used in found
                ),
            )
            for resource in args.resources
        ]
        if not stack:
            return
        names = {resource.urn: resource.name for resource in stack}
        for violation in policy.rule(stack, context(stack[0].urn)):
            report(f"{names[violation.urn]} {violation.message}", violation.urn)

    return StackValidationPolicy(
        name=policy.name,
        description=policy.promise,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
    )


def plain(value: Any) -> Any:  # noqa: ANN401 - as deep as the properties
    """Return properties as plain dictionaries and lists; what is not known yet is left out.

    The SDK would give up the whole policy at the first value that is not known, and with it all that is.
    """
    if hasattr(value, "items"):
        known = {}
        for key in value:
            found = _known(value, key)
            if found is not None:
                known[key] = plain(found)
        return known
    if isinstance(value, str) or not hasattr(value, "__len__"):
        return value
    return [
        plain(found) for found in (_known(value, index) for index in range(len(value))) if found is not None
    ]


def _known(values: Any, key: Any) -> Any:  # noqa: ANN401 - an entry of properties
    try:
        return values[key]
    except UnknownValueError:
        return None
