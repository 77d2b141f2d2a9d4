"""The supervisor's view of one runner process: starting it, hearing it, ending it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from typing import Any

import msgspec

from gopher_cli.model.errors import BadConfig, GopherError
from gopher_cli.worker.board import Board
from gopher_cli.worker.channel import Channel
from gopher_cli.worker.kin import before_exec
from gopher_cli.worker.options import WorkerOptions

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


class RunnerProcess:
    """``dead`` is set when it has ended; ``types`` are known once it is ready."""

    def __init__(self, id: str, options: WorkerOptions) -> None:
        self.id = id
        self.dead = asyncio.Event()
        self.types: dict[str, bytes] = {}
        self.busy = 0
        self.counts: dict[str, int] = {}
        self.current: list[dict[str, Any]] = []
        self.stopping = False
        self.ended_well = False
        self.worn = False
        self.killed_for = ""
        self._options = options
        self._cpu = (0.0, 0.0)

    async def start(self, environ: dict[str, str]) -> None:
        """Raises BadConfig (or what it says) when its handlers do not load."""
        self.board = Board.create(self._options.concurrency)
        ours, theirs = socket.socketpair()
        with theirs:
            fds = [theirs.fileno(), self.board.fd]
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gopher_cli.worker.runner_main", *map(str, fds)],
                pass_fds=fds,
                env=environ,
                stdin=subprocess.DEVNULL,
                preexec_fn=before_exec(),
            )
        self.channel = await Channel.over(ours)
        self.channel.send(id=self.id, options=msgspec.to_builtins(self._options))
        said = await self.channel.receive()
        match said:
            case {"types": types}:
                self.types = {type: schema.encode() for type, schema in types.items()}
            case {"error": message, "hint": hint, "exit_code": code}:
                await asyncio.to_thread(self.process.wait)
                error = GopherError(message, hint)
                error.exit_code = code
                raise error
            case _:
                code = await asyncio.to_thread(self.process.wait)
                raise BadConfig(
                    f"a runner process ended with code {code} before it was ready",
                    "see the lines above",
                )

    async def follow(self) -> None:
        """Hear it until it is dead."""
        async for said in self.channel.messages():
            self.busy = said.get("busy", self.busy)
            self.counts = said.get("counts", self.counts)
            self.current = said.get("current", self.current)
            self.ended_well = said.get("ended", False)
            self.worn = said.get("worn", False)
        await asyncio.to_thread(self.process.wait)
        self.channel.close()
        self.dead.set()

    def stop(self, grace: float) -> None:
        self.stopping = True
        self.channel.send(stop=grace)

    def make_way(self, grace: float) -> None:
        """Finish, and let a fresh process take the place."""
        if not self.stopping:
            self.stopping = True
            self.channel.send(make_way=grace)

    def kill(self, why: str = "") -> None:
        self.killed_for = why
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)

    def usage(self, now: float) -> tuple[int, float]:
        """Resident bytes, and the share of one CPU since the last call; zeros where /proc is missing."""
        try:
            with open(f"/proc/{self.process.pid}/statm") as statm:
                rss = int(statm.read().split()[1]) * _PAGE
            with open(f"/proc/{self.process.pid}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except (OSError, IndexError, ValueError):
            return 0, 0.0
        spent = (int(fields[11]) + int(fields[12])) / _TICKS
        before_spent, before = self._cpu
        self._cpu = (spent, now)
        return rss, (spent - before_spent) / (now - before) * 100 if before else 0.0
