"""Creation that adopts: equal, different, taken over, lost answers, names that are not free yet."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from pinot_as_code import adoption
from pinot_as_code.adoption import Creation, create
from pinot_as_code.errors import (
    ConflictError,
    FailedError,
    OutcomeUnknownError,
    PinotError,
    RefusedError,
    TimeLimitError,
)
from pinot_as_code.transport import Deadline
from pinot_as_code.vocabulary import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pinot_as_code.documents import Document

pytestmark = pytest.mark.unit

WANTED = {"tableName": "t", "tableType": "OFFLINE", "quota": {"storage": "1G"}}
OTHER = {**WANTED, "quota": {"storage": "2G"}}
TAKEN = ConflictError("…", 409, "Table config for t_OFFLINE already exists")
LEAVING = ConflictError("…", 409, "External view for t_OFFLINE still exists. If the table is just deleted, …")


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let attempts follow each other quickly."""
    monkeypatch.setattr(adoption, "_PAUSE_SECONDS", 0.001)


class Server:
    """One object on a server: what stands there, and what happens to each attempt to make it."""

    def __init__(self, live: Document | None, *attempts: Exception | Callable[[Server], None]) -> None:
        """Begin with what is there."""
        self.live = live
        self.attempts = deque(attempts)
        self.posts = 0
        self.taken_over: list[Document] = []

    def post(self, _: Deadline) -> None:
        """Make it."""
        self.posts += 1
        attempt = self.attempts.popleft() if self.attempts else None
        if isinstance(attempt, Exception):
            raise attempt
        if attempt is None:
            self.live = dict(WANTED)
        else:
            attempt(self)

    def creation(self, *, take_over: bool = False) -> Creation:
        """Return how to make it."""
        return Creation(
            what="table t_OFFLINE",
            kind=TABLE,
            desired=WANTED,
            read=lambda _: self.live,
            post=self.post,
            take_over=(lambda live, _: self.taken_over.append(live)) if take_over else None,
        )

    def make(self, seconds: float = 5, **options: Any) -> None:  # noqa: ANN401 - of `creation`
        """Create it within a time."""
        create(self.creation(**options), Deadline.after(seconds))


def made_but_not_told(server: Server) -> None:
    """Act, and lose the answer."""
    server.live = dict(WANTED)
    message = "POST /tables: the connection broke"
    raise OutcomeUnknownError(message)


def test_what_is_not_there_is_made_once() -> None:
    server = Server(None)
    server.make()
    assert (server.posts, server.live) == (1, WANTED)


def test_what_is_there_and_equal_is_adopted_without_a_call() -> None:
    server = Server({**WANTED, "isDimTable": False})
    server.make()
    assert server.posts == 0


def test_what_is_there_and_differs_is_refused_with_a_readable_diff() -> None:
    server = Server(OTHER)

    with pytest.raises(PinotError) as caught:
        server.make()

    assert 'quota.storage: "2G" → "1G"' in str(caught.value)
    assert 'set adopt="take-over"' in str(caught.value)
    assert "Nothing was changed" in str(caught.value)
    assert (server.posts, server.live) == (0, OTHER)


def test_what_differs_is_taken_over_when_asked() -> None:
    server = Server(OTHER)
    server.make(take_over=True)
    assert server.taken_over == [OTHER]
    equal = Server(dict(WANTED))
    equal.make(take_over=True)
    assert equal.taken_over == []


def test_a_create_whose_answer_was_lost_is_found() -> None:
    server = Server(None, made_but_not_told)
    server.make()
    assert server.posts == 1


def test_a_create_that_never_arrived_is_made_again() -> None:
    server = Server(None, OutcomeUnknownError("broke"), OutcomeUnknownError("broke"))
    server.make()
    assert server.posts == 3


def test_a_server_that_loses_every_answer_is_given_up() -> None:
    server = Server(None, *[OutcomeUnknownError("status 503 (no leader)")] * 20)
    with pytest.raises(OutcomeUnknownError, match="no leader"):
        server.make()
    assert server.posts == 5


def test_somebody_else_made_it_at_the_same_moment() -> None:
    def other_made_it(server: Server) -> None:
        server.live = dict(WANTED)
        raise TAKEN

    Server(None, other_made_it).make()


def test_a_name_that_something_else_has_is_told() -> None:
    reason = "Logical table 't' already exists"
    server = Server(None, ConflictError(reason, 409, reason))
    with pytest.raises(ConflictError, match="Logical table"):
        server.make()


def test_a_name_that_is_not_free_yet_is_waited_for() -> None:
    server = Server(None, LEAVING, LEAVING, LEAVING)
    server.make()
    assert server.posts == 4


def test_a_name_that_does_not_become_free_in_time_is_told() -> None:
    server = Server(None, *[LEAVING] * 1000)
    with pytest.raises(TimeLimitError, match=r"its servers have not let it go yet .*larger timeout_seconds"):
        server.make(seconds=0.05)


@pytest.mark.parametrize("error", [RefusedError("bad", 400, "bad"), FailedError("worse", 500, "worse")])
def test_a_refusal_is_told_at_once(error: PinotError) -> None:
    server = Server(None, error)
    with pytest.raises(type(error)):
        server.make()
    assert server.posts == 1


def test_a_server_that_stores_something_else_is_told() -> None:
    def tune(server: Server) -> None:
        server.live = dict(OTHER)

    with pytest.raises(PinotError, match="stored something else than it was sent") as caught:
        Server(None, tune).make()
    assert 'quota.storage: "2G" → "1G"' in str(caught.value)
