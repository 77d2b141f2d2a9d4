"""What may be cut off in the middle: for each verb what is there before, and what is then asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import builders

from crashes.world import HERE, PARENT, THERE, World, follow_ups
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import NotFound
from gopher_cli.model.select.filter import Filter

FEW, MANY = 7, 620
DEAD, WAITING = Filter(states=("failed",), queues=(HERE,)), Filter(states=("enqueued",), queues=(HERE,))
LATER = Filter(states=("scheduled",), queues=(HERE,))


@dataclass(frozen=True)
class Deed:
    """``forgets``: what has completed is not remembered, as after its retention. ``drops``: it deletes.
    ``hurt``: something is broken before, and it mends that."""

    name: str
    before: Callable[[World, int], Awaitable[Any]]
    act: Callable[[World, Gopher, int], Awaitable[Any]]
    forgets: bool = False
    drops: bool = False
    hurt: bool = False

    def __str__(self) -> str:
        return self.name


def ids(many: int, kind: str = "j") -> list[str]:
    return [f"{kind}{n}" for n in range(many)]


async def nothing(world: World, many: int) -> None:
    return


async def dead(world: World, many: int) -> None:
    await world.bury(ids(many))


async def waiting(world: World, many: int) -> None:
    await world.submit(*(builders.job(id, queue=HERE) for id in ids(many)))


async def later(world: World, many: int) -> None:
    await world.submit(*(builders.job(id, queue=HERE, delay=3600.0) for id in ids(many)))


async def due(world: World, many: int) -> None:
    await world.submit(*(builders.job(id, queue=HERE, due=1.0) for id in ids(many)))


async def held(world: World, many: int) -> None:
    await waiting(world, many)
    await world.lease()
    await world.lease()


async def done(world: World, many: int) -> None:
    await waiting(world, many)
    world.retention, kept = 0.001, world.retention
    await world.work()
    world.retention = kept


async def children_on_their_way(world: World, many: int) -> None:
    """Each parent has two children, near and far: an outbox of 620 is more than three full pages."""
    await waiting(world, min(many, MANY // 2))
    while leases := await world.lease():
        await world.gopher.settle("w", [_with_children(lease) for lease in leases], carry=False)


def _with_children(lease: Any) -> Any:
    near, far = builders.job(f"near-{lease.id}", queue=HERE), builders.job(f"far-{lease.id}", queue=THERE)
    children = follow_ups(near, far)
    return builders.settlement(lease, builders.success(PARENT), retention=3600.0, follow_ups=children)


async def torn(world: World, many: int) -> None:
    """Each job stands in line, and among the dead."""
    await waiting(world, many)
    world.redis.zadd(world.gopher.keys(HERE)["failed"], dict.fromkeys(ids(many), builders.NOW))


async def submit(world: World, gopher: Gopher, many: int) -> None:
    """A batch over two queues, with marks, whose submitter goes on where the marks say."""
    jobs = [builders.job(f"j{n}", queue=HERE if n % 2 else THERE) for n in range(many)]
    done = {queue: await gopher.batch_mark(queue, "b") for queue in (HERE, THERE)}
    left = [(n, job) for n, job in enumerate(jobs, 1) if n > done[job.queue]]
    await gopher.submit_many([job for _, job in left], batch="b", marks=[n for n, _ in left])
    world.accepted |= {job.id for job in jobs}


async def submit_unique(world: World, gopher: Gopher, many: int) -> None:
    jobs = [
        builders.job(f"j{n}", queue=HERE, unique_key=f"k{n}", after=["j0"] if n else []) for n in range(many)
    ]
    await gopher.submit_many(jobs)
    world.accepted |= {job.id for job in jobs}


async def settle(world: World, gopher: Gopher, many: int) -> None:
    """Parents end, and have children; the carrier is whoever settles."""
    if leases := await world.lease():
        await gopher.settle("w", [_with_children(lease) for lease in leases])


async def relay(world: World, gopher: Gopher, many: int) -> None:
    await gopher.relay(HERE)


async def move(world: World, gopher: Gopher, many: int) -> None:
    await gopher.move(HERE, ids(many), THERE)


async def move_all(world: World, gopher: Gopher, many: int) -> None:
    await gopher.retry_all(DEAD, target=THERE)


async def requeue(world: World, gopher: Gopher, many: int) -> None:
    await gopher.retry(HERE, ids(many))


async def retry_all(world: World, gopher: Gopher, many: int) -> None:
    await gopher.retry_all(DEAD)


async def purge_the_dead(world: World, gopher: Gopher, many: int) -> None:
    await gopher.purge(DEAD)


async def purge_the_waiting(world: World, gopher: Gopher, many: int) -> None:
    await gopher.purge(WAITING)


async def delete(world: World, gopher: Gopher, many: int) -> None:
    await gopher.delete(HERE, ids(many), force=True)


async def cancel(world: World, gopher: Gopher, many: int) -> None:
    await gopher.cancel(HERE, ids(many))


async def cancel_all(world: World, gopher: Gopher, many: int) -> None:
    await gopher.cancel_all(Filter(queues=(HERE,)))


async def reschedule(world: World, gopher: Gopher, many: int) -> None:
    await gopher.reschedule(HERE, ids(many), due=1.0)


async def promote(world: World, gopher: Gopher, many: int) -> None:
    await gopher.run_now(HERE, ids(many))


async def promote_due(world: World, gopher: Gopher, many: int) -> None:
    await gopher.promote_due(HERE)


async def expire(world: World, gopher: Gopher, many: int) -> None:
    await gopher.expire(HERE)


async def release(world: World, gopher: Gopher, many: int) -> None:
    await gopher.release(HERE, "w", ids(2))


async def reclaim(world: World, gopher: Gopher, many: int) -> None:
    suspects: Any = ()
    for _ in range(3):
        suspects = await gopher.reclaim(HERE, suspects)


async def renew(world: World, gopher: Gopher, many: int) -> None:
    await gopher.renew(HERE, "w")


async def pause_and_resume(world: World, gopher: Gopher, many: int) -> None:
    await gopher.pause(HERE)
    await gopher.pause(HERE, paused=False)


async def recurring(world: World, many: int) -> None:
    """So many schedules (twenty at most); for ten seconds nobody has ticked any of them."""
    await waiting(world, many)
    began = str(world.redis.time()[0] * 1000 - 10_000)
    for n in range(min(many, 20)):
        terms = {"every": 3, "overlap": "all", "catchup": "all:100"}
        await world.gopher.set_schedule(f"s{n}", "mail", queue=HERE, now=began, **terms)


async def tick(world: World, gopher: Gopher, many: int) -> None:
    await gopher.tick(HERE)


async def set_schedule(world: World, gopher: Gopher, many: int) -> None:
    """New, as it is, with another template, and at other times."""
    for name, every, priority in (("new", 60, 5), ("s0", 3, 5), ("s1", 3, 9), ("s2", 2, 5)):
        terms = {"every": every, "overlap": "all", "catchup": "all:100", "priority": priority}
        await gopher.set_schedule(name, "mail", queue=HERE, **terms)


async def hold_schedule(world: World, gopher: Gopher, many: int) -> None:
    """Paused, and going on; and another is taken away."""
    await gopher.pause_schedule("s0", HERE, "why")
    await gopher.resume_schedule("s0", HERE)
    with suppress(NotFound):
        await gopher.drop_schedule("s1", HERE)


async def run_schedule(world: World, gopher: Gopher, many: int) -> None:
    await gopher.run_schedule("s0", HERE)


async def backfill(world: World, gopher: Gopher, many: int) -> None:
    """Of instants that ticks make as well."""
    now = world.redis.time()[0]
    await gopher.backfill("s0", now - 30, now - 4, HERE)


async def expect(world: World, gopher: Gopher, many: int) -> None:
    """Declared, changed, dropped, and declared for jobs of which some have succeeded."""
    for type, every in (("mail", 60.0), ("mail", 90.0), ("rare", 90.0)):
        await gopher.expect("nightly", type, every, queue=HERE)
    if any(one.name == "nightly" for one in await gopher.expects(HERE)):
        await gopher.drop_expect("nightly", HERE)
    await gopher.expect("nightly", "mail", 60.0, queue=HERE)


async def doctor(world: World, gopher: Gopher, many: int) -> None:
    await gopher.heal(await world.gopher.diagnose([HERE]))


DEEDS = (
    Deed("submit", nothing, submit),
    Deed("submit with unique keys and parents", nothing, submit_unique),
    Deed("settle with follow-ups", waiting, settle, forgets=True),
    Deed("relay", children_on_their_way, relay, forgets=True),
    Deed("move", dead, move, forgets=True),
    Deed("retry --to-queue of all", dead, move_all, forgets=True),
    Deed("requeue", dead, requeue),
    Deed("retry of all", dead, retry_all),
    Deed("purge of the dead", dead, purge_the_dead, drops=True),
    Deed("purge of the waiting", waiting, purge_the_waiting, drops=True),
    Deed("delete", held, delete, drops=True),
    Deed("cancel", held, cancel, drops=True),
    Deed("cancel of all", later, cancel_all, drops=True),
    Deed("reschedule", later, reschedule),
    Deed("promote", later, promote),
    Deed("promote what is due", due, promote_due),
    Deed("expire", done, expire),
    Deed("hand back", held, release),
    Deed("reclaim", held, reclaim),
    Deed("renew", held, renew),
    Deed("pause and resume", waiting, pause_and_resume),
    Deed("expect", done, expect),
    Deed("tick", recurring, tick),
    Deed("set a schedule", recurring, set_schedule),
    Deed("pause, resume and remove a schedule", recurring, hold_schedule),
    Deed("run a schedule", recurring, run_schedule),
    Deed("backfill", recurring, backfill),
    Deed("doctor --fix", torn, doctor, hurt=True),
)
