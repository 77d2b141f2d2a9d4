"""Isolated handlers: each job runs in a process of its own kind, which is kept for the next one."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
from collections import deque
from typing import Any

import msgspec

from gopher_cli.config import Settings
from gopher_cli.model.outcome import Discarded, Failed, Lost, Outcome, Succeeded
from gopher_cli.model.signals import Snooze
from gopher_cli.worker import outcomes
from gopher_cli.worker.channel import Channel
from gopher_cli.worker.kin import before_exec, signal_group, signal_name
from gopher_cli.worker.link import HandlerLink
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.run import Run

_JOBS_EACH = 1000
_TERM_WAIT = 2.0


class Child:
    """One process that runs one job at a time."""

    def __init__(self, process: subprocess.Popen[bytes], channel: Channel) -> None:
        self.process = process
        self.channel = channel
        self.jobs = 0

    def kill(self) -> None:
        signal_group(self.process.pid, signal.SIGKILL)
        self.channel.close()

    async def end(self) -> None:
        """SIGTERM to its group, and SIGKILL when that is not heard."""
        signal_group(self.process.pid, signal.SIGTERM)
        for _ in range(int(_TERM_WAIT / 0.02)):
            if self.process.poll() is not None:
                break
            await asyncio.sleep(0.02)
        self.kill()
        await asyncio.to_thread(self.process.wait)


class Children:
    """The pool. Children start when they are needed, at most one for each slot of the runner."""

    def __init__(self, options: WorkerOptions, settings: Settings, link: HandlerLink) -> None:
        self._options = options
        self._link = link
        self._idle: deque[Child] = deque()

    async def run(self, run: Run) -> Outcome:
        """Cancelling kills the child. A child that dies is a Lost."""
        child = await self._child()
        try:
            outcome = await self._talk(child, run)
        except BaseException:
            await asyncio.shield(child.end())
            raise
        child.jobs += 1
        if isinstance(outcome, Lost) or child.jobs >= _JOBS_EACH:
            child.kill()
            await asyncio.to_thread(child.process.wait)
        else:
            self._idle.append(child)
        return outcome

    async def _child(self) -> Child:
        while self._idle:
            child = self._idle.pop()
            if child.process.poll() is None:
                return child
            child.kill()
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: ASYNC220 - forks at once, and runs on
                [sys.executable, "-m", "gopher_cli.worker.child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=before_exec(),
            )
        child = Child(process, await Channel.over(ours))
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
        return Lost(f"the process of this job {await self._ending(child)}")

    async def _ending(self, child: Child) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = await asyncio.to_thread(child.process.wait, 1)
            if code < 0:
                return f"was killed by {signal_name(-code)}"
            return f"exited with code {code}"
        return "closed its channel"

    def close(self) -> None:
        for child in self._idle:
            child.kill()
            child.process.wait()


def _failure(said: dict[str, Any], error: str) -> Outcome:
    match said:
        case {"snooze": float(seconds) | int(seconds)}:
            return outcomes.failed(Snooze(seconds, error))
        case {"discard": True}:
            return Discarded(error, said.get("traceback", ""))
        case {"delay": delay}:
            return Failed(error, said.get("traceback", ""), delay)
    return Failed(error, said.get("traceback", ""))
