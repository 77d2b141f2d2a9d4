"""Reconciliation: what Redis says that a runner holds, against what it does hold.

They part company when the server goes back to an earlier state: after a power failure, or when a
replica takes over that had not heard the last of it. A job that had been settled is then running again
in the books: nobody runs it, and its lease is renewed for ever. And one that runs here may stand in line
for others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

import msgspec

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.job import Lease, Spec
from gopher_cli.model.job.outcome import HANDED_BACK
from gopher_cli.store.calls import Settlement
from gopher_cli.worker.logs import say
from gopher_cli.worker.messages import Held
from gopher_cli.worker.queue_groups import apart

NOTHING = Spec("", msgspec.Raw(b""))


class Reconciler:
    """``taken`` answers, for a queue, the last fetch whose jobs have all arrived here: of later ones nothing
    is known yet.

    ``holds`` answers the leases held here, ``drop`` gets those that Redis does not know of.
    """

    def __init__(
        self,
        gopher: Gopher,
        runner: str,
        queues: Sequence[str],
        taken: Callable[[str], int],
        holds: Callable[[], Iterable[Lease]],
        drop: Callable[[Sequence[Lease]], None],
    ) -> None:
        self._gopher = gopher
        self._runner = runner
        self._queues = queues
        self._taken = taken
        self._holds = holds
        self._drop = drop
        self._unknown: dict[str, set[Held]] = {}  # by queue: what the last look did not know

    async def run(self, seconds: float) -> None:
        """Until cancelled."""
        groups = apart(self._gopher, self._queues)
        await asyncio.gather(*(self._rounds(queues, seconds) for queues in groups))

    async def _rounds(self, queues: Sequence[str], seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            for queue in queues:
                try:
                    await self.look(queue)
                except GopherError:  # Redis is away, or this queue is broken: others tell of that
                    self._unknown.pop(queue, None)

    async def look(self, queue: str) -> None:
        last = self._taken(queue)
        theirs = set((await self._gopher.held(queue, self._runner)).items())
        ours = {(lease.id, lease.token): lease for lease in self._holds() if lease.queue == queue}
        self._drop([lease for id, lease in ours.items() if id not in theirs and _fetch(id) <= last])
        unknown = {id for id in theirs - ours.keys() if _fetch(id) <= last}
        # Twice, for a job may be on its way from one hand to the other.
        forgotten = unknown & self._unknown.get(queue, set())
        self._unknown[queue] = unknown
        if forgotten:
            await self._give_back(queue, sorted(forgotten))

    async def _give_back(self, queue: str, forgotten: list[Held]) -> None:
        """Under its token: if it has been settled meanwhile, this comes too late and does nothing."""
        say("Redis went back in time: jobs that nobody runs stand in line again", jobs=len(forgotten))
        for start in range(0, len(forgotten), 500):
            leases = (Lease(id, queue, token, 1, 0, NOTHING) for id, token in forgotten[start : start + 500])
            await self._gopher.settle(self._runner, [Settlement(lease, HANDED_BACK) for lease in leases])


def _fetch(held: Held) -> int:
    """The number of the fetch that has brought it: a token is `<runner>:<fetch>:<random>`."""
    number = held[1].split(":")[1]
    return int(number) if number.isdecimal() else 0
