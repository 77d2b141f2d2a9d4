"""A process tree in the foreground: children with prefixed output, which live and stop together."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from gopher_cli.cli.color import wants_color
from gopher_cli.worker.kin import before_exec

_COLORS = ("36", "35", "32", "33")
_LONGEST = 1024 * 1024


class Tree:
    """Runs `gopher NAME` for each name. ``grace`` (s) is for a child to stop in, after a signal.

    ``plain`` leaves the lines as they are: prefixed JSON would be no JSON.
    """

    def __init__(self, *, grace: float, plain: bool = False) -> None:
        self._grace = grace
        self._plain = plain
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._told: asyncio.Event = asyncio.Event()

    async def run(
        self, names: Sequence[str], flags: Mapping[str, str | None], color: str | None = None
    ) -> int:
        """0 after SIGTERM or SIGINT and a graceful end of all; else how the first one died."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._pass_on, number)
        environ = _environment(flags, color)
        try:
            for name in names:
                self._children[name] = await _start(name, environ)
            talk = [
                asyncio.create_task(self._follow(name, number, stream, out, color))
                for number, name in enumerate(names)
                for stream, out in (
                    (self._children[name].stdout, sys.stdout),
                    (self._children[name].stderr, sys.stderr),
                )
            ]
            code = await self._until_the_end()
            await asyncio.wait(talk, timeout=2)  # a grandchild may hold a pipe open
            return code
        finally:
            self._kill()

    async def _until_the_end(self) -> int:
        ends = {asyncio.create_task(p.wait()): name for name, p in self._children.items()}
        told = asyncio.create_task(self._told.wait())
        done, _ = await asyncio.wait([*ends, told], return_when=asyncio.FIRST_COMPLETED)
        first = next((task for task in ends if task in done), None)
        if first is not None and not self._told.is_set():
            self._say(f"{ends[first]} {_how(first.result())}: stopping the rest")
            self._signal(signal.SIGTERM)
        told.cancel()
        _, late = await asyncio.wait(ends, timeout=self._grace)
        if late:
            self._say(f"{', '.join(ends[task] for task in late)} did not stop in time: killed")
            self._kill()
            await asyncio.wait(ends)
        codes = [task.result() for task in ends]
        if not self._told.is_set() and first is not None:
            return _exit_code(first.result()) or 1  # nobody has asked it to end
        return next((_exit_code(code) for code in codes if code), 0)

    def _pass_on(self, number: int) -> None:
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
            print(f"gopher: {text}", file=sys.stderr, flush=True)

    async def _follow(
        self, name: str, number: int, stream: asyncio.StreamReader | None, out: TextIO,
        color: str | None,
    ) -> None:  # fmt: skip
        """Pass a child's lines on. A line without an end is cut, and nothing stops the reading."""
        assert stream
        head = f"{name:<6} | "
        if wants_color(color, out):
            head = f"\x1b[{_COLORS[number % len(_COLORS)]}m{head}\x1b[0m"
        rest = b""
        while chunk := await stream.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST:
                lines, rest = [*lines, rest], b""
            self._write(out, head, lines)
        self._write(out, head, [rest] if rest else [])

    def _write(self, out: TextIO, head: str, lines: Sequence[bytes]) -> None:
        text = "".join(f"{'' if self._plain else head}{line.decode('utf-8', 'replace')}\n" for line in lines)
        try:
            out.write(text)
            out.flush()
        except BrokenPipeError:  # nobody reads: go on working, as any daemon does
            pass


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
