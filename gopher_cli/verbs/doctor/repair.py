"""What --fix does: each slice in one instant, and each job only if it still is as it was seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from gopher_cli.model.findings import MISSING
from gopher_cli.model.job.history_outcome import HistoryOutcome, history_entry
from gopher_cli.store import calls
from gopher_cli.store.asks import ask, survey
from gopher_cli.store.calls import AUDITED, Remedy
from gopher_cli.store.record import Record
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.doctor.diagnose import Diagnosis, shown
from gopher_cli.verbs.doctor.queue_check import Audit, holder_of
from gopher_cli.verbs.doctor.remedies import changed, line
from gopher_cli.verbs.doctor.schedule_findings import LOST, ORPHANED, Planned
from gopher_cli.verbs.outbox import relay
from gopher_cli.verbs.schedule.ticks import count_anew, drop_tick
from gopher_cli.verbs.work import promote_due

_SLICE = 100


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done about one kind of trouble in a queue. A loss is none: it was only written down."""

    name: str
    queue: str
    count: int
    ids: tuple[str, ...] = ()

    @property
    def is_loss(self) -> bool:
        return self.name == MISSING


"""Works with what a Gopher works with."""


async def heal(core: Core, diagnosis: Diagnosis) -> list[Repair]:
    """Repair what a diagnosis has found, as far as that is safe; what was changed."""
    done = []
    for queue in diagnosis.unlisted:
        await core.store.ask(survey.list_queue(core.namespace, queue))
        done.append(Repair("queues that are not listed", queue, 1))
    for audit in diagnosis.audits:
        done += await _mend(core, audit)
        done += await _clear(core, audit)
        done += await _forward(core, audit)
        done += await _recount(core, audit)
    for planned in diagnosis.planned:
        done += await _mend_schedules(core, planned)
    return [repair for repair in done if repair.count]


async def _mend_schedules(core: Core, planned: Planned) -> list[Repair]:
    lost = [name for name in planned.lost if await count_anew(core, planned.queue, name)]
    left = [name for name in planned.orphaned if await drop_tick(core, planned.queue, name)]
    return [
        Repair(LOST, planned.queue, len(lost), tuple(lost)),
        Repair(ORPHANED, planned.queue, len(left), tuple(left)),
    ]


async def _mend(core: Core, audit: Audit) -> list[Repair]:
    """Jobs, by who shall hold them: nearly always nobody."""
    apart: dict[tuple[str, str], list[Remedy]] = defaultdict(list)
    for damage in audit.damages:
        if remedy := damage.remedy:
            holder = holder_of(remedy.seen) if remedy.place == "running" else "nobody"
            apart[damage.name, holder].append(remedy)
    done = []
    for (name, holder), mendings in apart.items():
        ids = []
        for start in range(0, len(mendings), _SLICE):
            piece = mendings[start : start + _SLICE]
            words = await core.store.run(calls.repair(core.keys(audit.queue), piece, holder=holder))
            ids += [shown(m.seen.id) for m, word in zip(piece, words, strict=True) if word == "mended"]
        done.append(Repair(name, audit.queue, len(ids), tuple(ids)))
    return done


async def _clear(core: Core, audit: Audit) -> list[Repair]:
    """Leftovers, by kind and by whose they were."""
    done = []
    for name in ("completed, and still waited for", "leftovers of jobs"):
        left = [c.job.id for c in audit.damages if c.name == name]
        done.append(await _take(core, audit.queue, name, "trace", left))
    done.append(await _take(core, audit.queue, "locks without a live job", "lock", audit.things["lock"]))
    done.append(await _take(core, audit.queue, "lock ends without a lock", "end", audit.things["end"]))
    for where, ids in audit.things.items():
        kind, _, holder = where.partition(":")
        if kind == "held":
            done.append(await _take(core, audit.queue, "left by workers that are gone", kind, ids, holder))
    return done


async def _take(
    core: Core, queue: str, name: str, kind: str, names: Sequence[bytes], holder: str = "nobody"
) -> Repair:
    gone: list[bytes] = []
    for start in range(0, len(names), _SLICE):
        things = [(kind, name) for name in names[start : start + _SLICE]]
        taken = await core.store.run(calls.delete_orphans(core.keys(queue), things, act=True, holder=holder))
        gone += [name for _, name in taken]
    ids = tuple(shown(id) for id in dict.fromkeys(gone))
    return Repair(name, queue, len(ids), ids)


async def _forward(core: Core, audit: Audit) -> list[Repair]:
    """Jobs that are due go into line, and follow-ups to their queues."""
    done = []
    if late := [c for c in audit.damages if c.name == "due, and not promoted"]:
        await promote_due(core, audit.queue)
        ids = tuple(shown(damage.job.id) for damage in late)
        done.append(Repair("due, and not promoted", audit.queue, len(ids), ids))
    if audit.things["outbox"]:
        carried = await relay(core, audit.queue)
        done.append(Repair("follow-ups that wait", audit.queue, carried))
    if torn := audit.things["torn"]:
        for id in torn:
            await _bury_follow_up(core, audit.queue, id)
        ids = tuple(shown(name.partition(b" ")[0]) for name in torn)
        done.append(Repair("follow-ups that cannot be read", audit.queue, len(ids), ids))
    return done


async def _bury_follow_up(core: Core, queue: str, name: bytes) -> None:
    """First into the dead letter queue, then out of the outbox: twice does no harm."""
    keys, id = core.keys(queue), name.partition(b" ")[0]
    (raw,) = await core.store.ask(survey.values(keys["outbox"], [name]))
    (seen,) = await core.store.run(calls.audit(keys, [id]))
    if raw is not None and not seen.standing:
        remedy = await _as_dead(core, seen, raw)
        await core.store.run(calls.repair(keys, [remedy]))
    await core.store.ask(survey.drop_from_outbox(keys, name))


async def _as_dead(core: Core, seen: calls.Facts, raw: bytes) -> Remedy:
    now = await core.store.ask(ask.time_ms())
    record = changed(Record(), score=5 * 10**13, created=now, ready_at=now, finished=now)
    why, cut = "this follow-up cannot be read", raw[:1024].hex()
    entry = history_entry(HistoryOutcome.CORRUPT, why, raw_hex=cut)
    spec = msgspec.json.encode(["(unreadable)", raw.hex()])
    return Remedy(seen, "failed", str(now), line(record), spec, entry)


async def _recount(core: Core, audit: Audit) -> list[Repair]:
    """Only when every job has its record again: until then it is not among those that are counted."""
    keys, nameless = core.keys(audit.queue), [c.job.id for c in audit.damages if not c.job.record]
    for start in range(0, len(nameless), AUDITED):
        seen = await core.store.run(calls.audit(keys, nameless[start : start + AUDITED]))
        if any(job.record is None and (job.places or job.spec) for job in seen):
            return []
    count = await core.store.run(calls.recount(keys, act=True))
    damaged = Repair("counters that cannot be read", audit.queue, len(count.unreadable))
    name = MISSING if count.missing > 0 else "jobs that nobody counted"
    counted = Repair(name, audit.queue, abs(count.missing) if count.tells else 0)
    return [damaged, counted]
