"""The supervisor's view of one runner process: starting it, hearing it, ending it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gopher_cli.model.errors import BadConfig, GopherError
from gopher_cli.model.job.terms import HandlerWishes
from gopher_cli.model.schedule.declaration import Declaration
from gopher_cli.worker import messages
from gopher_cli.worker.board import Board
from gopher_cli.worker.channel import Channel
from gopher_cli.worker.logs import say
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.process_lock import ProcessLock
from gopher_cli.worker.programs.process_tree import before_exec, descendants, signal_group

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_LOOK = 0.05  # seconds between two looks for the end of one, where nothing tells of it
_ECHO = 0.2  # seconds to hear the last words of one that has died
_SILENT = 10.0  # seconds that one may live on after its end of the channel has closed


class RunnerKilled(BadConfig):
    """A signal has ended it before it was ready."""


class RunnerProcess:
    """``dead`` is set when it has ended; ``types``, ``wishes``, ``schedules`` are known once it is ready."""

    def __init__(
        self,
        id: str,
        options: WorkerOptions,
        relieves: Sequence[RunnerProcess] = (),
        lacking: set[str] | None = None,
        turn: ProcessLock | None = None,
    ) -> None:
        self.id = id
        self.relieves = relieves  # whose place it takes, while they still run some jobs
        self._turn = turn or ProcessLock.create()
        self.dead = asyncio.Event()
        self.types: dict[str, bytes] = {}
        self.wishes: dict[str, HandlerWishes] = {}
        self.schedules: list[Declaration] = []
        self.busy = self.completed = self.failed = 0
        self.current: list[messages.RunningJob] = []
        self.youngest = 0.0
        self.stopping = False
        self.ready = self.ended_well = False
        self.worn = self.broken = False
        self.killed_for = ""
        self.leaving = asyncio.Event()  # it fetches no more, and another is to take its place at once
        self.stuck: list[messages.RunningJob] = []  # handlers that heed nothing, and were given up
        self.shared = messages.Share(0, [])  # as it has last been told; see Runner.share
        self.looks = 0  # at it, since it has last spoken
        self.recalled = False  # all that waited in it has gone back
        self.gone: list[messages.Held] = []  # what has, or may have
        self.last_rites: asyncio.Future[None] | None = None  # settling the jobs that have blocked it
        self._going = False
        self._options = options
        self._lacking = set[str]() if lacking is None else lacking  # whose lack any of them has told of
        self._cpu = (0.0, 0.0)
        self._channel: Channel[messages.FromRunner] | None = None

    async def start(self, environ: dict[str, str]) -> None:
        """Until it is ready. Raises BadConfig (or what it says) when its handlers do not load."""
        self.board = Board.create(self._options.concurrency)
        try:
            self.process, self._channel = await self._spawned(environ)
            self._watch_its_end()
            self.types = await self._introduced(self._channel)
        except BaseException:
            self.close()
            raise
        self.ready = True

    async def _spawned(
        self, environ: dict[str, str]
    ) -> tuple[subprocess.Popen[bytes], Channel[messages.FromRunner]]:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                fds = [theirs.fileno(), self.board.fd, self._turn.fd]
                process = subprocess.Popen(  # noqa: ASYNC220 - forks at once, and runs on
                    [sys.executable, "-P", "-m", "gopher_cli.worker.runner.main", *map(str, fds)],
                    pass_fds=fds,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C is not for it, nor for what its handlers start
                    preexec_fn=before_exec(),
                )
        except BaseException:
            ours.close()
            raise
        return process, await Channel.over(ours, messages.decode_from_runner)

    def _watch_its_end(self) -> None:
        """Not by the end of its channel: a process that a handler has forked may hold that open."""
        try:
            watch = os.pidfd_open(self.process.pid)
        except (AttributeError, OSError):  # not Linux, or no descriptor to be had
            self._look_for_its_end()
            return
        loop = asyncio.get_running_loop()

        def ended() -> None:
            loop.remove_reader(watch)
            os.close(watch)
            self._bury()

        loop.add_reader(watch, ended)

    def _look_for_its_end(self) -> None:
        if _has_ended(self.process):
            self._bury()
        else:
            asyncio.get_running_loop().call_later(_LOOK, self._look_for_its_end)

    def _bury(self) -> None:
        """With all of its group, before its number can be another's."""
        signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.dead.set()

    async def _introduced(self, channel: Channel[messages.FromRunner]) -> dict[str, bytes]:
        channel.send(messages.Begin(self.id, self._options, self.shared.lent, self.shared.barred))
        match await channel.receive():
            case messages.Loaded(handlers, schedules):
                self.schedules = schedules
                self.wishes = {type: handler.wishes for type, handler in handlers.items()}
                return {type: handler.schema.encode() for type, handler in handlers.items()}
            case messages.NotLoaded(message, hint, code):
                await self.dead.wait()
                error = GopherError(message, hint)
                error.exit_code = code
                raise error
        self.kill()
        await self.dead.wait()
        problem = RunnerKilled if self.process.returncode < 0 else BadConfig
        raise problem(
            f"a runner process ended with code {self.process.returncode} before it was ready",
            "see the lines above",
        )

    def signal(self, number: int) -> None:
        """Once it is ready: before, it could die of it."""
        if self.ready and not self.dead.is_set():
            os.kill(self.process.pid, number)

    def tell(self, message: messages.ToRunner) -> None:
        """Send it a message, if it can hear."""
        if self._channel is not None:
            self._channel.send(message)

    def share(self, lent: int, barred: list[str]) -> None:
        """Of its slots so many are lent to processes that leave, and what is stuck there must wait."""
        if self.shared != messages.Share(lent, barred):
            self.shared = messages.Share(lent, barred)
            if self._going:
                self.tell(self.shared)

    def go(self, *, quiet: bool) -> None:
        """Let it begin."""
        self._going = True
        self.tell(messages.Go(quiet))
        self.tell(self.shared)  # since it was started

    async def follow(self) -> None:
        """Hear it until it is dead."""
        hearing = asyncio.ensure_future(self._hear())
        dying = asyncio.ensure_future(self.dead.wait())
        await asyncio.wait({hearing, dying}, return_when=asyncio.FIRST_COMPLETED)
        if self.dead.is_set():
            await asyncio.wait({hearing}, timeout=_ECHO)
        elif not (await asyncio.wait({dying}, timeout=_SILENT))[0]:
            self.kill("it did not speak any more")
            await dying
        hearing.cancel()

    async def _hear(self) -> None:
        assert self._channel is not None
        async for message in self._channel.messages():
            if isinstance(message, messages.Status):
                self._note(message)

    def _note(self, status: messages.Status) -> None:
        self.looks = 0
        self.busy, self.completed, self.failed = status.busy, status.completed, status.failed
        self.current, self.youngest, self.stuck = status.current, status.youngest, status.stuck
        self.ended_well, self.worn, self.broken = status.ended, status.worn, status.broken
        self._say_what_it_lacks(status.unknown_types)
        if status.leaving:
            self.leaving.set()

    def _say_what_it_lacks(self, types: Sequence[str]) -> None:
        """Once for each type, whatever number of its jobs come by."""
        for type in types:
            if type not in self._lacking:
                self._lacking.add(type)
                message = "no handler for this type here: its jobs wait for a worker that has one"
                say(message, logging.WARNING, type=type)

    def stop(self, grace: float) -> None:
        """Let running jobs finish. One that is not even ready has none."""
        self.stopping = True
        if self.ready:
            self.tell(messages.Stop(grace))
        else:
            self.kill("it is not needed any more")

    def make_way(self, grace: float) -> None:
        """Finish, and let a fresh process take the place."""
        if not self.stopping:
            self.stopping = True
            self.tell(messages.MakeWay(grace))

    def kill(self, why: str = "") -> None:
        self.killed_for = self.killed_for or why
        if hasattr(self, "process") and not self.dead.is_set():  # it is buried only where that is set
            os.kill(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self.board.close()

    # What is known of it

    @property
    def pid(self) -> int:
        """0 before it is started."""
        return self.process.pid if hasattr(self, "process") else 0

    def overdue(self) -> list[tuple[int, str]]:
        """(queue, id) of jobs that are far past their timeout: it is blocked, and cannot stop them."""
        now = time.monotonic()
        return [(queue, id) for deadline, queue, id in self.board.read() if now > deadline]

    def guilty(self) -> list[tuple[int, str]]:
        """(queue, id) of jobs that may have brought it down; those that we had to end it for, if we did."""
        if self.ended_well:
            return []
        return self.overdue() if self.killed_for else self.board.blamed()

    def why_it_died(self) -> str:
        code = self.process.returncode
        return self.killed_for or (f"killed by signal {-code}" if code < 0 else f"exit code {code}")

    def usage(self, now: float) -> tuple[int, float]:
        """Bytes in memory, its children's too; the share of one CPU since the last call. 0 without /proc."""
        try:
            proc = Path(f"/proc/{self.process.pid}")
            rss = int((proc / "statm").read_text(encoding="ascii").split()[1]) * _PAGE
            rss += sum(map(_own_memory, descendants(self.process.pid)))
            fields = (proc / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (AttributeError, OSError, IndexError, ValueError):
            return 0, 0.0
        spent = (int(fields[11]) + int(fields[12])) / _TICKS
        before_spent, before = self._cpu
        self._cpu = (spent, now)
        return rss, (spent - before_spent) / (now - before) * 100 if before else 0.0


def share_slots(runners: Sequence[RunnerProcess]) -> None:
    """Who leaves keeps its slots until its jobs have ended; what is stuck anywhere is begun nowhere else."""
    barred = sorted({job.id for runner in runners for job in runner.stuck})
    for runner in runners:
        runner.relieves = [
            relieve for relieve in runner.relieves if relieve in runners
        ]  # the ended lend nothing
        if not runner.leaving.is_set():
            runner.share(sum(relieve.busy for relieve in runner.relieves), barred)


def _own_memory(pid: int) -> int:
    """Bytes of a process; of what it shares with others, as after a fork, its part. 0 if it is gone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """It stays a zombie where it can, so that its number keeps its meaning."""
    if not hasattr(os, "waitid"):  # macOS
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
