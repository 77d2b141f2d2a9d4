"""Actions on all that a filter means, oldest first: one walk for all of them."""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gopher_cli.model.select.actions import CANCEL, DELETE, GONE, RETRY, Action, Answer
from gopher_cli.model.select.bulk import Bulk, Tell, no_progress
from gopher_cli.model.select.filter import Filter
from gopher_cli.store.asks import ranges
from gopher_cli.store.keyspace import PLACES
from gopher_cli.verbs.core import SLICE, Core, OpenOperation, named
from gopher_cli.verbs.operate import act, erase
from gopher_cli.verbs.queues import queues_and_places
from gopher_cli.verbs.requeue import move, retry

if TYPE_CHECKING:
    from gopher_cli.verbs.bulk.plan import Plan, Progress
    from gopher_cli.verbs.select.merge import Candidate

_AT_ONCE = 100  # queues whose jobs are counted


async def purge(core: Core, filter: Filter, *, limit: int = 0, tell: Tell = no_progress) -> Bulk:
    """Delete all that the filter means, for good. A running job only if its state is named."""
    return await _all(core, DELETE, filter, limit, tell)


async def cancel_all(core: Core, filter: Filter, *, limit: int = 0, tell: Tell = no_progress) -> Bulk:
    """Cancel all that the filter means; running jobs are asked to stop."""
    return await _all(core, CANCEL, filter, limit, tell)


async def retry_all(
    core: Core,
    filter: Filter,
    *,
    limit: int = 0,
    rate: float = 0.0,
    target: str = "",
    tell: Tell = no_progress,
) -> Bulk:
    """Run retrying and failed jobs again, or those in the states that are named.

    ``rate`` in jobs a second, 0 is no limit. Each job once: one that fails again meanwhile is left as
    it is. Only dead jobs go to a ``target``.
    """
    return await _all(core, RETRY, filter, limit, tell, target, rate)


async def _all(
    core: Core, action: Action, filter: Filter, limit: int, tell: Tell, target: str = "", rate: float = 0.0
) -> Bulk:
    from gopher_cli.verbs.bulk.plan import Plan, Progress

    plan, done = Plan(action, action.meant(filter, target), limit, target, rate), Bulk()
    await _work(core, plan, await Progress.begun(core.store), done, whole=True, tell=tell)
    return done


async def bulk(
    core: Core,
    action: Action,
    filter: Filter,
    *,
    limit: int = 0,
    cursor: str = "",
    seconds: float = 5.0,
    target: str = "",
    rate: float = 0.0,
) -> Bulk:
    """Do some of what is to be done; call it again with its cursor until
    there is none.

    Jobs that came after the first call, or have run since, are left alone. ``target`` is the queue
    that retried jobs move to, which dead ones alone can; ``rate`` in jobs a second, 0 is no limit: a
    wait that does not fit into ``seconds`` is left to the caller. Running jobs are purged only where
    their state is named.
    """
    from gopher_cli.verbs.bulk.plan import Plan, Progress  # late: most commands change few jobs

    plan, done = Plan(action, action.meant(filter, target), limit, target, rate), Bulk()
    progress = Progress.read(cursor) if cursor else await Progress.begun(core.store)
    done.retry_after = await _work(core, plan, progress, done, until=time.monotonic() + seconds)
    done.cursor = progress.text()
    return done


async def _work(
    core: Core,
    plan: Plan,
    progress: Progress,
    done: Bulk,
    *,
    until: float = math.inf,
    whole: bool = False,
    tell: Tell = no_progress,
) -> float:
    """Slice by slice, as long as there is time; the seconds to wait before it may go on."""
    from gopher_cli.verbs.select.scan import Scan

    if wait := await progress.wait(core.store, until):
        return wait
    jobs = Scan(
        core, plan.filter, progress.passed, whole=whole, since=progress.since, reruns=plan.action.reruns
    )
    detail = f"to {plan.target}" if plan.target else ""
    async with core.operation(plan.audited, described(plan.filter), detail) as operation:
        while True:
            candidates = await jobs.next(plan.next(done))
            await _act(core, plan, candidates, done, operation)
            tell(done.changed)
            progress.more = jobs.more and plan.next(done) > 0
            if not progress.more:
                return 0.0
            if plan.rate and candidates:
                await progress.slow_down(core.store, len(candidates), plan.rate)
            if (wait := await progress.wait(core.store, until)) or time.monotonic() >= until:
                return wait


