"""Whether a queue is perhaps a typing error: nobody has used it before, or nobody serves it."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from gopher_cli.model.views.stats import WorkerInfo
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.queues import list_queues
from gopher_cli.verbs.read.fleet import list_workers

_LIKE = 0.75  # of 1


def doubt(
    queue: str, known: Collection[str], workers: Collection[WorkerInfo], *, serves: bool = False
) -> str:
    """Why it is perhaps not the queue that was meant; empty where nothing speaks for that.

    ``known`` are the queues that were there before. ``serves``: a worker asks, which serves it from now on.
    """
    served = {name for worker in workers if worker.alive for name in worker.queues}
    if queue in served or (serves and queue in known):
        return ""
    near = _near(queue, served) or ("" if queue in known else _near(queue, known))
    guess = f"; did you mean {near}?" if near else ""
    if near and queue not in known:
        return f"the queue {queue} is new{guess}"
    return f"no worker serves the queue {queue}{guess}" if served and not serves else ""


async def doubts(core: Core, queues: Collection[str]) -> list[str]:
    """What speaks against some of the queues that a worker is about to serve: only new ones are looked at."""
    new = set(core.new_queues).intersection(queues)
    if not new:
        return []
    known, workers = set(await list_queues(core)) - new, await list_workers(core)
    reasons = (doubt(queue, known, workers, serves=True) for queue in sorted(new))
    return [reason for reason in reasons if reason]


def _near(queue: str, others: Collection[str]) -> str:
    return next(iter(difflib.get_close_matches(queue, [o for o in others if o != queue], 1, _LIKE)), "")
