"""A queue with jobs in every state, and all that operators and workers may do to them: for two at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import builders

from crashes.world import HERE, THERE, World
from gopher_cli.gopher import Gopher
from gopher_cli.model.select.filter import Filter

ALL = Filter(queues=(HERE,))
DEAD = Filter(queues=(HERE,), states=("failed",))
Act = Callable[[World, Gopher], Awaitable[Any]]


async def a_bit_of_everything(world: World, many: int) -> None:
    """So many in each state; some that wait for half of the dead, and some that hold unique keys."""
    await world.submit(*(builders.job(f"dead{n}", queue=HERE, unique_key=f"d{n}") for n in range(many)))
    await world.end(await world.lease(many=many), builders.discard())
    await world.submit(*(builders.job(f"held{n}", queue=HERE) for n in range(many)))
    await world.lease(many=many)
    await world.submit(*(builders.job(f"retrying{n}", queue=HERE, priority=9) for n in range(many)))
    await world.end(await world.lease(many=many), builders.failure(delay=3600.0))
    await world.submit(
        *(builders.job(f"later{n}", queue=HERE, delay=3600.0) for n in range(many)),
        *(builders.job(f"waits{n}", queue=HERE) for n in range(many)),
        *(builders.job(f"child{n}", queue=HERE, after=[f"dead{n}"]) for n in range(many // 2)),
        *(builders.job(f"due{n}", queue=HERE, due=1.0) for n in range(many)),
    )  # fmt: skip


async def dead_ids(world: World) -> list[str]:
    return sorted(id for id in world.accepted if id.startswith("dead"))


async def cancel(world: World, gopher: Gopher) -> None:
    await gopher.cancel_all(ALL)


async def retry(world: World, gopher: Gopher) -> None:
    await gopher.retry(HERE, await dead_ids(world))


async def retry_all(world: World, gopher: Gopher) -> None:
    await gopher.retry_all(ALL)


async def requeue_dlq(world: World, gopher: Gopher) -> None:
    await gopher.retry_all(DEAD)


async def requeue_dlq_elsewhere(world: World, gopher: Gopher) -> None:
    await gopher.retry_all(DEAD, target=THERE)


async def and_back(world: World, gopher: Gopher) -> None:
    """What has died over there comes back."""
    await gopher.move(THERE, await dead_ids(world), HERE)


async def purge(world: World, gopher: Gopher) -> None:
    await gopher.purge(ALL)


async def reschedule(world: World, gopher: Gopher) -> None:
    waiting = sorted(id for id in world.accepted if id.startswith(("later", "retrying")))
    await gopher.reschedule(HERE, waiting, due=1.0)


async def pause_and_resume(world: World, gopher: Gopher) -> None:
    await gopher.pause(HERE)
    await gopher.pause(HERE, paused=False)


async def promote(world: World, gopher: Gopher) -> None:
    await gopher.promote_due(HERE)
    await gopher.run_now(HERE, [id for id in world.accepted if id.startswith("later")])


async def expire(world: World, gopher: Gopher) -> None:
    await gopher.expire(HERE)
    await gopher.expire(THERE)


async def doctor(world: World, gopher: Gopher) -> None:
    await gopher.heal(await gopher.diagnose(await gopher.queues()))


async def carry(world: World, gopher: Gopher) -> None:
    await gopher.relay(HERE)
    await gopher.relay(THERE)


async def reclaim(world: World, gopher: Gopher) -> None:
    await gopher.reclaim(HERE, await gopher.reclaim(HERE))


async def release(world: World, gopher: Gopher) -> None:
    await gopher.release(HERE, "w", ["held0"])


async def kill(world: World, gopher: Gopher) -> None:
    """All that is ready over there and here is taken, and dies."""
    for queue in (HERE, THERE):
        if leases := await world.lease(queue, worker="killer"):
            await world.end(leases, builders.discard())


async def work(world: World, gopher: Gopher) -> None:
    await world.work()


ACTS: dict[str, Act] = {
    act.__name__: act
    for act in (
        cancel, retry, retry_all, requeue_dlq, requeue_dlq_elsewhere, and_back, purge, reschedule,
        pause_and_resume, promote, expire, doctor, carry, reclaim, release, kill, work,
    )
}  # fmt: skip
DROPS = ("cancel", "purge")
