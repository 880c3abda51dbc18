"""Questions are read with their parameters, and no value can change what they ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from product_model import ProductError, load_questions
from tests.unit.product_model.conftest import PRODUCT

if TYPE_CHECKING:
    from pathlib import Path

    from product_model import Question

pytestmark = pytest.mark.unit

# The brief's three, word for word.
BRIEF = {
    1: """
SELECT transactionType, COUNT(*), SUM(amount)
FROM transaction_wallet_registered_rt
WHERE registeredAt > ago('PT1H')
GROUP BY transactionType
""",
    2: """
SELECT currency,
       (SUM(CASE WHEN bookingStatus = 'SUCCESS' THEN 1 ELSE 0 END) * 100.0 / COUNT(*)) as success_rate
FROM transaction_booked_rt
WHERE bookedAt > ago('PT24H')
GROUP BY currency
""",
    3: """
SELECT transactionType,
       AVG(processingTimeMs) as avg_time,
       PERCENTILE(processingTimeMs, 95) as p95_time
FROM payment_analytics
WHERE transactionTime > ago('PT24H')
GROUP BY transactionType
""",
}


def _question(number: int) -> Question:
    return next(question for question in load_questions(PRODUCT / "queries") if question.number == number)


def test_there_are_the_domains_seven_questions_in_order() -> None:
    assert [(question.number, question.name) for question in load_questions(PRODUCT / "queries")] == [
        (1, "volume-by-type"),
        (2, "success-rate-by-currency"),
        (3, "processing-time-by-type"),
        (4, "story-of-a-transaction"),
        (5, "registered-not-booked"),
        (6, "amounts-by-merchant-and-day"),
        (7, "events-by-channel"),
    ]


@pytest.mark.parametrize("number", BRIEF)
def test_the_briefs_questions_stand_word_for_word(number: int) -> None:
    words = " ".join(BRIEF[number].split())
    assert words in " ".join(_question(number).render().split())


def test_every_question_is_one_statement_after_its_options() -> None:
    for question in load_questions(PRODUCT / "queries"):
        values = {"transaction": "t-1"} if question.number == 4 else {}
        *options, statement = question.render(**values).split(";")
        assert all(re.fullmatch(r"\s*SET \w+=\w+", option) for option in options)
        assert statement.strip().startswith("SELECT")


def test_defaults_are_used_and_values_replace_them() -> None:
    question = _question(5)
    assert "ago('PT15M')" in question.render()
    assert "LIMIT 1000" in question.render()
    assert "ago('PT90M')" in question.render(minutes=90)
    assert "LIMIT 20" in question.render(rows="20")


@pytest.mark.parametrize(
    ("number", "name", "value"),
    [
        (4, "transaction", "x' OR '1'='1"),
        (4, "transaction", "x\n"),
        (4, "transaction", ""),
        (4, "transaction", "x" * 65),
        (4, "transaction", "someone@example.com"),
        (5, "minutes", "15; DROP TABLE payment_analytics"),
        (5, "minutes", "-1"),
        (5, "minutes", "0"),
        (5, "minutes", True),
        (5, "minutes", 1.5),
        (5, "rows", "１２"),  # noqa: RUF001 - full-width digits are meant
        (7, "channel", "web'''"),
        (7, "channel", 'web"'),
        (7, "channel", "{rows}"),
    ],
)
def test_a_value_that_could_change_the_question_is_refused_without_being_told(
    number: int, name: str, value: object
) -> None:
    with pytest.raises(
        ValueError, match=f"question {number}, parameter '{name}': the value given is no"
    ) as refused:
        _question(number).render(**{name: value})
    if len(str(value)) > 3:
        assert str(value) not in str(refused.value)


def test_a_missing_and_an_unknown_parameter_are_named() -> None:
    with pytest.raises(
        ValueError, match="question 4, parameter 'transaction': no value was given; allowed: 1 to 64"
    ):
        _question(4).render()
    with pytest.raises(ValueError, match="question 1 has no parameter 'hours'; it has none"):
        _question(1).render(hours=2)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("volume.sql", "-- t\nSELECT 1", "it is no question's name"),
        ("1-x.sql", "SELECT 1", "it has no title or no SQL"),
        ("1-x.sql", "-- t\n-- {n} number = 1: how many\nSELECT {n}", "it is no parameter"),
        ("1-x.sql", "-- t\n-- {n} integer = many: how many\nSELECT {n}", "its default is not of its kind"),
        ("1-x.sql", "-- t\nSELECT {n}", r"the SQL uses \['n'\], the head describes \[\]"),
        (
            "1-x.sql",
            "-- t\n-- {n} integer: how many\nSELECT 1",
            r"the SQL uses \[\], the head describes \['n'\]",
        ),
    ],
)
def test_a_file_that_is_no_question_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ProductError, match=message):
        load_questions(tmp_path)


def test_a_number_twice_and_an_empty_directory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProductError, match=r"there is no \.sql file"):
        load_questions(tmp_path)
    for name in ("1-a.sql", "1-b.sql"):
        (tmp_path / name).write_text("-- t\nSELECT 1", encoding="utf-8")
    with pytest.raises(ProductError, match="the number stands twice"):
        load_questions(tmp_path)
