"""Clients that never give up: a job is submitted again, under its id, until Redis says that it is stored."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from chaos.place import Place
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.job import Job
from gopher_cli.model.job.make import make_job

_CLIENTS = 4
# Type, payload, options, and how often of a hundred.
_MIX: list[tuple[str, dict[str, Any], dict[str, Any], int]] = [
    ("quick", {}, {}, 30), ("quick-thread", {}, {}, 10), ("quick-isolated", {}, {}, 5),
    ("quick", {}, {"priority": 9}, 5), ("quick", {}, {"priority": 1}, 5), ("quick", {}, {"delay": 1.5}, 5),
    ("slow", {"seconds": 0.4}, {}, 14), ("slow-thread", {"seconds": 0.3}, {}, 5),
    ("slow-isolated", {"seconds": 0.3}, {}, 4), ("slow", {"seconds": 4}, {}, 1),
    ("flaky", {"fails": 1}, {}, 8), ("flaky-thread", {"fails": 2}, {}, 3),
    ("fail", {}, {"max_retries": 1}, 4), ("poison", {}, {}, 1),
]  # fmt: skip


class Load:
    """``poison=False`` spares the processes: they shall live for long, and show whether they grow."""

    def __init__(self, place: Place, rate: float, chance: random.Random, *, poison: bool = True) -> None:
        self._mix = [one for one in _MIX if poison or one[0] != "poison"]
        self.refused = 0
        self._place, self._pause, self._chance = place, _CLIENTS / rate, chance
        self._over = asyncio.Event()
        self._clients = [asyncio.create_task(self._client()) for _ in range(_CLIENTS)]

    async def _client(self) -> None:
        while not self._over.is_set():
            await self._submit(self._job())
            await asyncio.sleep(self._pause * self._chance.uniform(0.5, 1.5))

    def _job(self) -> Job:
        kind, payload, options, _ = self._chance.choices(self._mix, [often for *_, often in self._mix])[0]
        return make_job(kind, payload, **options)

    async def _submit(self, job: Job) -> None:
        while True:
            try:
                await self._place.gopher.submit_many([job])
            except GopherError:
                self.refused += 1
                await asyncio.sleep(0.2)
                continue
            self._place.ledger.accept(job.id)
            return

    async def end(self) -> None:
        """Every job that a client has in its hands is stored first."""
        self._over.set()
        await asyncio.gather(*self._clients)
