"""The business's figures as the product's first three questions answer them, for dashboards and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from operations.pinot import Pinot, PinotError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from product_model.questions import Question

# A figure of Prometheus: name, labels, value.
Figure = tuple[str, dict[str, str], float]

_VOLUME: Final = 1
_SUCCESS: Final = 2
_PROCESSING: Final = 3


def business_figures(pinot: Pinot, questions: Sequence[Question]) -> list[Figure]:
    """Ask for volume, success and processing time; a question that Pinot cannot answer gives no figure."""
    found: list[Figure] = []
    for question in questions:
        if question.number not in {_VOLUME, _SUCCESS, _PROCESSING}:
            continue
        try:
            rows = pinot.rows(question.render())
        except PinotError:
            # Availability counts it; a figure that is not there is not shown.
            continue
        for row in rows:
            group, *values = (str(row[0]), *(float(value or 0) for value in row[1:]))
            found += _figures(question.number, group, [float(value) for value in values])
    return found


def _figures(number: int, group: str, values: list[float]) -> list[Figure]:
    if number == _SUCCESS:
        return [("payments_success_percent", {"currency": group}, values[0])]
    if number == _VOLUME:
        names = ("payments_volume_transactions", "payments_volume_amount")
        return [(name, {"type": group}, value) for name, value in zip(names, values, strict=True)]
    return [
        ("payments_processing_milliseconds", {"type": group, "statistic": statistic}, value)
        for statistic, value in zip(("average", "p95"), values, strict=True)
    ]
