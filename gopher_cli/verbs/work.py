"""Working: jobs are leased, settled, kept alive; and what anybody may do for a queue at any time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

from gopher_cli.model.errors import GopherError
from gopher_cli.model.facts import JobsReclaimed
from gopher_cli.model.job.job import Lease
from gopher_cli.store import calls
from gopher_cli.store.asks import ask
from gopher_cli.store.calls import Batch, Promotion, Renewal, Report, Settlement, Verdict
from gopher_cli.store.codec import decode_spec
from gopher_cli.verbs.core import SLICE, Core, in_slices
from gopher_cli.verbs.outbox import due, relay

PROMOTED = 200  # at a time: a million that fall due together keep no fetch waiting for long


async def reserve(
    core: Core,
    queue: str,
    *,
    worker: str,
    token: str,
    sequence: int,
    count: int = 1,
    quota: tuple[int, int, int] = (0, 0, 0),
    starts: int | None = None,
    now: str = "",
) -> Batch:
    """Lease up to ``count`` (at most 500) ready jobs, by Redis's clock.

    Sent again with the same token and sequence it answers the same jobs. ``quota`` is how many of each
    class (high, normal, low) go first, ``starts`` how many begin at once (None: all). Raises Unavailable
    when Redis does not answer.
    """
    call = calls.reserve(
        core.keys(queue), worker=worker, token=token, sequence=sequence, quota=quota,
        count=count, starts=starts, max_losses=core.defaults.max_losses, lease_ms=lease_ms(core), now=now,
    )  # fmt: skip
    return await core.store.run(call, "fetch")


def lease_ms(core: Core) -> int:
    return round(core.defaults.lease * 1000)


async def settle(
    core: Core, worker: str, items: Sequence[Settlement], *, carry: bool = True, now: str = ""
) -> list[Verdict]:
    """End attempts of one worker and queue (500 at most); what was taken of it, in order.

    Follow-ups reach their queue at once, or (also without ``carry``) with the next `relay`.
    """
    queue = items[0].lease.queue
    call = calls.settle(core.keys(queue), worker, items, max_losses=core.defaults.max_losses, now=now)
    verdicts = await core.store.run(call, "settle")
    if carry:
        for source, names in due(core, queue, items).items():
            with suppress(GopherError):  # they are accepted: whoever tends the queue carries them
                await relay(core, source, names)
    return verdicts


async def renew(
    core: Core, queue: str, worker: str, begun: Sequence[str] = (), *, spared: bool = False, now: str = ""
) -> Renewal:
    """Renew every lease that a worker holds in a queue, by what Redis knows.

    These jobs have begun to run: they count a loss should the worker vanish. With ``spared`` none does.
    """
    lost: list[str] = []
    cancel: list[str] = []
    first = 0
    while True:
        call = calls.renew(
            core.keys(queue),
            worker,
            begun,
            lease_ms=lease_ms(core),
            first=first,
            last=first + SLICE - 1,
            spared=spared,
            now=now,
        )
        part = await core.store.run(call, "beat")
        lost += part.lost
        cancel += part.cancel
        first += SLICE - len(part.lost)
        if first >= part.held:
            return Renewal(part.held, lost, cancel)


async def held(core: Core, queue: str, worker: str) -> dict[str, str]:
    """The jobs that Redis says a worker runs, and under which tokens."""
    keys, prefix = core.keys(queue), f"{worker}:"
    ids = await core.store.ask(ask.held(keys, worker), "beat")
    holders: dict[str, str] = {}
    for piece in in_slices(ids):
        tokens = await core.store.ask(ask.running_tokens(keys, piece), "beat")
        holders |= {id: token for id, token in tokens.items() if token.startswith(prefix)}
    return holders


async def lease(core: Core, queue: str, id: str, worker: str) -> Lease | None:
    """Under which this worker runs a job, by what Redis knows; None if it does not.

    Raises BadData when the job cannot be read.
    """
    job = await core.store.run(calls.inspect(core.keys(queue), id), "main")
    if job is None or not job.record.token.startswith(f"{worker}:"):
        return None
    record = job.record
    return Lease(id, queue, record.token, record.attempts, record.losses, decode_spec(job.spec))


async def report(core: Core, reports: Sequence[Report], *, now: str = "") -> None:
    """Progress and log lines of running jobs; those of a lost lease are not heard."""
    by_queue: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        by_queue[report.lease.queue].append(report)
    for queue, mine in by_queue.items():
        for start in range(0, len(mine), 100):
            await core.store.run(calls.report(core.keys(queue), mine[start : start + 100], now=now), "settle")


async def once(core: Core, lease: Lease, key: str, value: bytes = b"") -> calls.Once:
    """What was done under this key over all attempts, or keep ``value`` (JSON) for it."""
    return await core.store.run(calls.once(core.keys(lease.queue), lease, key, value), "main")


async def histories(core: Core, queue: str, ids: Sequence[str]) -> tuple[int, list[bytes]]:
    """Redis's time (ms), and what these jobs have gone through, as it is stored."""
    return await core.store.ask(ask.histories(core.keys(queue), ids))


