"""The product's questions, asked of a broker and shown as tables."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, Final

from local.environment import REPOSITORY, LocalEnvironment
from local.events.answer_check import OFFLINE_QUESTION, CheckedAnswer, ask_and_check
from local.events.broker import Answer, Broker, QueryError
from local.events.history import History
from local.events.ledger_file import LedgerFile
from local.events.produce import topic_id
from local.events.reconcile import count_rows, reconcile_settled, wait_for_rows
from local.events.sample import TOPIC
from local.failure import LocalFailureError
from local.platform import Platform
from local.progress import say
from local.services import archive_bucket
from operations.archive.layout import Kind
from operations.archive.store import ArchiveError, ArchiveStore
from product_model.questions import Question, load_questions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from local.events.ledger import Ledger

QUESTIONS: Final = REPOSITORY / "data-product" / "queries"

_SHOWN_ROWS: Final = 12
_WIDEST: Final = 40
_WAIT_SECONDS: Final = 60.0
# A full comparison reads every row; beyond this it is asked for with --reconcile.
_RECONCILED_ROWS: Final = 200_000
_RIGHT: Final = frozenset({"INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL"})
# The transaction that question 4 is shown for: the latest one that is complete.
_LATEST: Final = (
    "SELECT transactionId FROM payment_analytics WHERE transactionStatus = 'COMPLETED' "
    "ORDER BY transactionTime DESC LIMIT 1"
)


def main(arguments: list[str] | None = None) -> int:
    """Show the answers; return the exit code: 0 well, 1 something is in the way, 3 the tables differ."""
    options = _parser().parse_args(arguments)
    environment = LocalEnvironment.from_environ()
    broker = Broker(options.broker or environment.broker_url)
    try:
        if options.broker:
            show(broker, options.question)
            return 0
        return _show_and_reconcile(environment, broker, options)
    except (LocalFailureError, QueryError, ArchiveError, ValueError) as error:
        say(f"error: {error}")
        return 1


def show(
    broker: Broker,
    numbers: Sequence[int] = (),
    ledger: Ledger | None = None,
    history: History | None = None,
    directory: Path = QUESTIONS,
) -> bool:
    """Ask the questions (all by default) and print each answer with its title and the time it took.

    With a ledger, each answer is held against it, and so is the result: whether none differs. What is
    answered from the offline tables is held against the ledger when the archive is given, too.

    Raises:
        QueryError: Pinot could not answer; the message names the question
        LocalFailureError: no broker answers, or there is nothing to ask about
        ValueError: a number is no question's

    """
    questions = {question.number: question for question in load_questions(directory)}
    for number in numbers:
        if number not in questions:
            message = f"there is no question {number}; there are {', '.join(map(str, questions))}"
            raise ValueError(message)
    equal = True
    for number in numbers or questions:
        checked = ask(questions[number], broker, ledger, history)
        for line in lines(questions[number], checked):
            print(line)
        equal = equal and not checked.difference
    return equal


def ask(
    question: Question,
    broker: Broker,
    ledger: Ledger | None = None,
    history: History | None = None,
    **values: str,
) -> CheckedAnswer:
    """Ask one question; a parameter without a value takes its default, or the latest transaction's id.

    Raises:
        QueryError: Pinot could not answer
        LocalFailureError: a parameter has no value that could be found out

    """
    for parameter in question.parameters:
        if parameter.name not in values:
            values[parameter.name] = parameter.default or _latest_transaction(
                question, parameter.name, broker
            )
    sql = question.render(**values)
    try:
        if ledger is None:
            return CheckedAnswer(broker.query(sql), None)
        return ask_and_check(
            question.number,
            values,
            ledger,
            lambda: broker.query(sql),
            None if history is None else lambda: history.wait(_WAIT_SECONDS)[Kind.BOOKED],
        )
    except QueryError as error:
        message = f"question {question.number} ({question.title}): {error}"
        raise QueryError(message) from error


def lines(question: Question, checked: CheckedAnswer) -> Iterator[str]:
    """Lay an answer out: title, time, header, rows; a single wide row stands upright."""
    answer = checked.answer
    yield ""
    yield f"{question.number}. {question.title}  ({answer.seconds * 1000:.0f} ms)"
    if not answer.rows:
        yield f"   {_why_empty(question)}"
    elif len(answer.rows) == 1 and sum(map(len, answer.columns)) > 2 * _WIDEST:
        yield from _upright(answer)
    else:
        yield from _table(answer)
    if checked.difference is not None:
        differs = f"✗ differs from the ledger: {checked.difference}"
        yield f"   {differs if checked.difference else '✓ equal to the ledger'}"


def _show_and_reconcile(environment: LocalEnvironment, broker: Broker, options: argparse.Namespace) -> int:
    file = LedgerFile(environment.home)
    if not file.exists():
        show(broker, options.question)
        return 0
    known, ledger = file.read()
    if known != topic_id(environment.kafka_bootstrap, TOPIC):
        say("  → the topic was made anew since the last events; nothing to reconcile with")
        show(broker, options.question)
        return 0
    wait_for_rows(ledger, broker, _WAIT_SECONDS)
    history = _history(environment, ledger, broker)
    if ledger.open_keys and any(count_rows(table, broker) > len(rows) for table, rows in ledger.rows.items()):
        say("  → rows of events that the contract leaves open (hostile ones) count in the answers:")
        say("    these are not held against the ledger; every other row is")
        equal = show(broker, options.question)
    else:
        equal = show(broker, options.question, ledger, history)
    if options.question or (sum(map(len, ledger.rows.values())) > _RECONCILED_ROWS and not options.reconcile):
        return 0 if equal else 3
    print("\nEvery row against the ledger of what was sent:")
    results = reconcile_settled(ledger, broker, _WAIT_SECONDS)
    if history is not None:
        results += history.reconcile(_WAIT_SECONDS)
    for result in results:
        for line in result.lines():
            print(f"   {line}")
    return 0 if equal and all(result.equal for result in results) else 3


def _history(environment: LocalEnvironment, ledger: Ledger, broker: Broker) -> History | None:
    """Return the archive and what is behind it, if it is being written."""
    if Platform(environment).pid("archiver") is None:
        say(
            "  → the archiver does not run (`make up` starts it): archive and offline tables are not compared"
        )
        return None
    return History(ledger, ArchiveStore(archive_bucket(), endpoint=environment.s3_endpoint), broker)


def _latest_transaction(question: Question, parameter: str, broker: Broker) -> str:
    if parameter == "transaction":
        found = broker.query(_LATEST).rows
        if found:
            return str(found[0][0])
    message = (
        f"question {question.number} needs {parameter}, and no row was found to take it from; "
        "send some events with `make events`."
    )
    raise LocalFailureError(message)


def _why_empty(question: Question) -> str:
    if question.number == OFFLINE_QUESTION:
        return "no rows: the offline tables hold closed hours of the archive; see `make status`"
    return "no rows: the last events may be too old for the question; `make events` sends new ones"


def _table(answer: Answer) -> Iterator[str]:
    shown = [[_text(cell, kind) for cell, kind in zip(row, answer.types, strict=True)] for row in answer.rows]
    shown = shown[:_SHOWN_ROWS]
    widths = [max(map(len, column)) for column in zip(answer.columns, *shown, strict=True)]
    right = [kind in _RIGHT for kind in answer.types]
    for row in (answer.columns, ["─" * width for width in widths], *shown):
        cells = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        yield "   " + "  ".join(cells).rstrip()
    if len(answer.rows) > _SHOWN_ROWS:
        yield f"   … and {len(answer.rows) - _SHOWN_ROWS:,} more rows"


def _upright(answer: Answer) -> Iterator[str]:
    width = max(map(len, answer.columns))
    for column, kind, cell in zip(answer.columns, answer.types, answer.rows[0], strict=True):
        yield f"   {column.ljust(width)}  {_text(cell, kind)}"


def _text(cell: Any, kind: str) -> str:  # noqa: ANN401 - JSON
    if cell is None:
        return "-"
    if kind in {"DOUBLE", "FLOAT"} and isinstance(cell, int | float):
        return f"{cell:,.2f}"
    if kind in {"INT", "LONG"} and isinstance(cell, int):
        return f"{cell:,}"
    text = str(cell)
    return text if len(text) <= 2 * _WIDEST else text[: 2 * _WIDEST - 1] + "…"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local query", description=__doc__)
    parser.add_argument("question", nargs="*", type=int, help="numbers of questions (default: all)")
    parser.add_argument("--broker", help="URL of another broker than the local one")
    parser.add_argument(
        "--reconcile", action="store_true", help="compare with the ledger, however large it is"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
