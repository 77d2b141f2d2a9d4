"""Ending a job whose process is blocked: in its name, because it cannot speak for itself any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from gopher_cli.gopher import Gopher
from gopher_cli.model.job.outcome import TimedOut
from gopher_cli.model.job.terms import HandlerWishes, terms_of
from gopher_cli.store.calls import Verdict
from gopher_cli.worker.execution.job_log import JobLog
from gopher_cli.worker.execution.settlement import settlement_of
from gopher_cli.worker.logs import say
from gopher_cli.worker.supervisor.crew import Crew
from gopher_cli.worker.supervisor.runner_process import RunnerProcess


class OverdueJobs:
    """A job that is far past its timeout has its whole process blocked: that process ends."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._counted = 0
        self._log = JobLog(self._count)

    def _count(self, completed: int, failed: int) -> None:
        self._crew.state.failed += failed - self._counted
        self._counted = failed

    async def end_overdue(self) -> None:
        for runner in self._crew.runners:
            overdue = runner.overdue() if runner.ready and not runner.killed_for else []
            if overdue:
                runner.kill("a job blocked it past its timeout")
                runner.last_rites = asyncio.ensure_future(self._settle(runner, overdue))

    async def _settle(self, runner: RunnerProcess, jobs: Sequence[tuple[int, str]]) -> None:
        for queue, id in jobs:
            await settle_overdue(
                self._crew.gopher, self._log, runner.id, self._crew.queues[queue], id, runner.wishes
            )
        self._log.flush()


async def settle_overdue(
    gopher: Gopher, log: JobLog, runner: str, queue: str, id: str, wishes: Mapping[str, HandlerWishes]
) -> None:
    """A timed-out attempt like any other: it is spent, told of, and retried by its back-off."""
    try:
        lease = await gopher.lease(queue, id, runner)
        if lease is None:
            return
        terms = terms_of(lease.spec, wishes.get(lease.spec.type), gopher.defaults)
        outcome = TimedOut(terms.timeout)
        settlement = settlement_of(lease, terms, outcome, terms.timeout, gopher.defaults.max_losses)
        (verdict,) = await gopher.settle(runner, [settlement])
        if verdict is Verdict.SETTLED:
            log.ended(lease, outcome, settlement.to, terms.timeout)
    except Exception as error:  # Redis is away, or the record cannot be read: the supervisor lives on
        # The job counts a loss instead, when its runner has ended.
        say("an overdue job could not be settled", logging.ERROR, id=id, why=repr(error))