async def promote_due(core: Core, queue: str, *, now: str = "") -> Promotion:
    """Let due jobs stand in line."""
    while True:
        call = calls.promote(core.keys(queue), limit=PROMOTED, now=now)
        done = await core.store.run(call, "beat")
        if done.moved < PROMOTED:
            return done


async def requeue_unhandled(
    core: Core, queue: str, types: Sequence[str], patience: float, *, limit: int = 500, now: str = ""
) -> list[str]:
    """Jobs that stood apart, because who took them had no handler, stand in line again.

    Those of these types, and any that has stood there for longer than ``patience`` (s). Their ids,
    ``limit`` at most.
    """
    ids: list[str] = []
    for start in range(0, max(1, len(types)), SLICE):
        call = calls.requeue_unhandled(
            core.keys(queue), types[start : start + SLICE], patience_ms=round(patience * 1000),
            limit=limit - len(ids), now=now,
        )  # fmt: skip
        ids += await core.store.run(call, "fetch")
        if len(ids) >= limit:
            break
    return ids


async def reclaim(core: Core, queue: str, expiries: Sequence[str] = (), *, now: str = "") -> list[str]:
    """Take back the jobs of dead workers: all leases that are over with one of these expiries.

    Answers the expiries of all leases that are over now, for the next look. That must come at least one
    heartbeat after the one before.
    """
    for start in range(0, len(expiries), calls.RECLAIMED):
        while True:
            done = await _reclaim(core, queue, expiries[start : start + calls.RECLAIMED], "", now)
            if done.taken < calls.RECLAIMED:
                break
    over, after = list[str](), "-inf"
    while True:
        seen = (await _reclaim(core, queue, (), after, now)).over
        over += seen
        if len(seen) < calls.RECLAIMED:
            return over
        after = f"({seen[-1]}"


async def _reclaim(core: Core, queue: str, expiries: Sequence[str], after: str, now: str) -> calls.Reclaimed:
    call = calls.reclaim(
        core.keys(queue),
        expiries,
        max_losses=core.defaults.max_losses,
        lease_ms=lease_ms(core),
        after=after,
        now=now,
    )
    done = await core.store.run(call, "beat")
    if done.jobs:
        core.inform(JobsReclaimed(queue, done.jobs))
    return done


async def release(
    core: Core, queue: str, worker: str, running: Sequence[str] = (), *, how: str = "vanished", now: str = ""
) -> int:
    """Give back all that a dead process held; those it was running count a loss.

    ``how`` it ended is for their history: it "was killed by SIGKILL".
    """
    count = 0
    while True:
        call = calls.release(
            core.keys(queue), worker, running, max_losses=core.defaults.max_losses, how=how, now=now
        )
        jobs, left = await core.store.run(call, "beat")
        count += len(jobs)
        if jobs:
            core.inform(JobsReclaimed(queue, [(id, state, worker) for id, state in jobs]))
        if not left:
            return count


async def expire(core: Core, queue: str, *, now: str = "") -> int:
    """Drop what was kept long enough; how many jobs."""
    total = 0
    while True:
        done = await core.store.run(calls.expire(core.keys(queue), now=now), "beat")
        total += done.jobs
        if not done.more:
            return total
