"""The history of a real run: many processes, one of them killed, one stopped for longer than its leases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import laws
import pytest
from laws.state import look
from redis import Redis
from servers import Server, own_server
from worker.processes import TESTS, Worker, until

from history import ENDED, History, Run
from history.aof import moves, newest, transactions
from history.bounds import Bounds, percentiles
from history.checker import check
from history.recorder import VARIABLE, read

pytestmark = pytest.mark.anyio
QUEUES = ("default", "side")


@pytest.fixture
def server() -> Iterator[Server]:
    """It writes each command to its log before it answers: so the log is a witness."""
    with own_server("", "--appendfsync", "no") as server:
        yield server


def ahead() -> int:
    """The time of day less the monotonic clock (ns): both are read as good as at once, or once more."""
    while True:
        before, now, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        if after - before < 100_000:
            return now - before


def signal_all(worker: Worker, number: int) -> None:
    """To its supervisor and its runners: each of them has a group of its own."""
    for pid in (worker.process.pid, *worker.runners()):
        os.kill(pid, number)


class Stage:
    """A server, a record, and the processes that have been started."""

    def __init__(self, server: Server, namespace: str, home: Path) -> None:
        self.server, self.namespace = server, namespace
        self.record = home / "history"
        self.redis = Redis.from_url(server.url)
        self.clock = ahead()
        self.env = {
            name: os.environ[name]
            for name in ("PATH", "LANG", "COVERAGE_PROCESS_CONFIG")
            if name in os.environ
        }
        self.env |= {
            "REDIS_URL": server.url, "GOPHER_NAMESPACE": namespace, "HOME": str(home),
            VARIABLE: str(self.record),
            "PYTHONPATH": f"{TESTS}:{TESTS.parent}", "GOPHER_LEASE": "3s", "GOPHER_HEARTBEAT": "1s",
            "GOPHER_BACKOFF": "fixed:100ms", "REDIS_TIMEOUT": "60s",
        }  # fmt: skip
        self.workers: list[Worker] = []
        self.actors: list[subprocess.Popen[bytes]] = []

    def worker(self) -> Worker:
        one = Worker(self.env, "--app", "history.app:app", "--queue", ",".join(QUEUES), "--concurrency", "4")
        self.workers.append(one)
        return one

    def actor(self, part: str, name: str, many: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "history.actors", part, name, str(many)]
        self.actors.append(subprocess.Popen(command, env=self.env))
        return self.actors[-1]

    def running(self, worker: Worker) -> bool:
        """Whether one of its handlers is at work."""
        return any(not run.said for run in self.runs_of(worker))

    def runs_of(self, worker: Worker) -> list[Run]:
        pids = worker.runners()
        return [run for run in read(self.record)[1] if run.pid in pids] if self.record.exists() else []

    def asked(self, queue: str) -> bool:
        """Whether anybody has heard that a job is accepted in this queue."""
        return self.record.exists() and any(op.queue == queue and op.known for op in read(self.record)[0])

    async def stall(self, worker: Worker) -> None:
        """Stop all its processes in the middle of a job, which stays under way."""
        while True:
            await until(lambda: self.running(worker))
            signal_all(worker, signal.SIGSTOP)
            if self.running(worker):
                return
            signal_all(worker, signal.SIGCONT)

    async def kill_while_it_asks(self, actor: subprocess.Popen[bytes], name: str) -> None:
        """A client dies with a request on its way: the server is held still meanwhile, and then goes on."""

        def asks() -> bool:
            return any(op.client == name and not op.known for op in read(self.record)[0])

        self.server.stop()
        while actor.poll() is None:
            await until(asks)
            actor.send_signal(signal.SIGSTOP)  # it may just have heard the answer to the one before
            actor.send_signal(signal.SIGKILL if asks() else signal.SIGCONT)
            with suppress(subprocess.TimeoutExpired):
                actor.wait(0.05)
        self.server.cont()

    def taken_from(self, worker: Worker) -> bool:
        """Whether nothing is leased to a worker any more that does not move."""
        names = {run.token.partition(":")[0] + ":" for run in self.runs_of(worker)}
        states = look(self.redis, self.namespace).values()
        return not any(
            state.record(id).token.startswith(tuple(names)) for state in states for id in state.running
        )

    def drained(self) -> bool:
        """Twice: queues are looked at one by one, and a job may move from a later to an earlier one."""
        return self._at_rest() and self._at_rest()

    def _at_rest(self) -> bool:
        """Who waits for a job that an operator has cancelled stays blocked; the laws know who may."""
        states, rest = look(self.redis, self.namespace).values(), (*ENDED, "blocked")
        return all(not state.outbox and all(state.state(id) in rest for id in state.ids) for state in states)

    def history(self) -> History:
        ops, runs = read(self.record)
        log = newest(self.server.home).read_bytes()
        written = list(moves(transactions(log), self.namespace, self.clock))
        final, results = {}, {}
        for state in look(self.redis, self.namespace).values():
            final |= {id: state.state(id) for id in state.ids}
            results |= {id: text.decode().strip('"') for id, text in state.result.items()}
        return History(ops, runs, written, final, results)

    def end(self) -> None:
        for one in self.workers:
            one.kill()
        for actor in self.actors:
            actor.kill()
            actor.wait()
        self.redis.close()


@pytest.fixture
def stage(server: Server, namespace: str, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(server, namespace, tmp_path)
    yield stage
    stage.end()


@pytest.mark.timeout(300)
async def test_a_run_with_a_killed_a_stalled_and_a_third_worker_keeps_every_promise(stage: Stage) -> None:
    """I1, I3, I4, I14, I16, I17: over all that three clients, two operators and the workers have seen."""
    killed, stalled, third = (stage.worker() for _ in range(3))
    for one in (killed, stalled, third):
        one.heard("serving")
    ann, *others = (
        stage.actor("submit", "ann", 9999),
        stage.actor("submit", "bob", 100),
        stage.actor("submit", "cid", 100),
    )
    await until(lambda: all(stage.asked(queue) for queue in QUEUES))
    others.append(stage.actor("operate", "eve", 40))

    for one in (killed, stalled):
        await stage.stall(one)
    killed.kill()
    await stage.kill_while_it_asks(ann, "ann")
    await until(lambda: all(actor.poll() is not None for actor in others))
    assert [actor.returncode for actor in others] == [0, 0, 0]
    await until(lambda: stage.taken_from(stalled))
    signal_all(stalled, signal.SIGCONT)
    await until(stage.drained, 180)  # suspects run one by one, and machines stand still
    verdict = check(history := stage.history(), Bounds(late=90, again=90))
    print(verdict, percentiles(history))

    assert not verdict.broken, str(verdict)
    assert verdict.figures["lost leases"] >= 2 and verdict.figures["unknown"] == 1
    assert verdict.figures["accepted"] >= 160 and len(history.of("pause", "requeue", "purge", "cancel")) > 20
    laws.check(stage.redis, stage.namespace)
