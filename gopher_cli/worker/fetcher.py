"""Fetching: asks the queues in turn, with the same token again when an answer was lost; waits when idle."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time

from gopher_cli.failpoints import underway
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, GopherError
from gopher_cli.store.calls import Batch
from gopher_cli.worker.fetching import Quotas, Rotation
from gopher_cli.worker.logs import say
from gopher_cli.worker.options import WorkerOptions

_MOST = 500


class Fetcher:
    """``waits`` while it waits for jobs, and no lease can be on its way."""

    waits = False
    taken = 0  # the last fetch whose jobs the caller has in hand

    def __init__(self, gopher: Gopher, runner: str, options: WorkerOptions) -> None:
        self._gopher = gopher
        self._runner = runner
        self._queues = [name for name, _ in options.queues]
        self._rotation = Rotation([weight for _, weight in options.queues])
        self._quotas = {name: Quotas(options.priority_ratio) for name in self._queues}
        self._poll = options.poll_interval
        self._sequence = 0
        self._next_due: int | None = None
        self._now = 0
        self._quiet: dict[str, float] = {}
        self.broken = False  # a queue could not be served

    async def fetch(self, count: int) -> list[Batch]:
        """Up to ``count`` jobs from the queues, the one whose turn it is first."""
        batches: list[Batch] = []
        self.taken = self._sequence
        self._next_due = None
        for index in self._rotation.order() if len(self._queues) > 1 else (0,):
            batch = await self._reserve(self._queues[index], min(count, _MOST))
            batches.append(batch)
            count -= len(batch.leases) + len(batch.unreadable)
            self._now = batch.now
            if batch.next_due and (self._next_due is None or batch.next_due < self._next_due):
                self._next_due = batch.next_due
            if count <= 0:
                break
        return batches

    async def _reserve(self, queue: str, count: int) -> Batch:
        """Sent again while Redis is away, as the same request: what it may have leased is not lost."""
        self._sequence += 1
        token = f"{self._runner}:{self._sequence}:{secrets.token_hex(6)}"
        quota, wait = self._quotas[queue].share(count), 0.1
        while True:
            try:
                reserving = self._gopher.reserve(
                    queue,
                    worker=self._runner,
                    token=token,
                    sequence=self._sequence,
                    count=count,
                    quota=quota,
                )
                return await underway("fetch.sent", reserving)
            except BadData as error:
                self._complain(queue, error)
                return Batch(0, [], [], None, False)  # the other queues are served
            except GopherError:
                await asyncio.sleep(wait * (0.75 + random.random() / 2))
                wait = min(wait * 2, 2.0)

    def _complain(self, queue: str, error: BadData) -> None:
        """Once a minute."""
        self.broken = True
        if time.monotonic() > self._quiet.get(queue, 0.0):
            self._quiet[queue] = time.monotonic() + 60
            say("this queue cannot be served", logging.ERROR, queue=queue, why=str(error))

    async def idle(self) -> None:
        """Wait for a wake token, for the next due job, or for the poll interval to pass."""
        seconds = self._poll
        if self._next_due is not None:
            seconds = min(seconds, max(0.005, (self._next_due - self._now) / 1000))
        self.waits = True
        try:
            keys = [self._gopher.keys(queue) for queue in self._queues]
            await self._gopher.store.wait(keys, seconds)
        except GopherError:
            await asyncio.sleep(min(seconds, 0.5))
        finally:
            self.waits = False
