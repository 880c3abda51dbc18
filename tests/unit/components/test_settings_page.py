"""docs/settings.md: up to date, and complete."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Union, get_args, get_origin

import pytest

from components.setting_errors import key_of
from components.setting_kinds import SettingsPart
from components.settings import Settings
from components.settings_page import settings_page
from tests.unit.components.stack_files import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.unit

PAGE = ROOT / "docs" / "settings.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), (
        "run `make settings` and commit docs/settings.md"
    )


def row(key: str) -> list[str]:
    """Return the cells of a key: allowed, default, what it is."""
    (found,) = [line for line in settings_page().splitlines() if line.startswith(f"| `{key}` |")]
    return [cell.strip() for cell in found.split(" | ")[1:]]


@pytest.mark.parametrize(
    ("key", "allowed", "default"),
    [
        ("payments:kafka.topic.retentionDays", "a whole number from 1 to 36500 (days)", "`7`"),
        ("payments:environment", "one of local, dev, prod", "**needed**"),
        ("pinot:password", "a text, kept encrypted *(secret)*", "none"),
        (
            "payments:pinot.kubernetes.network.controllerClients.<number>.namespace",
            "at most 63 lower-case letters, digits or '-', beginning and ending with a letter or digit",
            "**needed**",
        ),
        (
            "payments:access.readers.<name>.principals",
            "a list, each entry the ARN of an IAM role, user or account, no wildcard",
            "**needed**",
        ),
        ("payments:pinot.kubernetes.image.digest", "sha256: and 64 hexadecimal digits", "none"),
    ],
)
def test_a_key_has_what_is_allowed_its_unit_and_its_default(key: str, allowed: str, default: str) -> None:
    assert row(key)[:2] == [allowed, default]


def test_every_key_of_the_models_is_on_the_page() -> None:
    page = settings_page()
    missing = [place for place in _places(Settings, ()) if f"`{place}`" not in page]
    assert missing == []


def _places(part: type[SettingsPart], path: tuple[str, ...]) -> Iterator[str]:
    for name, info in part.model_fields.items():
        here = (*path, info.alias or name)
        if here != ("controller",):
            yield key_of(here)
        union = get_origin(info.annotation) in {Union, types.UnionType}
        for inner in get_args(info.annotation) if union else (info.annotation,):
            if isinstance(inner, type) and issubclass(inner, SettingsPart):
                yield from _places(inner, here)
