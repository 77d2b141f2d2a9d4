"""A process tree in the foreground: children with prefixed output, which live and stop together."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence

from gopher_cli.cli.terminal.color import wants_color
from gopher_cli.cli.terminal.output import Output
from gopher_cli.process_setup import TOGETHER, heeded, reset_signals
from gopher_cli.worker.programs.process_tree import before_exec, bury_zombies_but

_COLORS = ("36", "35", "32", "33")
_LONGEST = 1024 * 1024
_FLUSH = 0.05  # seconds
_AS_TOLD = (-signal.SIGTERM, -signal.SIGINT)  # how one ends that was told to before it could heed it


class ProcessGroup:
    """Runs `gopher NAME` for each name. ``grace`` (s) is for a child to stop in, after a signal.

    ``plain`` leaves the lines as they are: prefixed JSON would be no JSON.
    """

    def __init__(self, *, grace: float, plain: bool = False) -> None:
        self._grace = grace
        self._plain = plain
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._told: asyncio.Event = asyncio.Event()
        self._ended = float("-inf")  # when the last order to end came

    async def run(
        self, names: Sequence[str], flags: Mapping[str, str | None], color: str | None = None
    ) -> int:
        """0 after SIGTERM or SIGINT and a graceful end of all; else how the first one died."""
        self._out, self._err = (Output(stream, plain=self._plain) for stream in (sys.stdout, sys.stderr))
        reset_signals()
        self._heed()
        flushing = asyncio.create_task(self._flush_now_and_then())
        environ = _environment(flags, color)
        try:
            for name in names:
                self._children[name] = await _start(name, environ)
                if self._told.is_set():  # while it started: it was not among the children then
                    self._children[name].send_signal(signal.SIGTERM)
            talk = [
                asyncio.create_task(self._follow(name, number, stream, out, color))
                for number, name in enumerate(names)
                for stream, out in (
                    (self._children[name].stdout, self._out),
                    (self._children[name].stderr, self._err),
                )
            ]
            code = await self._until_the_end()
            await asyncio.wait(talk, timeout=2)  # a grandchild may hold a pipe open
            await self._all_written()
            return code
        finally:
            flushing.cancel()
            self._kill()

    async def _until_the_end(self) -> int:
        ends = {asyncio.create_task(p.wait()): name for name, p in self._children.items()}
        stop = asyncio.create_task(self._told.wait())
        done, _ = await asyncio.wait([*ends, stop], return_when=asyncio.FIRST_COMPLETED)
        first = next((task for task in ends if task in done), None)
        if first is not None and not self._told.is_set():
            self._say(f"{ends[first]} {_how(first.result())}: stopping the rest")
            self._signal(signal.SIGTERM)
        stop.cancel()
        _, late = await asyncio.wait(ends, timeout=self._grace)
        if late:
            self._say(f"{', '.join(ends[task] for task in late)} did not stop in time: killed")
            self._kill()
            await asyncio.wait(ends)
        codes = [task.result() for task in ends]
        if not self._told.is_set() and first is not None:
            return _exit_code(first.result()) or 1  # nobody has asked it to end
        return next((_exit_code(code) for code in codes if code and code not in _AS_TOLD), 0)

    def _heed(self) -> None:
        loop = asyncio.get_running_loop()
        for number in heeded(signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._end, number)
        for number in heeded(signal.SIGTSTP, signal.SIGCONT, signal.SIGUSR1, signal.SIGUSR2):
            loop.add_signal_handler(number, self._pass_on, number)

    def _pass_on(self, number: int) -> None:
        """The worker knows what it means."""
        worker = self._children.get("worker")
        if worker is not None and worker.returncode is None:
            worker.send_signal(number)

    def _end(self, number: int) -> None:
        """Two orders at one moment are one."""
        now = time.monotonic()
        if now - self._ended < TOGETHER:
            return
        self._ended = now
        self._told.set()
        # Ctrl-C in a terminal and SIGHUP mean the same here: come to an end.
        self._signal(signal.SIGINT if number == signal.SIGINT else signal.SIGTERM)

    def _signal(self, number: int) -> None:
        for child in self._children.values():
            if child.returncode is None:
                child.send_signal(number)

    def _kill(self) -> None:
        for child in self._children.values():
            if child.returncode is None:
                child.kill()

    def _say(self, text: str) -> None:
        if not self._plain:
            self._err.write(f"gopher: {text}\n".encode())

    async def _flush_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH)
            self._out.flush()
            self._err.flush()
            if os.getpid() == 1:  # of a container: all orphans come to us
                bury_zombies_but({child.pid for child in self._children.values()})

    async def _all_written(self) -> None:
        """A reader that stands still has had its time."""
        for _ in range(20):
            if self._out.flush() and self._err.flush():
                return
            await asyncio.sleep(_FLUSH)

    async def _follow(
        self, name: str, number: int, stream: asyncio.StreamReader | None, out: Output,
        color: str | None,
    ) -> None:  # fmt: skip
        """Pass a child's lines on. A line without an end is cut, and nothing stops the reading."""
        assert stream
        head = f"{name:<6} | "
        if wants_color(color, sys.stdout if out is self._out else sys.stderr):
            head = f"\x1b[{_COLORS[number % len(_COLORS)]}m{head}\x1b[0m"
        rest = b""
        while chunk := await stream.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST:
                lines, rest = [*lines, rest], b""
            self._write(out, head, lines)
        self._write(out, head, [rest] if rest else [])

    def _write(self, out: Output, head: str, lines: Sequence[bytes]) -> None:
        start = b"" if self._plain else head.encode()
        out.write(b"".join(start + line + b"\n" for line in lines))


async def _start(name: str, environ: Mapping[str, str]) -> asyncio.subprocess.Process:
    """In a group of its own: Ctrl-C reaches it once, through us; and it ends when we are killed."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "gopher_cli", name,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env=environ, start_new_session=True,
        preexec_fn=before_exec(),
    )  # fmt: skip


def _environment(flags: Mapping[str, str | None], color: str | None) -> dict[str, str]:
    """Flags go to the children as variables: a URL with a password must not stand in `ps`."""
    given = {f"GOPHER_{name.upper()}": value for name, value in flags.items() if value}
    colors = {"FORCE_COLOR": "1"} if wants_color(color, sys.stderr) else {}
    return {**os.environ, **colors, **given, "PYTHONUNBUFFERED": "1"}


def _how(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _exit_code(code: int) -> int:
    return 128 - code if code < 0 else code
