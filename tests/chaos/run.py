"""One run: storms and calms by turns, then the reckoning."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import laws
from awake_clock import awake, clock
from faults.verdict import ENDED, Verdict, check, drain
from laws.state import keys_of
from worker.processes import children_of, until

from chaos.growth import Growth
from chaos.load import Load
from chaos.place import NAMESPACE, QUEUE, Place, a_place
from chaos.storms import storm
from gopher_cli.gopher import Gopher

# Seconds: what the README promises of a dead worker's jobs, with the default lease. With a shorter one it is
# far less, and the rest is for processes that a busy machine gives no turn.
BOUND = 20.0
_FEWEST = 4  # faults, however long they take
GROWTH = 2.0  # MB an hour that a worker of a soak may seem to grow
_LONG = 3600.0  # seconds: in less, a heap that finds its size looks like a leak
_LOOK = 0.25
MAX_LOSSES = 3


@dataclass(frozen=True)
class Plan:
    """``calm`` is how long (s) it may rest after it has recovered. A ``soak`` leaves one worker alone."""

    seconds: float
    seed: int
    lease: float = 15.0
    rate: float = 40.0
    calm: float = 5.0
    soak: bool = False


@dataclass
class Outcome:
    """``recoveries``: seconds from the end of each storm until no job was in dead hands; ``waits``: from the
    kill of a worker, with nothing else wrong, until each job that it ran began to run again."""

    plan: Plan
    end: Verdict = field(default_factory=Verdict)
    faults: int = 0
    workers: int = 0
    refused: int = 0
    recoveries: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    slope: float | None = None
    leaked: list[str] = field(default_factory=list)
    innocent: list[str] = field(default_factory=list)  # called poison, and had not begun that often
    broken: str = ""

    @property
    def holds(self) -> bool:
        prompt = max(*self.recoveries, *self.waits, 0.0, 0.0) <= BOUND
        grows = self.plan.soak and self.plan.seconds >= _LONG and (self.slope or 0.0) > GROWTH
        bad = self.end.waiting or self.leaked or self.innocent or self.broken or grows
        return self.end.holds and prompt and not bad

    def __str__(self) -> str:
        end = self.end
        slope = "not measured" if self.slope is None else f"{self.slope:+.1f} MB/h"
        return (
            f"{'HOLDS' if self.holds else 'BROKEN'} seed {self.plan.seed}, {self.plan.seconds:g} s, "
            f"{self.faults} faults, {self.workers} workers: accepted {end.accepted}, "
            f"completed {end.completed}, failed {end.failed}, cancelled {end.cancelled}, "
            f"lost {len(end.lost)}, double outcomes {len(end.doubled)}, extra runs {end.extra_runs}, "
            f"refused submits {self.refused}, worst recovery {max(self.recoveries, default=0.0):.1f} s, "
            f"{len(self.waits)} killed runs again after at most {max(self.waits, default=0.0):.1f} s, "
            f"RSS slope {slope}, leaked keys {len(self.leaked)}, "
            f"innocents called poison {len(self.innocent)}"
            + "".join(f"\n{line}" for line in (*self.innocent, self.broken) if line)
        )


async def run(plan: Plan, tell: Callable[[str], None]) -> Outcome:
    chance, outcome, growth = random.Random(plan.seed), Outcome(plan), Growth()
    with a_place(plan.lease) as place:
        try:
            for n in range(3):
                await place.hire(spared=plan.soak and n == 0)
            load = Load(place, plan.rate, random.Random(chance.random()), poison=not plan.soak)
            watch = asyncio.create_task(_watch(place, growth))
            await _storms(place, plan, chance, outcome, tell)
            await load.end()
            outcome.refused, outcome.workers, outcome.slope = load.refused, place.started, growth.slope()
            await _reckon(place, outcome)
            watch.cancel()
        finally:
            await place.close()
    return outcome


async def _storms(
    place: Place, plan: Plan, chance: random.Random, outcome: Outcome, tell: Callable[[str], None]
) -> None:
    began = time.monotonic()
    while (now := time.monotonic() - began) < plan.seconds or outcome.faults < _FEWEST:
        place.storms.append(time.monotonic())
        names = await storm(place, chance)
        outcome.faults += len(names)
        seconds = await _recovered(place)
        outcome.recoveries.append(seconds)
        tell(f"{now:6.1f} s  {'; '.join(names)}: recovered in {seconds:.1f} s")
        await asyncio.sleep(chance.uniform(0, plan.calm))


async def _recovered(place: Place) -> float:
    """Seconds until each job that was running at the end of a storm was taken from dead hands, or goes on.

    Whose handler gives a sign of life goes on; whose token is another one was taken.
    """
    began = clock()
    suspects = place.running()

    def all_well() -> bool:
        now = place.running()
        left = {id: token for id, token in suspects.items() if now.get(id) == token}
        lively = {run.id for run in place.ledger.starts() if run.last > began} if left else set()
        suspects.clear()
        suspects.update({id: token for id, token in left.items() if id not in lively})
        return not suspects

    while not await asyncio.to_thread(all_well):
        assert awake(began) < 3 * BOUND, f"nobody takes these back: {suspects}"
        await asyncio.sleep(_LOOK)
    return awake(began)


async def _watch(place: Place, growth: Growth) -> None:
    """As an init system does: who has ended is started again (one that finds no Redis at its start ends)."""
    while True:
        for one in [one for one in place.workers if one.process.poll() is not None]:
            place.workers.remove(one)
            await place.hire()
        lasting = place.spared or place.workers
        pids = [pid for one in lasting for pid in (one.process.pid, *children_of(one.process.pid))]
        growth.look(pids)
        await asyncio.sleep(1)


async def _reckon(place: Place, outcome: Outcome) -> None:
    """All is over and calm: everything must end, nothing may be left, and the laws hold."""
    try:
        async with place.patient() as gopher:
            await _drain(gopher)
            _, outcome.leaked = keys_of(place.redis, NAMESPACE)
            outcome.waits, outcome.innocent = _waits(place), _innocent(place)
            outcome.end = await check(place.redis, NAMESPACE, gopher, place.ledger, seconds=BOUND)
        await until(lambda: not place.running())
        laws.check(place.redis, NAMESPACE)
    except AssertionError as error:
        outcome.broken = f"{error or 'a law is broken'}\n{await _scene(place)}"


async def _drain(gopher: Gopher) -> None:
    """Until nothing waits or runs. Suspects run one at a time: as long as they get fewer they have time."""
    left = math.inf
    while True:
        try:
            await drain(gopher, seconds=3 * BOUND)
            return
        except AssertionError:
            sizes = (await gopher.depth(QUEUE)).sizes
            now = sum(size for place, size in sizes.items() if place not in ENDED)
            if now >= left:
                raise
            left = now


def _innocent(place: Place) -> list[str]:
    """Dead jobs that are said to take their worker down, and whose runs were not cut short so often.

    One run is not asked for: Redis must know that the last one begins before it takes its first step, and a
    kill may come between the two.
    """
    keys = place.gopher.keys(QUEUE)
    dead = place.redis.zrange(keys["failed"], 0, -1)
    told = place.redis.hmget(keys["errors"], dead) if dead else []
    poison = [
        id.decode() for id, text in zip(dead, told, strict=True) if b'"outcome":"poison"' in (text or b"")
    ]
    cut_short = Counter(run.id for run in place.ledger.open())
    return [
        f"{id}: {place.ledger.starts(id)} {place.redis.hget(keys['errors'], id)}"
        for id in poison
        if cut_short[id] < MAX_LOSSES - 1
    ]


def _waits(place: Place) -> list[float]:
    """How long each run that was cut short waited for the next; one that had ended after all has none.

    A job that had begun so often that one more loss may be its end is not asked for: it runs alone, behind
    all others of its kind, and how many those are is chance. (A run that came to its end counts as well: it
    is lost if its outcome was not stored.) Each storm in between may have killed who had taken a job back:
    it is allowed as long again for every one of them.
    """
    waits = []
    for cut in place.cut:
        runs = place.ledger.starts(cut.id)
        again = min(
            (run.started for run in runs if run.token != cut.token and run.started > cut.at), default=0.0
        )
        if sum(run.started < again for run in runs) in range(1, MAX_LOSSES - 1):
            storms = sum(cut.at < began < again for began in place.storms)
            waits.append(again - cut.at - storms * BOUND)
    return waits


async def _scene(place: Place) -> str:
    """What stands there, for whoever must find out why."""
    async with place.patient() as gopher:
        depth = await gopher.depth(QUEUE)
    lines = [f"{place_} {size}" for place_, size in depth.sizes.items() if size]
    lines += [f"outbox {depth.outbox}", f"paused since {depth.paused_since}", f"running {place.running()}"]
    now = place.redis.time()[0] * 1000
    for waiting in ("scheduled", "retrying", "blocked"):
        for id, score in place.redis.zrange(place.gopher.keys(QUEUE)[waiting], 0, 3, withscores=True):
            record, spec = (place.redis.hget(place.gopher.keys(QUEUE)[name], id) for name in ("meta", "spec"))
            lines.append(f"{waiting} {id.decode()} due in {(score - now) / 1000:.1f} s: {record} {spec}")
    for id in place.running():
        spec = place.redis.hget(place.gopher.keys(QUEUE)["spec"], id)
        lines.append(f"runs {id}: {spec} {place.ledger.starts(id)}")
    for one in place.workers:
        lines.append(f"worker {one.process.pid}: exit {one.process.poll()}; said last: {one.said[-8:]}")
    return "\n".join(lines)
