"""Mistakes in what is said of the product; the form is that of `mistakes_between_files`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.product_model.conftest import ProductCopy
    from tests.unit.product_model.mistakes_between_files import Mistake

DESCRIPTOR = "payment-service-data-product.yaml"
BOOKINGS = "contracts/bookings.odcs.yaml"


def _text(old: str, new: str) -> Callable[[ProductCopy, str], object]:
    return lambda copy, file: copy.edit_text(file, old, new)


BROKEN: dict[str, Mistake] = {
    "a contract changed by hand": (
        BOOKINGS,
        _text("version: 1.0.0\n", "version: 1.0.1\n"),
        "published",
        "it was changed by hand, or not made anew after a change (first in line 6)",
    ),
    "a contract that was not written": (
        BOOKINGS,
        lambda copy, file: (copy.directory / file).unlink(),
        "published",
        "it is not there",
    ),
    "a contract of no port": (
        "contracts/payouts.odcs.yaml",
        lambda copy, file: (copy.directory / file).write_text("kind: DataContract\n"),
        "published",
        "nothing publishes it",
    ),
    "another owner in the events' contract": (
        "asyncapi.yaml",
        _text("contact: {name: Payment Engineering}", "contact: {name: Payments}"),
        "contract-says",
        "found 'Payments'",
    ),
    "another content type in the events' contract": (
        "asyncapi.yaml",
        _text("defaultContentType: application/cloudevents+json", "defaultContentType: application/json"),
        "contract-says",
        "found 'application/json'",
    ),
    "another retention of the topic in the events' contract": (
        "asyncapi.yaml",
        _text("retention.ms: 604800000", "retention.ms: 86400000"),
        "contract-says",
        "found 86400000",
    ),
    "another retention of the topic in its description": (
        "asyncapi.yaml",
        _text("Kept 7 days.", "Kept a week."),
        "contract-says",
        "it tells another retention",
    ),
    "a table that nobody writes": (
        DESCRIPTOR,
        _text("transaction_booked_rt, payment_analytics]", "transaction_booked_rt]"),
        "lineage",
        "payment_analytics is written by none",
    ),
    "a table that is fed from elsewhere": (
        DESCRIPTOR,
        _text("reads: [archive]", "reads: [payments]"),
        "lineage",
        "transaction_booked_offline is fed from archive, offline-loader reads payments",
    ),
    "a question that nobody asks": (
        DESCRIPTOR,
        _text("  events-by-channel: [data-analytics]\n", ""),
        "questions",
        "nobody asks 'events-by-channel'",
    ),
    "a question that is not there": (
        DESCRIPTOR,
        _text("  events-by-channel:", "  events-by-canal:"),
        "questions",
        "there is no question 'events-by-canal'",
    ),
    "a reader who asks nothing": (
        DESCRIPTOR,
        _text("compliance-team, data-analytics]\n", "compliance-team, data-analytics, fraud-team]\n"),
        "questions",
        "the reader 'fraud-team' asks nothing",
    ),
    "questions that cannot be read": (
        "queries/1-volume-by-type.sql",
        lambda copy, file: (copy.directory / file).write_text("-- a title alone\n"),
        "questions",
        "it has no title or no SQL",
    ),
    "a readers' page with another retention": (
        "README.md",
        _text("| 90 days |", "| 60 days |"),
        "readme",
        "the row of `payment_analytics` lacks what the descriptor says",
    ),
    "a readers' page with another objective": (
        "README.md",
        _text("99.99 % of rows", "99.9 % of rows"),
        "readme",
        "the row of | accuracy | lacks what the descriptor says",
    ),
    "a readers' page without a reader": (
        "README.md",
        _text("finance-team, compliance-team", "finance-team"),
        "readme",
        "it lacks a fact of the descriptor",
    ),
    "no readers' page": (
        "README.md",
        lambda copy, file: (copy.directory / file).unlink(),
        "readme",
        "it is not there",
    ),
}
