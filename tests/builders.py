"""Builders in the words of the trade: ``a.job()``, ``a.settlement(lease, a.success())``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import msgspec

from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.history_outcome import HistoryOutcome, history_entry
from gopher_cli.model.job.job import Job, Lease, Spec
from gopher_cli.model.job.make import make_job, make_options
from gopher_cli.model.job.outcome import (
    Cancelled,
    Discarded,
    Failed,
    Interrupted,
    Lost,
    Outcome,
    Snoozed,
    Succeeded,
    settle,
)  # fmt: skip
from gopher_cli.model.job.terms import terms_of
from gopher_cli.model.select.actions import Answer
from gopher_cli.model.text.timestamp import Instant, Timestamp
from gopher_cli.model.views.job_view import AttemptView, JobDetail
from gopher_cli.store.calls import Settlement
from gopher_cli.worker.execution.outcomes import record

# The moment at which every story begins, in ms, and spans of time to move the clock by.
NOW = 1_700_000_000_000
second = 1_000
minute = 60 * second
hour = 60 * minute
day = 24 * hour
lease_time = 15 * second

_OPTIONS = ("backoff", "unique_key", "unique_for", "retention", "after", "tags", "headers")
_ANY = 1 << 30  # losses: Redis is asked whether one is the last
_numbers = count(1)


def job(id: str | None = None, *, type: str = "mail", payload: Any = None, **given: Any) -> Job:
    """A job with an id that can be read. Takes the options of make_job and of make_options."""
    said = {name: given.pop(name) for name in _OPTIONS if name in given}
    rare = {name: value for name, value in said.items() if value != ""}  # no key, in a table of cases
    if rare:
        given["options"] = make_options(**rare)
    return make_job(type, payload, id=id or f"job-{next(_numbers)}", **given)


def lease(id: str = "job", *, token: str = "w:token", attempt: int = 1, losses: int = 0) -> Lease:
    return Lease(id, "default", token, attempt, losses, Spec("mail", msgspec.Raw(b"null")))


def success(result: bytes = b'"done"') -> Outcome:
    return Succeeded(result)


def failure(error: str = "boom", *, delay: float | None = 5.0) -> Outcome:
    return Failed(error, delay=delay)


def discard() -> Outcome:
    return Discarded("no use")


def snooze(seconds: float = 60.0) -> Outcome:
    return Snoozed(seconds)


def interruption() -> Outcome:
    return Interrupted()


def loss() -> Outcome:
    return Lost("the process died")


def cancellation() -> Outcome:
    return Cancelled()


def settlement(
    lease: Lease,
    outcome: Outcome | None = None,
    *,
    retention: float = 3600.0,
    run_us: int = 1500,
    follow_ups: tuple[tuple[str, bytes], ...] = (),
) -> Settlement:
    """What a worker sends when this attempt has come to this outcome."""
    outcome = outcome or success()
    terms = msgspec.structs.replace(
        terms_of(lease.spec, None, Defaults()), backoff="fixed:5s:nojitter", retention=retention
    )
    to = settle(outcome, lease, terms, max_losses=_ANY, chance=0.0)
    data = record(lease, outcome, to, 0.0, lease.worker)
    if isinstance(outcome, Interrupted):  # of which a worker says nothing: the laws ask for a trace of each
        data = history_entry(HistoryOutcome.LOST, "", attempt=lease.attempt)
    return Settlement(lease, to, data, run_us, follow_ups)


def words(answers: Mapping[Any, Answer]) -> dict[Any, str]:
    """What became of each job, as it is written on the wire."""
    return {id: answer.word for id, answer in answers.items()}


def attempt(outcome: HistoryOutcome, **given: Any) -> AttemptView:
    view = AttemptView(
        at=Timestamp(0), attempt=1, outcome=outcome, error="no", traceback="", worker="", seconds=0.0,
        retry_at=Timestamp(0), exit_code=0,
    )  # fmt: skip
    return msgspec.structs.replace(view, **given)


def detail(**given: Any) -> JobDetail:
    """One that has completed, as all doors show it."""
    never, null = Timestamp(0), msgspec.Raw(b"null")
    lived = JobDetail(
        id="j", queue="q", state="completed", type="x", exact_payload=null, priority=5, attempts=1,
        max_retries=3, losses=0, timeout=300.0, backoff="", unique_key=None, after=[], tags=[], headers={},
        parent=None, worker="w.0", now=Instant(100_000), created=Timestamp(1000), ready_at=Timestamp(1000),
        started=never, finished=never, due=never, lease_until=never, kept_until=never, cancel_asked=False,
        error=None, exact_result=null, progress=None, history=[], log=[], why_not_running=None, spec_bytes=1,
        unreadable=None, sources={},
    )  # fmt: skip
    return msgspec.structs.replace(lived, **given)


def kept(line: str) -> int:
    """Bytes that Redis keeps of a line of a log: its stamp is shown as a time, and kept in ms."""
    return len(line.encode()) - len("2026-12-01T00:00:00.000Z") + len("1764547200000")
