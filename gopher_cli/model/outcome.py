"""What an attempt came to, and what becomes of the job: pure decisions."""

from __future__ import annotations

import msgspec

from gopher_cli.model.backoff import Backoff
from gopher_cli.model.job import JobState


class Succeeded(msgspec.Struct, frozen=True):
    """The handler returned; ``result`` is JSON, empty for null."""

    result: bytes = b""


class Failed(msgspec.Struct, frozen=True):
    """The handler raised, or its program failed. ``delay`` (s) replaces the job's back-off."""

    error: str
    traceback: str = ""
    delay: float | None = None
    exit_code: int | None = None


class TimedOut(msgspec.Struct, frozen=True):
    """It ran longer than its timeout (s). ``stuck``: and it runs on."""

    timeout: float
    stuck: bool = False


class Discarded(msgspec.Struct, frozen=True):
    """A failure that no retry can mend."""

    error: str
    traceback: str = ""
    exit_code: int | None = None


class Snoozed(msgspec.Struct, frozen=True):
    """Not now; again in so many seconds. No fault, so no attempt is spent.

    ``begun`` is False where the worker could not even begin to run it.
    """

    seconds: float
    reason: str = ""
    begun: bool = True


class Cancelled(msgspec.Struct, frozen=True):
    """Somebody asked for it. ``stuck``: and it runs on."""

    stuck: bool = False


class Interrupted(msgspec.Struct, frozen=True):
    """The worker stopped first: no fault of the job, so no attempt is spent."""


class Lost(msgspec.Struct, frozen=True):
    """Its process died. No attempt is spent, but losses are counted."""

    error: str
    exit_code: int | None = None


Outcome = Succeeded | Failed | TimedOut | Discarded | Snoozed | Cancelled | Interrupted | Lost


class Transition(msgspec.Struct, frozen=True):
    """``processing`` to ``state``. ``after`` (s): until it runs again, or how long it is kept.

    ``unhandled``: enqueued, but apart from the line until a worker has a handler for its type; ``after`` is
    for how long it has waited for one before.
    """

    state: JobState
    after: float = 0.0
    spent: bool = True
    lost: bool = False
    unhandled: bool = False


HANDED_BACK = Transition(JobState.ENQUEUED, spent=False)  # to the line, by a worker that does not run it


def settle(
    outcome: Outcome,
    *,
    attempt: int,
    max_retries: int,
    backoff: Backoff,
    chance: float,
    retention: float,
) -> Transition:
    """What becomes of a job after its ``attempt``-th attempt; ``chance`` in [0, 1) is the dice."""
    match outcome:
        case Succeeded():
            return Transition(JobState.COMPLETED, retention)
        case Discarded():
            return Transition(JobState.FAILED)
        case Failed() | TimedOut() if attempt > max_retries:
            return Transition(JobState.FAILED)
        case Failed() if outcome.delay is not None:
            return Transition(JobState.RETRYING, outcome.delay)
        case Failed() | TimedOut():
            return Transition(JobState.RETRYING, backoff.delay(attempt, chance))
        case Snoozed(seconds=seconds):
            return Transition(JobState.SCHEDULED, seconds, spent=False)
        case Cancelled():
            return Transition(JobState.CANCELLED, retention)
        case Interrupted():
            return Transition(JobState.ENQUEUED, spent=False)
        case Lost():
            return Transition(JobState.ENQUEUED, spent=False, lost=True)
