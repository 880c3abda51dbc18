"""The discovery document: what the product offers, as one JSON text that a catalogue can read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from payment_outputs.encoding import to_plain

if TYPE_CHECKING:
    from collections.abc import Mapping


def discovery_document(
    product: Mapping[str, Any], outputs: Mapping[str, Any], links: Mapping[str, str]
) -> str:
    """Return the document.

    Args:
        product: who the product is: name, domain, owner, classification, readers …
        outputs: the other outputs, as plain values or as the dataclasses of `payment_outputs.model`.
        links: name → path or URL of contracts and documentation.

    """
    document = {"product": to_plain(product), **to_plain(outputs), "links": dict(links)}
    return json.dumps(document, sort_keys=True, ensure_ascii=False)
