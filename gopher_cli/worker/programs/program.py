"""Executables as handlers: payload on stdin, result is the last line of stdout, stderr is the job's log.

Exit code 0 is done, 75 asks for a retry, 64 65 78 are permanent failures, any other is a failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any

import msgspec

from gopher_cli.config import Settings
from gopher_cli.model.job.outcome import Discarded, Failed, Interrupted, Lost, Outcome
from gopher_cli.model.job.payload import MAX_PAYLOAD
from gopher_cli.worker.execution import outcomes
from gopher_cli.worker.execution.attempt import Attempt
from gopher_cli.worker.execution.start_failures import StartSteps, Unstarted, starting
from gopher_cli.worker.handler_link import HandlerLink
from gopher_cli.worker.programs.keeper_client import KeeperClient, KeptProgram
from gopher_cli.worker.programs.process_tree import signal_name
from gopher_cli.worker.programs.program_environment import variables_of
from gopher_cli.worker.programs.program_io import CHUNK, Pipe, as_file

_PERMANENT = (64, 65, 78)
_KEPT = MAX_PAYLOAD + CHUNK  # of stdout: the largest result, and enough to tell that one is larger
# Endless output must not take all of our time; lines of a log cost more of it than bytes that go by.
_BREATH, _LONG_BREATH = 0.001, 0.005
# A grandchild that holds the pipe open is not waited for. These are turns, of so many seconds each: when we
# stand still ourselves for longer than all of them, that is one, and what the program wrote is read.
_DRAIN = (20, 0.05)


async def run_program(
    attempt: Attempt, link: HandlerLink, keepers: KeeperClient, steps: StartSteps
) -> Outcome:
    """Cancelling ends it with all that it has started: SIGTERM, then SIGKILL after two seconds."""
    async with contextlib.AsyncExitStack() as stack:
        if not await steps.launch(attempt):
            return Interrupted()
        try:
            kept, out, log = await _started(attempt, link.settings, keepers, stack)
        except Unstarted as error:
            return await keepers.starts.later(str(error))
        steps.began(attempt)
        keepers.starts.worked()
        stack.push_async_callback(kept.end)
        tail = await _converse(kept, out, log, attempt, link)
        return await keepers.halt.judged(attempt, _outcome(kept, tail), kept.ordered and kept.code != 0)


async def _started(
    attempt: Attempt, settings: Settings, keepers: KeeperClient, stack: contextlib.AsyncExitStack
) -> tuple[KeptProgram, Pipe, Pipe]:
    with starting():
        payload = as_file(bytes(attempt.lease.spec.payload))
    try:
        with starting():
            out = await Pipe.open()
            stack.callback(out.close)
            log = await Pipe.open()
            stack.callback(log.close)
        stdio = (payload, out.theirs, log.theirs)
        kept = await keepers.start(attempt.handler.command, stdio, variables_of(attempt, settings))
    finally:
        os.close(payload)
    out.pass_on()
    log.pass_on()
    return kept, out, log


async def _converse(kept: KeptProgram, out: Pipe, log: Pipe, attempt: Attempt, link: HandlerLink) -> bytes:
    """Follow it to its end, and answer the end of its stdout."""
    tail = bytearray()
    followers = {
        asyncio.create_task(_keep_tail(out.ours, tail)),
        asyncio.create_task(_log_from(log.ours, attempt, link)),
    }
    try:
        await kept.over.wait()
        await _drained(followers)
    finally:
        for task in followers:
            task.cancel()
        await asyncio.gather(*followers, return_exceptions=True)
    return bytes(tail)


async def _drained(followers: set[asyncio.Task[None]]) -> None:
    turns, seconds = _DRAIN
    for _ in range(turns):
        if not (await asyncio.wait(followers, timeout=seconds))[1]:
            return


async def _keep_tail(stream: asyncio.StreamReader, tail: bytearray) -> None:
    """However much comes, only the end of it is held."""
    while chunk := await stream.read(CHUNK):
        tail += chunk
        if len(tail) > 2 * _KEPT:
            del tail[:-_KEPT]
        await _breath_after(chunk, _BREATH)


async def _log_from(stream: asyncio.StreamReader, attempt: Attempt, link: HandlerLink) -> None:
    """Whole lines where it can: a chunk may end within one, even within a character."""
    rest = b""
    try:
        while chunk := await stream.read(CHUNK):
            whole, newline, rest = (rest + chunk).rpartition(b"\n")
            if len(rest) > CHUNK:
                whole, newline, rest = whole + newline + rest, b"\n", b""
            if newline:
                link.log(attempt.lease, whole.decode("utf-8", "backslashreplace"))
            await _breath_after(chunk, _LONG_BREATH)
    finally:
        if rest:
            link.log(attempt.lease, rest.decode("utf-8", "backslashreplace"))


async def _breath_after(chunk: bytes, seconds: float) -> None:
    if len(chunk) >= CHUNK // 2:
        await asyncio.sleep(seconds)


def _outcome(kept: KeptProgram, tail: bytes) -> Outcome:
    code = kept.code
    if kept.crowd:
        return Failed(f"the program was killed: it had {kept.crowd} processes (GOPHER_JOB_PROCESSES)")
    if code == 0:
        return _result(tail)
    if code is None:
        return Lost("the keeper of the program has died")
    if code < 0:
        return Lost(f"the program was killed by {signal_name(-code)}", code)
    message = f"the program ended with exit code {code}"
    if code in _PERMANENT:
        return Discarded(message, exit_code=code)
    return Failed(message, exit_code=code)


def _result(tail: bytes) -> Outcome:
    """The last line, as JSON where it is some, else as text."""
    line = tail.rstrip().rsplit(b"\n", 1)[-1].strip()
    if len(line) > MAX_PAYLOAD:
        return Discarded("the result, the last line of stdout, has more than 1 MB, which is the limit")
    if not line:
        return outcomes.succeeded(None)
    try:
        value: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = line.decode("utf-8", "backslashreplace")
    return outcomes.succeeded(value)
