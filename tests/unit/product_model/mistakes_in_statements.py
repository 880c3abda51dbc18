"""Mistakes in what is said of the product, by name."""

from __future__ import annotations

from tests.unit.product_model.mistake import DESCRIPTOR, Mistake, text_edit

BOOKINGS = "contracts/bookings.odcs.yaml"


BROKEN: dict[str, Mistake] = {
    "a contract changed by hand": (
        BOOKINGS,
        text_edit("version: 1.0.0\n", "version: 1.0.1\n"),
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
        text_edit("contact: {name: Payment Engineering}", "contact: {name: Payments}"),
        "contract-says",
        "found 'Payments'",
    ),
    "another content type in the events' contract": (
        "asyncapi.yaml",
        text_edit("defaultContentType: application/cloudevents+json", "defaultContentType: application/json"),
        "contract-says",
        "found 'application/json'",
    ),
    "another retention of the topic in the events' contract": (
        "asyncapi.yaml",
        text_edit("retention.ms: 604800000", "retention.ms: 86400000"),
        "contract-says",
        "found 86400000",
    ),
    "another retention of the topic in its description": (
        "asyncapi.yaml",
        text_edit("Kept 7 days.", "Kept a week."),
        "contract-says",
        "it tells another retention",
    ),
    "a table that nobody writes": (
        DESCRIPTOR,
        text_edit("transaction_booked_rt, payment_analytics]", "transaction_booked_rt]"),
        "lineage",
        "payment_analytics is written by none",
    ),
    "a table that is fed from elsewhere": (
        DESCRIPTOR,
        text_edit("reads: [archive]", "reads: [payments]"),
        "lineage",
        "transaction_booked_offline is fed from archive, offline-loader reads payments",
    ),
    "a question that nobody asks": (
        DESCRIPTOR,
        text_edit("  events-by-channel: [data-analytics]\n", ""),
        "questions",
        "nobody asks 'events-by-channel'",
    ),
    "a question that is not there": (
        DESCRIPTOR,
        text_edit("  events-by-channel:", "  events-by-canal:"),
        "questions",
        "there is no question 'events-by-canal'",
    ),
    "a reader who asks nothing": (
        DESCRIPTOR,
        text_edit("compliance-team, data-analytics]\n", "compliance-team, data-analytics, fraud-team]\n"),
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
        text_edit("| 90 days |", "| 60 days |"),
        "readme",
        "the row of `payment_analytics` lacks what the descriptor says",
    ),
    "a readers' page with another objective": (
        "README.md",
        text_edit("99.99 % of rows", "99.9 % of rows"),
        "readme",
        "the row of | accuracy | lacks what the descriptor says",
    ),
    "a readers' page without a reader": (
        "README.md",
        text_edit("finance-team, compliance-team", "finance-team"),
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
