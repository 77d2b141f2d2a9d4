"""People as processes: `python -m history.actors submit|operate NAME COUNT`. What they ask is recorded."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from random import Random

import builders

from gopher_cli import Gopher, Producer
from gopher_cli.model.select.filter import Filter
from gopher_cli.store import calls
from history.recorder import VARIABLE, Recorder

QUEUES = ("default", "side")
PURGED = ("failed", "cancelled", "completed", "scheduled", "retrying")


def submit(name: str, jobs: int, recorder: Recorder) -> None:
    """One job after the other; some are due later, some fail at first, some are submitted again."""
    dice = Random(name)
    producer = Producer(os.environ["REDIS_URL"], namespace=os.environ["GOPHER_NAMESPACE"])
    for number in range(jobs):
        lock = dice.choice([*[""] * 9, "red", "blue"])
        job = producer.job(
            dice.choice(["work", "work-thread"]),
            {
                "ms": dice.choice([2, 5, 10, 400]), "fails": dice.choice([0, 0, 0, 1, 2]),
                "follow": dice.choice([*[0] * 9, 3]),
            },
            **({"unique_key": lock} if lock else {}),
            id=f"{name}-{number}", queue=dice.choice([*QUEUES, "default"]), priority=dice.choice([5, 5, 8]),
            delay=dice.choice([0.0, 0.0, 0.0, 0.0, 1.0]), max_retries=1,
        )  # fmt: skip
        facts = {"queue": job.queue, "priority": job.spec.priority, "delay": job.delay, "lock": lock}
        for _ in range(1 + (dice.random() < 0.1)):
            with recorder.asks(name, "submit", job.id, **facts) as answers:
                (receipt,) = producer.submit_many([job])
                held = receipt.duplicate_of not in ("", job.id)
                answers.append("accepted" if receipt.accepted else "locked" if held else "known")
        time.sleep(dice.random() * 0.06)


async def operate(name: str, rounds: int, recorder: Recorder) -> None:
    """With both hands at once; at the end everything runs again."""
    async with Gopher(os.environ["REDIS_URL"], namespace=os.environ["GOPHER_NAMESPACE"]) as gopher:
        hands = [Operator(f"{name}-{side}", gopher, recorder) for side in ("left", "right")]
        await asyncio.gather(*(hand.operate(rounds) for hand in hands))
        for queue in QUEUES:
            await hands[0].brake(queue, paused=False)


class Operator:
    def __init__(self, name: str, gopher: Gopher, recorder: Recorder) -> None:
        self.name, self.gopher, self.recorder, self.dice = name, gopher, recorder, Random(name)

    async def operate(self, rounds: int) -> None:
        for _ in range(rounds):
            act = self.dice.choice([self._pause, self._cancel, self._cancel, self._requeue, self._purge])
            await act(self.dice.choice(QUEUES))
            await asyncio.sleep(self.dice.random() * 0.1)

    async def brake(self, queue: str, *, paused: bool) -> None:
        with self.recorder.asks(self.name, "pause" if paused else "resume", queue=queue) as answers:
            changed = await self.gopher.pause(queue, paused=paused)
            answers.append("changed" if changed else "same")

    async def _pause(self, queue: str) -> None:
        await self.brake(queue, paused=True)
        await asyncio.sleep(self.dice.random() * 0.2)
        await self.brake(queue, paused=False)

    async def _seen(self, queue: str, *states: str) -> list[str]:
        """Some jobs of these states, as a list shows them: they go on meanwhile, some are in it twice."""
        rows = await self.gopher.jobs(Filter(queues=(queue,), states=states), limit=20)
        ids = sorted({row.id for row in rows})
        return self.dice.sample(ids, min(2, len(ids)))

    async def _cancel(self, queue: str) -> None:
        ids = await self._seen(queue, "enqueued", "processing", "scheduled", "retrying")
        if ids:
            with self.recorder.asks(self.name, "cancel", *ids, queue=queue) as answers:
                answers += builders.words(await self.gopher.cancel(queue, ids)).values()

    async def _requeue(self, queue: str) -> None:
        ids = await self._seen(queue, "failed", "cancelled", "retrying")
        if ids:
            with self.recorder.asks(self.name, "requeue", *ids, queue=queue) as answers:
                answers += builders.words(await self.gopher.retry(queue, ids)).values()

    async def _purge(self, queue: str) -> None:
        place = self.dice.choice(PURGED)
        for id in await self._seen(queue, place):
            with self.recorder.asks(self.name, "purge", id, queue=queue, detail=place) as answers:
                gone = await self.gopher.store.run(calls.purge(self.gopher.keys(queue), place, [id]))
                answers.append("purged" if gone else "left")


if __name__ == "__main__":
    part, own_name, many = sys.argv[1:]
    record = Recorder(os.environ[VARIABLE])
    if part == "submit":
        submit(own_name, int(many), record)
    else:
        asyncio.run(operate(own_name, int(many), record))
