"""From what an attempt came to, to what is settled: the job's next state, and what is kept of the attempt."""

from __future__ import annotations

from gopher_cli.model.defaults import Defaults
from gopher_cli.model.errors import GopherError, Usage
from gopher_cli.model.job import JobState
from gopher_cli.model.outcome import Outcome, Snoozed, Succeeded, Transition
from gopher_cli.store.calls import Settlement
from gopher_cli.store.outbox import encode_follow_ups
from gopher_cli.worker import outcomes
from gopher_cli.worker.chains import Chained, is_chain
from gopher_cli.worker.joblog import JobLog
from gopher_cli.worker.link import HandlerLink
from gopher_cli.worker.run import Run


class Settlements:
    """``of`` may be called from any thread."""

    def __init__(self, defaults: Defaults, link: HandlerLink, joblog: JobLog) -> None:
        self._max_losses = defaults.max_losses
        self._link = link
        self._log = joblog
        self._completed = Transition(JobState.COMPLETED, defaults.retention)

    def of(self, run: Run, outcome: Outcome, seconds: float) -> Settlement:
        """Raises nothing."""
        try:
            if run.partial:
                self._link.log(run.lease, run.partial)  # a line that had no end
            if isinstance(outcome, Succeeded):
                return self._success(run, outcome, seconds)
            return self._otherwise(run, outcome, seconds)
        except BaseException as error:  # such as a back-off in its record that is not valid
            return outcomes.unsettled(run.lease, error)

    def _success(self, run: Run, outcome: Succeeded, seconds: float) -> Settlement:
        to = self._completed
        if run.terms.retention != to.after:
            to = Transition(JobState.COMPLETED, run.terms.retention)
        result = outcome.result if run.terms.keeps_result else b""
        context = run.context
        if context is None or not context.follow_ups:
            return Settlement(run.lease, to, result, int(seconds * 1e6))

        def otherwise(error: GopherError) -> Settlement:
            return self._otherwise(run, outcomes.failed(error), seconds)

        jobs, run_us = context.follow_ups, int(seconds * 1e6)
        try:
            children = encode_follow_ups(jobs)
        except ValueError as error:
            return otherwise(Usage(f"a follow-up can never run: {error}"))
        if is_chain(jobs):
            return Chained(run.lease, to, result, run_us, children, jobs=jobs, otherwise=otherwise)
        return Settlement(run.lease, to, result, run_us, children)

    def _otherwise(self, run: Run, outcome: Outcome, seconds: float) -> Settlement:
        lease, terms = run.lease, run.terms
        to = outcomes.decided(outcome, lease, terms)
        if to.lost and lease.losses + 1 >= self._max_losses:
            to = Transition(JobState.FAILED, spent=False, lost=True)
        self._log.ended(lease, outcome, to, seconds)
        data = outcomes.record(lease, outcome, to, seconds, lease.worker)
        begun = not isinstance(outcome, Snoozed) or outcome.begun
        return Settlement(lease, to, data, int(seconds * 1e6) if begun else 0)
