"""The supervisor's duties: one broken queue stops no other, and no living worker is buried."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from redis import Redis

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData
from gopher_cli.store.calls import Promotion, Renewal
from gopher_cli.worker.board import Board
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.supervisor.crew import Crew
from gopher_cli.worker.supervisor.dead_workers import DeadWorkers
from gopher_cli.worker.supervisor.duties import Duties
from gopher_cli.worker.supervisor.orders import Orders
from gopher_cli.worker.supervisor.queue_duties import QueueDuties
from gopher_cli.worker.supervisor.runner_exit import RunnerExits
from gopher_cli.worker.supervisor.runner_process import RunnerProcess, share_slots
from gopher_cli.worker.supervisor.supervisor import Supervisor
from worker.processes import PATIENCE

pytestmark = pytest.mark.anyio
ABOUT = {"queues": ["default"], "processes": 1}


def supervisor(gopher: Gopher, *queues: str) -> Supervisor:
    return Supervisor(gopher, Settings(), serving(*queues))


def crew(gopher: Gopher, *queues: str) -> Crew:
    return Crew.create(gopher, Settings(), serving(*queues))


def serving(*queues: str) -> WorkerOptions:
    return WorkerOptions(queues=tuple((name, 1) for name in queues))


# Dead workers


def test_a_worker_is_dead_when_it_says_nothing_between_two_looks_far_enough_apart() -> None:
    silence = DeadWorkers()

    assert silence.dead({"w": 5}, now=100.0) == []
    assert silence.dead({"w": 5}, now=119.0) == []
    assert silence.dead({"w": 5}, now=120.0) == ["w"]


def test_a_worker_that_speaks_between_two_looks_lives_however_old_its_word_seems() -> None:
    silence = DeadWorkers()
    looks = [silence.dead({"w": beat}, now=100.0 + 10 * beat) for beat in range(10)]

    assert looks == [[]] * 10


async def test_a_live_worker_with_an_old_beat_keeps_its_jobs(gopher: Gopher, redis: Redis) -> None:
    await gopher.beat("w", ABOUT)
    id = await gopher.submit("mail")
    await gopher.reserve("default", worker="w.0", token="w.0:t", sequence=1)
    redis.zadd(f"{gopher.namespace}:{{~}}:beats", {"w": 1})

    assert await gopher.silent() == {"w": 1}
    await gopher.bury_the_dead(["w"])

    assert (await gopher.renew("default", "w.0")).lost == []
    assert redis.zrange(gopher.keys("default").held("w.0"), 0, -1) == [id.encode()]
    assert [one.id for one in await gopher.workers()] == ["w"]


async def test_a_dead_worker_is_buried_once_its_jobs_are_elsewhere(gopher: Gopher, redis: Redis) -> None:
    await gopher.beat("w", ABOUT)
    await gopher.submit("mail")
    await gopher.reserve("default", worker="w.0", token="w.0:t", sequence=1)
    await gopher.release("default", "w.0")
    held = gopher.keys("default").held("w.0")
    redis.zadd(held, {"of-long-ago": 1})

    await gopher.bury_the_dead(["w"])

    assert await gopher.workers() == []
    assert not redis.exists(held)


async def test_one_look_buries_nobody_and_nobody_buries_itself(gopher: Gopher, redis: Redis) -> None:
    one = crew(gopher, "default")
    for worker in ("w", one.id):
        await gopher.beat(worker, ABOUT)
        redis.zadd(f"{gopher.namespace}:{{~}}:beats", {worker: 1})
    care = Duties(one, Orders(one))

    await care.bury_the_dead()
    assert len(await gopher.workers()) == 2

    care._dead_workers._since = {beat: since - 20 for beat, since in care._dead_workers._since.items()}
    await care.bury_the_dead()
    assert [worker.id for worker in await gopher.workers()] == [one.id]


# Many queues


class Far:
    """Renewals that take a round trip each; ``most`` of them were under way at a time."""

    def __init__(self) -> None:
        self.renewed = self.most = self._under_way = 0

    async def renew(self, queue: str, runner: str, begun: object, *, spared: bool) -> Renewal:
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        await asyncio.sleep(0.01)
        self._under_way -= 1
        self.renewed += 1
        return Renewal(0, [], [])


async def test_forty_queues_of_four_processes_do_not_wait_for_each_others_round_trips() -> None:
    far, queues = Far(), [f"q{n}" for n in range(40)]
    worker = SimpleNamespace(
        gopher=far, queues=queues, stopping=asyncio.Event(), settings=Settings(),
        runners=[SimpleNamespace(id=f"w.{n}", ready=False) for n in range(4)],
    )  # fmt: skip

    await QueueDuties(cast(Crew, worker), queues).renew()

    assert (far.renewed, far.most) == (160, 16)


# A clock that leaps


class Leaping:
    """A server whose clock is set by the test; ``expired`` are the times at which something was dropped."""

    def __init__(self) -> None:
        self.ahead, self.expired = 0.0, list[float]()

    async def promote_due(self, queue: str) -> Promotion:
        return Promotion(
            round((time.monotonic() + self.ahead) * 1000), 0, None, cancels=False, next_tick=None
        )

    async def expire(self, queue: str) -> None:
        self.expired.append(self.ahead)


async def test_nothing_expires_because_the_servers_clock_has_leapt_forward() -> None:
    server = Leaping()
    visits = QueueDuties(cast(Crew, SimpleNamespace(gopher=server)), ["default", "other"])
    await visits.tidy()

    server.ahead = 86_400.0
    await visits.tidy()
    await visits.tend()
    await visits.tidy()
    assert server.expired == [0.0, 0.0]

    server.ahead = 1.0  # it was a mistake
    await visits.tidy()
    assert server.expired[2:] == [1.0, 1.0]


async def test_a_leap_that_lasts_is_the_time() -> None:
    server = Leaping()
    visits = QueueDuties(cast(Crew, SimpleNamespace(gopher=server)), ["default"])
    await visits.tidy()
    server.ahead = 3600.0
    await visits.tidy()
    visits._doubted -= 600

    await visits.tidy()
    await visits.tidy()

    assert server.expired == [0.0, 3600.0, 3600.0]


# A queue whose keys are not ours


@pytest.fixture
def foreign(gopher: Gopher, redis: Redis) -> Any:
    """The queue "bad", known to the fleet; all its keys are somebody else's."""
    keys = [gopher.keys("bad")[name] for name in ("ready_normal", "running", "scheduled", "completed")]
    redis.sadd(f"{gopher.namespace}:{{~}}:queues", "bad")
    for key in keys:
        redis.set(key, "not ours")
    yield
    redis.delete(*keys)


