"""The local environment's directories, ports and hermetic process environment."""

from __future__ import annotations

import socket
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from local.environment import PORTS, LocalEnvironment, free_ports
from local.failure import LocalFailureError
from local.toolchain.installation import Toolchain

pytestmark = pytest.mark.unit


def test_defaults_are_the_documented_ports_and_a_home_in_the_repository() -> None:
    environment = LocalEnvironment.from_environ({"HOME": "/nowhere"})
    assert environment.kafka_bootstrap == "127.0.0.1:9092"
    assert environment.controller_url == "http://127.0.0.1:9000"
    assert environment.broker_url == "http://127.0.0.1:8099"
    assert environment.s3_endpoint == "http://127.0.0.1:5000"
    assert environment.home == Path(__file__).parents[3] / ".local"


def test_variables_move_ports_home_and_cache() -> None:
    variables = {variable: str(20000 + number) for number, (_, variable, _) in enumerate(PORTS)}
    environment = LocalEnvironment.from_environ({**variables, "PAYMENTS_HOME": "h", "PAYMENTS_CACHE": "/c"})
    assert [getattr(environment, field) for field, _, _ in PORTS] == [*range(20000, 20006)]
    assert environment.home == Path.cwd() / "h"
    assert environment.cache == Path("/c")


def test_the_cache_follows_the_users_cache_directory() -> None:
    environment = LocalEnvironment.from_environ({"XDG_CACHE_HOME": "/somewhere"})
    assert environment.cache == Path("/somewhere/payment-service-data-product")


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "90 92", "\uff19\uff10\uff19\uff12", "9092.0"])
def test_what_is_no_port_is_refused_by_the_variables_name(text: str) -> None:
    with pytest.raises(LocalFailureError, match=r"PAYMENTS_S3_PORT is .*whole number from 1 to 65535"):
        LocalEnvironment.from_environ({"PAYMENTS_S3_PORT": text})


def test_two_services_on_one_port_are_refused_by_both_names() -> None:
    with pytest.raises(
        LocalFailureError, match="PAYMENTS_S3_PORT and PAYMENTS_CONTROLLER_PORT are both 9000"
    ):
        LocalEnvironment.from_environ({"PAYMENTS_S3_PORT": "9000"})


def test_ephemeral_ports_are_different_and_free(tmp_path: Path) -> None:
    environment = LocalEnvironment.ephemeral(tmp_path)
    ports = [getattr(environment, field) for field, _, _ in PORTS]
    assert len(set(ports)) == len(PORTS)
    for port in ports:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))


def test_free_ports_pass_over_a_port_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    (taken, free) = free_ports(2)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", taken))
        monkeypatch.setattr("random.sample", lambda *_, **__: [taken, free])
        assert free_ports(1) == (free,)
        monkeypatch.setattr("random.sample", lambda *_, **__: [taken])
        with pytest.raises(LocalFailureError, match="No 1 free ports"):
            free_ports(1)


def test_a_home_remembers_the_ports_it_was_started_on_unless_a_variable_says_otherwise(
    tmp_path: Path,
) -> None:
    home = {"PAYMENTS_HOME": str(tmp_path)}
    started = LocalEnvironment.from_environ(
        {**home, "PAYMENTS_KAFKA_PORT": "19092", "PAYMENTS_S3_PORT": "15000"}
    )
    assert LocalEnvironment.from_environ(home).kafka_port == 9092  # nothing was started yet
    started.remember_ports()
    assert LocalEnvironment.from_environ(home) == started
    assert LocalEnvironment.from_environ({**home, "PAYMENTS_S3_PORT": "15001"}) == replace(
        started, s3_port=15001
    )


@pytest.fixture
def environment(tmp_path: Path) -> LocalEnvironment:
    return replace(LocalEnvironment.from_environ({}), home=tmp_path / "home", cache=tmp_path / "cache")


def _toolchain(directory: Path, *, built: bool) -> Toolchain:
    plugin = directory / "plugins" / "pulumi-resource-kafka"
    plugin.parent.mkdir(parents=True)
    plugin.touch(mode=0o755)
    return Toolchain(directory=directory, built=built)


def test_pulumi_sees_nothing_of_the_shells_accounts(
    environment: LocalEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = _toolchain(tmp_path / "tools", built=True)
    monkeypatch.setattr("local.toolchain.installation.install", lambda _: tools)
    for name in (
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "PULUMI_ACCESS_TOKEN",
        "PINOT_CONTROLLER_URL",
        "KAFKA_ENABLE_TLS",
    ):
        monkeypatch.setenv(name, "of-production")
    monkeypatch.setenv("LANG", "C.UTF-8")
    variables = environment.pulumi_environment()
    assert "of-production" not in variables.values()
    assert variables["LANG"] == "C.UTF-8"
    assert variables["PATH"].startswith(f"{tools.directory}:")
    assert variables["PULUMI_BACKEND_URL"] == f"file://{environment.home}/state"
    assert environment.state.is_dir()  # the file backend wants it to exist
    assert variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"


def test_plugins_are_placed_under_a_home_of_their_own(environment: LocalEnvironment, tmp_path: Path) -> None:
    environment.exports(_toolchain(tmp_path / "tools", built=True))
    plugins = environment.home / "pulumi" / "plugins"
    kafka = plugins / f"resource-kafka-v{version('pulumi-kafka')}" / "pulumi-resource-kafka"
    assert kafka.readlink() == tmp_path / "tools" / "plugins" / "pulumi-resource-kafka"
    aws = plugins / f"resource-aws-v{version('pulumi-aws')}" / "pulumi-resource-aws"
    assert "-m local.plugins.aws" in aws.read_text(encoding="utf-8")
    assert aws.stat().st_mode & 0o777 == 0o755

    # Another build of the tools takes the place of the first.
    environment.exports(_toolchain(tmp_path / "newer", built=True))
    assert kafka.readlink() == tmp_path / "newer" / "plugins" / "pulumi-resource-kafka"


def test_with_a_pulumi_from_path_plugins_may_download_themselves(
    environment: LocalEnvironment, tmp_path: Path
) -> None:
    variables = environment.exports(_toolchain(tmp_path / "tools", built=False))
    assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" not in variables
    assert not list((environment.home / "pulumi" / "plugins").glob("resource-kafka-*"))


def test_remove_deletes_the_home_but_not_one_that_holds_something_else(environment: LocalEnvironment) -> None:
    environment.remove()  # nothing there: nothing to do
    for name in ("kafka", "state", "logs"):
        (environment.home / name).mkdir(parents=True)
    (environment.home / "thesis.tex").touch()
    with pytest.raises(LocalFailureError, match=r"is not deleted: it also holds thesis\.tex"):
        environment.remove()
    assert (environment.home / "kafka").is_dir()
    (environment.home / "thesis.tex").unlink()
    environment.remove()
    assert not environment.home.exists()
