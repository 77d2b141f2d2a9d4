"""What becomes of a job: outcome -> transition."""

from __future__ import annotations

import pytest

from gopher_cli.model.backoff import parse_backoff
from gopher_cli.model.job import JobState
from gopher_cli.model.outcome import (
    Cancelled,
    Discarded,
    Failed,
    Interrupted,
    Lost,
    Snoozed,
    Succeeded,
    TimedOut,
    Transition,
    settle,
)  # fmt: skip

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
]


@pytest.mark.parametrize(("outcome", "attempt", "expected"), TABLE)
def test_an_outcome_decides_what_becomes_of_the_job(outcome, attempt, expected):
    transition = settle(
        outcome, attempt=attempt, max_retries=2, backoff=parse_backoff("exp:5s"), chance=0.0,
        retention=60.0,
    )  # fmt: skip

    assert transition == expected
