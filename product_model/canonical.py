"""One text for equal JSON: what is stored in state, compared and posted."""

from __future__ import annotations

import json


def canonical_json(value: object) -> str:
    """JSON with sorted keys, no spaces, and characters as they are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
