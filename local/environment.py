"""Where the local environment lives: directories, ports and the environment of Pulumi's command line."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.failure import LocalFailureError
from local.toolchain import installation

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY: Final = Path(__file__).resolve().parent.parent

LOOPBACK: Final = "127.0.0.1"

# Field of `LocalEnvironment`, environment variable that sets it, default.
PORTS: Final = (
    ("kafka_port", "PAYMENTS_KAFKA_PORT", 9092),
    ("kafka_controller_port", "PAYMENTS_KAFKA_CONTROLLER_PORT", 9093),
    ("controller_port", "PAYMENTS_CONTROLLER_PORT", 9000),
    ("broker_port", "PAYMENTS_BROKER_PORT", 8099),
    ("s3_port", "PAYMENTS_S3_PORT", 5000),
    ("archiver_port", "PAYMENTS_ARCHIVER_PORT", 9464),
)

_HIGHEST_PORT = 65535

# Free ports are sought below the range from which Linux serves outgoing connections (from 32768 on),
# so that none is lost to a connection between being found and being used.
_FREE_PORT_RANGE = (15000, 32000)

_PORTS_FILE = "ports.json"

# What the parts of the local environment make in a home.
_CONTENTS = frozenset(
    {
        "events",
        "kafka",
        "lock",
        "logs",
        "objectives.html",
        "pinot",
        _PORTS_FILE,
        "processes",
        "pulumi",
        "s3",
        "stack",
        "state",
        "supervisor",
    }
)

# A developer's own account, backend, cluster or archive must never be reached by the local stack, whatever
# the shell exports. And a run of Pulumi starts three Python processes, which need not compile the checkout
# each time.
_FOREIGN_VARIABLES = (
    "ARCHIVE_",
    "AWS_",
    "KAFKA_",
    "PINOT_",
    "PULUMI_",
    "PYTHONDONTWRITEBYTECODE",
    "STAGING_BUCKET",
)


@dataclass(frozen=True)
class LocalEnvironment:
    """One local environment: two with different homes and ports run side by side."""

    home: Path
    cache: Path
    kafka_port: int = 9092
    kafka_controller_port: int = 9093
    controller_port: int = 9000
    broker_port: int = 8099
    s3_port: int = 5000
    archiver_port: int = 9464

    def __post_init__(self) -> None:
        """Refuse two services on one port: the second would never start."""
        taken: dict[int, str] = {}
        for field, variable, _ in PORTS:
            port = getattr(self, field)
            if port in taken:
                message = (
                    f"{variable} and {taken[port]} are both {port}; give each service a port of its own."
                )
                raise LocalFailureError(message)
            taken[port] = variable

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> LocalEnvironment:
        """Read PAYMENTS_HOME, PAYMENTS_CACHE and the PAYMENTS_…_PORT variables.

        A port that is not set is the one that the home's platform was last started on, so that another
        shell needs no variables, else the default. Raises `LocalFailureError` naming the variable when
        one is not a port.
        """
        home = Path(environ.get("PAYMENTS_HOME") or REPOSITORY / ".local").absolute()
        remembered = _remembered_ports(home)
        ports = {
            field: _port(environ, variable, remembered.get(field, default))
            for field, variable, default in PORTS
        }
        return cls(home=home, cache=default_cache(environ), **ports)

    @classmethod
    def ephemeral(cls, home: Path) -> LocalEnvironment:
        """Return an environment with its own home on ports that are free now. The cache is shared."""
        return cls(
            home=home.absolute(),
            cache=default_cache(os.environ),
            **dict(zip((field for field, _, _ in PORTS), free_ports(len(PORTS)), strict=True)),
        )

    @property
    def kafka_bootstrap(self) -> str:
        """Kafka's bootstrap servers, as clients want them."""
        return f"{LOOPBACK}:{self.kafka_port}"

    @property
    def controller_url(self) -> str:
        """The URL of Pinot's controller API."""
        return f"http://{LOOPBACK}:{self.controller_port}"

    @property
    def broker_url(self) -> str:
        """The URL of Pinot's broker API (queries)."""
        return f"http://{LOOPBACK}:{self.broker_port}"

    @property
    def s3_endpoint(self) -> str:
        """The URL of the S3 server."""
        return f"http://{LOOPBACK}:{self.s3_port}"

    @property
    def pulumi_home(self) -> Path:
        """PULUMI_HOME of this environment: its plugins, partly stand-ins that no other stack may see."""
        return self.home / "pulumi"

    @property
    def state(self) -> Path:
        """Directory of Pulumi's file backend."""
        return self.home / "state"

    @property
    def logs(self) -> Path:
        """Directory of the services' logs."""
        return self.home / "logs"

    def pulumi_environment(self) -> dict[str, str]:
        """Return the process environment for Pulumi's command line, installing the tool chain if needed.

        It is hermetic: its own backend, plugins and passphrase, no update check, and nothing of the shell's
        own AWS, Pulumi, Pinot or Kafka variables.
        Raises `LocalFailureError` when the tool chain cannot be had.
        """
        tools = installation.install(self.cache)
        return {**self.inherited(), **self.exports(tools)}

    def exports(self, tools: installation.Toolchain) -> dict[str, str]:
        """Return what `pulumi_environment` adds to or changes in the shell's environment."""
        self.state.mkdir(parents=True, exist_ok=True)
        tools.place_plugins(self.pulumi_home)
        variables = {
            "PATH": os.pathsep.join((str(tools.directory), os.environ.get("PATH", os.defpath))),
            "PULUMI_HOME": str(self.pulumi_home),
            "PULUMI_BACKEND_URL": f"file://{self.state}",
            # It guards test data on the user's own disk; a secret one would only be forgotten.
            "PULUMI_CONFIG_PASSPHRASE": "local",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # The S3 server takes any credentials; without some, clients look for a real account's.
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if tools.built:
            variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
        return variables

    def remember_ports(self) -> None:
        """Keep the ports in the home for whoever comes without the variables that set them."""
        ports = {field: getattr(self, field) for field, _, _ in PORTS}
        fresh = self.home / f"{_PORTS_FILE}.new"
        fresh.write_text(json.dumps(ports), encoding="utf-8")
        fresh.replace(self.home / _PORTS_FILE)

    def remove(self) -> None:
        """Delete the home with all data, logs and state.

        Raises `LocalFailureError` when it holds anything that no local environment makes: PAYMENTS_HOME may
        name a directory that was somebody's before.
        """
        if not self.home.is_dir():
            return
        foreign = sorted(entry.name for entry in self.home.iterdir() if entry.name not in _CONTENTS)
        if foreign:
            message = f"{self.home} is not deleted: it also holds {', '.join(foreign)}. Remove it by hand."
            raise LocalFailureError(message)
        shutil.rmtree(self.home)

    def unset(self) -> tuple[str, ...]:
        """Return the names in this process's environment that the local stack must not see."""
        return tuple(sorted(name for name in os.environ if name.startswith(_FOREIGN_VARIABLES)))

    def inherited(self) -> dict[str, str]:
        """Return this process's environment without what the local stack must not see."""
        foreign = set(self.unset())
        return {name: value for name, value in os.environ.items() if name not in foreign}


def default_cache(environ: Mapping[str, str]) -> Path:
    """Return where built tools are kept: PAYMENTS_CACHE, else a directory of our own in the user's cache."""
    if named := environ.get("PAYMENTS_CACHE"):
        return Path(named).absolute()
    user_cache = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(user_cache).absolute() / "payment-service-data-product"


def free_ports(count: int) -> tuple[int, ...]:
    """Return different ports of 127.0.0.1 on which nothing listens now."""
    held: list[socket.socket] = []
    try:
        for port in random.sample(range(*_FREE_PORT_RANGE), k=1000):
            candidate = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                candidate.bind((LOOPBACK, port))
            except OSError:
                candidate.close()
                continue
            held.append(candidate)
            if len(held) == count:
                return tuple(found.getsockname()[1] for found in held)
    finally:
        for holder in held:
            holder.close()
    message = f"No {count} free ports were found between {_FREE_PORT_RANGE[0]} and {_FREE_PORT_RANGE[1]}."
    raise LocalFailureError(message)


def _remembered_ports(home: Path) -> dict[str, int]:
    try:
        return dict(json.loads((home / _PORTS_FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):  # whoever writes there says what is wrong with it
        return {}


def _port(environ: Mapping[str, str], variable: str, default: int) -> int:
    text = environ.get(variable)
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _HIGHEST_PORT:
        message = (
            f"{variable} is {text!r}; a port is a whole number from 1 to {_HIGHEST_PORT} (default {default})."
        )
        raise LocalFailureError(message)
    return int(text)
