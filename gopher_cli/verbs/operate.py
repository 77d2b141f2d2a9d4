"""Operating: pause a queue; cancel and delete jobs by their ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from gopher_cli.model.facts import Operation
from gopher_cli.model.job.job import JobState
from gopher_cli.model.select.actions import CANCEL, DELETE, GONE, Action, Answer, Result
from gopher_cli.store import calls
from gopher_cli.store.asks import ranges
from gopher_cli.verbs.core import Core, in_slices, named
from gopher_cli.verbs.queues import known_queues
from gopher_cli.verbs.requeue import retry, run_now

_LOOKS = 3  # for a job that goes on while it is deleted
_RUNS = DELETE.read(JobState.PROCESSING)


async def pause(core: Core, queue: str, *, paused: bool = True) -> bool:
    """Return False when the queue was so already. Running jobs are left to finish.

    Raises NotFound for a queue that nobody has used.
    """
    await known_queues(core, [queue])
    changed = await core.store.run(calls.pause(core.keys(queue), paused=paused))
    await core.record(Operation("pause" if paused else "resume", queue, int(changed)))
    return changed


async def act(core: Core, action: Action, queue: str, ids: Sequence[str]) -> dict[str, Answer]:
    """One of the actions that need nothing but the jobs."""
    verbs: dict[str, Callable[[Core, str, Sequence[str]], Awaitable[dict[str, Answer]]]] = {
        "retry": retry, "run_now": run_now, "cancel": cancel, "delete": delete,
    }  # fmt: skip
    return await verbs[action.verb](core, queue, ids)


async def cancel(core: Core, queue: str, ids: Sequence[str]) -> dict[str, Answer]:
    """One that runs is asked to stop: ``requested``."""
    done: dict[str, Answer] = {}
    retention = round(core.defaults.retention * 1000)
    async with core.operation(CANCEL.audit, named(queue, ids)) as draft:
        for piece in in_slices(ids):
            done |= await core.store.run(calls.cancel(core.keys(queue), piece, retention_ms=retention))
            results = (CANCEL.result, Result.REQUESTED)
            draft.set_changed([id for id, answer in done.items() if answer.result in results])
    return done


async def delete(core: Core, queue: str, ids: Sequence[str], *, force: bool = False) -> dict[str, Answer]:
    """Delete these for good; those that run only with ``force``."""
    done: dict[str, Answer] = {}
    async with core.operation(DELETE.audit, named(queue, ids)) as draft:
        for piece in in_slices(list(dict.fromkeys(ids))):
            done |= await _delete(core, queue, piece, force=force)
            draft.set_changed(DELETE.changed(done))
    return done


async def _delete(core: Core, queue: str, ids: Sequence[str], *, force: bool) -> dict[str, Answer]:
    done, tried, keys = dict.fromkeys(ids, GONE), set[str](), core.keys(queue)
    for _ in range(_LOOKS):
        stand = dict(zip(ids, await core.store.ask(ranges.places_of(keys, ids)), strict=True))
        done |= {id: DELETE.success for id in ids if stand[id] is None and id in tried}
        by_place = defaultdict(list)
        for id, place in stand.items():
            if place == "running" and not force:
                done[id] = _RUNS
            elif place:
                by_place[place].append(id)
        for place, mine in by_place.items():
            gone = await erase(core, queue, place, mine)
            done |= dict.fromkeys(mine, DELETE.success if gone == len(mine) else _RUNS)
            tried |= set(mine)
        ids = [id for id in tried if done[id] != DELETE.success]
        if not ids:
            break
    return done


async def erase(core: Core, queue: str, place: str, ids: Sequence[str]) -> int:
    """Delete those of them that are in this place; how many were."""
    return await core.store.run(calls.purge(core.keys(queue), place, ids))
