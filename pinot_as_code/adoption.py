"""Creation that adopts: what is there and equal is taken, what differs is refused with a readable diff.

It also settles what a lost answer leaves open: a create that the server acted on is found, and is equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi

from .comparison import differences, readable
from .errors import ConflictError, OutcomeUnknownError, PinotError, TimeLimitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .documents import Document
    from .transport import Deadline
    from .vocabulary import Kind

_PAUSE_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 5.0
_STILL_THERE: Final = "External view for"
_LOST_ANSWERS: Final = 5
"""After so many lost answers the server is too ill to go on."""


@dataclass(frozen=True, slots=True)
class Creation:
    """How to make one object, and to see whether it is there."""

    what: str
    """Kind and name, for messages."""
    kind: Kind
    desired: Document
    read: Callable[[Deadline], Document | None]
    post: Callable[[Deadline], None]
    take_over: Callable[[Document, Deadline], None] | None
    """Changes what is there into what is wanted; None: it must be equal already."""


def create(creation: Creation, deadline: Deadline) -> None:
    """Make the object, or adopt it.

    :raises PinotError: It is there and differs, and nobody said to take it over; or the controller refused.
    :raises TimeLimitError: A deleted object of the same name did not go away in time.
    """
    pause, posted, lost = _PAUSE_SECONDS, False, 0
    problem: PinotError
    while True:
        live = creation.read(deadline)
        if live is not None:
            _adopt(creation, live, deadline, posted=posted)
            return
        try:
            creation.post(deadline)
        except OutcomeUnknownError as error:
            # It may have been made: read again, and make it again when it was not.
            posted, lost, problem = True, lost + 1, error
            if lost == _LOST_ANSWERS:
                raise
        except ConflictError as error:
            problem = error
            if _STILL_THERE not in error.reason and creation.read(deadline) is None:
                raise
        else:
            posted = True
            continue  # Read it back: what the server stored is what counts.
        if not deadline.sleep(pause):
            raise _late(creation, problem)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _adopt(creation: Creation, live: Document, deadline: Deadline, *, posted: bool) -> None:
    found = differences(live, creation.desired, creation.kind)
    if not found:
        if not posted:
            pulumi.log.info(f"{creation.what} is there already and equal: adopted")
        return
    if posted:
        message = (
            f"{creation.what}: the controller stored something else than it was sent (found → wanted):\n"
            f"{readable(found)}\nWrite the stored values, or find what changes them (a tuner, a minimum of "
            "replicas in the cluster's configuration, another program)."
        )
        raise PinotError(message)
    if creation.take_over is None:
        message = (
            f"{creation.what} is there already and differs (found → wanted):\n{readable(found)}\n"
            'Nothing was changed. Write what is there, or set adopt="take-over" to change it.'
        )
        raise PinotError(message)
    pulumi.log.warn(
        f"{creation.what} is there already and is taken over (found → wanted):\n{readable(found)}"
    )
    creation.take_over(live, deadline)


def _late(creation: Creation, problem: PinotError) -> PinotError:
    if isinstance(problem, ConflictError):
        message = (
            f"{creation.what} could not be made in time: a table of that name was deleted and its "
            f"servers have not let it go yet ({problem.reason}). Run it again later, or with a larger "
            "timeout_seconds"
        )
        return TimeLimitError(message)
    return problem
