"""The audit of one queue: a walk through everything that is stored of it, in slices, while it is in use.

A job is judged by what one script says of it in one instant, and what looks wrong is looked at again
before it is believed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from msgspec.structs import replace

from gopher_cli.model.errors import BadData
from gopher_cli.model.job.job import Spec
from gopher_cli.store import calls
from gopher_cli.store.asks import survey
from gopher_cli.store.asks.ask import Ask
from gopher_cli.store.asks.outbox import decode_entry
from gopher_cli.store.calls import AUDITED, Facts
from gopher_cli.store.calls.call import text
from gopher_cli.store.codec import decode_spec
from gopher_cli.store.keyspace import PLACES, Keys
from gopher_cli.store.record import read_record
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.doctor.judge import Damage, judge

_OF_A_JOB = ("spec", "meta", "result", "errors", "log", "progress", "once", "waiters", "cancels")
_WITHOUT_RECORD = ("jobs in no place", "jobs without a record", "jobs in two places")
_WAITING = ("enqueued", "scheduled", "retrying", "blocked")
Step = Callable[[int], Ask[tuple[int, list[tuple[bytes, bytes]]]]]


@dataclass(slots=True)
class Audit:
    """What the audit of a queue has found. ``things`` are leftovers by kind, ``types`` the jobs that wait,
    ``windows`` the unique keys that are held for jobs of which nothing is kept.
    """

    queue: str
    jobs: int = 0
    damages: list[Damage] = field(default_factory=list)
    known: set[tuple[str, bytes]] = field(default_factory=set)
    things: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    types: Counter[str] = field(default_factory=Counter)
    windows: set[bytes] = field(default_factory=set)
    without_record: int = 0
    count: calls.Count | None = None


async def audit_queue(core: Core, queue: str, workers: Iterable[str]) -> Audit:
    """Look at all that is stored of a queue. ``workers`` are those that the fleet knows."""
    audit, known = Audit(queue), frozenset(workers)
    keys = core.keys(queue)
    async for ids in _placed(core, keys):
        await _examine(core, keys, ids, known, audit)
    async for ids in _unplaced(core, keys):
        await _examine(core, keys, ids, known, audit, placed=False)
    audit.damages += await _unfreed(core, keys)
    await _locks(core, keys, audit)
    await _outbox(core, keys, audit)
    audit.count = await core.store.run(calls.recount(keys, act=False))
    return audit


async def _steps(core: Core, step: Step) -> AsyncIterator[list[tuple[bytes, bytes]]]:
    """Slices of a collection, each entry perhaps more than once."""
    cursor = 0
    while True:
        cursor, page = await core.store.ask(step(cursor))
        for start in range(0, len(page), AUDITED):
            yield page[start : start + AUDITED]
        if not cursor:
            return


async def _placed(core: Core, keys: Keys) -> AsyncIterator[list[bytes]]:
    for place in PLACES:
        async for page in _steps(core, partial(survey.in_zset, keys[place], count=AUDITED)):
            yield list(dict.fromkeys(id for id, _ in page))


async def _unplaced(core: Core, keys: Keys) -> AsyncIterator[list[bytes]]:
    """Ids of which something is kept, and that stand nowhere."""
    for name in _OF_A_JOB:
        # Specs and results can be large: few at a time.
        count = AUDITED if name in ("meta", "waiters", "cancels") else AUDITED // 2
        async for page in _steps(core, partial(survey.in_hash, keys[name], count=count)):
            ids = list(dict.fromkeys(id for id, _ in page))
            if orphans := await core.store.ask(survey.orphans(keys, ids)):
                yield orphans


async def _examine(
    core: Core, keys: Keys, ids: Sequence[bytes], known: frozenset[str], audit: Audit, *, placed: bool = True
) -> None:
    jobs = await core.store.run(calls.audit(keys, ids))
    damages = await _judged(core, keys, jobs, known, audit if placed else None)
    if damages:
        again = await _held(core, keys, await _again(core, keys, damages))
        believed = {(c.name, c.job.id) for c in damages}
        for damage in await _judged(core, keys, again, known, None, holders=True):
            name = (damage.name, damage.job.id)
            if name in believed and name not in audit.known:
                audit.known.add(name)  # it may be met again, in another of its hashes
                audit.damages.append(damage)
                audit.without_record += damage.name in _WITHOUT_RECORD and damage.job.record is None
    audit.jobs += len(jobs) if placed else 0


async def _again(core: Core, keys: Keys, damages: Sequence[Damage]) -> list[Facts]:
    ids = list(dict.fromkeys(damage.job.id for damage in damages))
    return await core.store.run(calls.audit(keys, ids))


async def _held(core: Core, keys: Keys, jobs: Sequence[Facts]) -> list[Facts]:
    """The same jobs; those that run are asked for once more, with who should be holding them."""
    apart: dict[str, list[bytes]] = defaultdict(list)
    for job in jobs:
        apart[holder_of(job) if "running" in job.places else ""].append(job.id)
    seen = {job.id: job for job in jobs}
    for holder, ids in apart.items():
        if holder:
            for job in await core.store.run(calls.audit(keys, ids, holder=holder)):
                # Of one that is another's by now, that one's hands would have to be looked at.
                moved = holder_of(job) != holder
                seen[job.id] = replace(job, held=True) if moved else job
    return list(seen.values())


async def _judged(
    core: Core, keys: Keys, jobs: Sequence[Facts], known: frozenset[str], tally: Audit | None,
    *, holders: bool = False,
) -> list[Damage]:  # fmt: skip
    if not holders:
        jobs = await _held(core, keys, jobs)
    now, specs = await core.store.ask(survey.specs(keys, [job.id for job in jobs]))
    retention, damages = round(core.defaults.retention * 1000), list[Damage]()
    for job, raw in zip(jobs, specs, strict=True):
        spec = _spec(raw)
        alive = holder_of(job).rpartition(".")[0] in known
        damages += judge(job, spec, now, retention, readable=raw is None or spec is not None, known=alive)
        if tally is not None and spec and any(PLACES[place] in _WAITING for place in job.places):
            tally.types[spec.type] += 1
    return damages


async def _unfreed(core: Core, keys: Keys) -> list[Damage]:
    """Blocked jobs that wait for more than will ever come.

    Who waits is read before the score: both shrink together, so a smaller list is no ghost.
    """
    unfreed = []
    async for page in _steps(core, partial(survey.in_zset, keys["blocked"], count=AUDITED)):
        ids = [id for id, _ in page]
        specs = [_spec(raw) for raw in await core.store.ask(survey.values(keys["spec"], ids))]
        parents = sorted({parent.encode() for spec in specs if spec for parent in spec.options.after})
        waiting = await _who_waits(core, keys, parents)
        jobs = await core.store.run(calls.audit(keys, ids))
        for job in jobs:
            score, record = job.places.get("blocked"), read_record(job.record or b"")
            if score is not None and waiting[job.id, record.score] < score:
                unfreed.append(Damage("blocked, and nobody frees them", job))
    return unfreed


async def _who_waits(core: Core, keys: Keys, parents: Sequence[bytes]) -> Counter[tuple[bytes, int]]:
    """How often each (child, score) is told of. (Parents that have completed are told of themselves.)"""
    waits: Counter[tuple[bytes, int]] = Counter()
    for start in range(0, len(parents), AUDITED):
        some = parents[start : start + AUDITED]
        for children in await core.store.ask(survey.values(keys["waiters"], some)):
            for entry in (children or b"").split(b","):
                child, _, score = entry.rpartition(b" ")
                waits[child, int(score) if score.isdigit() else 0] += 1
    return waits


async def _locks(core: Core, keys: Keys, audit: Audit) -> None:
    """Locks, and their ends: delete_orphans.lua says in one instant which of them belong to nobody."""
    async for page in _steps(core, partial(survey.in_hash, keys["locks"], count=AUDITED)):
        audit.things["lock"] += await leftover_members(core, keys, "lock", [lock for lock, _ in page])
    async for page in _steps(core, partial(survey.in_zset, keys["lock_ends"], count=AUDITED)):
        audit.things["end"] += await leftover_members(core, keys, "end", [lock for lock, _ in page])
        audit.windows |= await _windows(core, keys, page)


async def _windows(core: Core, keys: Keys, ends: Sequence[tuple[bytes, bytes]]) -> set[bytes]:
    now, holders = await core.store.ask(survey.holders(keys, [lock for lock, _ in ends]))
    held = [(lock, id) for (lock, end), id in zip(ends, holders, strict=True) if id and float(end) > now]
    if not held:
        return set()
    records = await core.store.ask(survey.values(keys["meta"], [id for _, id in held]))
    return {lock for (lock, _), record in zip(held, records, strict=True) if record is None}


async def leftover_members(
    core: Core, keys: Keys, kind: str, names: Sequence[bytes], holder: str = "nobody"
) -> list[bytes]:
    things = [(kind, name) for name in dict.fromkeys(names)]
    left = await core.store.run(calls.delete_orphans(keys, things, act=False, holder=holder))
    return [name for _, name in left]


async def _outbox(core: Core, keys: Keys, audit: Audit) -> None:
    async for page in _steps(core, partial(survey.in_hash, keys["outbox"], count=20)):
        for id, raw in page:
            kind = "outbox" if _is_job(id, raw) else "torn"
            if id not in audit.things[kind]:
                audit.things[kind].append(id)


async def still_in_outbox(core: Core, keys: Keys, ids: Sequence[bytes]) -> list[bytes]:
    there = await core.store.ask(survey.values(keys["outbox"], ids)) if ids else []
    return [id for id, raw in zip(ids, there, strict=True) if raw is not None]


def holder_of(job: Facts) -> str:
    """The process whose token a job carries, or nothing."""
    return read_record(job.record or b"").token.lstrip("!?").partition(":")[0]


def _spec(raw: bytes | None) -> Spec | None:
    try:
        return decode_spec(raw) if raw is not None else None
    except BadData:
        return None


def _is_job(name: bytes, raw: bytes) -> bool:
    try:
        decode_entry(text(name), raw)
    except BadData:
        return False
    return True
