"""Pinot's audit log: on, without what it must not hold, and with what must not be missing."""

from __future__ import annotations

import pytest

from components.audit_log import audit_settings

pytestmark = pytest.mark.unit


def test_it_is_on_for_both_roles_and_captures_no_payload() -> None:
    found = audit_settings(None)
    for role in ("controller", "broker"):
        assert found[f"pinot.audit.{role}.enabled"] == "true"
        assert found[f"pinot.audit.{role}.capture.request.payload.enabled"] == "false"


def test_who_was_given_what_is_not_left_out() -> None:
    excluded = audit_settings(None)["pinot.audit.controller.url.filter.exclude.patterns"].split(",")
    assert [pattern for pattern in excluded if pattern.startswith(("users", "tables", "*"))] == []


def test_a_header_is_believed_only_where_the_settings_name_it() -> None:
    assert [key for key in audit_settings(None) if "userid" in key] == []
    named = {key: value for key, value in audit_settings("X-Forwarded-User").items() if "userid" in key}
    assert named == dict.fromkeys(
        ("pinot.audit.controller.userid.header", "pinot.audit.broker.userid.header"), "X-Forwarded-User"
    )
