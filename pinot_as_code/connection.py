"""Which controller, and as whom: from the stack's configuration, overridden by the environment.

Nothing of it ever enters a resource's properties, and so neither state nor previews.
"""

from __future__ import annotations

import os
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from .client import PinotClient
from .errors import PinotError
from .transport import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SETTINGS: Final = {
    "pinot:controllerUrl": "PINOT_CONTROLLER_URL",
    "pinot:username": "PINOT_USERNAME",
    "pinot:password": "PINOT_PASSWORD",
    "pinot:token": "PINOT_TOKEN",
    "pinot:caFile": "PINOT_CA_FILE",
    "pinot:callTimeoutSeconds": "PINOT_CALL_TIMEOUT_SECONDS",
}
"""Configuration key to the environment variable that overrides it."""
_CALL_SECONDS: Final = 60.0
_LONGEST_CALL: Final = 3600

_clients: dict[Settings, PinotClient] = {}
_lock = threading.Lock()


class ConfigurationError(PinotError):
    """A setting that says how to reach the controller is missing or wrong."""

    def __init__(self, key: str, found: str, wanted: str) -> None:
        """Say which setting, what was found, what is wanted and how to set it."""
        secret = " --secret" if key in {"pinot:password", "pinot:token"} else ""
        super().__init__(
            f"{key} {found}; wanted: {wanted}. Set it with `pulumi config set{secret} {key} …` or the "
            f"environment variable {_SETTINGS[key]}"
        )


class Configuration(Protocol):
    """What `pulumi.dynamic.Config` offers."""

    def get(self, key: str) -> Any:  # noqa: ANN401 - as the SDK has it
        """Return a value, or None."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings as given, in the order of `_SETTINGS`; None where not given."""

    url: str | None
    username: str | None
    password: str | None = field(repr=False)
    token: str | None = field(repr=False)
    ca_file: str | None
    call_seconds: str | None

    def mistakes(self) -> Iterator[tuple[str, str, str]]:
        """Yield key, what was found and what is wanted for everything that is wrong."""
        parts = urlsplit(self.url or "")
        if self.url is None:
            yield "pinot:controllerUrl", "is not set", "the controller's base URL, e.g. http://localhost:9000"
        elif parts.username or parts.password:
            yield (
                "pinot:controllerUrl",
                "holds credentials",
                "a URL alone, and pinot:username, pinot:password",
            )
        elif parts.scheme not in {"http", "https"} or not parts.hostname:
            yield "pinot:controllerUrl", f"is {self.url!r}", "a URL such as https://pinot-controller:9000"
        if self.token and (self.username or self.password):
            yield "pinot:token", "is set beside pinot:username or pinot:password", "one of the two ways"
        elif bool(self.username) != bool(self.password):
            missing = "pinot:password" if self.username else "pinot:username"
            yield missing, "is not set while its partner is", "both, or neither"
        if self.ca_file is not None and (fault := _unfit(self.ca_file)):
            yield "pinot:caFile", f"names {self.ca_file}, which {fault}", "a PEM file of the authority"
        if not 0 < self.seconds <= _LONGEST_CALL:
            yield "pinot:callTimeoutSeconds", f"is {self.call_seconds}", f"seconds up to {_LONGEST_CALL}"

    @property
    def seconds(self) -> float:
        """Longest time for one attempt of one call; 0 when what was given is no number."""
        try:
            return _CALL_SECONDS if self.call_seconds is None else float(self.call_seconds)
        except ValueError:
            return 0.0


def _unfit(ca_file: str) -> str | None:
    """Return why a file cannot say which authorities to trust; None when it can."""
    if not Path(ca_file).is_file():
        return "is no file"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca_file)
    except OSError as error:  # an ssl.SSLError is one too
        return f"holds no certificate that can be read ({error.strerror or error})"
    return None


def client_for(configuration: Configuration, environ: Mapping[str, str] = os.environ) -> PinotClient:
    """Return the client that the configuration describes; the same one for the same settings.

    :raises ConfigurationError: The URL is missing or none, the credentials are half given or given twice, the
        file of the authority is not there, the time limit is no number of seconds.
    """
    given = [environ.get(variable) or configuration.get(key) for key, variable in _SETTINGS.items()]
    settings = Settings(*(None if value in {None, ""} else str(value) for value in given))
    for mistake in settings.mistakes():
        raise ConfigurationError(*mistake)
    with _lock:
        client = _clients.get(settings)
        if client is None:
            credentials = Credentials(settings.username, settings.password, settings.token)
            client = PinotClient(str(settings.url), credentials, settings.ca_file, settings.seconds)
            _clients[settings] = client
    return client
