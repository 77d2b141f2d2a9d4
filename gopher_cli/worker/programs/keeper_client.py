"""The runner's side of the keepers: programs are started by a process of their own, never by a fork of us."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence

from gopher_cli.worker.execution.halt import Halt
from gopher_cli.worker.execution.start_failures import StartFailures, Unstarted, starting
from gopher_cli.worker.programs.keeper_messages import (
    Crowded,
    Ended,
    FromKeeper,
    NotStarted,
    Order,
    Started,
    Starting,
    decode_from_keeper,
    encode_order,
)
from gopher_cli.worker.programs.process_tree import before_exec
from gopher_cli.worker.programs.resource_limits import ResourceLimits

# What is wrong with the program itself, or with what it is given. All else that keeps one from
# starting passes, or is put right by somebody: no fault of the job.
_ITS_OWN = (
    0, errno.ENOEXEC, errno.E2BIG, errno.ENAMETOOLONG, errno.ELOOP, errno.EISDIR, errno.EINVAL,
)  # fmt: skip
_TERM_WAIT = 2.0
_LAST = 2.0  # seconds in which the kernel should have buried what was killed


class KeptProgram:
    """A program that runs. ``over`` is set when it has ended, whatever of it still lives.

    ``begun`` is False for one whose keeper has died before it started anything.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.pid = 0
        self.code: int | None = None
        self.begun = False
        self.ordered = False  # whether an order to stop had come to every process, when it ended
        self.crowd = 0  # how many processes it had, when they were too many
        self.over = asyncio.Event()
        self._hearing: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Raises Unstarted when it has not been started, OSError when that is its own fault.

        A keeper that dies between its first word and its second may have started it: it is over then, and
        how is not known.
        """
        try:
            answer = await self._hear()
            if isinstance(answer, Starting):
                self.begun = True
                answer = await self._hear()
        except ValueError as error:  # a line that is not its own
            raise Unstarted(f"its keeper cannot be understood: {error}") from error
        match answer:
            case Started(pid):
                self.pid = pid
                self._hearing = asyncio.create_task(self._follow())
            case NotStarted(why, number) if number in _ITS_OWN:
                raise OSError(number, os.strerror(number) if number else why)
            case NotStarted(errno=number):
                raise Unstarted(os.strerror(number))
            case _ if self.begun:
                self.over.set()
            case _:
                raise Unstarted("its keeper has ended before it began")

    async def _hear(self) -> FromKeeper | None:
        with contextlib.suppress(ConnectionError):
            if (line := await self._reader.readline()).endswith(b"\n"):
                return decode_from_keeper(line)
        return None

    async def _follow(self) -> None:
        """Until the keeper has nothing more to keep."""
        while (answer := await self._hear()) is not None:
            if isinstance(answer, Ended):
                self.code, self.ordered = answer.code, answer.ordered
            elif isinstance(answer, Crowded):
                self.crowd = answer.processes
            self.over.set()
        self.over.set()

    def say(self, raw: bytes) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # a line that was reset: its end says so too
            self._writer.write(raw)

    @property
    def runs(self) -> bool:
        return not self.over.is_set()

    def kill(self) -> None:
        """It, and all that it has started, at once. Its keeper sees to it."""
        self._writer.close()

    async def end(self) -> None:
        """SIGTERM to its group, if it still runs; then nothing of it is left, wherever it went."""
        try:
            if self.runs:
                self.say(bytes([signal.SIGTERM]))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.over.wait(), _TERM_WAIT)
            with contextlib.suppress(
                OSError, RuntimeError
            ):  # how it ended stands, whatever became of the line
                self._writer.write_eof()
            if self._hearing is not None:
                await asyncio.wait({self._hearing}, timeout=_LAST)
        finally:
            self._writer.close()


class KeeperClient:
    """Started when the first program is. It ends with us."""

    def __init__(self, limits: ResourceLimits) -> None:
        self.starts = StartFailures()
        self.halt = Halt()
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._door: socket.socket | None = None

    async def start(
        self, command: Sequence[str], stdio: Sequence[int], environ: Mapping[str, str] | None = None
    ) -> KeptProgram:
        """Run a command on these descriptors for stdin, stdout and stderr.

        With ``environ`` it gets that, what programs need, and a directory of its own; without, it is one
        of ours, and stands where we stand. Raises Unstarted when it cannot be started now, OSError when it
        never can.
        """
        order = encode_order(Order.of(command, environ, self._limits))
        with starting():
            kept = await self._handed_over(stdio)
        kept.say(len(order).to_bytes(4) + order)
        try:
            await kept.begin()
        except BaseException:
            kept.kill()
            raise
        return kept

    async def _handed_over(self, stdio: Sequence[int]) -> KeptProgram:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._pass_in([theirs.fileno(), *stdio])
                ours.setblocking(False)
                return KeptProgram(*await asyncio.open_unix_connection(sock=ours))
            except BaseException:
                ours.close()
                raise

    def _pass_in(self, fds: list[int]) -> None:
        """To a fresh process if the one that we had is gone."""
        if self._door is not None:
            with contextlib.suppress(ConnectionError):
                socket.send_fds(self._door, [b"."], fds)
                return
            self.close()
        self._open()
        assert self._door is not None
        socket.send_fds(self._door, [b"."], fds)

    def _open(self) -> None:
        """Its stdin is its door: so the number of a descriptor means nothing to it, however many are open."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "gopher_cli.worker.programs.keeper_main"],
                    stdin=theirs.fileno(),
                    start_new_session=True,
                    preexec_fn=before_exec(),
                )
        except BaseException:
            ours.close()
            raise
        self._door = ours

    def close(self) -> None:
        """No more programs. KeeperClient of those that still run follow their own lines."""
        if self._door is not None and self._process is not None:
            self._door.close()
            self._process.kill()
            self._process.wait()
            self._door = self._process = None
