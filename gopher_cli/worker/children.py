"""Isolated handlers: each job runs in a process of its own kind, which is kept for the next one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections import deque
from typing import Any

import msgspec

from gopher_cli.config import Settings
from gopher_cli.failpoints import failpoint
from gopher_cli.model.outcome import Discarded, Failed, Lost, Outcome, Succeeded
from gopher_cli.model.signals import Snooze
from gopher_cli.worker import outcomes
from gopher_cli.worker.channel import Channel
from gopher_cli.worker.keepers import Keepers, Kept, not_now
from gopher_cli.worker.kin import signal_name
from gopher_cli.worker.link import HandlerLink
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.run import Run

_JOBS_EACH = 1000
_DYING = 5.0  # seconds in which its keeper should have told how it ended
_COMMAND = (sys.executable, "-m", "gopher_cli.worker.child")


class Child:
    """One process that runs one job at a time."""

    def __init__(self, kept: Kept, channel: Channel) -> None:
        self.kept = kept
        self.channel = channel
        self.jobs = 0

    def kill(self) -> None:
        self.kept.kill()
        self.channel.close()

    async def end(self) -> None:
        """SIGTERM to its group, and SIGKILL when that is not heard."""
        await self.kept.end()
        self.channel.close()


class Children:
    """The pool. Children start when they are needed, at most one for each slot of the runner."""

    def __init__(
        self, options: WorkerOptions, settings: Settings, link: HandlerLink, keepers: Keepers
    ) -> None:
        self._options = options
        self._memory = settings.job_memory
        self._link = link
        self._keepers = keepers
        self._idle: deque[Child] = deque()

    async def run(self, run: Run) -> Outcome:
        """Cancelling kills the child. A child that dies is a Lost."""
        try:
            child = await self._child()
        except OSError as error:
            return await not_now(error)
        try:
            outcome = await self._talk(child, run)
        except BaseException:
            await asyncio.shield(child.end())
            raise
        child.jobs += 1
        if isinstance(outcome, Lost) or child.jobs >= _JOBS_EACH:
            child.kill()
        else:
            self._idle.append(child)
        return outcome

    async def _child(self) -> Child:
        while self._idle:
            child = self._idle.pop()
            if child.kept.runs:
                return child
            child.kill()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                kept = await self._keepers.start(_COMMAND, (theirs.fileno(), 1, 2))
            except BaseException:
                ours.close()
                raise
        failpoint("child.spawned")
        child = Child(kept, await Channel.over(ours))
        child.channel.send(options=msgspec.to_builtins(self._options))
        return child

    async def _talk(self, child: Child, run: Run) -> Outcome:
        lease = run.lease
        child.channel.send(
            id=lease.id, queue=lease.queue, token=lease.token, attempt=lease.attempt, losses=lease.losses,
            spec=msgspec.json.encode(lease.spec).decode(),
        )  # fmt: skip
        async for said in child.channel.messages():
            match said:
                case {"log": text}:
                    self._link.log(lease, text)
                case {"progress": fraction, "message": message}:
                    self._link.progress(lease, fraction, message)
                case {"recall": key, "value": value}:
                    known = await self._link.recall(lease, key, value.encode())
                    child.channel.send(known=known.decode() if known is not None else None)
                case {"submit": type, "payload": payload, "options": options}:
                    if run.context is not None:
                        run.context.submit(type, msgspec.json.encode(payload), **options)
                case {"result": result}:
                    return Succeeded(result.encode())
                case {"failed": error}:
                    return _failure(said, error)
                case {"exhausted": error}:
                    return Lost(
                        f"its process had no memory left (GOPHER_JOB_MEMORY is {self._memory} MB): {error}"
                    )
        return Lost(f"the process of this job {await self._ending(child)}")

    async def _ending(self, child: Child) -> str:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.kept.over.wait(), _DYING)
        code = child.kept.code
        if child.kept.crowd:
            return f"was killed: it had {child.kept.crowd} processes (GOPHER_JOB_PROCESSES)"
        if code is None:
            return "closed its channel"
        return f"was killed by {signal_name(-code)}" if code < 0 else f"exited with code {code}"

    def close(self) -> None:
        for child in self._idle:
            child.kill()
        self._keepers.close()


def _failure(said: dict[str, Any], error: str) -> Outcome:
    match said:
        case {"snooze": float(seconds) | int(seconds)}:
            return outcomes.failed(Snooze(seconds, error))
        case {"discard": True}:
            return Discarded(error, said.get("traceback", ""))
        case {"delay": delay}:
            return Failed(error, said.get("traceback", ""), delay)
    return Failed(error, said.get("traceback", ""))
