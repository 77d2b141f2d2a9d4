"""Isolated handlers: each job runs in a process of its own kind, which is kept for the next one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections import deque

import msgspec

from gopher_cli.failpoints import failpoint
from gopher_cli.model.job.outcome import Interrupted, Lost, Outcome
from gopher_cli.worker.channel import Channel
from gopher_cli.worker.execution.attempt import Attempt
from gopher_cli.worker.execution.start_failures import StartSteps, Unstarted, starting
from gopher_cli.worker.handler_link import HandlerLink
from gopher_cli.worker.messages import (
    AboutJob,
    Answer,
    Begun,
    Finished,
    FromIsolated,
    Log,
    Prepare,
    Progress,
    Ready,
    Recall,
    RunJob,
    Submit,
    Unready,
    decode_from_isolated,
)
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.programs.keeper_client import KeeperClient, KeptProgram
from gopher_cli.worker.programs.process_tree import signal_name

_JOBS_EACH = 1000
_DYING = 5.0  # seconds in which its keeper should have told how it ended
_ECHO = 0.5  # seconds for its last words: a process that it has forked may hold the channel open
_COMMAND = (sys.executable, "-P", "-m", "gopher_cli.worker.programs.isolated_child")


class IsolatedProcess:
    """One process that runs one job at a time."""

    def __init__(self, kept: KeptProgram, channel: Channel[FromIsolated]) -> None:
        self.kept = kept
        self.channel = channel
        self.jobs = 0
        self._watching = asyncio.create_task(self._watch())

    async def ready(self, options: WorkerOptions) -> None:
        """Raises Unstarted when it does not come so far that it could run a job."""
        self.channel.send(Prepare(options))
        match await self.channel.receive():
            case Ready():
                return
            case Unready(why):
                raise Unstarted(why)
        raise Unstarted(f"it {await self.ending()} before it was ready")

    async def ending(self) -> str:
        """How it has ended, in words."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.kept.over.wait(), _DYING)
        code = self.kept.code
        if self.kept.crowd:
            return f"was killed: it had {self.kept.crowd} processes (GOPHER_JOB_PROCESSES)"
        if code is None:
            return "closed its channel"
        return f"was killed by {signal_name(-code)}" if code < 0 else f"exited with code {code}"

    async def _watch(self) -> None:
        await self.kept.over.wait()
        await asyncio.sleep(_ECHO)
        self.channel.close()

    def kill(self) -> None:
        self.kept.kill()
        self.channel.close()

    async def end(self) -> None:
        """SIGTERM to its group, and SIGKILL when that is not heard."""
        self.channel.send_end()  # it heeds no SIGTERM without this
        await self.kept.end()
        self.channel.close()


class IsolatedPool:
    """The pool. IsolatedPool start when they are needed, at most one for each slot of the runner."""

    def __init__(
        self,
        options: WorkerOptions,
        link: HandlerLink,
        keepers: KeeperClient,
        steps: StartSteps,
    ) -> None:
        self._options = options
        self._link = link
        self._keepers = keepers
        self._steps = steps
        self.halt = keepers.halt
        self._idle: deque[IsolatedProcess] = deque()

    async def run(self, attempt: Attempt) -> Outcome:
        """Cancelling kills the child. A child that dies with the job begun is a Lost."""
        try:
            child, outcome = await self._begun(attempt)
        except Unstarted as error:
            return await self._keepers.starts.later(str(error))
        self._keepers.starts.worked()
        child.jobs += 1
        if isinstance(outcome, Lost) or child.jobs >= _JOBS_EACH:
            child.kill()
        else:
            self._idle.append(child)
        return await self._keepers.halt.judged(attempt, outcome)

    async def _begun(self, attempt: Attempt) -> tuple[IsolatedProcess, Outcome]:
        """By an idle child, or by a new one when that dies before it has begun."""
        while True:
            child = self._rested() or await self._fresh()
            try:
                outcome = (
                    await self._talk(child, attempt) if await self._steps.launch(attempt) else Interrupted()
                )
            except BaseException:
                await asyncio.shield(child.end())
                raise
            if outcome is not None:
                return child, outcome
            child.kill()
            if not child.jobs:
                raise Unstarted(f"it {await child.ending()} before the job began")

    def _rested(self) -> IsolatedProcess | None:
        while self._idle:
            child = self._idle.pop()
            if child.kept.runs:
                return child
            child.kill()
        return None

    async def _fresh(self) -> IsolatedProcess:
        with starting():
            ours, theirs = socket.socketpair()
        with theirs:
            try:
                kept = await self._keepers.start(_COMMAND, (theirs.fileno(), 1, 2))
            except OSError as error:  # our own interpreter: nothing that the job could have done
                ours.close()
                raise Unstarted(error.strerror or str(error)) from error
            except BaseException:
                ours.close()
                raise
        failpoint("child.spawned")
        child = IsolatedProcess(kept, await Channel.over(ours, decode_from_isolated))
        try:
            await child.ready(self._options)
        except BaseException:
            child.kill()
            raise
        return child

    async def _talk(self, child: IsolatedProcess, attempt: Attempt) -> Outcome | None:
        """None when it has ended before the job began."""
        lease, spec = attempt.lease, msgspec.json.encode(attempt.lease.spec).decode()
        job = RunJob(lease.id, lease.queue, lease.token, lease.attempt, lease.losses, spec)
        child.channel.send(job)
        async for message in child.channel.messages():
            if not isinstance(message, AboutJob) or message.token != lease.token:
                continue  # about another job, by what that has left behind
            if isinstance(message, Finished):
                return message.outcome
            await self._heed(child, attempt, message)
        how = await child.ending()
        return Lost(f"the process of this job {how}", child.kept.code) if not attempt.starting else None

    async def _heed(self, child: IsolatedProcess, attempt: Attempt, message: AboutJob) -> None:
        match message:
            case Begun():
                self._steps.began(attempt)
            case Log(text=text):
                self._link.log(attempt.lease, text)
            case Progress(fraction=fraction, message=text):
                self._link.progress(attempt.lease, fraction, text)
            case Recall(key=key, value=value):
                known = await self._link.recall(attempt.lease, key, value.encode())
                child.channel.send(Answer(known.decode() if known is not None else None))
            case Submit(job_type=type, payload=payload, options=options) if attempt.context is not None:
                attempt.context.submit(type, msgspec.json.encode(payload), **options)

    def close(self) -> None:
        for child in self._idle:
            child.kill()
        self._keepers.close()
