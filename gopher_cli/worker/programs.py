"""Executables as handlers: payload on stdin, result is the last line of stdout, stderr is the job's log.

Exit code 0 is done, 75 asks for a retry, 64 65 78 are permanent failures, any other is a failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Any

import msgspec

from gopher_cli.model.outcome import Discarded, Failed, Lost, Outcome
from gopher_cli.worker import outcomes
from gopher_cli.worker.kin import before_exec, signal_group, signal_name
from gopher_cli.worker.link import HandlerLink
from gopher_cli.worker.run import Run

_PERMANENT = (64, 65, 78)
_PASSED_ON = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "SHELL",
    "PYTHONPATH",
    "VIRTUAL_ENV",
)
_CHUNK = 65536
_KEPT = 65536
_BREATH = 0.005
_TERM_WAIT = 2.0
_DRAIN = 1.0  # a grandchild that holds the pipe open is not waited for


class Life(asyncio.subprocess.SubprocessStreamProtocol):
    """``over`` is its end alone: Process.wait() waits for the pipes too, which a grandchild may hold."""

    def __init__(self) -> None:
        super().__init__(limit=_CHUNK, loop=asyncio.get_running_loop())
        self.over = asyncio.Event()

    def process_exited(self) -> None:
        self.over.set()
        super().process_exited()


async def run_program(run: Run, link: HandlerLink) -> Outcome:
    """Cancelling ends the whole process group: SIGTERM, then SIGKILL after two seconds."""
    loop, life = asyncio.get_running_loop(), Life()
    transport, _ = await loop.subprocess_exec(
        lambda: life,
        *run.handler.command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(run),
        start_new_session=True,
        preexec_fn=before_exec(),
    )
    process = asyncio.subprocess.Process(transport, life, loop)
    try:
        tail = await _converse(process, life, run, link)
        return _outcome(process.returncode or 0, tail)
    finally:
        await _end(process, life)
        transport.close()  # what has left the group may still hold our pipes: we let go of them


def _environment(run: Run) -> dict[str, str]:
    """Nothing of the worker's own environment but what programs need: no secrets."""
    lease = run.lease
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {
        "GOPHER_JOB_ID": lease.id,
        "GOPHER_JOB_TYPE": lease.spec.type,
        "GOPHER_QUEUE": lease.queue,
        "GOPHER_ATTEMPT": str(lease.attempt),
        "GOPHER_MAX_RETRIES": str(run.terms.max_retries),
        "GOPHER_TOKEN": lease.token,
        **{f"GOPHER_HEADER_{_upper(k)}": v for k, v in lease.spec.options.headers.items() if "\0" not in v},
    }


def _upper(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()


async def _converse(process: asyncio.subprocess.Process, life: Life, run: Run, link: HandlerLink) -> bytes:
    """Feed it, follow it to its end, and answer the last 64 KB of its stdout."""
    assert process.stdin and process.stdout and process.stderr
    tail = bytearray()
    followers = {
        asyncio.create_task(_keep_tail(process.stdout, tail)),
        asyncio.create_task(_log_from(process.stderr, run, link)),
    }
    feeding = asyncio.create_task(_feed(process.stdin, bytes(run.lease.spec.payload)))
    try:
        await life.over.wait()
        await asyncio.wait(followers, timeout=_DRAIN)
    finally:
        for task in (*followers, feeding):
            task.cancel()
    return bytes(tail)


async def _feed(stdin: asyncio.StreamWriter, payload: bytes) -> None:
    """A program need not read its input."""
    try:
        stdin.write(payload)
        await stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        stdin.close()


async def _keep_tail(stream: asyncio.StreamReader, tail: bytearray) -> None:
    """However much comes, only the end of it is held."""
    while chunk := await stream.read(_CHUNK):
        tail += chunk
        del tail[:-_KEPT]


async def _log_from(stream: asyncio.StreamReader, run: Run, link: HandlerLink) -> None:
    """Whole lines where it can: a chunk may end within one, even within a character."""
    rest = b""
    try:
        while chunk := await stream.read(_CHUNK):
            whole, newline, rest = (rest + chunk).rpartition(b"\n")
            if len(rest) > _CHUNK:
                whole, newline, rest = whole + newline + rest, b"\n", b""
            if newline:
                link.log(run.lease, whole.decode("utf-8", "backslashreplace"))
            if len(chunk) >= _CHUNK // 2:
                await asyncio.sleep(_BREATH)  # endless output must not take all of our time
    finally:
        if rest:
            link.log(run.lease, rest.decode("utf-8", "backslashreplace"))


def _outcome(code: int, tail: bytes) -> Outcome:
    if code == 0:
        return outcomes.succeeded(_last_line(tail))
    if code < 0:
        return Lost(f"the program was killed by {signal_name(-code)}")
    said = f"the program ended with exit code {code}"
    if code in _PERMANENT:
        return Discarded(said, exit_code=code)
    return Failed(said, exit_code=code)


def _last_line(tail: bytes) -> Any:
    """As JSON where it is some, else as text."""
    lines = tail.rstrip().rsplit(b"\n", 1)
    line = lines[-1].strip()
    if not line:
        return None
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return line.decode("utf-8", "backslashreplace")


async def _end(process: asyncio.subprocess.Process, life: Life) -> None:
    """End the group, with all that the program has started."""
    if not life.over.is_set():
        signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(life.over.wait(), _TERM_WAIT)
    signal_group(process.pid, signal.SIGKILL)
    await life.over.wait()
