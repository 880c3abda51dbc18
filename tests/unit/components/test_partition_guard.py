"""A topic's partitions: any change is refused with what would happen and the word."""

from __future__ import annotations

import pytest

from components.partition_guard import PartitionsChangedError, check_partitions

pytestmark = pytest.mark.unit


def test_another_number_is_refused_with_the_word() -> None:
    with pytest.raises(PartitionsChangedError) as error:
        check_partitions("payments", {"partitions": 12.0}, {"partitions": 24.0})
    said = str(error.value)
    assert said.startswith("Topic payments has 12 partitions, and the settings ask for 24:")
    assert "payments:guards.allow: {topics/payments: [change-partitions]}" in said


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"partitions": 12.0, "config": {"retention.ms": "1"}}, {"partitions": 12, "config": {}}),
        ({}, {"partitions": 12}),
    ],
)
def test_other_changes_and_new_topics_go_through(before: dict[str, object], after: dict[str, object]) -> None:
    check_partitions("payments", before, after)
