"""The main of a runner process: it is told what to do over a socket, and tells how it does."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

import msgspec

from gopher_cli.build import open_gopher
from gopher_cli.config import Settings
from gopher_cli.handlers import Handler, Registry
from gopher_cli.load_handlers import load_registry
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.terms import HandlerWishes
from gopher_cli.model.schedule.declaration import Declaration
from gopher_cli.process_setup import freeze_loaded, leave_to_others, let_forks_heed
from gopher_cli.worker import logs, messages
from gopher_cli.worker.board import Board
from gopher_cli.worker.channel import Channel
from gopher_cli.worker.execution.attempt import StopReason
from gopher_cli.worker.execution.capture import capture
from gopher_cli.worker.execution.event_loop import best_loop, run_through
from gopher_cli.worker.execution.stacks import say_stacks
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.process_lock import ProcessLock
from gopher_cli.worker.runner.runner import Runner

_TELL = 1.0
_LAST = 2.0  # seconds for the functions of `atexit`
_SIGNALS = (
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTSTP,
)  # fmt: skip
_BROKEN = 70  # the exit code of a runner that an error of its own has ended


class _Begun(NamedTuple):
    """What a runner has to know before its loop runs."""

    id: str
    options: WorkerOptions
    settings: Settings
    registry: Registry
    declared: Sequence[Declaration]
    shared: messages.Share


def _begin(end: socket.socket) -> _Begun | None:
    """Load the handlers, outside of the loop: a module may run one of its own while it is imported.

    None: it is not wanted any more, or has said why it cannot begin.
    """
    begin = _first_message(end)
    if begin is None:
        return None
    options = begin.options
    logs.set_up(options.log_level, options.log_format, worker=options.name)
    try:
        settings = Settings.resolve(os.environ)
        registry = load_registry(options.app, options.programs, options.builtin)
        declared = registry.declarations()
    except GopherError as error:
        problem = messages.NotLoaded(str(error), error.hint, error.exit_code)
        end.sendall(msgspec.json.encode(problem) + b"\n")
        return None
    return _Begun(begin.id, options, settings, registry, declared, messages.Share(begin.lent, begin.barred))


def _first_message(end: socket.socket) -> messages.Begin | None:
    """What follows it is for the loop to read. None when the supervisor is gone."""
    line = b""
    while not line.endswith(b"\n"):
        seen = end.recv(65536, socket.MSG_PEEK)
        if not seen:
            return None
        line += end.recv(seen.find(b"\n") + 1 or len(seen))
    return msgspec.json.decode(line, type=messages.Begin)


async def _live(end: socket.socket, board_fd: int, turn_fd: int, begun: _Begun) -> None:
    """Say what can be done, and do it until told to stop. The supervisor's end closing is such a word."""
    channel = await Channel.over(end, messages.decode_to_runner)
    options, registry = begun.options, begun.registry
    handlers = {type: _info(handler) for type, handler in registry.handlers.items()}
    channel.send(messages.Loaded(handlers, list(begun.declared)))
    if not (go := await _go(channel)):  # it stops before it has begun
        channel.send(messages.Status(ended=True))
        await _farewell(channel)
        return
    # Not even the embedded server is started here: it may have been stopped, by order, meanwhile.
    async with open_gopher(begun.settings, start=False) as gopher:
        board = Board(board_fd, options.concurrency)
        runner = Runner(gopher, registry, begun.settings, options, begun.id, board, ProcessLock(turn_fd))
        runner.share(lent=begun.shared.lent, barred=begun.shared.barred)
        if go.quiet:  # before it fetches: a message of its own would come too late
            runner.quiet(True)
        capture(lambda attempt, text: runner.keep_output(attempt, text), forks_too=False)
        signal.signal(
            signal.SIGUSR1, lambda *_: say_stacks(runner.running())
        )  # also while a handler blocks the loop
        listening = asyncio.create_task(_listen(channel, runner, options.grace))
        telling = asyncio.create_task(_tell(channel, runner))
        freeze_loaded()
        await runner.run()
        telling.cancel()
        listening.cancel()
        channel.send(runner.status(ended=True))
    await _farewell(channel)


async def _go(channel: Channel[messages.ToRunner]) -> messages.Go | None:
    """Of all else that is said to every runner, one that holds nothing yet need not know."""
    async for message in channel.messages():
        if isinstance(message, messages.Go | messages.Stop):
            return message if isinstance(message, messages.Go) else None
    return None


def _info(handler: Handler) -> messages.HandlerInfo:
    """What the supervisor must know of a handler."""
    wishes = HandlerWishes(timeout=handler.timeout, retries=handler.retries, backoff=handler.backoff)
    return messages.HandlerInfo(handler.schema.decode(), wishes)


async def _farewell(channel: Channel[messages.ToRunner]) -> None:
    await channel.flush()
    channel.close()
    await asyncio.sleep(0)


async def _listen(channel: Channel[messages.ToRunner], runner: Runner, grace: float) -> None:
    async for message in channel.messages():
        match message:
            case messages.Stop(seconds):
                runner.stop(seconds, ordered=True)
            case messages.MakeWay(seconds):
                runner.worn = True
                runner.stop(seconds)
            case messages.CancelJobs(ids):
                runner.cancel(ids)
            case messages.DropJobs(ids):
                runner.cancel(ids, StopReason.LOST)
            case messages.Share(lent, barred):
                runner.share(lent=lent, barred=barred)
            case messages.Recalled(gone):
                runner.go_on(gone)
            case messages.Quiet(quiet):
                runner.quiet(quiet)
            case messages.Fence(queues):
                runner.fence(queues)
    runner.stop(grace, ordered=True)


async def _tell(channel: Channel[messages.ToRunner], runner: Runner) -> None:
    while True:
        channel.send(runner.status())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TELL):
                await runner.news.wait()
        runner.news.clear()


def main() -> None:
    end_fd, board_fd, turn_fd = map(int, sys.argv[1:4])
    for fd in (end_fd, board_fd, turn_fd):
        os.set_inheritable(fd, False)  # not for the programs that handlers start
    # A service manager may signal every process of its unit; only the supervisor decides what that means.
    leave_to_others(_SIGNALS)
    let_forks_heed(_SIGNALS)
    try:
        _run(socket.socket(fileno=end_fd), board_fd, turn_fd)
    except BaseException:
        # At once: whatever tidied up would take its jobs for ended, and the board tells who ran.
        traceback.print_exc()
        _leave(_BROKEN)
    _call_exit_functions()
    _leave(0)


def _run(end: socket.socket, board_fd: int, turn_fd: int) -> None:
    loop = best_loop()
    if begun := _begin(end):
        asyncio.set_event_loop(loop)  # if one that ran in an import has taken its place
        run_through(loop, _live(end, board_fd, turn_fd, begun))


def _call_exit_functions() -> None:
    """Those of `atexit`: error reporters send their last events there. They have a moment, and no more."""
    thread = threading.Thread(target=atexit._run_exitfuncs, daemon=True)
    with contextlib.suppress(RuntimeError):  # no thread to be had: nobody could bound them
        thread.start()
        thread.join(_LAST)


def _leave(code: int) -> NoReturn:
    """Threads and tasks of handlers that heed nothing must not keep us."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
