"""What can go wrong between here and a controller: one class a cause, by what is known afterwards."""

from __future__ import annotations


class PinotError(Exception):
    """Base of all. The message names the call, what was found and what to do; no body, no secret."""


class UnreachableError(PinotError):
    """No controller took the request: nothing was changed."""


class OutcomeUnknownError(PinotError):
    """The request left, but no whole answer came back: the controller may or may not have acted on it."""


class NotPinotError(PinotError):
    """Something answered that is no Pinot controller: a proxy's page, a login form, a redirect."""


class RefusedError(PinotError):
    """The controller refused the request (4xx): repeating it changes nothing."""

    def __init__(self, message: str, status: int, reason: str) -> None:
        """Keep the status and the controller's own words beside the message."""
        super().__init__(message)
        self.status = status
        self.reason = reason


class NotFoundError(RefusedError):
    """There is no such object (404)."""


class ConflictError(RefusedError):
    """The object exists, or is still in use (409)."""


class CredentialsError(RefusedError):
    """The controller does not accept the credentials, or they do not suffice (401, 403)."""


class FailedError(PinotError):
    """The controller failed on the request (5xx) and said so in its own form: repeating changes nothing."""

    def __init__(self, message: str, status: int, reason: str) -> None:
        """Keep the status and the controller's own words beside the message."""
        super().__init__(message)
        self.status = status
        self.reason = reason


class UnsupportedError(FailedError):
    """The server has no such call (501, or 405): a stand-in or another version."""


class UnrecognisedKeysError(PinotError):
    """The controller answered 200 and dropped keys that it did not understand."""


class TimeLimitError(PinotError):
    """Work that was started did not finish within the time given. The message says how far it was."""
