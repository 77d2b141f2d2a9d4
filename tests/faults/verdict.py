"""The end of every fault: the queue drains, the laws hold, nothing is lost, and it works on at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import laws
from awake_clock import awake, clock
from faults.ledger import Ledger
from laws.state import State, look
from worker.processes import PATIENCE, until

from gopher_cli.gopher import Gopher

ENDED = ("completed", "failed", "cancelled")
WAITING = ("enqueued", "scheduled", "retrying", "blocked", "processing")
PROMPT = 30.0  # seconds that a fresh job may take once a fault is over, on a machine with much else to do


@dataclass
class Verdict:
    """What a run has come to. ``lost``, ``doubled``, ``invented`` and ``late`` must stay empty."""

    accepted: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    gone: int = 0  # purged or expired, and counted as such
    waiting: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)  # more outcomes were accepted than jobs have ended
    invented: list[str] = field(default_factory=list)  # completed by a run that has never ended
    late: list[str] = field(default_factory=list)  # a fresh job that was not served in time
    extra_runs: int = 0  # beyond those that have spent an attempt: what a fault has cost
    overlaps: int = 0
    recovery: float = 0.0  # seconds until a fresh job had completed

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.invented or self.late)

    def __str__(self) -> str:
        return (
            f"accepted {self.accepted}, completed {self.completed}, failed {self.failed}, "
            f"cancelled {self.cancelled}, gone {self.gone}, waiting {self.waiting}, lost {len(self.lost)}, "
            f"double outcomes {len(self.doubled)}, extra runs {self.extra_runs}, overlaps {self.overlaps}, "
            f"recovery {self.recovery:.2f} s"
        )

    def stands(self) -> Verdict:
        """This, or AssertionError with everything that is wrong."""
        wrong = {"lost": self.lost, "doubled": self.doubled, "invented": self.invented, "late": self.late}
        assert self.holds, f"{self}\n{ {name: some[:10] for name, some in wrong.items() if some} }"
        return self


async def drain(gopher: Gopher, queues: Iterable[str] = ("default",), seconds: float = PATIENCE) -> float:
    """Wait until no job waits or runs (workers must be there to do it); how long that took."""
    began, names = clock(), list(queues)

    async def empty() -> bool:
        for queue in names:
            depth = await gopher.depth(queue)
            sizes = sum(depth.sizes.values()) - sum(depth.sizes[place] for place in ENDED)
            if sizes or depth.outbox:
                return False
        return True

    await until(empty, seconds)
    return awake(began)


async def check(
    redis: Any,
    namespace: str,
    gopher: Gopher,
    ledger: Ledger,
    *,
    queue: str = "default",
    seconds: float = PROMPT,
) -> Verdict:
    """Submit a fresh job, then look at everything: raises when a law is broken, else answers the figures.

    ``redis`` is a plain client of the same server; ``queue`` is one that live workers serve.
    """
    recovery, late = await _serves(gopher, ledger, queue, seconds)
    laws.check(redis, namespace)
    found = judge(look(redis, namespace), ledger)
    found.recovery, found.late = recovery, late
    return found


async def settled(
    redis: Any,
    namespace: str,
    gopher: Gopher,
    ledger: Ledger,
    *,
    queues: Iterable[str] = ("default",),
    seconds: float = PATIENCE,
) -> Verdict:
    """How every row of the fault matrix ends: drain, check, and the verdict stands with nothing waiting."""
    names = list(queues)
    await drain(gopher, names, seconds)
    found = (await check(redis, namespace, gopher, ledger, queue=names[0])).stands()
    assert not found.waiting, str(found)
    return found


async def _serves(gopher: Gopher, ledger: Ledger, queue: str, seconds: float) -> tuple[float, list[str]]:
    """How long a job takes that is submitted now; its id too, if that is too long."""
    began = clock()
    id = await gopher.submit("quick", {}, queue=queue, priority=10)
    ledger.accept(id)

    async def completed() -> bool:
        return (await gopher.inspect(queue, id)).state == "completed"

    try:
        await until(completed, seconds)
    except AssertionError:
        return awake(began), [id]
    return awake(began), []


def judge(states: dict[str, State], ledger: Ledger) -> Verdict:
    """The figures of a namespace against those of the ledger."""
    where = {id: (state, state.state(id)) for state in states.values() for id in state.ids}
    accepted = ledger.accepted()
    found = Verdict(accepted=len(accepted))
    for id in where:
        kind = where[id][1]
        if kind in ENDED:
            setattr(found, kind, getattr(found, kind) + 1)
        else:
            found.waiting += 1
    missing = [id for id in accepted if id not in where]
    found.gone = sum(_count(state, "expired", "purged") for state in states.values())
    found.lost = missing if len(missing) > found.gone else []
    found.doubled = [name for name, state in states.items() if _doubled(state)]
    ended = {(run.id, run.token) for run in ledger.ends()}
    began = {run.id for run in ledger.starts()}
    for id, (state, kind) in where.items():
        if kind == "completed" and id in began and (id, state.record(id).token.lstrip("!")) not in ended:
            found.invented.append(id)
    found.extra_runs = _extra(where, ledger)
    found.overlaps = len(ledger.overlaps())
    return found


def _count(state: State, *names: str) -> int:
    return sum(state.counts.get(name, 0) for name in names)


def _doubled(state: State) -> bool:
    """Outcomes are counted as they are accepted, jobs stand where they have ended: these must agree."""
    gone = _count(state, "expired", "purged")
    completed = _count(state, "completed") - len(state.completed)
    # A success that came late, and that nobody else had taken over, brings a job back from the dead.
    failed = _count(state, "failed") - len(state.failed) - _count(state, "requeued", "late")
    return completed > gone or failed > gone


def _extra(where: dict[str, tuple[State, str]], ledger: Ledger) -> int:
    """Runs that have spent no attempt. (A requeue counts attempts from 0, and makes this too high.)"""
    times = ledger.times()
    return sum(max(0, n - where[id][0].record(id).attempts) for id, n in times.items() if id in where)
