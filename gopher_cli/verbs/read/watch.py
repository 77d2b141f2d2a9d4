"""Events: what happens to jobs and queues, as it happens; and who did what."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from gopher_cli.model.errors import Usage
from gopher_cli.verbs.core import Core

if TYPE_CHECKING:
    from gopher_cli.model.events import JobEvent
    from gopher_cli.model.facts import AuditEntry
    from gopher_cli.verbs.read.event_reader import EventReader

EVERY = 0.25  # seconds between two looks
_ENTRY = re.compile(r"[0-9]{1,15}-[0-9]{1,12}")


def event_reader(
    core: Core, queues: Sequence[str] = (), *, last_id: str = "", ago: float = 0.0, types: bool = False
) -> EventReader:
    """For those who look for themselves, and go on when Redis was away; see `EventReader.look`.

    ``last_id`` is the id of the last event that was seen, ``ago`` how many seconds to look back; without
    either it begins now. Raises Usage for an id that is none.
    """
    from gopher_cli.verbs.read.event_reader import EventReader

    return EventReader(core, queues, last_id=last_id, ago=ago, types=types)


async def watch(
    core: Core, queues: Sequence[str] = (), *, last_id: str = "", types: bool = False, every: float = EVERY
) -> AsyncIterator[JobEvent]:
    """What happens in these queues, or in all, until you stop listening.

    After a break, give the id of the last event: an event may then come twice, and none is left out
    that happened within the last minute. ``types`` has the types of jobs looked up.
    """
    import asyncio

    reader = event_reader(core, queues, last_id=last_id, types=types)
    while True:
        for event in await reader.look():
            yield event
        await asyncio.sleep(every)


async def past_events(
    core: Core, queues: Sequence[str] = (), *, types: bool = False, ago: float = 0.0
) -> list[JobEvent] | None:
    """What is still known of the last minute or so; None where nobody has watched.

    ``ago``: only what happened within these seconds, by the clock of Redis.
    """
    from gopher_cli.verbs.read.event_reader import past

    return await past(core, queues, types=types, ago=ago)


async def audit_log(core: Core, *, limit: int = 100, before: str = "", ago: float = 0.0) -> list[AuditEntry]:
    """Who did what, the newest first; ``before`` is the id of an entry: what came before it.

    ``ago``: only what was done within these seconds, by the clock of Redis. Raises Usage for a ``before``
    that is not the id of an entry.
    """
    if before and not _ENTRY.fullmatch(before):
        raise Usage(
            f"{before[:40]!r} is not the id of an audit entry", "take the id of an entry as it was told"
        )
    from gopher_cli.store.asks import ask, streams

    least = max(0, await core.store.ask(ask.time_ms()) - round(ago * 1000)) if ago else 0
    entries: list[AuditEntry] = []
    seen: set[str] = set()
    while len(entries) < limit:
        page = await core.store.ask(streams.written_down(core.namespace, before, limit, least))
        # What was sent twice stands there twice, and the copy is close by.
        for nonce, entry in page:
            entries += [] if nonce in seen else [entry]
            seen.add(nonce)
        if len(page) < limit:
            break
        before = page[-1][1].id
    return entries[:limit]
