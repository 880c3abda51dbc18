"""The product's questions, asked at a given rate: how long the answers take, and how many there are."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from operations.pinot import Pinot, PinotError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from product_model.questions import Question

_ASKERS: Final = 4
_A_TRANSACTION: Final = "SELECT transactionId FROM payment_analytics LIMIT 1"


@dataclass
class Asked:
    """Seconds of every answer by the question's number; what went wrong, by its message's beginning."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    failed: int = 0
    problems: dict[str, int] = field(default_factory=dict)
    left_out: tuple[int, ...] = ()

    @property
    def all_seconds(self) -> list[float]:
        """Seconds of all answers."""
        return [one for seconds in self.seconds.values() for one in seconds]

    @property
    def count(self) -> int:
        """Questions asked."""
        return len(self.all_seconds) + self.failed


class Asker:
    """Asks one Pinot."""

    def __init__(self, controller_url: str, broker_url: str, login: tuple[str, str] | None = None) -> None:
        """Name it by its URLs. A question is asked once: a repeat would hide that there was no answer."""
        self._address = (controller_url, broker_url)
        self._login = login
        self._own = threading.local()

    def ask(self, questions: Sequence[Question], count: int, rate: float) -> Asked:
        """Ask the questions in turn, `rate` a second, four at a time at most.

        A time is from sending a question to having its whole answer. A question that needs a transaction is
        left out where there is none.
        """
        asked = Asked()
        values = {}
        try:
            found = self._pinot().rows(_A_TRANSACTION)
            values = {"transaction": str(found[0][0])} if found else {}
        except PinotError:
            # The questions themselves will tell.
            values = {}
        statements = []
        for question in questions:
            try:
                given = {one.name: values[one.name] for one in question.parameters if one.name in values}
                statements.append((question.number, question.render(**given)))
            except ValueError:
                asked.left_out += (question.number,)
        lock = threading.Lock()

        def once(number: int, sql: str) -> None:
            started = time.perf_counter()
            try:
                self._pinot().rows(sql)
            except PinotError as error:
                told = str(error).partition(" (")[0][:120]
                with lock:
                    asked.failed += 1
                    asked.problems[told] = asked.problems.get(told, 0) + 1
                return
            with lock:
                asked.seconds.setdefault(number, []).append(time.perf_counter() - started)

        begun = time.perf_counter()
        with ThreadPoolExecutor(_ASKERS) as pool:
            for number in range(count):
                time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
                pool.submit(once, *statements[number % len(statements)])
        return asked

    def _pinot(self) -> Pinot:
        if not hasattr(self._own, "pinot"):
            self._own.pinot = Pinot(*self._address, login=self._login, attempts=1)
        pinot: Pinot = self._own.pinot
        return pinot