async def _act(
    core: Core, plan: Plan, candidates: Sequence[Candidate], done: Bulk, operation: OpenOperation
) -> None:
    apart: dict[tuple[str, str], list[str]] = defaultdict(list)
    for candidate in candidates:
        apart[candidate.queue, candidate.place].append(candidate.id)
    for (queue, place), ids in apart.items():
        done.add(plan.action, await do_to(core, plan.action, queue, place, ids, plan.target))
        operation.changed = done.changed


async def do_to(
    core: Core, action: Action, queue: str, place: str, ids: Sequence[str], target: str = ""
) -> Mapping[Answer, int]:
    """Do it to these jobs, which were seen in that place; how many came to which answer."""
    if action is DELETE:
        return await _purge(core, queue, place, ids)
    if target:
        done = await move(core, queue, ids, target)
    elif action.reruns:
        done = await retry(core, queue, ids, source=PLACES[place])
    else:
        done = await act(core, action, queue, ids)
    return Counter(done.values())


async def _purge(core: Core, queue: str, place: str, ids: Sequence[str]) -> Mapping[Answer, int]:
    async with core.operation(DELETE.audit, named(queue, ids)) as operation:
        operation.changed = gone = await erase(core, queue, place, ids)
        operation.ids = ids if gone == len(ids) else ()  # which of them is not known
    counts = Counter({DELETE.success: gone})
    if gone < len(ids):  # somebody was faster with the others
        stand = await core.store.ask(ranges.places_of(core.keys(queue), ids))
        counts.update(DELETE.read(PLACES[place]) for place in stand if place)
        counts[GONE] = max(0, len(ids) - counts.total())
    return counts


async def count(core: Core, filter: Filter, *, tell: Tell = no_progress) -> dict[tuple[str, str], int]:
    """How many jobs a filter means, by (queue, state): what a destructive verb says first.

    Running ones count only where their state is named. ``tell`` hears how many have been looked at.
    """
    return (await tally(core, DELETE, filter, seconds=math.inf, tell=tell))[0]


async def tally(
    core: Core,
    action: Action,
    filter: Filter,
    *,
    cursor: str = "",
    seconds: float = 5.0,
    target: str = "",
    tell: Tell = no_progress,
) -> tuple[dict[tuple[str, str], int], str]:
    """How many jobs an action would see, by (queue, state), as far as ``seconds`` go; and a cursor."""
    filter = action.meant(filter, target)
    if not filter.by_content:
        return await _sizes(core, filter), ""
    from gopher_cli.verbs.bulk.plan import Progress
    from gopher_cli.verbs.select.scan import Scan

    progress = Progress.read(cursor) if cursor else await Progress.begun(core.store)
    jobs = Scan(core, filter, progress.passed, since=progress.since, reruns=action.reruns)
    counts, until = Counter[tuple[str, str]](), time.monotonic() + seconds
    while jobs.more:
        counts.update((job.queue, job.state) for job in await jobs.next(SLICE))
        tell(jobs.looked)
        if time.monotonic() >= until:
            break
    progress.more = jobs.more
    return counts, progress.text()


async def _sizes(core: Core, filter: Filter) -> dict[tuple[str, str], int]:
    queues, places = await queues_and_places(core, filter)
    counts = Counter[tuple[str, str]]()
    for start in range(0, len(queues), _AT_ONCE):
        some = queues[start : start + _AT_ONCE]
        held = await core.store.ask(ranges.sizes([core.keys(queue) for queue in some], places))
        for queue, sizes in zip(some, held, strict=True):
            for place, size in sizes.items():
                counts[queue, PLACES[place]] += size
    return +counts  # without the empty ones


async def place_of(core: Core, queue: str, id: str) -> str:
    """Where the job stands; empty for one that has gone."""
    (place,) = await core.store.ask(ranges.places_of(core.keys(queue), [id]))
    return place or ""


def described(filter: Filter) -> str:
    """A filter as the audit names it: as it would be searched for."""
    from gopher_cli.model.select.filter_parser import format_search  # late: only where somebody acts on many

    return format_search(filter) or "all jobs"
