"""Events to try the product with: generated, hostile, sent, and a ledger of what must come of them."""
