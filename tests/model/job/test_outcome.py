"""What becomes of a job: outcome -> transition."""

from __future__ import annotations

import builders
import pytest

from gopher_cli.model.job.job import JobState
from gopher_cli.model.job.outcome import (
    Cancelled,
    Discarded,
    Failed,
    Interrupted,
    Lost,
    Snoozed,
    Succeeded,
    TimedOut,
    Transition,
    Unhandled,
    settle,
)  # fmt: skip
from gopher_cli.model.job.terms import Terms

TERMS = Terms(timeout=60.0, max_retries=2, backoff="exp:5s", retention=60.0)

TABLE = [
    (Succeeded(b"1"), 1, Transition(JobState.COMPLETED, 60.0)),
    (Failed("boom"), 1, Transition(JobState.RETRYING, 10.0)),
    (Failed("boom"), 2, Transition(JobState.RETRYING, 20.0)),
    (Failed("boom"), 3, Transition(JobState.FAILED)),
    (Failed("boom", delay=7.0), 1, Transition(JobState.RETRYING, 7.0)),
    (Failed("boom", delay=0), 1, Transition(JobState.RETRYING, 0.0)),
    (Failed("boom", delay=7.0), 3, Transition(JobState.FAILED)),
    (TimedOut(5.0), 1, Transition(JobState.RETRYING, 10.0)),
    (TimedOut(5.0), 3, Transition(JobState.FAILED)),
    (Discarded("never"), 1, Transition(JobState.FAILED)),
    (Snoozed(30.0), 3, Transition(JobState.SCHEDULED, 30.0, spent=False)),
    (Cancelled(), 1, Transition(JobState.CANCELLED, 60.0)),
    (Interrupted(), 3, Transition(JobState.ENQUEUED, spent=False)),
    (Lost("gone"), 3, Transition(JobState.ENQUEUED, spent=False, lost=True)),
    (Unhandled(0.0, 60.0), 3, Transition(JobState.ENQUEUED, 0.0, spent=False, unhandled=True)),
    (Unhandled(59.0, 60.0), 3, Transition(JobState.ENQUEUED, 59.0, spent=False, unhandled=True)),
    (Unhandled(60.0, 60.0), 1, Transition(JobState.FAILED)),
    (Unhandled(0.0, 0.0), 1, Transition(JobState.ENQUEUED, 0.0, spent=False, unhandled=True)),
]


@pytest.mark.parametrize(("outcome", "attempt", "expected"), TABLE)
def test_an_outcome_decides_what_becomes_of_the_job(outcome, attempt, expected):
    transition = settle(outcome, builders.lease(attempt=attempt), TERMS, max_losses=3, chance=0.0)

    assert transition == expected


@pytest.mark.parametrize(("losses", "state"), [(0, "enqueued"), (1, "enqueued"), (2, "failed")])
def test_a_loss_too_many_is_the_end_of_a_job(losses, state):
    transition = settle(Lost("gone"), builders.lease(losses=losses), TERMS, max_losses=3, chance=0.0)

    assert transition == Transition(JobState(state), spent=False, lost=True)


def test_a_job_whose_backoff_cannot_be_read_retries_by_the_default():
    terms = Terms(timeout=60.0, max_retries=2, backoff="gibberish", retention=60.0)

    transition = settle(Failed("boom"), builders.lease(), terms, max_losses=3, chance=0.0)

    assert transition == Transition(JobState.RETRYING, 10.0)


def test_successes_of_one_retention_share_their_transition_as_their_group_on_the_wire_does():
    first, second = (settle(Succeeded(), builders.lease(), TERMS, max_losses=3, chance=0.0) for _ in range(2))

    assert first is second
