"""HTTP to a controller: deadlines on every call, repeats only where they are safe, whole answers only."""

from __future__ import annotations

import base64
import json
import random
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from .comparison import secrets_in
from .errors import (
    ConflictError,
    CredentialsError,
    FailedError,
    NotFoundError,
    NotPinotError,
    OutcomeUnknownError,
    PinotError,
    RefusedError,
    UnreachableError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .documents import Json

ATTEMPTS: Final = 5
"""How often a call that may be repeated is tried."""
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_CONNECT_SECONDS: Final = 5.0
_LARGEST_ANSWER: Final = 64 * 1024 * 1024
_LONGEST_REASON: Final = 1200
_GATEWAY: Final = frozenset({502, 503, 504})
_NO_SUCH_CALL: Final = frozenset({405, 501})


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment after which nothing is waited for any more."""

    at: float

    @staticmethod
    def after(seconds: float) -> Deadline:
        """Return the moment that many seconds from now."""
        return Deadline(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.at - time.monotonic())

    def within(self, seconds: float) -> Deadline:
        """Return the earlier of this moment and that many seconds from now."""
        return Deadline(min(self.at, time.monotonic() + seconds))

    def extra(self) -> Deadline:
        """Return a few seconds more, to say what was found when time is up."""
        return Deadline.after(5.0)

    def sleep(self, seconds: float) -> bool:
        """Sleep, but not past the deadline; say whether time is left afterwards."""
        time.sleep(min(seconds, self.left))
        return self.left > 0


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to the controller. Never shown: neither by repr nor in a message."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def header(self) -> str | None:
        """The Authorization header; a token that names its scheme ("Basic …") is sent as it is."""
        if self.token:
            return self.token if " " in self.token.strip() else f"Bearer {self.token}"
        if self.username is not None:
            pair = f"{self.username}:{self.password or ''}".encode()
            return f"Basic {base64.b64encode(pair).decode('ascii')}"
        return None

    @property
    def secrets(self) -> set[str]:
        """Every text that must never be seen."""
        header = self.header
        parts = {self.password, self.token, header, header.rpartition(" ")[2] if header else None}
        return {part for part in parts if part}


class _Authorization(AuthBase):
    """Sets our header; being an AuthBase, it keeps requests from using credentials of a .netrc."""

    def __init__(self, header: str | None) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._header is not None:
            request.headers["Authorization"] = self._header
        return request


class Transport:
    """Calls to one controller. Threads may share it: each has a session of its own."""

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        ca_file: str | None = None,
        call_seconds: float = 60.0,
    ) -> None:
        """Keep where to call and as whom; nothing is sent yet.

        :param url: Base URL of the controller, e.g. ``https://pinot-controller:9000``.
        :param credentials: Basic or bearer credentials.
        :param ca_file: PEM file of the authority that signed the controller's certificate.
        :param call_seconds: Longest time for one attempt of one call, from the first byte to the last.
        """
        self.url = url.rstrip("/")
        self._credentials = credentials or Credentials()
        self._ca_file = ca_file
        self._call_seconds = call_seconds
        self._threads = threading.local()

    def call(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str] | None = None,
        body: Json = None,
        deadline: Deadline,
        repeat_safe: bool,
    ) -> Json:
        """Make a call and return its JSON answer.

        :param repeat_safe: Whether the call may be sent again when it is not known what became of it.
        :raises UnreachableError: Nobody took the request.
        :raises OutcomeUnknownError: It was sent, but no whole answer came.
        :raises NotPinotError: What answered is no controller.
        :raises RefusedError: 4xx; `NotFoundError`, `ConflictError`, `CredentialsError` where they say more.
        :raises FailedError: 5xx in Pinot's own form.
        """
        exchange = _Exchange(self, method, path, dict(parameters or {}), body, deadline)
        pause = _FIRST_PAUSE
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return exchange.once()
            except UnreachableError as error:
                fault: PinotError = error
            except OutcomeUnknownError as error:
                if not repeat_safe:
                    raise
                fault = error
            # Full jitter: many waiting at once must not come back at once.
            if attempt == ATTEMPTS or not deadline.sleep(random.uniform(pause / 2, pause)):  # noqa: S311 - no secret
                raise fault
            pause = min(pause * 2, _LONGEST_PAUSE)
        raise AssertionError(ATTEMPTS)

    def session(self) -> requests.Session:
        """Return this thread's session."""
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = requests.Session()
            session.auth = _Authorization(self._credentials.header)
            self._threads.session = session
        return session

    @property
    def authority(self) -> str | None:
        """File of the authority that a certificate is verified by; None: the system's authorities."""
        return self._ca_file

    @property
    def secrets(self) -> set[str]:
        """Texts of the credentials, to be kept out of messages."""
        return self._credentials.secrets

    @property
    def call_seconds(self) -> float:
        """Longest time for one attempt of one call, in seconds."""
        return self._call_seconds


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One call, however often it is tried."""

    transport: Transport
    method: str
    path: str
    parameters: dict[str, str]
    body: Json
    deadline: Deadline

    def once(self) -> Json:
        limit = self.deadline.within(self.transport.call_seconds)
        if limit.left <= 0:
            message = f"{self}: no time is left for this call; raise timeout_seconds of the resource"
            raise UnreachableError(message)
        query = f"?{urlencode(self.parameters, quote_via=quote)}" if self.parameters else ""
        data = None if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()
        try:
            response = self.transport.session().request(
                self.method,
                f"{self.transport.url}{self.path}{query}",
                data=data,
                headers={"Content-Type": "application/json", "Accept": "application/json"},
                timeout=(min(_CONNECT_SECONDS, limit.left), limit.left),
                # Not the session's: a REQUESTS_CA_BUNDLE of the shell would override that one.
                verify=self.transport.authority or True,
                allow_redirects=False,
                stream=True,
            )
            with response:
                return self._answer(response, self._read(response, limit))
        except requests.exceptions.SSLError as error:
            hint = _tls_hint(str(error), self.transport.authority)
            message = f"{self}: TLS to {self.transport.url} failed ({_cause(error)}); {hint}"
            raise NotPinotError(message) from None
        except (requests.exceptions.ConnectTimeout, requests.exceptions.ConnectionError) as error:
            if isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error):
                message = f"{self}: nobody answers at {self.transport.url} ({_cause(error)})"
                raise UnreachableError(message) from None
            # A port that wants TLS hangs up on plain HTTP.
            hint = _NO_TLS if "without response" in str(error) and _plain(self.transport.url) else ""
            fault = self._unknown("the connection broke", error, hint)
            raise fault from None
        except requests.exceptions.Timeout as error:
            fault = self._unknown("no answer", None, _ONLY_TLS if _shaking_hands(error) else "")
            raise fault from None
        except (requests.exceptions.RequestException, HTTPError) as error:
            fault = self._unknown("the answer could not be read", error)
            raise fault from None

    def _read(self, response: requests.Response, limit: Deadline) -> bytes:
        content = bytearray()
        # read1 returns with whatever has come, so that the limit is looked at between trickling bytes too.
        while chunk := response.raw.read1(64 * 1024, decode_content=True):
            content += chunk
            if limit.left <= 0:
                fault = self._unknown("the answer was not complete", None)
                raise fault
            if len(content) > _LARGEST_ANSWER:
                message = f"{self}: the answer is larger than {_LARGEST_ANSWER} bytes"
                raise NotPinotError(message)
        return bytes(content)

    def _answer(self, response: requests.Response, content: bytes) -> Json:
        status = response.status_code
        text = content.decode("utf-8", errors="replace").strip()
        page = "html" in response.headers.get("Content-Type", "").lower() or text.startswith("<")
        if status // 100 == 3:  # noqa: PLR2004 - redirections
            target = _origin(response.headers.get("Location", ""))
            message = (
                f"{self}: was sent on to {target} (status {status}); a controller redirects nobody: set "
                "pinot:controllerUrl to the controller itself, behind any login page"
            )
            raise NotPinotError(message)
        value, whole = _json(text)
        if status < 400:  # noqa: PLR2004 - success
            if page:
                raise self._page(status)
            if not whole:
                message = f"{self}: status {status}, but the answer is not whole JSON ({len(content)} bytes)"
                raise OutcomeUnknownError(message)
            if isinstance(value, dict) and "error" in value and "code" in value:
                raise self._failed(int(value["code"]), self._reason(value), wrapped=True)
            return value
        if status in _NO_SUCH_CALL:
            message = f"{self}: the server has no such call (status {status}: {self._reason(value, text)})"
            raise UnsupportedError(message, status, self._reason(value, text))
        if status < 500:  # noqa: PLR2004 - the caller's fault
            raise self._refused(status, self._reason(value, text), page=page)
        if isinstance(value, dict) and "error" in value and status not in _GATEWAY and self.method != "GET":
            raise self._failed(status, self._reason(value))
        found = "a web page" if page else self._reason(value, text)
        message = f"{self}: status {status} ({found})"
        raise OutcomeUnknownError(message)

    def _refused(self, status: int, reason: str, *, page: bool) -> PinotError:
        if status in {401, 403}:
            message = (
                f"{self}: the controller at {self.transport.url} does not accept the credentials (status "
                f"{status}: {reason}); check pinot:username and pinot:password, or pinot:token"
            )
            return CredentialsError(message, status, reason)
        if page:
            return self._page(status)
        kind = {404: NotFoundError, 409: ConflictError}.get(status, RefusedError)
        return kind(f"{self}: refused (status {status}): {reason}", status, reason)

    def _failed(self, status: int, reason: str, *, wrapped: bool = False) -> PinotError:
        where = f"status {status} inside a 200" if wrapped else f"status {status}"
        return FailedError(f"{self}: the controller failed ({where}): {reason}", status, reason)

    def _page(self, status: int) -> PinotError:
        message = (
            f"{self}: a web page answered (status {status}), no Pinot controller; is a proxy or a login page "
            f"at {self.transport.url}? pinot:controllerUrl must lead to the controller's own port"
        )
        return NotPinotError(message)

    def _unknown(self, what: str, error: Exception | None, hint: str = "") -> PinotError:
        why = f"within {self.transport.call_seconds:g} s" if error is None else f"({_cause(error)})"
        return OutcomeUnknownError(f"{self}: {what} {why}{hint}")

    def _reason(self, value: Json, text: str = "") -> str:
        reason = value.get("error", text) if isinstance(value, dict) else text
        return self._covered(" ".join(str(reason).split()))[:_LONGEST_REASON] or "no reason given"

    def _covered(self, text: str) -> str:
        for secret in sorted(self.transport.secrets | secrets_in(self.body), key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        return text

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _json(text: str) -> tuple[Json, bool]:
    """Return the value and whether the text was whole JSON; ``OK`` of the health call counts as whole."""
    if text == "OK":
        return text, True
    try:
        return json.loads(text), True
    except ValueError:
        return None, False


def _never_connected(error: Exception) -> bool:
    return "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)


def _cause(error: Exception) -> str:
    """Return the innermost reason in a few words, without the request's URL or body."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    inner = reason or (error.args[0] if error.args else error)
    text = str(inner).rpartition(": ")[2]
    return text[:200] or type(error).__name__


_NO_TLS: Final = "; if it answers over TLS only, pinot:controllerUrl must begin with https://"
_ONLY_TLS: Final = " to the TLS handshake; if it speaks no TLS, pinot:controllerUrl must begin with http://"


def _plain(url: str) -> bool:
    return url.startswith("http:")


def _shaking_hands(error: BaseException | None) -> bool:
    """Say whether time was up before TLS was agreed on (urllib3 says so only in what it wraps)."""
    while error is not None:
        if "handshake operation" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _tls_hint(cause: str, authority: str | None) -> str:
    """Return what to do about a handshake that failed."""
    if "mismatch" in cause:
        return "that is another host's certificate: write a name that it holds into pinot:controllerUrl"
    if "WRONG_VERSION_NUMBER" in cause or "record layer failure" in cause:
        return "what answers there speaks no TLS: write http:// in pinot:controllerUrl, or the port for TLS"
    if "expired" in cause:
        return "the controller needs a new certificate"
    if authority is None:
        return (
            "if an authority of your own signed the controller's certificate, name its file in pinot:caFile "
            "(or PINOT_CA_FILE)"
        )
    return f"the authority in {authority} (pinot:caFile) did not sign the controller's certificate"


def _origin(location: str) -> str:
    """Return the target of a redirect without its query, where tokens travel."""
    return location.partition("?")[0] or "nowhere"
