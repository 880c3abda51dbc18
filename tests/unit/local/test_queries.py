"""Answers as readable tables, and held against the ledger to the cent and the millisecond."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from local import queries
from local.events import answers
from local.events.answer_check import CheckedAnswer, ask_and_check, timestamp_ms
from local.events.broker import Answer, Broker, QueryError
from local.events.generator import Plan, generate
from local.events.ledger import Ledger
from local.failure import LocalFailureError
from product_model.questions import Question, load_questions

pytestmark = pytest.mark.unit

QUESTIONS = {question.number: question for question in load_questions(queries.QUESTIONS)}


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    found = Ledger()
    found.apply(generate(Plan(4_000, 3, datetime.now(UTC) - timedelta(minutes=1), timedelta(hours=3))))
    return found


class Canned:
    """A broker that gives one answer and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        """Keep the answer."""
        self.answer = answer
        self.asked: list[str] = []

    def query(self, sql: str, **_: str) -> Answer:
        """Answer."""
        self.asked.append(sql)
        return self.answer


def answer(columns: str, types: str, *rows: list[Any]) -> Answer:
    return Answer(tuple(columns.split()), tuple(types.split()), list(rows), 0.0123)


def shown(number: int, given: Answer, difference: str | None = None) -> str:
    return "\n".join(queries.lines(QUESTIONS[number], CheckedAnswer(given, difference)))


def test_a_table_has_title_time_header_and_aligned_rows() -> None:
    text = shown(
        1, answer("type count sum", "STRING LONG DOUBLE", ["PAYMENT", 1234, 5.5], ["REFUND", 1, 99999.0])
    )
    assert text.splitlines() == [
        "",
        f"1. {QUESTIONS[1].title}  (12 ms)",
        "   type     count        sum",
        "   ───────  ─────  ─────────",
        "   PAYMENT  1,234       5.50",
        "   REFUND       1  99,999.00",
    ]


def test_a_long_answer_is_cut_and_counted_and_nulls_are_dashes() -> None:
    text = shown(7, answer("a b", "STRING BIG_DECIMAL", *([None, "1.10"] for _ in range(30))))
    assert "   -  1.10" in text
    assert text.count("1.10") == 12
    assert text.endswith("… and 18 more rows")


def test_one_wide_row_stands_upright() -> None:
    columns = " ".join(f"column{number}" for number in range(20))
    text = shown(4, answer(columns, " ".join(["STRING"] * 20), [f"v{number}" for number in range(20)]))
    assert "   column0   v0" in text
    assert "   column19  v19" in text


def test_an_empty_answer_says_why() -> None:
    assert "make events" in shown(1, answer("a", "STRING"))
    assert "closed hours of the archive" in shown(6, answer("a", "STRING"))


@pytest.mark.parametrize(
    ("difference", "said"), [("", "✓ equal to the ledger"), ("x", "✗ differs from the ledger: x")]
)
def test_the_comparison_is_told(difference: str, said: str) -> None:
    assert said in shown(1, answer("a", "STRING", ["b"]), difference)
    assert "ledger" not in shown(1, answer("a", "STRING", ["b"]), None)


def test_a_question_without_its_parameter_takes_the_latest_transaction() -> None:
    broker = Canned(answer("transactionId", "STRING", ["t-9"]))
    queries.ask(QUESTIONS[4], cast("Broker", broker))
    assert "'t-9'" in broker.asked[-1]
    with pytest.raises(LocalFailureError, match="question 4 needs transaction"):
        queries.ask(QUESTIONS[4], cast("Broker", Canned(answer("transactionId", "STRING"))))


def test_an_unknown_question_and_a_failing_one_are_named() -> None:
    with pytest.raises(ValueError, match="no question 9; there are 1, 2"):
        queries.show(cast("Broker", Canned(answer("a", "STRING"))), [9])

    class Failing:
        def query(self, *_: str, **__: str) -> Answer:
            message = "190: TableDoesNotExistError"
            raise QueryError(message)

    with pytest.raises(QueryError, match=r"question 2 \(Success rate .*190"):
        queries.ask(QUESTIONS[2], cast("Broker", Failing()))


