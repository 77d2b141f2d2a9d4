"""Removing a queue that nobody needs any more, such as one that was misspelt."""

from __future__ import annotations

from gopher_cli.model.errors import Conflict
from gopher_cli.store import ask, calls
from gopher_cli.verbs.fleet import Fleet
from gopher_cli.verbs.queues import Queues


class Removal(Queues, Fleet):
    async def remove_queue(self, queue: str) -> None:
        """Take an empty queue away, with its pause, counters, charts and windows of unique keys.

        The next job that is submitted to it makes it anew. Raises NotFound; Conflict where it has jobs, where
        a living worker serves it, or where it must remember what other queues have brought it lately.
        """
        await self.known_queues([queue])
        if serving := [one.label for one in await self.workers() if one.alive and queue in one.queues]:
            raise Conflict(
                f"the queue {queue} is served by the worker {serving[0]}", "stop it, or let it serve others"
            )
        # The name goes first: who submits from now on tells it again.
        await self.store.ask(ask.forget_queue(self.namespace, queue))
        self._announced.forget(queue)
        jobs, sent, remembered, planned = await self.store.run(calls.remove_queue(self.keys(queue)))
        if jobs or sent or remembered or planned:
            await self.announce([queue])
            raise _in_use(queue, jobs, sent, planned)
        await self.audit("remove queue", queue, changed=1)


def _in_use(queue: str, jobs: int, sent: int, planned: int) -> Conflict:
    if jobs:
        hint = f"look at them: gopher jobs ls -Q {queue}; to delete them: gopher help purge"
        return Conflict(f"the queue {queue} has {jobs} {'job' if jobs == 1 else 'jobs'}", hint)
    if planned:
        hint = f"look at them: gopher schedule ls -Q {queue}"
        count = f"{planned} {'schedule' if planned == 1 else 'schedules'}"
        return Conflict(f"the queue {queue} has {count}", hint)
    if sent:
        return Conflict(f"{sent} jobs are on their way from the queue {queue} to others", "try again soon")
    return Conflict(
        f"the queue {queue} remembers jobs that others have brought it", "try again in some minutes"
    )
