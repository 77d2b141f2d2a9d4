"""What an attempt came to, and what becomes of the job: pure decisions."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from gopher_cli.model.job.backoff import backoff_or_default
from gopher_cli.model.job.job import JobState, Lease
from gopher_cli.model.job.terms import Terms


class Succeeded(msgspec.Struct, frozen=True, tag=True):
    """The handler returned; ``result`` is JSON, empty for null."""

    result: bytes = b""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The handler raised, or its program failed. ``delay`` (s) replaces the job's back-off."""

    error: str
    traceback: str = ""
    delay: float | None = None
    exit_code: int | None = None


class TimedOut(msgspec.Struct, frozen=True, tag=True):
    """It ran longer than its timeout (s). ``stuck``: and it runs on."""

    timeout: float
    stuck: bool = False


class Discarded(msgspec.Struct, frozen=True, tag=True):
    """A failure that no retry can mend."""

    error: str
    traceback: str = ""
    exit_code: int | None = None


class Snoozed(msgspec.Struct, frozen=True, tag=True):
    """Not now; again in so many seconds. No fault, so no attempt is spent.

    ``begun`` is False where the worker could not even begin to run it.
    """

    seconds: float
    reason: str = ""
    begun: bool = True


class Cancelled(msgspec.Struct, frozen=True, tag=True):
    """Somebody asked for it. ``stuck``: and it runs on."""

    stuck: bool = False


class Interrupted(msgspec.Struct, frozen=True, tag=True):
    """The worker stopped first: no fault of the job, so no attempt is spent."""


class Lost(msgspec.Struct, frozen=True, tag=True):
    """Its process died. No attempt is spent, but losses are counted."""

    error: str
    exit_code: int | None = None


class Unhandled(msgspec.Struct, frozen=True, tag=True):
    """This worker has no handler for its type; it waits for one that has, ``patience`` (s) at most.

    ``waited`` (s) is 0 where this is the first worker that does not know it.
    """

    waited: float
    patience: float


Outcome = Succeeded | Failed | TimedOut | Discarded | Snoozed | Cancelled | Interrupted | Lost | Unhandled


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
DEAD = Transition(JobState.FAILED)


@lru_cache(maxsize=256)
def completed(retention: float) -> Transition:
    """What becomes of a success: one value for all, as settlements that share it are sent as one group."""
    return Transition(JobState.COMPLETED, retention)


def settle(outcome: Outcome, lease: Lease, terms: Terms, *, max_losses: int, chance: float) -> Transition:
    """What becomes of a job whose attempt has come to this; ``chance`` in [0, 1) is the dice."""
    match outcome:
        case Succeeded():
            return completed(terms.retention)
        case Discarded():
            return DEAD
        case Failed() | TimedOut() if lease.attempt > terms.max_retries:
            return DEAD
        case Failed(delay=delay) if delay is not None:
            return Transition(JobState.RETRYING, delay)
        case Failed() | TimedOut():
            wait = backoff_or_default(terms.backoff).delay(lease.attempt, chance)
            return Transition(JobState.RETRYING, wait)
        case Snoozed(seconds=seconds):
            return Transition(JobState.SCHEDULED, seconds, spent=False)
        case Cancelled():
            return Transition(JobState.CANCELLED, terms.retention)
        case Interrupted():
            return HANDED_BACK
        case Lost():
            state = JobState.FAILED if lease.losses + 1 >= max_losses else JobState.ENQUEUED
            return Transition(state, spent=False, lost=True)
        case Unhandled(waited=waited, patience=patience) if waited and waited >= patience:
            return DEAD
        case Unhandled(waited=waited):
            return Transition(JobState.ENQUEUED, waited, spent=False, unhandled=True)
