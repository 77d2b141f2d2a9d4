"""Removing a queue that nobody needs any more, such as one that was misspelt."""

from __future__ import annotations

from gopher_cli.model.errors import Conflict
from gopher_cli.model.facts import Operation
from gopher_cli.model.hints import LIST_EXPECTS, LIST_JOBS, LIST_SCHEDULES
from gopher_cli.model.text.humanize import plural
from gopher_cli.store import calls
from gopher_cli.store.asks import ask
from gopher_cli.store.calls.operate import InTheWay
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.queues import known_queues
from gopher_cli.verbs.read.fleet import list_workers


async def remove_queue(core: Core, queue: str) -> None:
    """Take an empty queue away, with its pause, counters, charts and windows of unique keys.

    The next job that is submitted to it makes it anew. Raises NotFound; Conflict where it has jobs, where
    a living worker serves it, where something is expected of it, or where it must remember what other
    queues have brought it lately.
    """
    await known_queues(core, [queue])
    if serving := [
        worker.label for worker in await list_workers(core) if worker.alive and queue in worker.queues
    ]:
        raise Conflict(
            f"the queue {queue} is served by the worker {serving[0]}", "stop it, or let it serve others"
        )
    # The name goes first: who submits from now on tells it again.
    await core.store.ask(ask.forget_queue(core.namespace, queue))
    core.announced.forget(queue)
    left = await core.store.run(calls.remove_queue(core.keys(queue)))
    if any(left):
        await core.announce([queue])
        raise _in_use(queue, left)
    await core.record(Operation("remove queue", queue))


def _in_use(queue: str, left: InTheWay) -> Conflict:
    if left.jobs:
        hint = LIST_JOBS.put(f"look at them: gopher jobs ls -Q {queue}; to delete them: gopher help purge")
        return Conflict(f"the queue {queue} has {plural(left.jobs, 'job')}", hint)
    if left.schedules:
        hint = LIST_SCHEDULES.put(f"look at them: gopher schedule ls -Q {queue}")
        return Conflict(f"the queue {queue} has {plural(left.schedules, 'schedule')}", hint)
    if left.sent:
        return Conflict(
            f"{left.sent} jobs are on their way from the queue {queue} to others", "try again soon"
        )
    if left.expects:
        shell = f"look: gopher expect ls -Q {queue}; to end it: gopher expect rm NAME -Q {queue}"
        hint = LIST_EXPECTS.put(shell)
        return Conflict(
            f"jobs are expected in the queue {queue}: it has {plural(left.expects, 'expect')}",
            LIST_EXPECTS.put(shell),
        )
    return Conflict(
        f"the queue {queue} remembers jobs that others have brought it", "try again in some minutes"
    )
