"""What keeps a measurement from being made."""

from __future__ import annotations


class MeasureError(Exception):
    """A measurement could not be made; the message says what was found. It is never a pass."""
