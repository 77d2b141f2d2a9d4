"""The doctor: looks at server, fleet and data, tells what is wrong, and repairs what is safe to repair."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gopher_cli.model.errors import BadData, GopherError, TryLater, Unavailable
from gopher_cli.model.findings import MISSING, TROUBLES, Finding, Severity
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.views.stats import TypeStats
from gopher_cli.store.asks import ask
from gopher_cli.store.asks import survey as survey_asks
from gopher_cli.store.calls import Depth
from gopher_cli.store.calls.call import text
from gopher_cli.verbs.core import SLICE, Core
from gopher_cli.verbs.doctor.check import check_fleet, check_up
from gopher_cli.verbs.doctor.queue_check import (
    Audit,
    audit_queue,
    leftover_members,
    still_in_outbox,
)
from gopher_cli.verbs.doctor.schedule_check import planned
from gopher_cli.verbs.doctor.schedule_findings import Planned, schedule_findings
from gopher_cli.verbs.doctor.survey import Survey, survey_keys
from gopher_cli.verbs.doctor.worker_findings import failing, poison
from gopher_cli.verbs.outbox import plan_delivery, readable
from gopher_cli.verbs.queues import known_queues
from gopher_cli.verbs.read.fleet import list_workers
from gopher_cli.verbs.read.stats import depth, type_stats
from gopher_cli.verbs.select.list import list_page

_SHOWN = 5
_PATIENCE = 2.5  # seconds in which a living worker carries a follow-up to its queue


@dataclass(slots=True)
class Diagnosis:
    """The findings, and behind them what a repair needs: the audits by queue."""

    findings: list[Finding] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    jobs: int = 0
    planned: list[Planned] = field(default_factory=list)

    @property
    def troubles(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.is_trouble]

    @property
    def mendable(self) -> list[Finding]:
        return [finding for finding in self.troubles if finding.mends]

    @property
    def losses(self) -> list[Finding]:
        """What no repair brings back: it can only be written down."""
        return [finding for finding in self.troubles if finding.name == MISSING]


async def diagnose(
    core: Core, queues: Sequence[str] = (), *, data: bool = True, tell: Callable[[str], None] = lambda _: None
) -> Diagnosis:
    """Everything that can be seen from here. Needs an event loop. Raises Unavailable, NotFound."""
    diagnosis = Diagnosis()
    tell("the server")
    diagnosis.findings += await check_up(core)
    try:
        await _examine_all(core, diagnosis, queues, data=data, tell=tell)
    except (Unavailable, TryLater) as error:
        if not any(finding.severity is Severity.CRITICAL for finding in diagnosis.findings):
            raise
        diagnosis.audits, diagnosis.unlisted, diagnosis.jobs = [], [], 0
        diagnosis.findings.append(_unseen(error))
    diagnosis.findings.sort(key=_order)
    return diagnosis


async def _examine_all(
    core: Core, diagnosis: Diagnosis, queues: Sequence[str], *, data: bool, tell: Callable[[str], None]
) -> None:
    """Fleet and data; what is found is told when all of it is known."""
    listed = await known_queues(core, queues)
    survey = await survey_keys(core) if data else Survey()
    diagnosis.unlisted = [] if queues else sorted(set(survey.parts) - set(listed) - {"~"})
    names = [q for q in [*listed, *diagnosis.unlisted] if q not in survey.foreign]
    if data:
        await _audit_all(core, diagnosis, names, survey, tell)
    tell("the fleet")
    depths, unreadable = await _depths(core, names)
    for queue in unreadable:
        survey.foreign[queue].append(f"a key of {queue}")
    types = {audit.queue: audit.types for audit in diagnosis.audits}
    diagnosis.findings += await check_fleet(core, depths, types)
    diagnosis.findings += failing(await _types(core, list(depths)))
    diagnosis.planned = await planned(core, list(depths))
    alive = [worker for worker in await list_workers(core) if worker.alive]
    diagnosis.findings += [
        finding for some in diagnosis.planned for finding in schedule_findings(some, alive)
    ]
    if data:
        for queue in set(listed) & {name for name, depth in depths.items() if depth.sizes["failed"]}:
            diagnosis.findings += await _poison(core, queue)
    diagnosis.findings += _about_keys(diagnosis, survey, set(queues))
    for audit in diagnosis.audits:
        diagnosis.findings += _about_data(audit)


async def _types(core: Core, names: Sequence[str]) -> list[TypeStats]:
    """What became of the jobs of each type."""
    cells = await core.store.ask(ask.cells([core.keys(queue) for queue in names])) if names else []
    return type_stats(cells, await core.store.ask(ask.time_ms()))


async def _poison(core: Core, queue: str) -> list[Finding]:
    """One page of the dead jobs is looked into, the newest first."""
    poisoned = Filter(queues=(queue,), states=("failed",), poison="yes")
    page = await list_page(core, poisoned, limit=SLICE)
    return poison(queue, [row.id for row in page.rows], more=bool(page.next_cursor))


async def _depths(core: Core, names: Sequence[str]) -> tuple[dict[str, Depth], list[str]]:
    known: dict[str, Depth] = {}
    unreadable = []
    for name in names:
        try:
            known[name] = await depth(core, name)
        except BadData:
            unreadable.append(name)
        except ValueError:  # a counter that is no number: the audit tells of it
            continue
    return known, unreadable


async def _audit_all(
    core: Core, diagnosis: Diagnosis, names: Sequence[str], survey: Survey, tell: Callable[[str], None]
) -> None:
    for queue in names:
        tell(f"the queue {queue}")
        workers = [worker.id for worker in await list_workers(core)]
        audit = await audit_queue(core, queue, workers)
        await _hands(core, audit, survey.parts.get(queue, []), workers)
        diagnosis.audits.append(audit)
        diagnosis.jobs += audit.count.jobs if audit.count else 0
    await _follow_ups(core, diagnosis.audits)


async def _follow_ups(core: Core, audits: Sequence[Audit]) -> None:
    """Those that are still in the outbox when a living worker would have carried them away."""
    end = time.monotonic() + _PATIENCE
    while True:
        for audit in audits:
            for kind in ("outbox", "torn"):
                keys, ids = core.keys(audit.queue), audit.things[kind]
                audit.things[kind] = await still_in_outbox(core, keys, ids)
        await _chained(core, audits)
        if not any(audit.things["outbox"] for audit in audits) or time.monotonic() > end:
            return
        import asyncio  # late: a command that does not wait starts without it

        await asyncio.sleep(0.1)


async def _chained(core: Core, audits: Sequence[Audit]) -> None:
    """Apart: those that wait in the outbox for a job of another queue, and those that others look at."""
    for audit in audits:
        keys, names = core.keys(audit.queue), audit.things["outbox"]
        for start in range(0, len(names), SLICE):
            some = names[start : start + SLICE]
            raw = await core.store.ask(survey_asks.values(keys["outbox"], some))
            records = {text(name): record for name, record in zip(some, raw, strict=True) if record}
            plan = await plan_delivery(core, audit.queue, readable(records))
            chained = {name for name in some if (held := plan.held.get(text(name))) and held.queue}
            kept = {name for name in some if text(name) in plan.kept} if chained else set()
            audit.things["chained"] += sorted(chained)
            left = [name for name in audit.things["outbox"] if name not in chained | kept]
            audit.things["outbox"] = left


async def _hands(core: Core, audit: Audit, parts: Iterable[str], workers: Sequence[str]) -> None:
    """What processes of workers that nobody knows have in their hands, and do not run."""
    keys = core.keys(audit.queue)
    for part in parts:
        holder = part.removeprefix("held:")
        if holder == part or holder.rpartition(".")[0] in workers:
            continue
        ids = await core.store.ask(survey_asks.members(keys.held(holder), 500))
        left = await leftover_members(core, keys, "held", ids, holder)
        audit.things[f"held:{holder}"] += left


def _unseen(error: GopherError) -> Finding:
    return Finding(
        section="data", name="jobs", severity=Severity.CRITICAL, meaning=f"not looked at: {error}",
        fix="mend the server first",
    )  # fmt: skip


def _about_keys(diagnosis: Diagnosis, survey: Survey, chosen: set[str]) -> list[Finding]:
    findings = [_finding("keys that gopher does not know", "", survey.unknown)] if survey.unknown else []
    for queue, names in survey.foreign.items():
        if not chosen or queue in chosen:
            findings.append(_finding("keys of a foreign type", queue, names))
    findings += [_finding("queues that are not listed", queue, [queue]) for queue in diagnosis.unlisted]
    return findings


def _about_data(audit: Audit) -> list[Finding]:
    """One finding for each kind of trouble in a queue, or one that all is well."""
    apart: dict[str, list[str]] = defaultdict(list)
    for damage in audit.damages:
        apart[damage.name].append(shown(damage.job.id))
    for kind, name in _THINGS.items():
        for where, ids in audit.things.items():
            if where.partition(":")[0] == kind and ids:
                apart[name] += [shown(id.partition(b" ")[0]) for id in ids]  # without the nonce of an entry
    findings = [_finding(name, audit.queue, examples) for name, examples in apart.items()]
    findings += _about_count(audit)
    lost = audit.count.lost if audit.count else 0
    if not findings:
        count = audit.count.jobs if audit.count else audit.jobs
        all_well = "every job is in one place, and the counters agree"
        findings.append(
            Finding(section="data", name="jobs", severity=Severity.OK, meaning=all_well,
                    queue=audit.queue, count=count)
        )  # fmt: skip
    if lost:
        words = "missing when the counters were set right: they stay lost"
        findings.append(
            Finding(section="data", name="jobs that were missing", severity=Severity.NOTE, meaning=words,
                    queue=audit.queue, count=lost)
        )  # fmt: skip
    if audit.windows:
        words = "their jobs are no longer kept: a submit under such a key is answered as known until it ends"
        findings.append(
            Finding(section="data", name="unique keys held for jobs that are gone", severity=Severity.NOTE,
                    meaning=words, queue=audit.queue, count=len(audit.windows))
        )  # fmt: skip
    return findings


_THINGS = {
    "lock": "locks without a live job", "end": "lock ends without a lock",
    "held": "left by workers that are gone", "outbox": "follow-ups that wait",
    "torn": "follow-ups that cannot be read", "chained": "follow-ups that wait for jobs of other queues",
}  # fmt: skip


def _about_count(audit: Audit) -> list[Finding]:
    """Jobs without a record are not counted among the jobs, and may never have been accepted."""
    count = audit.count
    if count is None:
        return []
    missing = count.missing - audit.without_record if count.missing > 0 else count.missing
    findings = []
    if count.unreadable:
        findings.append(_finding("counters that cannot be read", audit.queue, count.unreadable))
    if not count.tells:
        return findings
    if missing > 0:
        findings.append(_finding(MISSING, audit.queue, [], missing))
    elif missing < 0:
        findings.append(_finding("jobs that nobody counted", audit.queue, [], -missing))
    return findings


def _finding(name: str, queue: str, examples: Sequence[str], count: int = 0) -> Finding:
    trouble = TROUBLES[name]
    return Finding(
        section="data", name=name, severity=trouble.severity, meaning=trouble.meaning, queue=queue,
        count=count or len(examples), examples=tuple(examples[:_SHOWN]), fix=trouble.fix, mends=trouble.mends,
    )  # fmt: skip


def _order(finding: Finding) -> tuple[int, int, str]:
    """As they stand, but for the data: the worst first."""
    section = ("server", "fleet", "data").index(finding.section)
    worst = list(Severity).index(finding.severity) if finding.section == "data" else 0
    return section, -worst, finding.queue if finding.section == "data" else ""


def shown(id: bytes) -> str:
    return id.decode("utf-8", "backslashreplace")
