"""The one error that the local environment shows to its user as a message instead of as a traceback."""

from __future__ import annotations


class LocalFailureError(Exception):
    """Something on the user's machine is in the way. The message says what was found and what to do."""
