"""A runner that does not move keeps what it runs, and nothing else: what waits in it goes to others."""

from __future__ import annotations

import logging

from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.job import Lease
from gopher_cli.model.job.outcome import HANDED_BACK
from gopher_cli.store.calls import Settlement, Verdict
from gopher_cli.verbs.core import SLICE
from gopher_cli.worker.logs import say
from gopher_cli.worker.messages import Held, Recalled
from gopher_cli.worker.runner.reconcile import NOTHING
from gopher_cli.worker.supervisor.crew import Crew
from gopher_cli.worker.supervisor.runner_process import RunnerProcess, share_slots

LOOK = 1.0  # seconds; a runner speaks as often
_SILENT = 3  # looks without a word of it


class RunnerRecall:
    """A handler blocks the loop, a debugger holds the process: nobody in there can hand anything back.

    Looks are counted, and not the time, for it may be we who stood still.
    """

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    async def look(self) -> None:
        share_slots(self._crew.runners)
        for runner in list(self._crew.runners):
            if not runner.ready or runner.killed_for or runner.dead.is_set():  # its board may be closed
                continue
            runner.looks += 1
            if runner.looks == _SILENT:
                # It begins nothing more, should it wake. What it has begun by now stands on its board.
                runner.board.hold()
            elif runner.looks > _SILENT and not runner.recalled:
                await self._recall(runner)
            elif runner.looks < _SILENT and runner.board.held:
                runner.tell(Recalled(runner.gone))  # it has spoken: it may go on
                runner.recalled, runner.gone = False, []

    async def _recall(self, runner: RunnerProcess) -> None:
        """Where a queue fails, the next look tries again; until then the board holds the runner still."""
        before, whole = len(runner.gone), True
        kept = runner.board.kept()
        for number, queue in enumerate(self._crew.queues):
            try:
                held = await self._crew.gopher.held(queue, runner.id)
                await self._give_back(
                    queue, runner, [it for it in held.items() if (number, it[0]) not in kept]
                )
            except GopherError:
                whole = False
        if jobs := len(runner.gone) - before:
            message = "a runner process does not answer: what waited in it goes back"
            say(message, logging.WARNING, runner=runner.id, jobs=jobs)
        runner.recalled = whole
        if whole:
            runner.tell(Recalled(runner.gone))

    async def _give_back(self, queue: str, runner: RunnerProcess, some: list[Held]) -> None:
        """Under their tokens, unspent. Those that were still its are gone.

        Those whose answer is lost may be gone, too: it must not begin them. What Redis still counts as its,
        the next look or its own reconciliation gives back.
        """
        for start in range(0, len(some), SLICE):
            piece = some[start : start + SLICE]
            items = [Settlement(Lease(id, queue, token, 1, 0, NOTHING), HANDED_BACK) for id, token in piece]
            try:
                verdicts = await self._crew.gopher.settle(runner.id, items)
            except GopherError:
                runner.gone += piece
                raise
            runner.gone += [
                it for it, verdict in zip(piece, verdicts, strict=True) if verdict is Verdict.SETTLED
            ]
