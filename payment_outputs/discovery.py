"""The discovery document: what the product offers, as one JSON text that a catalogue can read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from payment_outputs.encoding import camel, to_plain

if TYPE_CHECKING:
    from collections.abc import Mapping


def discovery_document(
    product: Mapping[str, Any], outputs: Mapping[str, Any], links: Mapping[str, str]
) -> str:
    """Return the document.

    Args:
        product: who the product is: name, domain, owner, classification, readers …
        outputs: the other outputs, by the names of the fields of `payment_outputs.model.PaymentOutputs`.
        links: name → path or URL of contracts and documentation.

    """
    named = {camel(name): to_plain(value) for name, value in outputs.items()}
    document = {"product": to_plain(product), **named, "links": dict(links)}
    return json.dumps(document, sort_keys=True, ensure_ascii=False)
