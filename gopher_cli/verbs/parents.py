"""Parents: the jobs that others wait for, by `after`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from gopher_cli.store.asks import ask, outbox
from gopher_cli.verbs.core import Core

_WATCHED = 86_400_000  # ms; so long a follow-up may be on its way, and learn how its parent has ended


async def unknown(core: Core, queue: str, ids: Sequence[str]) -> list[str]:
    """Those of these jobs that a queue does not have; how the others end is noted for follow-ups."""
    until = round(time.time() * 1000) + _WATCHED
    answers = await core.store.ask(outbox.watch(core.keys(queue), ids, until))
    return [id for id in ids if id not in answers]


async def queues_with(core: Core, ids: Sequence[str]) -> dict[str, list[str]]:
    """The queues that have each of these jobs."""
    names = await core.store.ask(ask.queues(core.namespace))
    holders = await core.store.ask(ask.holders([core.keys(name) for name in names], ids))
    return dict(zip(ids, holders, strict=True))


def missing(queue: str, parent: str, elsewhere: Sequence[str]) -> str:
    """Why no job of this queue can wait for that one, which other queues may have."""
    if elsewhere:
        return f"it waits for {parent} of queue {elsewhere[0]}; a job can wait only for jobs of its own queue"
    return f"it waits for {parent}, and queue {queue} has no such job"
