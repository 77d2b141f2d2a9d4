"""Why a job does not run yet: every reason that there is, each with the next command where one helps."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from gopher_cli.model.job.job import Spec
from gopher_cli.model.text.duration import format_duration
from gopher_cli.model.text.humanize import plural
from gopher_cli.model.views.stats import WorkerInfo, running_types
from gopher_cli.store import calls
from gopher_cli.store.calls import Found
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.read.fleet import list_types, list_workers

_RESTING = ("quiet", "stopping")
_WAITING = ("enqueued", "scheduled", "retrying", "blocked")


async def reasons(core: Core, queue: str, stored: Found, spec: Spec | None) -> list[str]:
    """The most telling first; none for a job that runs or has ended."""
    if stored.state not in _WAITING:
        return []
    why = await _own(core, queue, stored, spec)
    if stored.paused:
        why.append(f"the queue is paused; resume it: gopher queue resume {queue}")
    workers = [worker for worker in await list_workers(core) if worker.alive]
    serving = [worker for worker in workers if queue in worker.queues]
    nobody = await _nobody(core, queue, stored, spec, workers)
    if nobody:
        return [*why, nobody]
    return why or [_in_line(stored, [worker for worker in serving if worker.state not in _RESTING])]


async def _own(core: Core, queue: str, stored: Found, spec: Spec | None) -> list[str]:
    """What it waits for by itself."""
    wait = format_duration(max(0, stored.score - stored.now) / 1000)
    match stored.state:
        case "scheduled":
            return [f"it is due in {wait}"]
        case "retrying":
            return [f"attempt {stored.record.attempts} failed; the next is due in {wait}"]
        case "blocked":
            return [f"it waits for {await _parents(core, queue, spec)}"]
    return []


async def _parents(core: Core, queue: str, spec: Spec | None) -> str:
    waiting = []
    for id in spec.options.after if spec else ():
        parent = await core.store.run(calls.inspect(core.keys(queue), id))
        if parent is None or parent.state != "completed":
            stands = parent.state if parent else "which is gone: gopher retry runs this job anyway"
            waiting.append(f"{id} ({stands})")
    return ", ".join(waiting) or "nothing any more"


async def _nobody(
    core: Core, queue: str, stored: Found, spec: Spec | None, workers: Sequence[WorkerInfo]
) -> str:
    """That no worker would take it; empty where one would."""
    serving = [worker for worker in workers if queue in worker.queues]
    if not workers:
        guess = await _misspelt(core, spec.type) if spec else ""
        return f"no worker is running; start one: gopher worker{guess}"
    if not serving:
        return f"no worker serves the queue {queue}; start one: gopher worker -Q {queue}"
    if spec and not any(spec.type in worker.types for worker in serving):
        return _no_handler(stored, spec.type, serving)
    able = [worker for worker in serving if not spec or spec.type in worker.types]
    if all(worker.state in _RESTING for worker in able):
        return _resting(able)
    if stored.unhandled and spec:
        return f"no worker had a handler for {spec.type}; one has it now, and takes it up within a second"
    return ""


def _no_handler(stored: Found, type: str, serving: Sequence[WorkerInfo]) -> str:
    known = sorted({name for worker in serving for name in worker.types})
    near = difflib.get_close_matches(type, known, 1)
    guess = f"did you mean {near[0]}?" if near else f"they serve {', '.join(known)}" if known else ""
    if stored.unhandled:
        since = format_duration(float(int(max(0.0, stored.now - stored.score) / 1000)))
        start = "start one with it: gopher worker --app ..."
        return (
            f"no worker has a handler for {type} (since {since}); {'; '.join(filter(None, (start, guess)))}"
        )
    return "; ".join(filter(None, (f"no live worker serves the type {type}", guess)))


def _resting(serving: Sequence[WorkerInfo]) -> str:
    quiet = [worker.label for worker in serving if worker.state == "quiet"]
    if quiet:
        return f"its workers take no new jobs: {', '.join(quiet)}; gopher workers resume {quiet[0]}"
    return f"its workers are stopping: {', '.join(worker.label for worker in serving)}"


def _in_line(stored: Found, workers: Sequence[WorkerInfo]) -> str:
    """Who stands before it, and what keeps all slots."""
    stand = "stands" if stored.ahead == 1 else "stand"
    place = (
        f"{plural(stored.ahead, 'job')} {stand} in line before it" if stored.ahead else "it is next in line"
    )
    slots = sum(worker.slots for worker in workers)
    if not workers or any(worker.busy < worker.slots for worker in workers):
        return place
    most = running_types(workers)
    return f"{place}; all {plural(slots, 'slot')} of its workers are busy" + (f" ({most})" if most else "")


async def _misspelt(core: Core, type: str) -> str:
    """A guess from the types that workers have published, where this is none of them."""
    known = await list_types(core)
    near = difflib.get_close_matches(type, known, 1)
    return f"; did you mean {near[0]}?" if near and type not in known else ""
