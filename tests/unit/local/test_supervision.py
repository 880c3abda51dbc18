"""The supervisor's socket fits into the kernel's limit whatever the home's path is."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from local.environment import LocalEnvironment
from local.failure import LocalFailureError
from local.supervision import Supervision, _socket_path

pytestmark = pytest.mark.unit

LIMIT = 107  # bytes of sun_path, closing zero not counted (unix(7))


def test_a_short_home_keeps_its_socket() -> None:
    assert _socket_path(Path("/home/ann/payments/.local/supervisor")).parent == Path(
        "/home/ann/payments/.local/supervisor"
    )


@pytest.mark.parametrize("name", ["x" * 120, "ü" * 45])
def test_a_long_home_gets_a_short_socket_of_its_own(name: str) -> None:
    long = _socket_path(Path("/home") / name / "supervisor")
    other = _socket_path(Path("/home") / f"{name}2" / "supervisor")
    assert long != other
    assert long == _socket_path(Path("/home") / name / "supervisor")
    # supervisord binds to "<path>.<pid>" before it renames.
    assert len(os.fsencode(f"{long}.4194304")) <= LIMIT


def test_no_room_for_a_socket_anywhere_is_told_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/tmp/" + "y" * 120)  # noqa: S108 - a path, not a file
    with pytest.raises(LocalFailureError, match="too long for a unix socket; set PAYMENTS_HOME or TMPDIR"):
        _socket_path(Path("/home") / ("x" * 120) / "supervisor")


def test_the_configuration_quotes_what_supervisord_would_expand(tmp_path: Path) -> None:
    home = tmp_path / "50% off"
    environment = replace(LocalEnvironment.from_environ({}), home=home)
    configuration = Supervision(environment)._configuration()
    assert f"pidfile={tmp_path}/50%% off/supervisor/supervisord.pid\n" in configuration
    assert "nodaemon" not in configuration