@pytest.mark.usefixtures("foreign")
async def test_a_broken_queue_does_not_keep_a_worker_from_the_others(gopher: Gopher) -> None:
    visits = QueueDuties(crew(gopher, "bad", "default"), ["bad", "default"])
    due = await gopher.submit("mail", delay=0.001)
    while (await gopher.inspect("default", due)).state != "enqueued":
        with pytest.raises(BadData):
            await visits.tend()
    await gopher.reserve("default", worker="w.0", token="w.0:t", sequence=1, now="1000")

    with pytest.raises(BadData):
        await visits.reclaim()
    assert list(visits._over["default"]) == [str(1000 + gopher.lease_ms)]
    with pytest.raises(BadData):
        await visits.tidy()


@pytest.mark.usefixtures("foreign")
async def test_a_broken_queue_does_not_hide_the_others_from_stats(gopher: Gopher) -> None:
    await gopher.submit("mail")

    found = await gopher.stats()

    assert ([one.queue for one in found.queues], found.pending) == (["default"], 1)
    assert found.unreadable == ["bad"]


@pytest.mark.usefixtures("foreign")
async def test_jobs_of_a_dead_runner_are_given_back_although_another_queue_is_broken(
    gopher: Gopher, redis: Redis
) -> None:
    one = crew(gopher, "bad", "default")
    redis.set(gopher.keys("bad").held(f"{one.id}.0"), "not ours")
    id = await gopher.submit("mail")
    await gopher.reserve("default", worker=f"{one.id}.0", token=f"{one.id}.0:t", sequence=1)
    runner = RunnerProcess(f"{one.id}.0", one.options)
    runner.board, runner.ended_well = Board.create(1), True

    await asyncio.wait_for(RunnerExits(one).bury(runner), PATIENCE)

    assert (await gopher.inspect("default", id)).state == "enqueued"
    redis.delete(gopher.keys("bad").held(f"{one.id}.0"))


# Runners that take each other's place


def test_a_runner_remembers_those_it_relieves_only_until_they_have_ended() -> None:
    runners: list[RunnerProcess] = []
    for number in range(5):
        relieves = [*runners[-1].relieves, runners[-1]] if runners else []
        runners = [*runners[-1:], RunnerProcess(f"w.{number}", WorkerOptions(), relieves)]
        share_slots(runners)

    old, new = runners
    assert (list(old.relieves), list(new.relieves)) == ([], [old])


async def test_one_crash_among_runners_that_made_way_in_good_order_brings_no_pause(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, pauses = supervisor(gopher, "default"), list[float]()

    async def start(runner: RunnerProcess, environ: object) -> None:
        runner.leaving.set()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(RunnerProcess, "start", start)
    monkeypatch.setattr(worker, "_pause", pause)
    for _ in range(20):
        await worker._start_runner()

    await worker._pause_if_crashing()
    assert not pauses
    for _ in range(5):
        await worker._pause_if_crashing()
    assert len(pauses) == 1, "six crashes in a minute are too many"


async def test_a_fault_in_the_burial_of_a_runner_is_said(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, runner = supervisor(gopher, "default"), RunnerProcess("w.0", WorkerOptions())
    told: list[str] = []
    monkeypatch.setattr(
        "gopher_cli.worker.supervisor.supervisor.say", lambda what, *_, **__: told.append(what)
    )

    async def follow() -> None:
        raise ValueError("what was not foreseen")

    monkeypatch.setattr(runner, "follow", follow)

    await worker._see_out(runner)

    assert told == ["cannot see a runner process out"]
