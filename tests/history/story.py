"""What a long walk does not do: follow-ups that an outbox carries on, dead jobs that change their queue."""

from __future__ import annotations

from itertools import count

import builders
import msgspec

from gopher_cli.gopher import Gopher
from gopher_cli.model.job.job import Job, Lease
from gopher_cli.model.job.outcome import Outcome
from gopher_cli.model.select.filter import Filter
from gopher_cli.store.asks.outbox import encode_follow_ups
from gopher_cli.store.calls import Report
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url

QUEUE, OTHER = "story", "other"
_fetches = count(1)


async def tell(url: str, namespace: str) -> None:
    """By the verbs, and by the server's own clock."""
    async with Gopher(store=RedisStore(parse_url(url)), namespace=namespace) as gopher:
        for number in range(6):
            await _parent_and_child(gopher, number)
        await _the_dead_move(gopher)
        await _one_is_asked_to_stop(gopher)
        await gopher.purge(Filter(queues=(QUEUE,), states=("completed",)))


async def _lease(gopher: Gopher, queue: str = QUEUE, many: int = 1) -> list[Lease]:
    number = next(_fetches)
    fetch = {"worker": f"w{number}", "token": f"w{number}:1:t", "sequence": number, "count": many}
    return (await gopher.reserve(queue, **fetch)).leases


async def _settle(gopher: Gopher, lease: Lease, outcome: Outcome | None = None, *follow_ups: Job) -> None:
    children = encode_follow_ups(follow_ups)
    await gopher.settle(lease.worker, [builders.settlement(lease, outcome, follow_ups=children)])


async def _parent_and_child(gopher: Gopher, number: int) -> None:
    """Each has two children, in its own queue and in another; and a job waits for it."""
    parent, near, far = f"parent-{number}", f"near-{number}", f"far-{number}"
    await gopher.submit_many(
        [builders.job(parent, queue=QUEUE), builders.job(f"waits-{number}", queue=QUEUE, after=[parent])]
    )
    (lease,) = await _lease(gopher)
    await gopher.report([Report(lease, b'{"fraction":0.5}', b"half way\n")])
    await gopher.once(lease, "charge", b"1")
    await _settle(
        gopher, lease, None, builders.job(near, queue=QUEUE), builders.job(far, queue=OTHER, unique_key=far)
    )


async def _the_dead_move(gopher: Gopher) -> None:
    leases = await _lease(gopher, many=20)
    for lease in leases[:3]:
        await _settle(gopher, lease, builders.discard())
    dead = [lease.id for lease in leases[:3]]
    await gopher.move(QUEUE, dead[:2], OTHER)
    await gopher.retry(QUEUE, dead[2:])
    await gopher.release(QUEUE, leases[3].worker, [leases[3].id])


async def _one_is_asked_to_stop(gopher: Gopher) -> None:
    (lease,) = await _lease(gopher, OTHER)
    await gopher.cancel(OTHER, [lease.id])
    await gopher.pause(OTHER)
    await _settle(gopher, lease, builders.cancellation())
    await gopher.retry(OTHER, [lease.id])
    await gopher.pause(OTHER, paused=False)
    assert msgspec.json.decode(lease.spec.payload) is None