def volumes(ledger: Ledger, *, cents: str = "0.00") -> Answer:
    found = answers.volume_by_type(ledger, time.time_ns() // 1_000_000)
    rows = [
        [kind, volume.transactions, float(volume.amount + Decimal(cents))] for kind, volume in found.items()
    ]
    return answer("type count sum", "STRING LONG DOUBLE", *rows)


def checked(number: int, ledger: Ledger, given: Answer, **values: str) -> str | None:
    return ask_and_check(number, values, ledger, lambda: given).difference


def test_sums_are_compared_to_the_cent(ledger: Ledger) -> None:
    assert checked(1, ledger, volumes(ledger)) == ""
    assert str(checked(1, ledger, volumes(ledger, cents="0.01"))).endswith(": value 2 differs")


def test_a_group_that_is_missing_or_too_many_is_told(ledger: Ledger) -> None:
    rows = volumes(ledger).rows
    assert (
        checked(1, ledger, answer("a b c", "STRING LONG DOUBLE", *rows[1:]))
        == f"{len(rows) - 1} rows, the ledger has {len(rows)}"
    )
    other = [["NONE", *rows[0][1:]], *rows[1:]]
    assert checked(1, ledger, answer("a b c", "STRING LONG DOUBLE", *other)) == f"{rows[0][0]} is missing"


def test_times_are_compared_to_the_millisecond(ledger: Ledger) -> None:
    transactions = answers.not_booked(ledger, time.time_ns() // 1_000_000, 15)
    assert transactions

    def rows(shift_ms: int) -> list[list[Any]]:
        return [
            [
                key,
                text(cell_ms(row["registeredAt"]) + shift_ms),
                row["transactionType"],
                str(row["amount"]),
                row["currency"],
                row["merchantId"],
                row["sellerId"],
            ]
            for key, row in transactions.items()
        ]

    types = "STRING TIMESTAMP STRING BIG_DECIMAL STRING STRING STRING"
    values = {"minutes": "15", "rows": "1000"}
    assert checked(5, ledger, answer("a b c d e f g", types, *rows(0)), **values) == ""
    assert str(checked(5, ledger, answer("a b c d e f g", types, *rows(1)), **values)).endswith(
        "value 1 differs"
    )


def cell_ms(cell: object) -> int:
    assert isinstance(cell, int)
    return cell


def text(milliseconds: int) -> str:
    return str(datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None))


def test_the_offline_question_is_not_compared(ledger: Ledger) -> None:
    assert checked(6, ledger, answer("a", "STRING")) is None


def test_an_event_that_leaves_the_window_in_between_makes_another_try(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = 3_600_000
    oldest = min(
        cell_ms(row["registeredAt"]) for row in ledger.rows["transaction_wallet_registered_rt"].values()
    )
    moments = iter([oldest + hour - 1, oldest + hour, oldest + hour, oldest + hour])
    monkeypatch.setattr("local.events.answer_check._now_ms", lambda: next(moments))
    empty = answer("a b c", "STRING LONG DOUBLE")
    difference = ask_and_check(1, {}, ledger, lambda: empty).difference
    assert difference is not None
    assert difference.startswith("0 rows, the ledger has")
    assert next(moments, None) is None, "four readings of the clock: two tries"


@pytest.mark.parametrize(
    ("printed", "milliseconds"),
    [
        ("2026-11-20 10:00:00.0", 1_795_168_800_000),
        ("2026-11-20 10:00:00.05", 1_795_168_800_050),
        ("1970-01-01 00:00:00.001", 1),
    ],
)
def test_timestamps_as_pinot_prints_them(printed: str, milliseconds: int) -> None:
    assert timestamp_ms(printed) == milliseconds


def test_questions_are_those_of_the_product() -> None:
    assert list(QUESTIONS) == [1, 2, 3, 4, 5, 6, 7]
    assert all(isinstance(question, Question) for question in QUESTIONS.values())
