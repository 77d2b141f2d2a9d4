"""Fetching: asks the queues in turn, with the same token again when an answer was lost; waits when idle."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from gopher_cli.failpoints import underway
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, GopherError
from gopher_cli.store.calls import FETCHED, Batch
from gopher_cli.worker.logs import say
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.runner.fetch_policy import Quotas, Rotation
from gopher_cli.worker.runner.unhandled_jobs import UnhandledJobs

_MOST = 500
_PATIENCE = (0.25, 0.05)  # seconds that the first may keep the others waiting, and each after it


class _Late(NamedTuple):
    """A request whose answer nobody waits for any more, and its number."""

    sequence: int
    answer: asyncio.Task[Batch]


class Fetcher:
    """``waits`` while it waits for jobs, and no lease can be on its way.

    In a cluster a queue whose server does not answer is left behind with its request, which is sent again
    and again as it was; ``late`` gets what comes of it in the end.
    """

    waits = False

    def __init__(
        self,
        gopher: Gopher,
        runner: str,
        options: WorkerOptions,
        unhandled: UnhandledJobs,
        late: Callable[[list[Batch]], object],
    ) -> None:
        self._gopher = gopher
        self._unhandled = unhandled
        self._runner = runner
        self._queues = [name for name, _ in options.queues]
        self._rotation = Rotation([weight for _, weight in options.queues])
        self._quotas = {name: Quotas(options.priority_ratio) for name in self._queues}
        self._poll = options.poll_interval
        self._apart = len(self._queues) > 1 and gopher.store.scattered
        self._arrived = late
        self._late: dict[str, _Late] = {}
        self._fit: dict[str, int] = {}  # so many jobs fit into an answer, where they are large
        self._sequence = 0
        self._taken = 0
        self._next_due: int | None = None
        self._due_queue = ""
        self._now = 0
        self._quiet: dict[str, float] = {}
        self.broken = False  # a queue could not be served

    @property
    def owing(self) -> bool:
        """Whether answers are still to come."""
        return bool(self._late)

    def taken(self, queue: str) -> int:
        """The last fetch from this queue whose jobs the caller has in hand: of later ones nobody knows."""
        late = self._late.get(queue)
        return late.sequence - 1 if late else self._taken

    def close(self) -> None:
        """What answers may still come, nobody wants them."""
        for late in self._late.values():
            late.answer.cancel()

    async def fetch(self, count: int, free: int) -> list[Batch]:
        """Up to ``count`` jobs from the queues, the one whose turn it is first; ``free`` begin at once."""
        batches: list[Batch] = []
        self._taken = self._sequence
        self._next_due = None
        until = time.monotonic() + _PATIENCE[0] if self._apart else 0.0
        for index in self._rotation.order() if len(self._queues) > 1 else (0,):
            queue, most = self._queues[index], min(count, _MOST)
            self._sequence += 1
            if self._apart:
                batch = await self._in_time(queue, most, free, until)
            else:
                batch = await self._reserve(queue, most, free, self._sequence)
            if batch is None:
                continue
            batches.append(batch)
            came = len(batch.leases) + len(batch.unreadable)
            count, free = count - came, max(0, free - came)
            self._now = batch.now
            if batch.next_due and (self._next_due is None or batch.next_due < self._next_due):
                self._next_due, self._due_queue = batch.next_due, queue
            if count <= 0:
                break
        return batches

    async def _in_time(self, queue: str, most: int, free: int, until: float) -> Batch | None:
        """None when there is no answer until then, or so; `late` gets it."""
        if late := self._late.get(queue):
            if late.answer.done():
                late.answer.result()  # raises: see _receive
            return None
        answer = asyncio.create_task(self._reserve(queue, most, free, self._sequence))
        self._late[queue] = _Late(self._sequence, answer)
        await asyncio.wait({answer}, timeout=max(_PATIENCE[1], until - time.monotonic()))
        if answer.done():
            del self._late[queue]
            return answer.result()
        answer.add_done_callback(lambda _: self._receive(queue, answer))
        return None

    def _receive(self, queue: str, answer: asyncio.Task[Batch]) -> None:
        """An error of our own is raised when this queue's turn comes again."""
        if not answer.cancelled() and answer.exception() is None:
            del self._late[queue]
            self._arrived([answer.result()])

    async def _reserve(self, queue: str, count: int, free: int, sequence: int) -> Batch:
        """Sent again while Redis is away, as the same request: what it may have leased is not lost."""
        token = f"{self._runner}:{sequence}:{secrets.token_hex(6)}"
        count = min(count, self._fit.get(queue, count))
        quota, wait = self._quotas[queue].share(count), 0.1
        while True:
            try:
                await self._unhandled.requeue_unhandled(queue, count)
                reserving = self._gopher.reserve(
                    queue,
                    worker=self._runner,
                    token=token,
                    sequence=sequence,
                    count=count,
                    quota=quota,
                    starts=free,
                )
                batch = await underway("fetch.sent", reserving)
                self._learn(queue, batch)
                if not self._unhandled.hear(queue, batch, count):
                    return batch
            except BadData as error:
                self._complain(queue, error)
                return Batch(0, [], [], None, False)  # the other queues are served
            except GopherError:
                await asyncio.sleep(wait * (0.75 + random.random() / 2))
                wait = min(wait * 2, 2.0)

    def _learn(self, queue: str, batch: Batch) -> None:
        """Ask for as many as fit: an answer that is cut has only the best class, whatever the quotas."""
        came = len(batch.leases) + len(batch.unreadable)
        if batch.cut:
            self._fit[queue] = came
        elif self._fit.get(queue) == came:
            size = sum(memoryview(lease.spec.payload).nbytes for lease in batch.leases)
            if came >= _MOST:
                del self._fit[queue]
            elif 2 * size < FETCHED:
                self._fit[queue] = 2 * came

    def _complain(self, queue: str, error: BadData) -> None:
        """Once a minute."""
        self.broken = True
        if time.monotonic() > self._quiet.get(queue, 0.0):
            self._quiet[queue] = time.monotonic() + 60
            say("this queue cannot be served", logging.ERROR, queue=queue, why=str(error))

    async def idle(self) -> None:
        """Wait for a wake token, for the next due job, or for the poll interval to pass."""
        seconds, due, began = self._poll, math.inf, time.monotonic()
        if self._next_due is not None:
            due = max(0.005, (self._next_due - self._now) / 1000)
            seconds = min(seconds, due)
        seconds = min(seconds, max(0.005, self._unhandled.wait()))
        self.waits = not self._late
        try:
            await (self._idle_or_late(seconds) if self._late else self._wait(seconds))
        finally:
            self.waits = False
        if time.monotonic() - began >= due:
            await self._promote(self._due_queue)

    async def _promote(self, queue: str) -> None:
        """What is due stands in line now: the supervisor looks once a second."""
        with suppress(GopherError, TimeoutError):
            async with asyncio.timeout(_PATIENCE[0]):
                await self._gopher.promote_due(queue)

    async def _wait(self, seconds: float) -> None:
        try:
            keys = [self._gopher.keys(queue) for queue in self._queues if queue not in self._late]
            await self._gopher.store.wait(keys, seconds)
        except GopherError:
            await asyncio.sleep(min(seconds, 0.5))

    async def _idle_or_late(self, seconds: float) -> None:
        """Until an answer has come, too: its queue is among those to wait for again."""
        answers = {late.answer for late in self._late.values()}
        waits = len(answers) < len(self._queues)
        idle = asyncio.create_task(self._wait(seconds) if waits else asyncio.sleep(seconds))
        try:
            await asyncio.wait({idle, *answers}, return_when=asyncio.FIRST_COMPLETED)
            if idle.done():
                idle.result()
        finally:
            idle.cancel()
