"""From what an attempt came to, to what is settled: the job's next state, and what is kept of the attempt."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from gopher_cli.model.errors import GopherError, Usage
from gopher_cli.model.job.backoff import parse_backoff
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.job import JobState, Lease
from gopher_cli.model.job.outcome import Outcome, Snoozed, Succeeded, Transition, completed, settle
from gopher_cli.model.job.terms import Terms, terms_of
from gopher_cli.store.asks.outbox import encode_follow_ups
from gopher_cli.store.calls import Settlement
from gopher_cli.worker.execution import outcomes
from gopher_cli.worker.execution.attempt import Attempt
from gopher_cli.worker.execution.follow_ups import Chained, is_chain
from gopher_cli.worker.execution.job_log import JobLog
from gopher_cli.worker.handler_link import HandlerLink
from gopher_cli.worker.logs import say

# Settles a leased job that has not begun here; the bytes are what its history keeps of that.
End = Callable[[Lease, Outcome, bytes], None]


def settlement_of(
    lease: Lease, terms: Terms, outcome: Outcome, seconds: float, max_losses: int
) -> Settlement:
    """Of an attempt that did not succeed, and ran for so long (s)."""
    to = _decided(outcome, lease, terms, max_losses)
    data = outcomes.record(lease, outcome, to, seconds, lease.worker)
    begun = not isinstance(outcome, Snoozed) or outcome.begun
    return Settlement(lease, to, data, int(seconds * 1e6) if begun else 0)


def unbegun(lease: Lease, outcome: Outcome, data: bytes, defaults: Defaults) -> Settlement:
    """Of a job that has not begun here; ``data`` is what its history keeps of that, if anything."""
    terms = terms_of(lease.spec, None, defaults)
    return Settlement(lease, _decided(outcome, lease, terms, defaults.max_losses), data)


def _decided(outcome: Outcome, lease: Lease, terms: Terms, max_losses: int) -> Transition:
    to = settle(outcome, lease, terms, max_losses=max_losses, chance=random.random())
    if to.state is JobState.RETRYING:
        _check_backoff(lease, terms)
    return to


def _check_backoff(lease: Lease, terms: Terms) -> None:
    try:
        parse_backoff(terms.backoff)
    except ValueError as error:
        say("a back-off cannot be read: the default counts", logging.ERROR, id=lease.id, why=str(error))


class Settlements:
    """``of`` may be called from any thread."""

    def __init__(self, defaults: Defaults, link: HandlerLink, joblog: JobLog) -> None:
        self._max_losses = defaults.max_losses
        self._link = link
        self._log = joblog

    def of(self, attempt: Attempt, outcome: Outcome, seconds: float) -> Settlement:
        """Raises nothing."""
        try:
            if attempt.partial:
                self._link.log(attempt.lease, attempt.partial)  # a line that had no end
            if isinstance(outcome, Succeeded):
                return self._success(attempt, outcome, seconds)
            return self._otherwise(attempt, outcome, seconds)
        except BaseException as error:  # such as terms in its record that are not valid
            return outcomes.unsettled(attempt.lease, error)

    def _success(self, attempt: Attempt, outcome: Succeeded, seconds: float) -> Settlement:
        to = completed(attempt.terms.retention)  # as `settle` decides; most attempts end so
        result = outcome.result if attempt.terms.keeps_result else b""
        context = attempt.context
        if context is None or not context.follow_ups:
            return Settlement(attempt.lease, to, result, int(seconds * 1e6))

        def otherwise(error: GopherError) -> Settlement:
            return self._otherwise(attempt, outcomes.failed(error), seconds)

        jobs, run_us = context.follow_ups, int(seconds * 1e6)
        try:
            children = encode_follow_ups(jobs)
        except ValueError as error:
            return otherwise(Usage(f"a follow-up can never run: {error}"))
        if is_chain(jobs):
            return Chained(attempt.lease, to, result, run_us, children, jobs=jobs, otherwise=otherwise)
        return Settlement(attempt.lease, to, result, run_us, children)

    def _otherwise(self, attempt: Attempt, outcome: Outcome, seconds: float) -> Settlement:
        settlement = settlement_of(attempt.lease, attempt.terms, outcome, seconds, self._max_losses)
        self._log.ended(attempt.lease, outcome, settlement.to, seconds)
        return settlement
