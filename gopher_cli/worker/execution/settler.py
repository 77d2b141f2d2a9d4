"""Settling: ended attempts are gathered for a moment and sent together, until Redis has them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable, Sequence

from gopher_cli.failpoints import failpoint, underway
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, GopherError, Unavailable
from gopher_cli.model.job.job import Lease
from gopher_cli.store.calls import Settlement, Verdict
from gopher_cli.worker.execution.follow_ups import checked
from gopher_cli.worker.execution.outcomes import unsettled
from gopher_cli.worker.handler_link import HandlerLink, held_by
from gopher_cli.worker.logs import say
from gopher_cli.worker.messages import Held
from gopher_cli.worker.queue_groups import apart

_BATCH = 500
_PAUSE = 0.002
_REPEAT = (0.05, 2.0)
_REPORTS = 30  # times that words are sent while Redis is away, before the outcome goes without them
_LATER = 2.0


class Settler:
    """``add`` may be called from the loop's own thread alone, ``add_from_thread`` from any.

    Queues that may wait for each other share a line.
    """

    def __init__(
        self,
        gopher: Gopher,
        runner: str,
        queues: Sequence[str],
        link: HandlerLink,
        settled: Callable[[Sequence[Settlement]], None],
        busy: Callable[[], object],
    ) -> None:
        self._line: dict[str, _Line] = {}
        for group in apart(gopher, queues):
            self._line |= dict.fromkeys(group, _Line(gopher, runner, link, settled, busy))
        self._lines = list(dict.fromkeys(self._line.values()))

    def add(self, settlement: Settlement) -> None:
        self._line[settlement.lease.queue].add(settlement)

    def add_from_thread(self, settlement: Settlement) -> None:
        self._line[settlement.lease.queue].add_from_thread(settlement)

    @property
    def pending(self) -> int:
        return sum(line.pending for line in self._lines)

    def leases(self) -> list[Lease]:
        """Of the attempts that have ended here, and that Redis may not know of yet."""
        return [lease for line in self._lines for lease in line.leases()]

    async def run(self) -> None:
        """Until `close`, and then until all is sent."""
        await asyncio.gather(*(line.run() for line in self._lines))

    def close(self) -> None:
        for line in self._lines:
            line.close()


class _Line:
    """Outcomes that are sent one batch after the other.

    In a cluster their follow-ups may be for a queue that is away: they are carried aside.
    """

    def __init__(
        self,
        gopher: Gopher,
        runner: str,
        link: HandlerLink,
        settled: Callable[[Sequence[Settlement]], None],
        busy: Callable[[], object],
    ) -> None:
        self._gopher = gopher
        self._runner = runner
        self._link = link
        self._settled = settled
        self._busy = busy
        self._ended: deque[Settlement] = deque()
        self._some = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._sending: list[Settlement] = []
        self._later: list[Settlement] = []
        self._aside = gopher.store.scattered
        self._due: dict[str, list[str]] = {}  # by outbox: follow-ups that wait to be carried
        self._carrying: asyncio.Task[None] | None = None

    def add(self, settlement: Settlement) -> None:
        self._ended.append(settlement)
        self._some.set()

    def add_from_thread(self, settlement: Settlement) -> None:
        self._ended.append(settlement)
        if not self._some.is_set():
            self._loop.call_soon_threadsafe(self._some.set)

    @property
    def pending(self) -> int:
        return len(self._ended) + len(self._sending) + len(self._later) + (self._carrying is not None)

    def leases(self) -> list[Lease]:
        return [item.lease for item in (*self._ended.copy(), *self._sending, *self._later)]

    async def run(self) -> None:
        while not (self._closing and not self._ended):
            await self._some.wait()
            if len(self._ended) < 64 and self._busy() and not self._closing:
                await asyncio.sleep(_PAUSE)  # others are about to end
            self._some.clear()
            while self._ended:
                await self._send(self._take())
        if self._carrying is not None:
            await self._carrying

    def close(self) -> None:
        self._closing = True
        self._some.set()

    def _take(self) -> list[Settlement]:
        """The next ones of one queue, 4 MB at most."""
        ended, size = self._ended, 0
        taken: list[Settlement] = []
        queue = ended[0].lease.queue
        while ended and len(taken) < _BATCH and size < 4_000_000 and ended[0].lease.queue == queue:
            taken.append(ended.popleft())
            size += len(taken[-1].data)
        return taken

    async def _send(self, items: list[Settlement]) -> None:
        self._sending = items
        failpoint("job.done_before_ack")
        try:
            if self._link.has_words:
                await self._report(items[0].lease.queue, [held_by(item.lease) for item in items])
            if any(item.follow_ups for item in items):
                items = [await checked(self._gopher, item) for item in items]
            await self._deliver(items)
        finally:
            self._sending = []

    async def _deliver(self, items: list[Settlement]) -> None:
        try:
            verdicts = await self._until_taken(items)
            failpoint("ack.replied")
        except Exception as error:
            await self._alone(items, error)
            return
        if self._aside and (due := self._gopher.due(items[0].lease.queue, items)):
            for source, names in due.items():
                self._due.setdefault(source, []).extend(names)
            self._carrying = self._carrying or asyncio.create_task(self._carry())
        if any(verdict is Verdict.STALE or verdict is Verdict.GONE for verdict in verdicts):
            items = self._refused(items, verdicts)
        if items:
            self._settled(items)

    async def _carry(self) -> None:
        """What cannot be carried now is carried by the worker that tends the queue."""
        try:
            while self._due:
                source, names = self._due.popitem()
                with contextlib.suppress(GopherError):
                    await self._gopher.relay(source, names)
        finally:
            self._carrying = None

    async def _alone(self, items: list[Settlement], error: Exception) -> None:
        """One of these is refused: the others go alone, and that one is sent again later."""
        if len(items) > 1:
            for item in items:
                await self._deliver([item])
            return
        (item,) = items
        say("an outcome is refused, and sent again", logging.ERROR, id=item.lease.id, why=str(error))
        if not isinstance(error, GopherError):  # it cannot even be sent as it is
            item = unsettled(item.lease, error)
        self._later.append(item)
        self._loop.call_later(_LATER, self._return, item)

    def _return(self, item: Settlement) -> None:
        self._later.remove(item)
        self.add(item)

    def _refused(self, items: list[Settlement], verdicts: list[Verdict]) -> list[Settlement]:
        """Tell of those that were not ours any more; the rest."""
        for item, verdict in zip(items, verdicts, strict=True):
            if verdict in (Verdict.STALE, Verdict.GONE):
                gone = "was deleted while it ran" if verdict is Verdict.GONE else "is not ours any more"
                say(f"an outcome came too late: the job {gone}", logging.WARNING, id=item.lease.id)
        return [
            i
            for i, verdict in zip(items, verdicts, strict=True)
            if verdict in (Verdict.SETTLED, Verdict.AGAIN)
        ]

    async def _report(self, queue: str, attempts: list[Held]) -> None:
        """Before the outcome: who has ended is not heard. While Redis is away, no outcome would be either."""
        wait = _REPEAT[0]
        for _ in range(_REPORTS):
            try:
                await self._link.send(queue, attempts)
                return
            except Unavailable:
                await asyncio.sleep(wait)
                wait = min(wait * 2, _REPEAT[1])
            except GopherError:  # such as full memory, at which outcomes still are taken
                break
        self._link.forget(attempts)

    async def _until_taken(self, items: list[Settlement]) -> list[Verdict]:
        """Repeat while Redis is away. Worse to lose an outcome than to send it twice."""
        wait = _REPEAT[0]
        while True:
            try:
                settling = self._gopher.settle(self._runner, items, carry=not self._aside)
                return await underway("ack.sent", settling)
            except BadData:
                raise
            except GopherError:
                await asyncio.sleep(wait * (0.75 + random.random() / 2))
                wait = min(wait * 2, _REPEAT[1])
