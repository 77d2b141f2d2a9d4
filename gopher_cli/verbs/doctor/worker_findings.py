"""Findings about workers, and about how they keep up with their queues. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from gopher_cli.model.findings import Finding, Severity
from gopher_cli.model.text.duration import format_duration
from gopher_cli.model.text.humanize import plural
from gopher_cli.model.views.stats import TypeStats, WindowStats, WorkerInfo, running_types
from gopher_cli.store.calls import Depth
from gopher_cli.store.keyspace import READY

_OLD = 3600.0
_FULL = 10.0  # seconds without a free slot that are worth a word
_LONG = 60.0  # and a warning
_ENOUGH = 10  # attempts that tell something of a type
_SHOWN = 5


def crew(infos: Sequence[WorkerInfo], alive: Sequence[WorkerInfo]) -> list[Finding]:
    """The workers themselves."""
    dead = [worker for worker in infos if not worker.alive]
    slots = sum(worker.slots for worker in alive)
    findings = [_fleet("workers", Severity.OK, f"{len(alive)} alive, with {slots} slots", count=len(alive))]
    if dead:
        names = tuple(worker.label for worker in dead[:_SHOWN])
        findings.append(
            _fleet("dead workers", Severity.WARNING, "silent, and not yet buried: a living worker does that "
                   "after a minute", count=len(dead), examples=names, fix="start a worker: gopher worker")
        )  # fmt: skip
    findings += [_stuck(worker) for worker in alive if worker.stuck]
    return [*findings, *_versions(alive), *_resting(alive)]


def _stuck(worker: WorkerInfo) -> Finding:
    """Handlers that heeded neither their timeout nor a cancellation."""
    named = tuple(f"{job.get('type')} {job.get('id')}" for job in worker.stuck[:_SHOWN])
    words = f"handlers of {worker.label} do not stop; they end with their process"
    return _fleet("stuck handlers", Severity.WARNING, words, count=len(worker.stuck), examples=named,
                  fix="the worker's log says where each of them is: a line with \"it is stuck\"")  # fmt: skip


def _versions(alive: Sequence[WorkerInfo]) -> list[Finding]:
    versions = Counter(worker.version for worker in alive)
    if len(versions) < 2:
        return []
    ((usual, _),) = versions.most_common(1)
    others = tuple(f"{w.label} {w.version}" for w in alive if w.version != usual)
    words = f"workers of different versions: {', '.join(sorted(versions))}"
    return [
        _fleet("versions", Severity.NOTE, words, count=len(others), examples=others[:_SHOWN],
               fix="let the older ones finish, and upgrade them: gopher workers stop NAME")
    ]  # fmt: skip


def _resting(alive: Sequence[WorkerInfo]) -> list[Finding]:
    quiet = [worker.label for worker in alive if worker.state == "quiet"]
    if not quiet:
        return []
    return [
        _fleet("quiet workers", Severity.NOTE, "told to start no jobs", count=len(quiet),
               examples=tuple(quiet[:_SHOWN]), fix=f"gopher workers resume {quiet[0]}")
    ]  # fmt: skip


def of_queue(queue: str, depth: Depth, serving: Sequence[WorkerInfo]) -> list[Finding]:
    """Whether a queue is served, and what keeps it from moving."""
    waiting = sum(depth.sizes[place] for place in (*READY, "unhandled"))
    work = waiting + depth.sizes["retrying"] + depth.sizes["scheduled"]
    oldest = max(((depth.now - at) / 1000 for at in depth.oldest.values()), default=0.0)
    findings = []
    if work and not serving:
        findings.append(
            _fleet("queues without a worker", Severity.WARNING, "jobs wait, and no living worker serves it",
                   queue=queue, count=work, fix=f"gopher worker -Q {queue}")
        )  # fmt: skip
    if waiting and depth.paused_since:
        findings.append(_paused(queue, waiting, (depth.now - depth.paused_since) / 1000))
    elif waiting > depth.sizes["unhandled"]:
        findings += _full(queue, waiting, serving)
    if oldest > _OLD:
        words = f"the oldest job has waited for {_whole(oldest)}"
        findings.append(_fleet("old jobs", Severity.NOTE, words, queue=queue, count=waiting))
    return [*findings, *_releases(queue, serving)]


def _paused(queue: str, waiting: int, seconds: float) -> Finding:
    severity = Severity.WARNING if seconds > _OLD else Severity.NOTE
    return _fleet("paused with a backlog", severity, f"paused for {_whole(seconds)}, and jobs wait",
                  queue=queue, count=waiting, fix=f"gopher queue resume {queue}")  # fmt: skip


def _full(queue: str, waiting: int, serving: Sequence[WorkerInfo]) -> list[Finding]:
    """That all slots were taken for a while: the youngest running job tells for how long."""
    at_work = [worker for worker in serving if worker.state not in ("quiet", "stopping")]
    since = min((worker.youngest_seconds for worker in at_work), default=0.0)
    if since < _FULL or any(worker.busy < worker.slots for worker in at_work):
        return []
    why = f"no slot of {plural(len(at_work), 'worker')} was free for {_whole(since)}"
    words = f"jobs wait, and {why}: {running_types(at_work)}"
    severity = Severity.WARNING if since > _LONG else Severity.NOTE
    fix = "start more workers, or give slow types a queue and a worker of their own"
    return [_fleet("all slots are busy", severity, words, queue=queue, count=waiting, fix=fix)]


def _releases(queue: str, serving: Sequence[WorkerInfo]) -> list[Finding]:
    """Workers that lack types which the others of their queue know: as a rule of an older release."""
    every = {type for worker in serving for type in worker.types}
    lacking = [(worker, sorted(every - set(worker.types))) for worker in serving]
    some = [(worker, types) for worker, types in lacking if types]
    if not some:
        return []
    named = tuple(f"{worker.label} lacks {_few(types)}" for worker, types in some[:_SHOWN])
    return [
        _fleet("workers that lack types", Severity.NOTE, "others of this queue know types that these do not",
               queue=queue, count=len(some), examples=named,
               fix="are they of another release? upgrade them: gopher workers stop NAME")
    ]  # fmt: skip


def unhandled(queue: str, serving: Sequence[WorkerInfo], types: Mapping[str, int]) -> list[Finding]:
    """Waiting jobs of types that nobody knows; ``types`` counts those that wait."""
    if not serving or not types:
        return []
    known = {type for worker in serving for type in worker.types}
    lost = {type: count for type, count in types.items() if type not in known}
    if not lost:
        return []
    return [
        _fleet("types without a handler", Severity.WARNING, "no living worker knows these types",
               queue=queue, count=sum(lost.values()), examples=_cut(tuple(sorted(lost))), whole=True,
               fix="start a worker that has the handler: gopher worker --app ...")
    ]  # fmt: skip


def failing(types: Iterable[TypeStats]) -> list[Finding]:
    """Types most of whose attempts fail now."""
    bad = [(stats.type, window) for stats in types if _fails(window := _five_minutes(stats))]
    if not bad:
        return []
    bad.sort(key=lambda pair: (-pair[1].failed - pair[1].retried, pair[0]))
    named = tuple(f"{type} {w.failed + w.retried} of {_ended(w)} attempts" for type, w in bad)
    return [
        _fleet("failing types", Severity.WARNING, "most attempts of the last 5 minutes failed",
               count=len(bad), examples=_cut(named), whole=True,
               fix=f"gopher list-failed --groups -t {bad[0][0]}")
    ]  # fmt: skip


def _five_minutes(type: TypeStats) -> WindowStats:
    return next(window for window in type.windows if window.window == "5m")


def _ended(window: WindowStats) -> int:
    return window.completed + window.retried + window.failed


def _fails(window: WindowStats) -> bool:
    return _ended(window) >= _ENOUGH and window.completed * 2 < _ended(window)


def poison(queue: str, ids: Collection[str], *, more: bool) -> list[Finding]:
    """Dead jobs that took their workers down; ``more``: not all dead ones were looked at."""
    if not ids:
        return []
    words = "took the processes that ran them down; retry asks before it runs them again"
    if more:
        words += " (of the newest dead jobs)"
    return [
        _fleet("poison jobs", Severity.NOTE, words, queue=queue, count=len(ids),
               examples=tuple(list(ids)[:_SHOWN]), fix=f"gopher inspect {next(iter(ids))}")
    ]  # fmt: skip


def _whole(seconds: float) -> str:
    return format_duration(float(int(seconds)))


def _few(names: Sequence[str]) -> str:
    return ", ".join(_cut(tuple(names)))


def _cut(names: tuple[str, ...]) -> tuple[str, ...]:
    rest = len(names) - _SHOWN
    return (*names[:_SHOWN], f"and {rest} more") if rest > 0 else names


def _fleet(
    name: str, severity: Severity, meaning: str, *, queue: str = "", count: int = 0,
    examples: tuple[str, ...] = (), fix: str = "", whole: bool = False,
) -> Finding:  # fmt: skip
    return Finding(
        section="fleet", name=name, severity=severity, meaning=meaning, queue=queue, count=count,
        examples=examples, fix=fix, whole=whole,
    )  # fmt: skip
